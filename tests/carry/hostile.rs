//! Archives that are damaged, cut off or made by somebody with other aims: refused by name, and nothing appears.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tar::EntryType;
use wheeltap::store::{Collection, LISTING, Watch, pack, unpack};

use crate::harness::Place;
use crate::{Run as _, contents};

const WHEEL: &str = "a-1.0-py3-none-any.whl";
const OTHER: &str = "b-1.0-py3-none-any.whl";

struct Nobody;

impl Watch for Nobody {
    fn total(&self, _: u64) {}
    fn done(&self, _: u64) {}
}

/// An archive, member by member, whatever its names are.
#[derive(Default)]
struct Forged(Vec<u8>);

impl Forged {
    /// One whose list has these lines of name, size and content.
    fn listing(files: &[(&str, usize, &[u8])]) -> Forged {
        let files: Vec<_> = files
            .iter()
            .map(|(name, size, content)| {
                let digest: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
                serde_json::json!({"filename": name, "size_bytes": size, "sha256": digest})
            })
            .collect();
        let listing = serde_json::json!({"schema": 1, "collection": "wheelhouse", "files": files});
        Forged::default().with(LISTING, EntryType::Regular, "", listing.to_string().as_bytes())
    }

    fn with(mut self, name: &str, kind: EntryType, link: &str, content: &[u8]) -> Forged {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &str, content: &[u8]) -> Forged {
        self.with(name, EntryType::Regular, "", content)
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

fn one() -> Forged {
    Forged::listing(&[(WHEEL, 5, b"wheel")])
}

#[test]
fn what_is_not_as_it_should_be_is_refused_by_name() {
    let link = |kind| one().with(WHEEL, kind, "/etc/passwd", b"").end();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("honest", one().file(WHEEL, b"wheel").end(), ""),
        ("upwards", one().file("../a-1.0-py3-none-any.whl", b"wheel").end(), "stands where its list says"),
        ("absolute", one().file("/tmp/a-1.0-py3-none-any.whl", b"wheel").end(), "stands where its list says"),
        ("a symbolic link", link(EntryType::Symlink), "which is no file"),
        ("a hard link", link(EntryType::Link), "which is no file"),
        ("a device", link(EntryType::Char), "which is no file"),
        ("a directory", link(EntryType::Directory), "which is no file"),
        ("a pipe", link(EntryType::Fifo), "which is no file"),
        ("a twin", one().file(WHEEL, b"wheel").file(WHEEL, b"other").end(), "is in it and not in its list"),
        ("a stranger", one().file(WHEEL, b"wheel").file(OTHER, b"x").end(), "is in it and not in its list"),
        ("a gap", one().end(), "cut off before a-1.0"),
        ("no list", Forged::default().file(WHEEL, b"wheel").end(), "does not begin with wheeltap_pack.json"),
        (
            "a link as list",
            Forged::default().with(LISTING, EntryType::Symlink, "/etc/passwd", b"").end(),
            "does not begin",
        ),
        ("other bytes", one().file(WHEEL, b"whole").end(), "has the sha256"),
        ("longer", one().file(WHEEL, b"wheels").end(), "stands where its list says"),
        ("no list of files", Forged::default().file(LISTING, b"[]").end(), "its list of files cannot be read"),
        (
            "of the future",
            Forged::default().file(LISTING, br#"{"schema": 9, "collection": "crates", "files": []}"#).end(),
            "by a newer wheeltap (schema 9)",
        ),
        (
            "listed twice",
            Forged::listing(&[(WHEEL, 1, b"x"), (WHEEL, 1, b"x")]).end(),
            "names a-1.0-py3-none-any.whl twice",
        ),
        ("a list that leads upwards", Forged::listing(&[("../a-1.0.zip", 1, b"x")]).end(), "no file of a wheelhouse"),
        ("a list of roots", Forged::listing(&[("/a-1.0.zip", 1, b"x")]).end(), "no file of a wheelhouse"),
        ("a list of others", Forged::listing(&[("pip.conf", 1, b"x")]).end(), "no file of a wheelhouse"),
        ("hidden", Forged::listing(&[(".a-1.0.zip", 1, b"x")]).end(), "no file of a wheelhouse"),
        (
            "something behind",
            [one().file(WHEEL, b"wheel").end(), b"more".to_vec()].concat(),
            "something follows its end",
        ),
        ("no archive", b"PK\x03\x04 not a tar archive at all".repeat(40), "tar archive"),
        ("nothing", Vec::new(), "it is empty"),
        ("no gzip", [&[0x1f, 0x8b][..], &[7; 600]].concat(), "tar archive"),
    ];
    let place = Place::new();
    place.write("full/c-1.0-py3-none-any.whl", "was there");
    let before = contents(&place.join("full"));
    for (name, bytes, complaint) in cases {
        place.write("pack.tar", bytes);
        for target in ["new", "full"] {
            let said = place.run(&["wheelhouse", "unpack", "pack.tar", "--wheelhouse", target]);
            if complaint.is_empty() {
                assert_eq!(
                    (said.status, contents(&place.join(target))[WHEEL].as_slice()),
                    (0, &b"wheel"[..]),
                    "{name}"
                );
                std::fs::remove_file(place.join(target).join(WHEEL)).unwrap();
            } else {
                assert_eq!(said.status, 2, "{name}: {}", said.stdout);
                let said = said.stderr;
                assert!(
                    said.starts_with("error: cannot read pack.tar: ") && said.contains(complaint),
                    "{name}: {said}"
                );
            }
        }
        if complaint.is_empty() {
            std::fs::remove_dir(place.join("new")).unwrap();
        }
        assert_eq!(contents(&place.join("full")), before, "{name}");
        assert_eq!(contents(place.path()).into_keys().collect::<Vec<_>>(), ["full", "pack.tar"], "{name}");
    }
}

/// A small pack, and what is in it.
fn packed(directory: &Path, name: &str) -> PathBuf {
    for (name, size) in [(WHEEL, 700), (OTHER, 0), ("c-1.tar.gz", 1500)] {
        let content: Vec<u8> = (0..size).map(|at: usize| (at * 7 % 251) as u8).collect();
        std::fs::create_dir_all(directory.join("from")).unwrap();
        std::fs::write(directory.join("from").join(name), content).unwrap();
    }
    let archive = directory.join(name);
    pack(Collection::Wheelhouse, &directory.join("from"), &archive, &Nobody).unwrap();
    archive
}

/// Unpacks `bytes`: all is as it was, or it was refused and nothing is there. Whether it was refused.
fn whole_or_refused(directory: &Path, bytes: &[u8], what: &str) -> bool {
    let (archive, target) = (directory.join("damaged"), directory.join("to"));
    std::fs::write(&archive, bytes).unwrap();
    match unpack(Collection::Wheelhouse, &archive, &target, false, &Nobody) {
        Ok(_) => {
            assert_eq!(contents(&target), contents(&directory.join("from")), "{what}");
            std::fs::remove_dir_all(&target).unwrap();
            false
        }
        Err(error) => {
            assert!(!target.exists(), "{what}: {error}");
            assert!(!error.to_string().is_empty());
            true
        }
    }
}

#[test]
fn a_pack_that_was_cut_off_anywhere_is_refused() {
    for name in ["pack.tar", "pack.tgz"] {
        let place = Place::new();
        let bytes = std::fs::read(packed(place.path(), name)).unwrap();
        // The zeros at the end of a tar archive hold nothing.
        let content = bytes.len() - if name == "pack.tar" { 2048 } else { 0 };
        for length in (0..bytes.len()).step_by(13) {
            let refused = whole_or_refused(place.path(), &bytes[..length], &format!("{name} of {length} bytes"));
            assert!(refused || length >= content, "{name} of {length} of {} bytes was taken", bytes.len());
        }
        assert!(!whole_or_refused(place.path(), &bytes, name));
    }
}

#[test]
fn a_changed_byte_anywhere_changes_nothing_that_is_unpacked() {
    for name in ["pack.tar", "pack.tgz"] {
        let place = Place::new();
        let bytes = std::fs::read(packed(place.path(), name)).unwrap();
        let mut refused = 0;
        for at in (0..bytes.len()).step_by(11) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x41;
            refused += usize::from(whole_or_refused(place.path(), &changed, &format!("{name} with another byte {at}")));
        }
        assert!(refused > bytes.len() / 11 / 3, "{name}: {refused} refused");
    }
}

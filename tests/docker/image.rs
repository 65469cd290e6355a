//! What is in an image, file by file.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use sha2::Digest as _;

/// The files of an image by path: kind, mode, owner, link, extended attributes, time unless a build just made it, digest
/// of the content.
pub(crate) fn files(docker: &Path, image: &str) -> BTreeMap<String, String> {
    let run = |arguments: &[&str]| {
        let output = Command::new(docker).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let container = String::from_utf8(run(&["create", image, "none"])).unwrap().trim().to_owned();
    let archive = run(&["export", &container]);
    run(&["rm", &container]);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let header = entry.header();
        let (mode, uid, gid) = (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        let kind = header.entry_type();
        let link = entry.link_name().unwrap().map(|link| link.display().to_string());
        let mtime = header.mtime().unwrap();
        let time = if mtime + 3600 > now { "new".to_owned() } else { mtime.to_string() };
        let mut attributes: Vec<String> = Vec::new();
        for extension in entry.pax_extensions().unwrap().into_iter().flatten().flatten() {
            let key = extension.key().unwrap().to_owned();
            if key.contains("xattr") {
                attributes.push(format!("{key}={:?}", extension.value_bytes()));
            }
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let digest =
            if tells_the_time(&path) { "any".to_owned() } else { format!("{:x?}", sha2::Sha256::digest(&content)) };
        files.insert(path, format!("{kind:?} {mode:o} {uid}:{gid} {link:?} {attributes:?} {time} {digest}"));
    }
    files
}

/// Whether a file holds times, so that two bare builds differ in it: logs, compiled modules, the binary caches of the
/// loader and of apt, responses that pip cached.
fn tells_the_time(path: &str) -> bool {
    let is_cache_of_apt = path.starts_with("var/cache/apt/") && path.ends_with("pkgcache.bin");
    if is_cache_of_apt {
        return true;
    }
    path.starts_with("var/log/")
        || path.ends_with(".pyc")
        || path.starts_with("var/cache/ldconfig/")
        || path.starts_with("root/.cache/pip/http")
}

/// The configuration of an image: environment, entry point, user, shell and the rest.
pub(crate) fn configuration(docker: &Path, image: &str) -> String {
    let output =
        Command::new(docker).args(["image", "inspect", "--format", "{{json .Config}}", image]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Removes images; those that are not there are none to remove.
pub(crate) fn remove(docker: &Path, images: &[&str]) {
    let removed = Command::new(docker).args(["image", "rm", "--force"]).args(images).output();
    assert!(removed.is_ok(), "docker runs");
}

/// Asserts that two images are one, file by file.
#[track_caller]
pub(crate) fn assert_same(docker: &Path, one: &str, other: &str) {
    assert_eq!(configuration(docker, one), configuration(docker, other));
    let (one, other) = (files(docker, one), files(docker, other));
    let differ: Vec<_> = one
        .keys()
        .chain(other.keys())
        .filter(|path| one.get(*path) != other.get(*path))
        .map(|path| (path, one.get(path), other.get(path)))
        .collect();
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(one.len() > 1000, "an image was read");
}

//! What is in an image, file by file.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _};
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
    let mut files = BTreeMap::new();
    read(archive.as_slice(), &mut files);
    files
}

/// The files of the layers that an image has on top of those of `base`, in the same words; of a file that was removed its
/// whiteout.
fn layers(docker: &Path, image: &str, base: &str) -> BTreeMap<String, String> {
    let place = tempfile::tempdir().unwrap();
    let saved = place.path().join("saved.tar");
    let run = |arguments: &[&str]| {
        let output = Command::new(docker).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let inherited: Vec<String> =
        serde_json::from_slice(&run(&["image", "inspect", "--format", "{{json .RootFS.Layers}}", base])).unwrap();
    run(&["save", "--output", saved.to_str().unwrap(), image]);
    let open = || tar::Archive::new(std::fs::File::open(&saved).unwrap());
    let mut named = BTreeMap::new();
    let mut manifest = serde_json::Value::Null;
    for entry in open().entries_with_seek().unwrap() {
        let mut entry = entry.unwrap();
        let (path, place) = (entry.path().unwrap().display().to_string(), entry.raw_file_position());
        if path == "manifest.json" {
            manifest = serde_json::from_reader(&mut entry).unwrap();
        }
        let link = entry.link_name().unwrap().map(|link| link.display().to_string());
        named.insert(path, (place, entry.size(), link));
    }
    let mut files = BTreeMap::new();
    let layers = manifest[0]["Layers"].as_array().unwrap();
    assert!(layers.len() > inherited.len(), "an image of {base} has layers of its own");
    for layer in &layers[inherited.len()..] {
        let (place, size, link) = &named[layer.as_str().unwrap()];
        assert!(link.is_none() && *size > 0, "a layer of its own");
        let mut file = std::fs::File::open(&saved).unwrap();
        file.seek(std::io::SeekFrom::Start(*place)).unwrap();
        read(file.take(*size), &mut files);
    }
    files
}

fn read(archive: impl std::io::Read, files: &mut BTreeMap<String, String>) {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    for entry in tar::Archive::new(archive).entries().unwrap() {
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
    assert_alike(&one, &other);
    assert!(one.len() > 1000, "an image was read");
}

/// The same of two images on one `base`, which is not looked into, but for what lies below `left_out`.
#[track_caller]
pub(crate) fn assert_same_on(base: &str, docker: &Path, one: &str, other: &str, left_out: &str) {
    assert_eq!(configuration(docker, one), configuration(docker, other));
    let [one, other] = [one, other].map(|image| {
        let mut files = layers(docker, image, base);
        files.retain(|path, _| !path.starts_with(left_out));
        files
    });
    assert_alike(&one, &other);
    assert!(one.len() > 3, "an image was read");
}

#[track_caller]
fn assert_alike(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    let differ: Vec<_> = one
        .keys()
        .chain(other.keys())
        .filter(|path| one.get(*path) != other.get(*path))
        .map(|path| (path, one.get(path), other.get(path)))
        .collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

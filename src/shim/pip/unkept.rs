//! Wheels that arrived and of which pip's cache got nothing, although pip could have kept them.
//!
//! pip keeps an answer unless what came with it forbids that (`Cache-Control: no-store`, or neither a date with an age
//! nor an `ETag`), or it came without TLS from a host that is not trusted; its log says neither, so that the cache has
//! to tell. Refuses to conclude anything from a cache that pip may not use or that is full, and from one that got a
//! wheel under another name, as it does where the index redirects.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use super::cache::{Cache, LAYOUTS, is_record, key, written};
use super::evidence::located;
use crate::classify::Clues;
use crate::event::{Artifact, Evidence, Kind, Origin};

/// How many files are looked at before nothing is concluded.
const MANY: usize = 50_000;

/// How a wheel begins, being a zip archive.
const ZIP: &[u8] = b"PK\x03\x04";

/// As much of a file tells what it is: in a record the body comes first (`Serializer.dumps` of cachecontrol).
const BEGINNING: u64 = 256;

/// Adds [`Evidence::NO_HTTP_CACHE_FILE`] to the wheels of a run that began at `began` by the file system's clock.
pub(super) fn mark(found: &mut BTreeMap<u64, (Box<Artifact>, Box<Clues>)>, cache: &Cache, began: i128) {
    let is_missed = |(artifact, clues): &(Box<Artifact>, Box<Clues>)| {
        artifact.kind == Kind::Wheel
            && artifact.origin == Origin::Downloaded
            && !artifact.evidence.contains(&Evidence::HTTP_CACHE_FILE)
            && located(clues).is_some_and(|url| url.starts_with(b"http") && !cache.got(url, began))
    };
    let missed: Vec<u64> = found.iter().filter(|(_, one)| is_missed(one)).map(|(&number, _)| number).collect();
    let bytes: u64 = missed.iter().filter_map(|number| found[number].0.size_bytes).sum();
    if missed.is_empty() || !is_used(cache.directory()) || !has_room(cache.directory(), bytes) {
        return;
    }
    let named: HashSet<String> = found.values().filter_map(|(_, clues)| located(clues)).map(|url| key(url)).collect();
    if got_wheel_beside(cache.directory(), &named, began) != Some(false) {
        return;
    }
    for (number, (artifact, _)) in found {
        if missed.contains(number) {
            artifact.add_evidence(Evidence::NO_HTTP_CACHE_FILE);
        }
    }
}

/// Whether pip uses a cache directory: root only its own, others one that they may write to (`check_path_owner`). Its
/// parts are held to the same.
fn is_used(directory: &Path) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    let may = |path: &Path| match path.metadata() {
        Ok(found) if is_root && found.uid() != 0 => false,
        Ok(_) => access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok(),
        Err(_) => false,
    };
    let parts = LAYOUTS.map(|layout| directory.join(layout)).into_iter().filter(|part| part.symlink_metadata().is_ok());
    existing(directory).is_some_and(may) && parts.into_iter().all(|part| may(&part))
}

fn has_room(directory: &Path, bytes: u64) -> bool {
    let room = existing(directory).and_then(|path| statvfs(path).ok());
    room.is_some_and(|room| room.f_bavail.saturating_mul(room.f_frsize) > bytes && room.f_favail > 0)
}

/// The directory, or what is there of its parents.
fn existing(directory: &Path) -> Option<&Path> {
    directory.ancestors().find(|path| path.symlink_metadata().is_ok())
}

/// Whether the cache got a wheel since `began` that has none of these names; `None` where that takes too long to find.
fn got_wheel_beside(directory: &Path, named: &HashSet<String>, began: i128) -> Option<bool> {
    let mut waiting: Vec<_> = LAYOUTS.iter().map(|layout| directory.join(layout)).collect();
    let mut seen = 0;
    while let Some(place) = waiting.pop() {
        for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MANY {
                return None;
            }
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else { continue };
            let is_named = || path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| named.contains(stem));
            if metadata.is_dir() {
                waiting.push(path);
            } else if metadata.is_file() && written(&metadata) >= began && !is_named() && holds_wheel(&path) {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// Whether a file of the cache is the body of a wheel, or a record that holds one.
fn holds_wheel(path: &Path) -> bool {
    let mut begin = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut begin));
    read.is_ok() && (begin.starts_with(ZIP) || is_record(&begin) && memchr::memmem::find(&begin, ZIP).is_some())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::cache::present;
    use super::super::{Command, Configuration};
    use super::*;
    use crate::event::Ecosystem;

    const URL: &[u8] = b"https://files.example/one-1.0-py3-none-any.whl";

    /// Whether a wheel that was downloaded from [`URL`] is missed in a cache to which this was done.
    fn is_missed(prepare: impl Fn(&Path)) -> bool {
        let place = tempfile::tempdir().unwrap();
        let variables = Vec::from([("PIP_CACHE_DIR", place.path().to_str().unwrap())]);
        let cache = Cache::of(&Command::parse(&[]), Path::new("/"), &Configuration::default(), &variables).unwrap();
        let began = present();
        prepare(place.path());
        let mut wheel = Artifact::new(Ecosystem::Pypi, Kind::Wheel);
        wheel.origin = Origin::Downloaded;
        let clues = Clues { url: Some(URL.to_vec()), ..Clues::default() };
        let mut found = BTreeMap::from([(0, (Box::new(wheel), Box::new(clues)))]);
        mark(&mut found, &cache, began);
        found[&0].0.evidence.contains(&Evidence::NO_HTTP_CACHE_FILE)
    }

    fn keep(cache: &Path, layout: &str, url: &[u8], suffix: &str, content: &[u8]) {
        let key = key(url);
        let directory = key.chars().take(5).fold(cache.join(layout), |path, digit| path.join(digit.to_string()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(key + suffix), content).unwrap();
    }

    #[test]
    fn a_wheel_is_missed_where_pip_could_have_kept_it() {
        assert!(is_missed(|_| {}));
        assert!(is_missed(|cache| keep(cache, "http-v2", b"https://index.example/simple/", ".body", b"<html>")));
        assert!(!is_missed(|cache| keep(cache, "http-v2", URL, "", b"cc=4,")), "it was kept");
        assert!(!is_missed(|cache| keep(cache, "http", URL, "", b"cc=4,")), "it was kept by an older pip");
        assert!(
            is_missed(|cache| {
                fs::create_dir(cache.join("http-v2")).unwrap();
                File::create(cache.join("http-v2/long.body")).unwrap().set_len(1 << 40).unwrap();
            }),
            "beside a file that no memory holds"
        );
        let elsewhere = b"https://mirror.example/one";
        assert!(
            !is_missed(|cache| keep(cache, "http-v2", elsewhere, ".body", b"PK\x03\x04...")),
            "after a redirection"
        );
        let record = b"cc=4,\x82\xa8response\x82\xa4body\xc4\x07PK\x03\x04...\xa6status\xcc\xc8\xa4vary\x80";
        assert!(!is_missed(|cache| keep(cache, "http", elsewhere, "", record)), "after a redirection, by an older pip");
        assert!(!is_missed(|cache| fs::write(cache.join("http-v2"), "").unwrap()), "pip can keep nothing there");
        if rustix::process::geteuid().is_root() {
            assert!(
                !is_missed(|cache| std::os::unix::fs::chown(cache, Some(1000), None).unwrap()),
                "pip keeps nothing"
            );
        }
    }

    #[test]
    fn what_was_kept_before_was_not_kept_now() {
        let old = |path: &Path| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        };
        assert!(is_missed(|cache| {
            keep(cache, "http", URL, "", b"cc=4,");
            let key = key(URL);
            old(&key.chars().take(5).fold(cache.join("http"), |path, digit| path.join(digit.to_string())).join(&key));
        }));
    }
}

//! The distributions in a directory, and their digests.
//!
//! Refuses what pip would not take from `--find-links` either: files under other names, and what lies deeper. A file
//! that is still being written has another name until it is whole.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::Digest as _;

use super::Error;
use crate::event::{Filename, Sha256};

/// How much is read at once.
const CHUNK: usize = 1 << 17;

/// A wheel or an sdist in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Where it is.
    pub path: PathBuf,
    /// Its file name.
    pub filename: String,
    /// What that says.
    pub parsed: Filename,
    /// Its size.
    pub size_bytes: u64,
}

/// The distributions in `directory`, by name.
///
/// # Errors
/// When it cannot be listed.
pub fn scan(directory: &Path) -> Result<Vec<Distribution>, Error> {
    let wrong = |source| Error::List { path: directory.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let Ok(filename) = entry.file_name().into_string() else { continue };
        let Some(parsed) = Filename::parse(&filename) else { continue };
        // Links are followed, as pip does; one that leads nowhere is nothing.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if metadata.is_file() {
            found.push(Distribution { path: entry.path(), filename, parsed, size_bytes: metadata.len() });
        }
    }
    found.sort_unstable_by(|one, other| one.filename.cmp(&other.filename));
    Ok(found)
}

/// The digest of one file.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> Result<Sha256, Error> {
    watched(path, &|_| ())
}

fn watched(path: &Path, watch: &dyn Fn(u64)) -> Result<Sha256, Error> {
    let mut file = File::open(path).map_err(Error::read(path))?;
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).map_err(Error::read(path))? {
            0 => return Ok(Sha256(hasher.finalize().into())),
            length => {
                hasher.update(&chunk[..length]);
                watch(length as u64);
            }
        }
    }
}

/// The digests of many files, in their order, by as many threads as there are processors.
pub fn hashed(files: &[Distribution]) -> Vec<Result<Sha256, Error>> {
    let paths: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    digests(&paths, &|_| ())
}

/// The same for any files; `watch` is told how many bytes were read, piece by piece and by many threads.
pub(super) fn digests(paths: &[&Path], watch: &(dyn Fn(u64) + Sync)) -> Vec<Result<Sha256, Error>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(paths.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut digests = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match paths.get(index) {
                Some(path) => digests.push((index, watched(path, watch))),
                None => return digests,
            }
        }
    };
    let mut digests: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("hashing does not panic")).collect()
    });
    digests.sort_unstable_by_key(|(index, _)| *index);
    digests.into_iter().map(|(_, digest)| digest).collect()
}

#[cfg(test)]
mod tests {
    use super::{hashed, scan};

    #[test]
    fn takes_what_pip_would_take() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| std::fs::write(directory.path().join(name), content).unwrap();
        for name in [
            "a-1-py3-none-any.whl",
            "b-2.tar.gz",
            ".c-3-py3-none-any.whl.tmp",
            "d-4.tar.gz.part",
            "wheelhouse_manifest.json",
        ] {
            write(name, name.as_bytes());
        }
        std::fs::create_dir(directory.path().join("e-5.zip")).unwrap();
        std::os::unix::fs::symlink("nowhere", directory.path().join("f-6.zip")).unwrap();
        std::os::unix::fs::symlink("b-2.tar.gz", directory.path().join("g-7.tar.gz")).unwrap();
        let found = scan(directory.path()).unwrap();
        let names: Vec<_> = found.iter().map(|file| (file.filename.as_str(), file.size_bytes)).collect();
        assert_eq!(names, [("a-1-py3-none-any.whl", 20), ("b-2.tar.gz", 10), ("g-7.tar.gz", 10)]);
        assert!(scan(&directory.path().join("none")).is_err());
    }

    #[test]
    fn digests_keep_their_order() {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..40 {
            std::fs::write(directory.path().join(format!("a-{number}.zip")), vec![b'x'; number * 10_000]).unwrap();
        }
        let found = scan(directory.path()).unwrap();
        for (file, digest) in found.iter().zip(hashed(&found)) {
            assert_eq!(digest.unwrap(), super::sha256(&file.path).unwrap());
        }
        assert!(hashed(&[]).is_empty());
        std::fs::write(directory.path().join("a-1.zip"), "abc").unwrap();
        let digest = super::sha256(&directory.path().join("a-1.zip")).unwrap().to_string();
        assert!(digest.starts_with("ba7816bf8f01cfea"));
    }
}

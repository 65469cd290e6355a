//! What the disk tells before and after a run.
//!
//! Whether a file was there before is told by its inode: apt makes the ones that it fetches anew, and moves them into
//! their places, so their times of change are later than the beginning of the run. (Times of modification are the
//! server's.) Both times are the file system's, so that no other clock is compared with them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::hook::{changed, digest};
use super::memory::MemoryFile;
use crate::classify::Clues;
use crate::event::{Artifact, Kind, Origin, text};

/// Where apt keeps the packages that it fetched, unless it is told otherwise.
const ARCHIVES: &str = "/var/cache/apt/archives";

/// How indexes may be stored.
const SUFFIXES: [&str; 7] = ["", ".lz4", ".gz", ".xz", ".zst", ".bz2", ".lzma"];

/// The disk as it was before the run.
pub(super) struct Disk {
    began: i64,
    directory: PathBuf,
    /// The names of the files that were fetched in part.
    partial: BTreeSet<OsString>,
}

impl Disk {
    /// Now.
    pub(super) fn new() -> Self {
        let partial = names(&Path::new(ARCHIVES).join("partial"));
        Disk { began: clock(), directory: std::env::current_dir().unwrap_or_default(), partial }
    }

    /// When the run began, in microseconds since the epoch.
    pub(super) fn began(&self) -> i64 {
        self.began
    }

    /// The working directory.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether a file was there before the run; `None` if it is not there now.
    pub(super) fn was_there(&self, path: &Path) -> Option<bool> {
        // A fetch takes longer than a tick of that clock: what is as old as the beginning was there.
        Some(changed(path)? <= self.began)
    }

    /// Whether a part of the package had been fetched before the run.
    pub(super) fn was_partial(&self, filename: &str) -> bool {
        self.partial.contains(&OsString::from(filename))
    }

    /// Completes a record by the file that lies at its place now, if one does.
    pub(super) fn complete(&self, record: &mut Artifact, clues: &Clues) {
        let named = clues.path.as_deref().filter(|_| !matches!(record.origin, Origin::Failed));
        let found = named.and_then(|path| self.find(Path::new(std::ffi::OsStr::from_bytes(path)), record.kind));
        record.destination = found.as_ref().map(|path| text(path.as_os_str().as_bytes()).into());
        let Some(path) = found else { return };
        if record.size_bytes.is_none() {
            record.size_bytes = std::fs::metadata(&path).ok().map(|metadata| metadata.len());
        }
        if record.sha256.is_none() && record.origin != Origin::Unknown {
            record.sha256 = digest(&path);
        }
    }

    /// The file itself, or the index that was made of it.
    fn find(&self, path: &Path, kind: Kind) -> Option<PathBuf> {
        let path = self.directory.join(path);
        let name = path.file_name()?.to_str()?;
        if kind != Kind::Index {
            return path.is_file().then_some(path);
        }
        let plain = SUFFIXES[1..].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        SUFFIXES.iter().map(|suffix| path.with_file_name(format!("{plain}{suffix}"))).find(|path| path.is_file())
    }
}

/// The names in a directory.
pub(super) fn names(directory: &Path) -> BTreeSet<OsString> {
    std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}

/// The present by the times that the kernel gives to inodes: those of one that is made now. They keep their order, since
/// Linux 6.13 also where some are finer than others; its coarse clock may lie before the time of a file that is there.
fn clock() -> i64 {
    MemoryFile::new("now").and_then(|file| file.changed()).unwrap_or_else(|_| {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        time.tv_sec.saturating_mul(1_000_000).saturating_add(time.tv_nsec / 1000)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::Disk;

    #[test]
    fn what_was_changed_a_moment_before_was_there() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("archive.deb");
        fs::write(&path, b"a").unwrap();
        for mode in (0..200).map(|round| 0o600 + round % 2) {
            // Since Linux 6.13 a file that was looked at is given a finer time when it is changed again.
            fs::metadata(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Disk::new().was_there(&path), Some(true));
        }
    }
}

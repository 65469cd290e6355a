//! Files that lie in memory and have no place in any directory.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, memfd_create};

/// A file in memory. As long as we live, processes of our user can open it by its path, and after us it is gone.
#[derive(Debug)]
pub(super) struct MemoryFile(File);

impl MemoryFile {
    /// An empty one; the name is seen by nobody but who looks at our descriptors.
    pub(super) fn new(name: &str) -> io::Result<Self> {
        Ok(MemoryFile(memfd_create(name, MemfdFlags::CLOEXEC)?.into()))
    }

    /// One with these bytes.
    pub(super) fn with(name: &str, bytes: &[u8]) -> io::Result<Self> {
        let file = MemoryFile::new(name)?;
        file.0.write_all_at(bytes, 0)?;
        Ok(file)
    }

    /// By which it can be opened.
    pub(super) fn path(&self) -> PathBuf {
        of_ours(&format!("fd/{}", self.0.as_raw_fd()))
    }

    /// When it was made or written to last, in microseconds since the epoch.
    pub(super) fn changed(&self) -> io::Result<i64> {
        Ok(changed(&self.0.metadata()?))
    }

    /// All of it.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.0.metadata()?.len() as usize];
        self.0.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}

/// When an inode was changed last, in microseconds since the epoch.
pub(super) fn changed(metadata: &Metadata) -> i64 {
    metadata.ctime().saturating_mul(1_000_000).saturating_add(metadata.ctime_nsec() / 1000)
}

/// A path below `/proc/PID` of this process.
pub(super) fn of_ours(rest: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{rest}", std::process::id()))
}

/// Whether other processes of our user can follow such paths: `/proc` is there and this process gives itself away
/// (proc(5): the files belong to root otherwise).
pub(super) fn can_be_reached() -> bool {
    let owner = |path: PathBuf| std::fs::metadata(path).ok().map(|metadata| metadata.uid());
    owner(of_ours("fd")) == Some(rustix::process::geteuid().as_raw()) && of_ours("exe").is_file()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::MemoryFile;

    #[test]
    fn others_append_to_it_by_its_path() {
        let file = MemoryFile::with("test", b"one\n").unwrap();
        for _ in 0..2 {
            let mut other = std::fs::OpenOptions::new().append(true).open(file.path()).unwrap();
            other.write_all(b"two\n").unwrap();
        }
        assert_eq!(file.read().unwrap(), b"one\ntwo\ntwo\n");
        assert!(super::can_be_reached());
    }
}

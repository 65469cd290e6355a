//! The log file that pip writes while it runs.
//!
//! Either a fresh private one, to which `PIP_LOG` points, or the user's own, read from its length before the run and
//! never written. Refuses to be a pipe: without a reader pip would hang, and nested pips could not open it.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;

use super::cache::written;

/// How many bytes are read at once.
const CHUNK: usize = 1 << 16;

/// A log that is being written.
pub(crate) struct Log {
    path: PathBuf,
    file: Option<File>,
    /// Where reading begins when the file appears.
    from: u64,
    buffer: Vec<u8>,
    /// Removes the private file on drop.
    private: Option<tempfile::TempPath>,
}

impl Log {
    /// A fresh private file in `directory`; readable and writable by this user alone, since builds may print secrets.
    pub(crate) fn private(directory: &Path) -> io::Result<Log> {
        let (file, path) =
            tempfile::Builder::new().prefix("wheeltap-").suffix(".log").tempfile_in(directory)?.into_parts();
        Ok(Log { path: path.to_path_buf(), file: Some(file), from: 0, buffer: Vec::new(), private: Some(path) })
    }

    /// A log of the user's own, from its present end on; it need not exist yet.
    pub(crate) fn of_user(path: PathBuf) -> Log {
        let file = File::open(&path).ok().filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()));
        let from = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |metadata| metadata.size());
        let mut log = Log { path, file, from, buffer: Vec::new(), private: None };
        log.seek();
        log
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// When a private log was made, by its file system's clock: see [`written`]. A user's log may be older than the run.
    pub(crate) fn made(&self) -> Option<i128> {
        self.private.as_ref()?;
        self.file.as_ref().and_then(|file| file.metadata().ok()).map(|metadata| written(&metadata))
    }

    /// Gives what has been written since the last call to `take`, in pieces.
    pub(crate) fn drain(&mut self, mut take: impl FnMut(&[u8])) {
        if self.file.is_none() {
            // A user's log appears with pip's first line; one that is no regular file is not ours to read from.
            self.file = File::open(&self.path).ok().filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()));
            self.seek();
        }
        let Some(file) = &mut self.file else { return };
        self.buffer.reserve(CHUNK);
        while let Ok(1..) = rustix::io::read(&*file, spare_capacity(&mut self.buffer)) {
            take(&self.buffer);
            self.buffer.clear();
        }
    }

    fn seek(&mut self) {
        if let Some(file) = &mut self.file
            && file.seek(SeekFrom::Start(self.from)).is_err()
        {
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn drained(log: &mut Log) -> String {
        let mut all = Vec::new();
        log.drain(|bytes| all.extend_from_slice(bytes));
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn a_private_log_is_read_as_it_grows_and_removed() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = Log::private(directory.path()).unwrap();
        let path = log.path().to_owned();
        let mut writer = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        writer.write_all(b"one").unwrap();
        assert_eq!(drained(&mut log), "one");
        writer.write_all(b"two").unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(drained(&mut log), "two");
        drop(log);
        assert!(!path.exists());
    }

    #[test]
    fn a_users_log_is_read_from_its_end_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut absent = Log::of_user(path.clone());
        assert_eq!(drained(&mut absent), "");
        std::fs::write(&path, b"old").unwrap();
        let mut log = Log::of_user(path.clone());
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"new").unwrap();
        assert_eq!(drained(&mut log), "new");
        assert_eq!(drained(&mut absent), "oldnew");
        drop(log);
        assert!(path.exists());
    }
}

//! A file that others write, read as it grows.
//!
//! As `tail -F` reads: a file that was cut short is read from its beginning again, and what takes its place under its name
//! is read beside it, since whoever has the old one open goes on writing to it. Refuses to open what is no regular file:
//! to open a pipe waits for whoever is at its other end.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;

/// How much is remembered of what was read last. A line of pip's seldom is longer, and so its stamp is among it, which no
/// other line has.
const LAST: usize = 256;

/// A file that grows.
#[derive(Debug)]
pub(crate) struct Tail {
    file: File,
    identity: (u64, u64),
    read: u64,
    /// The bytes before the place up to which it was read.
    last: Vec<u8>,
}

impl Tail {
    /// What lies at `path`, from its present end on; `None` if that is no regular file, or cannot be read.
    pub(crate) fn from_end(path: &Path) -> Option<Tail> {
        let mut tail = Tail::open(path)?;
        tail.read = tail.length()?;
        let known = tail.read.min(LAST as u64);
        tail.last.resize(known as usize, 0);
        tail.file.read_exact_at(&mut tail.last, tail.read - known).ok()?;
        Some(tail)
    }

    /// What lies at `path`, from its beginning on, unless it is one of `known`.
    pub(crate) fn fresh<'a>(path: &Path, known: impl Iterator<Item = &'a Tail>) -> Option<Tail> {
        let lies_there = identity(&path.metadata().ok()?);
        let mut known = known.map(|tail| tail.identity);
        if known.any(|known| known == lies_there) {
            return None;
        }
        Tail::open(path)
    }

    /// Of a file that is open, from its beginning on.
    ///
    /// # Errors
    /// When the file cannot be asked who it is.
    pub(crate) fn of(file: File) -> io::Result<Tail> {
        let identity = identity(&file.metadata()?);
        Ok(Tail { file, identity, read: 0, last: Vec::new() })
    }

    fn open(path: &Path) -> Option<Tail> {
        path.metadata().ok().filter(Metadata::is_file)?;
        // What lay there may have been exchanged for a pipe since.
        let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path).ok()?;
        file.metadata().ok().filter(Metadata::is_file)?;
        Tail::of(file).ok()
    }

    /// The file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Device and inode.
    pub(crate) fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// How long the file is.
    pub(crate) fn length(&self) -> Option<u64> {
        self.file.metadata().ok().map(|metadata| metadata.len())
    }

    /// Up to where it was read.
    pub(crate) fn read_to(&self) -> u64 {
        self.read
    }

    /// Whether the file was cut short since it was read last, and may have grown again; then it is read from its
    /// beginning. What was written in between and not yet read is lost.
    pub(crate) fn was_cut(&mut self) -> bool {
        let mut found = [0; LAST];
        let found = &mut found[..self.last.len()];
        let is_other = match self.file.read_exact_at(found, self.read - found.len() as u64) {
            Ok(()) => *found != *self.last,
            Err(error) => error.kind() == io::ErrorKind::UnexpectedEof,
        };
        if is_other {
            self.read = 0;
            self.last.clear();
        }
        is_other
    }

    /// Appends to `bytes` what comes next, at most `limit` bytes; how many there were.
    pub(crate) fn read(&mut self, bytes: &mut Vec<u8>, limit: usize) -> usize {
        let before = bytes.len();
        bytes.reserve(limit);
        if limit == 0 || rustix::io::pread(&self.file, spare_capacity(bytes), self.read).is_err() {
            return 0;
        }
        bytes.truncate(before + limit);
        let read = &bytes[before..];
        self.read += read.len() as u64;
        let kept = LAST.saturating_sub(read.len()).min(self.last.len());
        self.last.drain(..self.last.len() - kept);
        self.last.extend_from_slice(&read[read.len().saturating_sub(LAST)..]);
        read.len()
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn append(path: &Path, bytes: &[u8]) {
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    fn rest(tail: &mut Tail) -> Vec<u8> {
        let mut bytes = Vec::new();
        while tail.read(&mut bytes, 100) > 0 {}
        bytes
    }

    #[test]
    fn a_file_that_was_cut_is_known_by_what_was_read_last() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let (old, new) = (vec![b'a'; 3 * LAST], vec![b'b'; 3 * LAST]);
        // To nothing, to less, to as much, to more than was read; and a part of what was read is left.
        for (length, left) in [(0, 0), (5, 0), (3 * LAST, 0), (3 * LAST + 7, 0), (0, LAST), (9, 2 * LAST)] {
            std::fs::write(&path, &old[..LAST]).unwrap();
            let mut tail = Tail::from_end(&path).unwrap();
            append(&path, &old[LAST..]);
            assert!(!tail.was_cut());
            assert_eq!(rest(&mut tail), old[LAST..], "{length} {left}");
            assert!(!tail.was_cut());
            OpenOptions::new().write(true).open(&path).unwrap().set_len(left as u64).unwrap();
            append(&path, &new.repeat(2)[..length]);
            assert!(tail.was_cut(), "{length} {left}");
            assert_eq!(rest(&mut tail).len(), left + length);
            assert!(!tail.was_cut());
        }
    }

    #[test]
    fn a_piece_is_no_longer_than_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        append(&path, b"0123456789");
        let mut tail = Tail::fresh(&path, [].iter()).unwrap();
        let mut bytes = Vec::with_capacity(1000);
        assert_eq!([tail.read(&mut bytes, 4), tail.read(&mut bytes, 0), tail.read(&mut bytes, 100)], [4, 0, 6]);
        assert_eq!((bytes.as_slice(), tail.read_to()), (&b"0123456789"[..], 10));
        assert!(Tail::fresh(&path, [tail].iter()).is_none());
    }

    #[test]
    fn a_pipe_is_not_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(Tail::from_end(&path).is_none() && Tail::fresh(&path, [].iter()).is_none());
    }
}

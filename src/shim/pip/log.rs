//! The log file that pip writes while it runs.
//!
//! Either a fresh private one, to which `PIP_LOG` points, or the user's own, read from its length before the run and
//! never written. Refuses to be a pipe: without a reader pip would hang, and nested pips could not open it.

use std::io;
use std::path::{Path, PathBuf};

use super::cache::written;
use super::tail::Tail;

/// How many bytes are read at once: what the allocator has at hand in a short run.
const CHUNK: usize = 16 << 10;

/// As much room a log is to have, in bytes: more than most come to. A pip that cannot write its log prints a traceback for
/// every line of it.
const ROOM: u64 = 4 << 20;

/// Whether a log has room in `directory`.
///
/// # Errors
/// When it has none.
pub(crate) fn has_room(directory: &Path) -> io::Result<()> {
    let there = rustix::fs::statvfs(directory)?;
    // A file system without blocks does not count them.
    match there.f_blocks == 0 || there.f_bavail.saturating_mul(there.f_frsize) >= ROOM {
        true => Ok(()),
        false => Err(io::Error::other(format!("no room in `{}`", directory.display()))),
    }
}

/// A log that is being written.
pub(crate) struct Log {
    path: PathBuf,
    /// What has lain there, the latest last.
    tails: Vec<Tail>,
    /// The one whose last line is not ended yet.
    begun: Option<usize>,
    was_cut: bool,
    buffer: Vec<u8>,
    /// Removes the private file on drop.
    private: Option<tempfile::TempPath>,
}

impl Log {
    /// A fresh private file in `directory`; readable and writable by this user alone, since builds may print secrets.
    pub(crate) fn private(directory: &Path) -> io::Result<Log> {
        has_room(directory)?;
        let (file, path) =
            tempfile::Builder::new().prefix("wheeltap-").suffix(".log").tempfile_in(directory)?.into_parts();
        Ok(Log::new(path.to_path_buf(), Some(Tail::of(file)?), Some(path)))
    }

    /// A log of the user's own, from its present end on; it need not exist yet.
    pub(crate) fn of_user(path: PathBuf) -> Log {
        let tail = Tail::from_end(&path);
        Log::new(path, tail, None)
    }

    fn new(path: PathBuf, tail: Option<Tail>, private: Option<tempfile::TempPath>) -> Log {
        Log { path, tails: tail.into_iter().collect(), begun: None, was_cut: false, buffer: Vec::new(), private }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// When a private log was made, by its file system's clock: see [`written`]. A user's log may be older than the run.
    pub(crate) fn made(&self) -> Option<i128> {
        self.private.as_ref()?;
        self.tails.first().and_then(|tail| tail.file().metadata().ok()).map(|metadata| written(&metadata))
    }

    /// Whether it was cut short while it was read: what was written last before that may be missing.
    pub(crate) fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// Gives what has been written since the last call to `take`, in pieces.
    pub(crate) fn drain(&mut self, mut take: impl FnMut(&[u8])) {
        if self.private.is_none() {
            self.look(&mut take);
        }
        for (place, tail) in self.tails.iter_mut().enumerate() {
            while tail.read(&mut self.buffer, CHUNK) > 0 {
                if self.begun.is_some_and(|begun| begun != place) {
                    take(b"\n");
                }
                // Of what panics when it is taken nothing is given again.
                let mut piece = std::mem::take(&mut self.buffer);
                self.begun = (piece.last() != Some(&b'\n')).then_some(place);
                take(&piece);
                piece.clear();
                self.buffer = piece;
            }
        }
    }

    /// Finds out what has become of a user's log: it appears with pip's first line, and may be rotated at any time.
    fn look(&mut self, take: &mut impl FnMut(&[u8])) {
        for (place, tail) in self.tails.iter_mut().enumerate() {
            if tail.was_cut() {
                self.was_cut = true;
                // The rest of a line that had begun is lost.
                if self.begun.take_if(|begun| *begun == place).is_some() {
                    take(b"\n");
                }
            }
        }
        self.tails.extend(Tail::fresh(&self.path, self.tails.iter()));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::MetadataExt as _;

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

    fn writer(path: &Path) -> std::fs::File {
        std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap()
    }

    #[test]
    fn a_users_log_that_is_rotated_is_read_on_and_so_is_what_takes_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let (path, moved) = (directory.path().join("log"), directory.path().join("log.1"));
        for moves in [true, false] {
            std::fs::write(&path, "old\n").unwrap();
            let mut log = Log::of_user(path.clone());
            let mut first = writer(&path);
            first.write_all(b"one\ntw").unwrap();
            assert_eq!(drained(&mut log), "one\ntw");
            if moves { std::fs::rename(&path, &moved) } else { std::fs::remove_file(&path) }.unwrap();
            first.write_all(b"o\nthree\nfo").unwrap();
            assert_eq!(drained(&mut log), "o\nthree\nfo");
            writer(&path).write_all(b"five\n").unwrap();
            first.write_all(b"ur\nfour again\n").unwrap();
            assert_eq!(drained(&mut log), "ur\nfour again\nfive\n");
            first.write_all(b"si").unwrap();
            writer(&path).write_all(b"seven\n").unwrap();
            assert_eq!(drained(&mut log), "si\nseven\n");
            assert_eq!(drained(&mut log), "");
            assert!(!log.was_cut());
        }
    }

    #[test]
    fn a_users_log_that_is_cut_short_is_read_from_its_beginning_and_that_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        std::fs::write(&path, "old\n").unwrap();
        let mut log = Log::of_user(path.clone());
        let mut pip = writer(&path);
        for (written, read) in
            [("one\ntw", "one\ntw"), ("three\n", "\nthree\n"), ("four and more\n", "four and more\n")]
        {
            pip.write_all(written.as_bytes()).unwrap();
            assert_eq!(drained(&mut log), read);
            assert_eq!(log.was_cut(), written != "one\ntw");
            std::fs::copy(&path, directory.path().join("log.1")).unwrap();
            pip.set_len(0).unwrap();
        }
        assert_eq!(drained(&mut log), "");
    }
}

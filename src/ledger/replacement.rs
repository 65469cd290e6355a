//! A file that is written beside the one whose place it then takes, so that nothing half written ever stands under a
//! final name.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Error;
use crate::event::Buffer;

/// Replaces the file at `path` by one that holds `content`, or leaves it as it is.
///
/// # Errors
/// When the new file cannot be written beside the old one or put in its place; then it is removed.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut replacement = Replacement::of(path)?;
    replacement.write(|file| file.write_all(content))?;
    replacement.put_in_place()
}

/// The file that is to take the place of another. Removed if it does not come to that. Not tempfile's, which asks for the
/// working directory to make each path absolute.
pub(super) struct Replacement<'a> {
    path: &'a Path,
    temporary: PathBuf,
    file: File,
    /// Lines that are not in the file yet.
    lines: Buffer,
    is_in_place: bool,
}

impl<'a> Replacement<'a> {
    /// Begins the file that is to be at `path`.
    pub(super) fn of(path: &'a Path) -> Result<Self, Error> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        let mut attempt = 0_u32;
        loop {
            let mut name = name.clone();
            name.push(format!(".{}-{attempt}", std::process::id()));
            let temporary = path.with_file_name(name);
            match OpenOptions::new().write(true).create_new(true).open(&temporary) {
                Ok(file) => {
                    return Ok(Replacement { path, temporary, file, lines: Buffer::default(), is_in_place: false });
                }
                // A process of another container has the same number, or one that was killed left its file.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < u32::MAX => attempt += 1,
                Err(error) => return Err(Error::io("create", &temporary)(error)),
            }
        }
    }

    /// Has `write` write to the file.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Error> {
        write(&mut self.file).map_err(Error::io("write", self.path))
    }

    /// Adds a line, which is written together with others.
    pub(super) fn add(&mut self, line: &[u8]) -> Result<(), Error> {
        self.lines.put(line);
        self.lines.relieve(&mut self.file).map_err(Error::io("write", self.path))
    }

    /// Puts the file in the place of the other.
    pub(super) fn put_in_place(mut self) -> Result<(), Error> {
        let written = self.lines.hand_over(&mut self.file);
        let renamed = written.and_then(|()| fs::rename(&self.temporary, self.path));
        self.is_in_place = renamed.is_ok();
        renamed.map_err(Error::io("write", self.path))
    }
}

impl Drop for Replacement<'_> {
    fn drop(&mut self) {
        if !self.is_in_place {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_given_up_leaves_the_old_file_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        replace(&path, b"old").unwrap();
        let mut replacement = Replacement::of(&path).unwrap();
        replacement.add(b"new").unwrap();
        let names = || fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(names(), 2);
        drop(replacement);
        assert_eq!((names(), &*fs::read(&path).unwrap()), (1, &b"old"[..]));
    }

    #[test]
    fn lines_are_whole_however_many() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut replacement = Replacement::of(&path).unwrap();
        let line = [b'x'; 999];
        for _ in 0..1000 {
            replacement.add(&line).unwrap();
        }
        replacement.put_in_place().unwrap();
        assert_eq!(fs::read(&path).unwrap().len(), 999_000);
    }
}

//! The document and the text logs of a session, made of its journal and replaced atomically, without a lock.
//!
//! Many processes may publish the same session at once. Each reads the journal, folds it and puts its files in place;
//! whoever then finds that the journal has grown since it read may have covered a newer fold with an older one, and
//! does it again. So the last file put in place is always of a journal that had not grown when that was done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::text::Logs;
use super::{Error, Files, Journal, fold, read};
use crate::event::{Session, json};

/// How often a fold is begun again because others append meanwhile, before it is left to them.
const ROUNDS: usize = 3;

/// From so many artifacts on, the logs are written beside the document.
const WORTH_A_THREAD: u64 = 1000;

impl Journal {
    /// Folds the journal and puts the document and the logs in place.
    pub(super) fn publish(&mut self) -> Result<Session, Error> {
        let files = self.files();
        let mut round = 0;
        loop {
            round += 1;
            let (events, length) = match self.remembered() {
                Some(all) => all,
                None => read::read(&self.file, &files.journal).map(|recorded| (recorded.events, recorded.length))?,
            };
            let session = fold(self.id(), events);
            // Whoever has appended since then folds later than this: its own fold holds what this one does. After some
            // rounds in a journal that never rests this one is superfluous.
            if self.length()? != length {
                match round < ROUNDS {
                    true => continue,
                    false => return Ok(session),
                }
            }
            put_in_place(&session, &files)?;
            if self.length()? == length {
                return Ok(session);
            }
        }
    }
}

/// Replaces the document and the logs of `session`.
fn put_in_place(session: &Session, files: &Files) -> Result<(), Error> {
    if session.summary.total_artifacts < WORTH_A_THREAD {
        return replace_document(session, files).and_then(|()| replace_logs(session, files));
    }
    std::thread::scope(|scope| {
        // Where no thread can be had, one does both.
        let logs = std::thread::Builder::new().spawn_scoped(scope, || replace_logs(session, files));
        let document = replace_document(session, files);
        let logs = match logs {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => replace_logs(session, files),
        };
        document.and(logs)
    })
}

fn replace_document(session: &Session, files: &Files) -> Result<(), Error> {
    replace_by(&files.document, |file| json::document(file, session))
}

fn replace_logs(session: &Session, files: &Files) -> Result<(), Error> {
    let logs = Logs::of(session);
    replace(&files.log, logs.all.text())?;
    for (log, path) in [(&logs.wheels, &files.wheels), (&logs.apt, &files.apt)] {
        if log.length() > 0 {
            replace(path, log.text())?;
        }
    }
    Ok(())
}

/// Replaces the file at `path` by one that holds `content`, or leaves it as it is.
///
/// # Errors
/// When the new file cannot be written beside the old one or put in its place; then it is removed.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    replace_by(path, |file| file.write_all(content))
}

fn replace_by(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Error> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    let mut attempt = 0_u32;
    let (temporary, mut file) = loop {
        let mut name = name.clone();
        name.push(format!(".{}-{attempt}", std::process::id()));
        let temporary = path.with_file_name(name);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => break (temporary, file),
            // A process of another container has the same number, or one that was killed left its file.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < u32::MAX => attempt += 1,
            Err(error) => return Err(Error::io("create", &temporary)(error)),
        }
    };
    write(&mut file).and_then(|()| fs::rename(&temporary, path)).map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Error::io("write", path)(error)
    })
}

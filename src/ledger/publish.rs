//! The document and the text logs of a session, made of its journal and replaced atomically, without a lock.
//!
//! Many processes may publish the same session at once. Each reads the journal, folds it and puts its files in place;
//! whoever then finds that the journal has grown since it read may have covered a newer fold with an older one, and
//! does it again. So the last file put in place is always of a journal that had not grown when that was done.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::thread::ScopedJoinHandle;

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use super::text::Lines;
use super::{Error, Files, Journal, fold, read};
use crate::event::{Ecosystem, Session, json};

/// How often a fold is begun again because others append meanwhile, before it is left to them.
const ROUNDS: usize = 3;

/// From so many artifacts on, the logs are written beside the document.
const WORTH_A_THREAD: u64 = 1000;

/// How much of a document is written at once.
const PIECE: usize = 64 << 10;

impl Journal {
    /// Folds the journal and puts the document and the logs in place.
    pub(super) fn publish(&self) -> Result<Session, Error> {
        let files = self.files();
        let mut round = 0;
        loop {
            round += 1;
            let recorded = read::read(&self.file, &files.journal)?;
            let length = recorded.length;
            let session = fold(self.id(), recorded.events);
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
    // Where no thread can be had, one does it all.
    std::thread::scope(|scope| {
        let cached = std::thread::Builder::new().spawn_scoped(scope, || json::field(&session.cached_list()));
        let logs = std::thread::Builder::new().spawn_scoped(scope, || replace_logs(session, files));
        let document = match cached {
            Ok(cached) => replace_document(&Divided { session, cached: Cell::new(Some(cached)) }, files),
            Err(_) => replace_document(session, files),
        };
        document.and(logs.map_or_else(|_| replace_logs(session, files), joined))
    })
}

/// What a thread has made; its panic is ours.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A document whose list of cached artifacts, up to half of it, another thread writes meanwhile.
struct Divided<'a, 'scope> {
    session: &'a Session,
    cached: Cell<Option<ScopedJoinHandle<'scope, serde_json::Result<Box<RawValue>>>>>,
}

impl Serialize for Divided<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Cached<'a, 'b, 'scope>(&'a Divided<'b, 'scope>);

        impl Serialize for Cached<'_, '_, '_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0.cached.take() {
                    Some(thread) => joined(thread).map_err(S::Error::custom)?.serialize(serializer),
                    None => self.0.session.cached_list().serialize(serializer),
                }
            }
        }

        self.session.serialize_with(&Cached(self), serializer)
    }
}

fn replace_document(document: &impl Serialize, files: &Files) -> Result<(), Error> {
    // Not made in memory first: that of a large session is some ten megabytes.
    replace_by(&files.document, |file| {
        let mut writer = BufWriter::with_capacity(PIECE, file);
        json::document(&mut writer, document)?;
        writer.flush()
    })
}

fn replace_logs(session: &Session, files: &Files) -> Result<(), Error> {
    let lines = Lines::of(session);
    replace(&files.log, lines.all().as_bytes())?;
    for (ecosystem, path) in [(Ecosystem::Pypi, &files.wheels), (Ecosystem::Deb, &files.apt)] {
        let lines = lines.of_ecosystem(ecosystem);
        if !lines.is_empty() {
            replace(path, lines.as_bytes())?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Artifact, Kind, Origin, SessionId, Summary};

    #[test]
    fn a_document_written_by_two_is_the_document() {
        let id = SessionId::parse("20261120_153600").unwrap();
        let mut session = fold(&id, Vec::new());
        for origin in [Origin::Downloaded, Origin::Wheelhouse, Origin::HttpCache] {
            session.downloads.wheels.push(Artifact { origin, ..Artifact::new(Ecosystem::Pypi, Kind::Wheel) });
        }
        session.summary = Summary { total_artifacts: WORTH_A_THREAD, ..session.summary };
        let place = tempfile::tempdir().unwrap();
        let directory = crate::ledger::Directory::new(place.path());
        let files = directory.files(&id);
        put_in_place(&session, &files).unwrap();
        let mut alone = Vec::new();
        json::document(&mut alone, &session).unwrap();
        assert_eq!(fs::read_to_string(&files.document).unwrap(), String::from_utf8(alone).unwrap());
        assert_eq!(session.cached().count(), 2);
    }
}

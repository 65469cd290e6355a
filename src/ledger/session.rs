//! Sessions as they lie in a directory: found by path or stamp, read from the document or from the journal.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::directory::session_of;
use super::{Directory, Error, Files, fold, read_journal};
use crate::event::{Event, Moment, SCHEMA, Session, SessionId};

/// Reads a session document.
///
/// # Errors
/// When the file cannot be read, is no session document, or has a newer schema.
pub fn read_document(path: &Path) -> Result<Session, Error> {
    #[derive(Deserialize)]
    struct Head {
        schema: u64,
    }

    let bytes = fs::read(path).map_err(Error::io("open", path))?;
    let not_a_document =
        |error: serde_json::Error| Error::NotADocument { path: path.to_owned(), reason: error.to_string() };
    let head: Head = serde_json::from_slice(&bytes).map_err(not_a_document)?;
    if head.schema > SCHEMA.into() {
        return Err(Error::Newer { path: path.to_owned(), schema: head.schema });
    }
    serde_json::from_slice(&bytes).map_err(not_a_document)
}

/// A session with the place of its files.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The session.
    pub session: Session,
    /// Its files, whether they are there or not.
    pub files: Files,
}

/// Reads the session that `wanted` names: a session document or a journal (`.jsonl`) by its path, just as it is; else a
/// stamp in `directory`, a directory (its latest session), or, if it is `None`, the latest in `directory`, which are
/// read from the journal where there is one, since the document of a session whose processes were killed is older.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn load(directory: &Directory, wanted: Option<&Path>) -> Result<Loaded, Error> {
    let Some(wanted) = wanted else {
        let latest = directory.sessions()?.pop();
        let latest = latest.ok_or_else(|| Error::NoSession { path: directory.path().to_owned() })?;
        return load_stamp(directory, &latest);
    };
    if let Some(id) = wanted.to_str().and_then(SessionId::parse) {
        return load_stamp(directory, &id);
    }
    if wanted.is_dir() {
        return load(&Directory::new(wanted), None);
    }
    let is_journal = wanted.extension().is_some_and(|extension| extension == "jsonl");
    let session = if is_journal { fold_file(wanted)? } else { read_document(wanted)? };
    let mut files = Directory::new(wanted.parent().unwrap_or(Path::new(""))).files(&session.session_id);
    *(if is_journal { &mut files.journal } else { &mut files.document }) = wanted.to_owned();
    Ok(Loaded { session, files })
}

pub(super) fn load_stamp(directory: &Directory, id: &SessionId) -> Result<Loaded, Error> {
    let files = directory.files(id);
    let session = if files.journal.exists() {
        fold(id, read_journal(&files.journal)?.events)
    } else if files.document.exists() {
        read_document(&files.document)?
    } else {
        return Err(Error::NoSuchSession { path: directory.path().to_owned(), id: id.clone() });
    };
    Ok(Loaded { session, files })
}

/// Folds a journal whatever its name: the session is the one that its first line names, or its file name.
fn fold_file(path: &Path) -> Result<Session, Error> {
    let events = read_journal(path)?.events;
    let named = path.file_name().and_then(|name| name.to_str()).and_then(session_of);
    let started = events.iter().find_map(|event| match event {
        Event::SessionStarted { session, .. } => Some(session.clone()),
        _ => None,
    });
    let first = || SessionId::at(events.iter().find_map(Event::at).unwrap_or(Moment::EPOCH));
    Ok(fold(&started.or(named).unwrap_or_else(first), events))
}

//! What can go wrong with a ledger, as text that fits after "cannot ...".

use std::io;
use std::path::{Path, PathBuf};

use crate::event::{SCHEMA, SessionId, printable};

/// Why the ledger could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{doing} {}: {source}", show(path))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// No second was free to name a session by.
    #[error("name a session in {}: too many others take every stamp", show(path))]
    NoFreeStamp {
        /// The log directory.
        path: PathBuf,
    },
    /// A file is no session document.
    #[error("read {} as a session document: {reason}; give a `downloads_<stamp>.json`", show(path))]
    NotADocument {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// A file was written by a newer wheeltap.
    #[error("read {}: its schema is {schema}, this wheeltap knows up to {SCHEMA}; use a newer wheeltap", show(path))]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        schema: u64,
    },
    /// A file is no journal: not one line of it is an event.
    #[error("read {} as a journal: no line of it is an event; give an `events_<stamp>.jsonl`", show(path))]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// A directory holds no session.
    #[error("find a session in {}: there is no `downloads_<stamp>.json` or `events_<stamp>.jsonl`", show(path))]
    NoSession {
        /// The directory.
        path: PathBuf,
    },
    /// A directory does not hold this session.
    #[error("find session {id} in {}: it holds no file of that stamp", show(path))]
    NoSuchSession {
        /// The directory.
        path: PathBuf,
        /// The session.
        id: SessionId,
    },
}

impl Error {
    /// Says on which path something was tried.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { doing, path: path.to_owned(), source }
    }
}

fn show(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    format!("`{}`", printable(&crate::event::text(path.as_os_str().as_bytes())))
}

//! What can go wrong on disk.

use std::path::{Path, PathBuf};

/// An error with the file or directory that it concerns; fit after "cannot ...".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A directory cannot be listed.
    #[error("list {}: {source}", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or directory cannot be written, moved into its place or removed.
    #[error("{act} {}: {source}", path.display())]
    Change {
        /// What was to be done: `write`, `remove`.
        act: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There are other files under names that are to be used.
    #[error("unpack into {}: other contents lie there under {}", path.display(), names.join(", "))]
    Occupied {
        /// The directory.
        path: PathBuf,
        /// The names.
        names: Vec<String>,
    },
    /// A file is not what its name says.
    #[error("read {}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    pub(super) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Error::Read { path: path.to_owned(), source }
    }

    pub(super) fn change(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Error::Change { act, path: path.to_owned(), source }
    }

    /// The error without the path, for a caller that has named the file already.
    pub fn reason(&self) -> String {
        match self {
            Error::List { source, .. } | Error::Read { source, .. } | Error::Change { source, .. } => {
                source.to_string()
            }
            Error::Malformed { reason, .. } => reason.clone(),
            Error::Occupied { names, .. } => format!("other contents lie there under {}", names.join(", ")),
        }
    }
}

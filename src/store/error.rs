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

    /// The error without the path, for a caller that has named the file already.
    pub fn reason(&self) -> String {
        match self {
            Error::List { source, .. } | Error::Read { source, .. } => source.to_string(),
            Error::Malformed { reason, .. } => reason.clone(),
        }
    }
}

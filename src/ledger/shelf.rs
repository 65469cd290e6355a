//! The sessions of several paths, in order, each read only when it is its turn.
//!
//! Refuses to hold more than one session, so that a directory of ten thousand is read in the memory of one; and to stop
//! at a file that cannot be read: the caller is told of it and goes on.

use std::path::PathBuf;

use super::session::load_stamp;
use super::{Directory, Error, Glimpse, Loaded, load};
use crate::event::SessionId;

/// What a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Its latest session that can be read, and behind it the later ones that cannot, so that they are named.
    Latest,
    /// All its sessions, oldest first.
    All,
}

/// One session that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Of a log directory.
    Stamp(Directory, SessionId),
    /// A document or a journal by its path.
    File(PathBuf),
}

impl Source {
    /// The sessions that `wanted` names, or, if it is empty, those of `directory`. Directories are listed; nothing is
    /// opened but what has to be for the latest session.
    ///
    /// # Errors
    /// When a directory cannot be listed or holds no session.
    pub fn list(directory: &Directory, wanted: &[PathBuf], extent: Extent) -> Result<Vec<Source>, Error> {
        if wanted.is_empty() {
            return of_directory(directory, extent);
        }
        let mut sources = Vec::new();
        for path in wanted {
            if let Some(id) = path.to_str().and_then(SessionId::parse) {
                sources.push(Source::Stamp(directory.clone(), id));
            } else if path.is_dir() {
                sources.extend(of_directory(&Directory::new(path), extent)?);
            } else {
                sources.push(Source::File(path.clone()));
            }
        }
        Ok(sources)
    }

    /// Reads it whole.
    ///
    /// # Errors
    /// When it is not there, or is no session.
    pub fn read(&self) -> Result<Loaded, Error> {
        match self {
            Source::Stamp(directory, id) => load_stamp(directory, id),
            Source::File(path) => load(&Directory::new("."), Some(path)),
        }
    }

    /// Reads its heads: of the document where there is one, which is much quicker than to read it whole.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn glimpse(&self) -> Result<Glimpse, Error> {
        let document = match self {
            Source::Stamp(directory, id) => directory.files(id).document,
            Source::File(path) => path.clone(),
        };
        if document.extension().is_some_and(|extension| extension == "json")
            && let Some(glimpse) = Glimpse::of_document(&document)?
        {
            return Ok(glimpse);
        }
        self.read().map(|loaded| Glimpse::of(loaded.session))
    }

    /// What to call it in a message.
    pub fn name(&self) -> String {
        match self {
            Source::Stamp(_, id) => id.to_string(),
            Source::File(path) => crate::event::text(path.as_os_str().as_encoded_bytes()),
        }
    }
}

fn of_directory(directory: &Directory, extent: Extent) -> Result<Vec<Source>, Error> {
    let mut ids = directory.sessions()?;
    if ids.is_empty() {
        return Err(Error::NoSession { path: directory.path().to_owned() });
    }
    let source = |id: SessionId| Source::Stamp(directory.clone(), id);
    if extent == Extent::Latest {
        let readable = ids.iter().rposition(|id| source(id.clone()).glimpse().is_ok());
        ids.drain(..readable.unwrap_or(0));
    }
    Ok(ids.into_iter().map(source).collect())
}

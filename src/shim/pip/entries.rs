//! All that lies in pip's cache, and what of it pip cannot use.
//!
//! Known by trial with pip: a record that cannot be understood or has no body is passed over and fetched anew; a body
//! of another length than its record says ends pip with a traceback, every time. Refuses to hash: that a body of the
//! right length is the right one, only its URL tells.

use std::fmt;
use std::path::{Path, PathBuf};

use super::cache::{Response, read};

/// What a cache holds.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// How many responses of indexes there are.
    pub(crate) responses: usize,
    /// How many wheels that were built here.
    pub(crate) wheels: usize,
    /// Responses that pip cannot use, the fatal ones first.
    pub(crate) unsound: Vec<(PathBuf, Unsound)>,
}

/// Why a response cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unsound {
    /// Its body is not as long as its record says.
    Length { is: u64, said: u64 },
    /// It cannot be read, for this reason.
    Unreadable(String),
    /// Its record cannot be understood.
    Garbled,
    /// It has no body.
    Bodiless,
}

impl Unsound {
    /// Whether pip ends with an error instead of fetching it anew.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Unsound::Length { .. })
    }
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsound::Length { is, said } => write!(f, "its body has {is} bytes, and its record says {said}"),
            Unsound::Unreadable(reason) => write!(f, "it cannot be read: {reason}"),
            Unsound::Garbled => f.write_str("its record cannot be understood"),
            Unsound::Bodiless => f.write_str("its body is gone"),
        }
    }
}

impl Entries {
    /// Looks through a cache.
    pub(crate) fn of(directory: &Path) -> Self {
        let mut entries = Entries::default();
        // `http-v2` has bodies in files of their own since pip 23.3; the records of `http` hold theirs.
        for (part, is_apart) in [("http-v2", true), ("http", false)] {
            walk(&directory.join(part), 6, &mut |path| {
                if path.extension().is_some_and(|suffix| suffix == "body") {
                    return;
                }
                entries.responses += 1;
                entries.unsound.extend(unsound(&path, is_apart).map(|reason| (path, reason)));
            });
        }
        walk(&directory.join("wheels"), 5, &mut |path| {
            entries.wheels += usize::from(path.extension().is_some_and(|suffix| suffix == "whl"));
        });
        entries.unsound.sort_unstable_by(|one, other| (&one.1, &one.0).cmp(&(&other.1, &other.0)));
        entries
    }
}

/// Calls `found` for each file below, at most `depth` directories down.
fn walk(directory: &Path, depth: usize, found: &mut dyn FnMut(PathBuf)) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => walk(&entry.path(), depth - 1, found),
            Ok(kind) if kind.is_file() => found(entry.path()),
            _ => {}
        }
    }
}

fn unsound(path: &Path, is_apart: bool) -> Option<Unsound> {
    let (record, _) = match read(path) {
        Ok(read) => read,
        Err(error) => return Some(Unsound::Unreadable(error.to_string())),
    };
    let Some(response) = Response::parse(&record) else { return Some(Unsound::Garbled) };
    if !is_apart {
        return None;
    }
    let body = PathBuf::from(format!("{}.body", path.display()));
    let is = match std::fs::File::open(&body).and_then(|body| body.metadata()) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(Unsound::Bodiless),
        Err(error) => return Some(Unsound::Unreadable(error.to_string())),
    };
    let said = response.length.filter(|said| *said != is)?;
    Some(Unsound::Length { is, said })
}

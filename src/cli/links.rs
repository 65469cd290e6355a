//! The shims on disk: symbolic links to this executable, under the names of the tools.
//!
//! Refuses to touch anything that is not such a link: a foreign file of the same name is named and left.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::shim::FileId;

/// The names of the tools that are wrapped.
pub(crate) const TOOLS: [&str; 12] = [
    "pip", "pip3", "pip3.8", "pip3.9", "pip3.10", "pip3.11", "pip3.12", "pip3.13", "pip3.14", "pip3.15", "apt",
    "apt-get",
];

/// The names of the interpreters, of which only `-m pip` is recorded; they lie in a directory of their own, since not
/// everybody wants a recorder before every Python.
pub(crate) const INTERPRETERS: [&str; 10] = [
    "python",
    "python3",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
];

/// What lies under the name of a shim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A link to this executable.
    Ours,
    /// A link to a wheeltap that is elsewhere, or is no more.
    Stale(PathBuf),
    /// Nothing.
    Free,
    /// Something that is not ours to touch.
    Foreign,
}

/// What lies at `path`, seen from `executable`, our own.
///
/// # Errors
/// When the directory cannot be searched.
pub(crate) fn look(path: &Path, executable: &Path) -> io::Result<Place> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::Free),
        Err(error) => return Err(error),
    };
    if is_same_file(path, executable) {
        return Ok(Place::Ours);
    }
    if !metadata.is_symlink() {
        return Ok(Place::Foreign);
    }
    let target = std::fs::read_link(path)?;
    let is_ours = target.file_name().is_some_and(|name| name == OsStr::from_bytes(b"wheeltap"));
    Ok(if is_ours { Place::Stale(target) } else { Place::Foreign })
}

/// Links `path` to `executable`, in place of whatever link is there.
///
/// # Errors
/// When the link cannot be made.
pub(crate) fn lay(path: &Path, executable: &Path) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    std::os::unix::fs::symlink(executable, &beside)?;
    std::fs::rename(&beside, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&beside);
    })
}

/// Whether two paths lead to one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    FileId::of(one).is_some_and(|file| FileId::of(other) == Some(file))
}

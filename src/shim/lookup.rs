//! Finding the real tool: the first program of its name on `PATH` that is not us.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// A file, whatever its names: symbolic and hard links are one, a copy is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file behind a path, symbolic links followed.
    pub(crate) fn of(path: &Path) -> Option<FileId> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(FileId { device: metadata.dev(), inode: metadata.ino() })
    }
}

/// What `PATH` holds under one name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// The programs, in the order in which a shell would try them.
    pub(crate) programs: Vec<(PathBuf, FileId)>,
    /// The first file of that name that is not executable.
    pub(crate) not_executable: Option<PathBuf>,
}

/// Where a shell looks when `PATH` is not set.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Looks for `name` in the directories of `path`, passing over the files in `ourselves`.
///
/// If we stand on `path` ourselves, the search begins behind us: who called us by name had nothing before.
pub(crate) fn look_up(name: &OsStr, path: Option<&OsStr>, ourselves: &[FileId]) -> Candidates {
    let mut found = Candidates::default();
    let mut before_us = Candidates::default();
    let mut met = false;
    for directory in path.unwrap_or(OsStr::new(DEFAULT_PATH)).as_bytes().split(|&byte| byte == b':') {
        let file = join(directory, name);
        let Ok(metadata) = std::fs::metadata(&file) else { continue };
        let id = FileId { device: metadata.dev(), inode: metadata.ino() };
        if ourselves.contains(&id) {
            if !met {
                before_us = std::mem::take(&mut found);
            }
            met = true;
        } else if metadata.is_file() {
            if access(&file, Access::EXEC_OK).is_err() {
                found.not_executable.get_or_insert(file);
            } else if !found.programs.iter().any(|(_, other)| *other == id) {
                found.programs.push((file, id));
            }
        }
    }
    if found.programs.is_empty() {
        found.programs = before_us.programs;
        found.not_executable = before_us.not_executable.or(found.not_executable);
    }
    found
}

/// The path that `execvp` makes: an empty entry is the current directory, and nothing is tidied up.
fn join(directory: &[u8], name: &OsStr) -> PathBuf {
    let mut path = directory.to_vec();
    if !directory.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name.as_bytes());
    PathBuf::from(OsString::from_vec(path))
}

//! The shims of one session: links to this executable in a directory that is gone when the session is.
//!
//! Only for tools that are there: a shim for a missing one would make `command -v pip3` find what does not run.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cli::shims;
use crate::shim::{DEFAULT_PATH, FileId, Tool, look_up};
use crate::supervise::Setting;

/// A directory of shims.
pub(super) struct Stage {
    directory: TempDir,
    /// The value of `PATH` without us.
    path: OsString,
}

impl Stage {
    /// Makes a shim for each tool that is on `PATH`.
    pub(super) fn set() -> anyhow::Result<Stage> {
        let executable = shims::executable()?;
        let ourselves: Vec<FileId> = FileId::of(&executable).into_iter().collect();
        let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        let directory = tempfile::Builder::new().prefix("wheeltap-shims-").tempdir()?;
        // The command may go on as another user, who finds the tools as before, and the shims if they can be read.
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755))?;
        for name in names(&path) {
            if !look_up(&name, Some(&path), &ourselves).programs.is_empty() {
                std::os::unix::fs::symlink(&executable, directory.path().join(name))?;
            }
        }
        Ok(Stage { directory, path })
    }

    /// `PATH` with the shims in front of what it was.
    pub(super) fn path_variable(&self) -> Setting {
        let mut path = self.directory.path().as_os_str().to_owned();
        path.push(":");
        path.push(&self.path);
        ("PATH".into(), Some(path))
    }

    /// The shim of that name, if there is one.
    pub(super) fn shim(&self, name: &OsStr) -> Option<PathBuf> {
        let shim = self.directory.path().join(name);
        (Path::new(name).components().count() == 1 && shim.is_symlink()).then_some(shim)
    }
}

/// Every name on `PATH` under which a shim would stand.
fn names(path: &OsStr) -> BTreeSet<OsString> {
    let directories = std::env::split_paths(path).map(|entry| match entry.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => entry,
    });
    let files = directories.filter_map(|directory| std::fs::read_dir(directory).ok()).flatten();
    let names = files.filter_map(io::Result::ok).map(|file| file.file_name());
    names.filter(|name| Tool::from_argv0(name).is_some()).collect()
}

//! The shims of one session: links to this executable in a directory that is gone when the session is.
//!
//! Only for tools that are there: a shim for a missing one would make `command -v pip3` find what does not run.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

use super::session::Session;
use crate::cli::shims;
use crate::shim::{DEFAULT_PATH, FileId, Tool, look_up};
use crate::supervise::{Program, Setting};

/// A directory of shims.
pub(in crate::cli) struct Stage {
    directory: TempDir,
    /// The value of `PATH` without us.
    path: OsString,
    executable: PathBuf,
    ourselves: Vec<FileId>,
    /// When each directory on `PATH` had changed last when it was looked at.
    changed: HashMap<FileId, SystemTime>,
}

impl Stage {
    /// Sets the stage for a program in a session: the session's variables, and the shims in front of `PATH`, in a
    /// directory within `within`. Without shims the session is degraded.
    pub(in crate::cli) fn of(program: &mut Program, session: &mut Session, within: &Path) -> Option<Stage> {
        let stage = Stage::set(within).map_err(|error| session.degrade(&format!("there are no shims: {error}"))).ok();
        program.environment = session.environment();
        if let Some(stage) = &stage {
            program.environment.push(stage.path_variable());
            // The command itself may be one of the tools.
            let shim = program.arguments.first().and_then(|name| stage.shim(name));
            program.path = shim.unwrap_or(std::mem::take(&mut program.path));
        }
        stage
    }

    /// Makes a shim for each tool that is on `PATH`, in a directory within `within`.
    pub(in crate::cli) fn set(within: &Path) -> anyhow::Result<Stage> {
        let executable = shims::executable()?;
        let ourselves: Vec<FileId> = FileId::of(&executable).into_iter().collect();
        let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        let directory = tempfile::Builder::new().prefix("wheeltap-shims-").tempdir_in(within)?;
        // The command may go on as another user, who finds the tools as before, and the shims if they can be read.
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755))?;
        let mut stage = Stage { directory, path, executable, ourselves, changed: HashMap::new() };
        stage.refresh()?;
        Ok(stage)
    }

    /// Makes a shim for each tool that has come to `PATH` since: a step that installs pip goes on to use it.
    ///
    /// # Errors
    /// When a link cannot be made.
    pub(in crate::cli) fn refresh(&mut self) -> io::Result<()> {
        let mut changed = Vec::new();
        let mut times = HashMap::new();
        for directory in std::env::split_paths(&self.path) {
            let directory = if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory };
            let Ok(metadata) = directory.metadata() else { continue };
            let Ok(time) = metadata.modified() else { continue };
            // Where `/bin` is `/usr/bin`, it is read once.
            let id = FileId::of_metadata(&metadata);
            if times.insert(id, time).is_none() && self.changed.get(&id) != Some(&time) {
                changed.push(directory);
            }
        }
        for name in names(&changed) {
            let link = self.directory.path().join(&name);
            if !link.is_symlink() && !look_up(&name, Some(&self.path), &self.ourselves).programs.is_empty() {
                std::os::unix::fs::symlink(&self.executable, link)?;
            }
        }
        self.changed = times;
        Ok(())
    }

    /// `PATH` with the shims in front of what it was.
    pub(in crate::cli) fn path_variable(&self) -> Setting {
        let mut path = self.directory.path().as_os_str().to_owned();
        path.push(":");
        path.push(&self.path);
        ("PATH".into(), Some(path))
    }

    /// The shim of that name, if there is one.
    pub(in crate::cli) fn shim(&self, name: &OsStr) -> Option<PathBuf> {
        let shim = self.directory.path().join(name);
        (Path::new(name).components().count() == 1 && shim.is_symlink()).then_some(shim)
    }
}

/// Every name in these directories under which a shim would stand.
fn names(directories: &[PathBuf]) -> BTreeSet<OsString> {
    let files = directories.iter().filter_map(|directory| std::fs::read_dir(directory).ok()).flatten();
    let names = files.filter_map(io::Result::ok).map(|file| file.file_name());
    names.filter(|name| Tool::from_argv0(name).is_some()).collect()
}

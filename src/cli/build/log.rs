//! The log of a build, `logs/docker_build/build_<service>.log`: each line behind the moment at which it arrived.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::now;
use crate::ledger::Directory;

/// A log that grows.
pub(super) struct Log {
    path: PathBuf,
    file: Option<File>,
    pending: Vec<u8>,
    /// Why it is not whole.
    pub(super) failure: Option<String>,
}

impl Log {
    /// The log of a service, in the place of the one before.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn create(directory: &Path, service: &str) -> anyhow::Result<Log> {
        let path = directory.join(format!("build_{service}.log"));
        let file = std::fs::create_dir_all(directory).and_then(|()| File::create(&path));
        let file = file.with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(Log { path, file: Some(file), pending: Vec::new(), failure: None })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a line, without its line end.
    pub(super) fn line(&mut self, line: &[u8], stamped: bool) {
        if stamped {
            self.pending.extend_from_slice(format!("{} ", now()).as_bytes());
        }
        self.pending.extend_from_slice(line);
        self.pending.push(b'\n');
    }

    /// Writes what is not written yet.
    pub(super) fn flush(&mut self) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(&self.pending)
        {
            self.failure = Some(format!("the build's log `{}` is not whole: {error}", self.path.display()));
            self.file = None;
        }
        self.pending.clear();
    }
}

/// `logs/docker_build` beside `logs/build`; below a log directory of another name.
pub(super) fn directory(sessions: &Directory) -> PathBuf {
    match sessions.path().file_name() {
        Some(name) if name == "build" => sessions.path().with_file_name("docker_build"),
        _ => sessions.path().join("docker_build"),
    }
}

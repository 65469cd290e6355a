//! The log directory and the names in it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::Error;
use crate::event::{Moment, SessionId};

/// The environment variable that names the log directory.
pub const DIRECTORY_VARIABLE: &str = "WHEELTAP_LOG_DIR";

/// How many stamps are tried before an open gives up; each failure is a lost race against another opener.
const RACES: usize = 10_000;

/// A log directory; it need not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    path: PathBuf,
}

/// Where the files of one session are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The journal, `events_<stamp>.jsonl`.
    pub journal: PathBuf,
    /// The session document, `downloads_<stamp>.json`.
    pub document: PathBuf,
    /// The log for people, `build_session_<stamp>.log`.
    pub log: PathBuf,
    /// The lines of Python distributions, `wheel_downloads_<stamp>.log`; there once there is such a line.
    pub wheels: PathBuf,
    /// The lines of Debian packages, `apt_downloads_<stamp>.log`; there once there is such a line.
    pub apt: PathBuf,
    /// The certificate of a verification, `certificate_<stamp>.json`.
    pub certificate: PathBuf,
}

impl Directory {
    /// The directory at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Directory { path: path.into() }
    }

    /// The directory that `WHEELTAP_LOG_DIR` names, else `logs/build` under the working directory.
    pub fn from_environment() -> Self {
        Directory::named(std::env::var_os(DIRECTORY_VARIABLE))
    }

    /// The directory for this value of `WHEELTAP_LOG_DIR`; unset and empty are the same.
    pub fn named(variable: Option<OsString>) -> Self {
        Directory::new(variable.filter(|name| !name.is_empty()).unwrap_or_else(|| "logs/build".into()))
    }

    /// Its path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing is seen at once that forbids to make files in it, or to make it.
    pub fn may_be_written(&self) -> bool {
        let there = self.path.ancestors().find(|path| path.as_os_str().is_empty() || path.symlink_metadata().is_ok());
        let there = there.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        access(there, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    }

    /// The same directory by an absolute path, for processes that work elsewhere.
    ///
    /// # Errors
    /// When the working directory is gone.
    pub fn absolute(&self) -> Result<Self, Error> {
        std::path::absolute(&self.path).map(Directory::new).map_err(Error::io("find", &self.path))
    }

    /// The names of a session's files in this directory, whether they are there or not.
    pub fn files(&self, id: &SessionId) -> Files {
        Files {
            journal: self.path.join(format!("events_{id}.jsonl")),
            document: self.path.join(format!("downloads_{id}.json")),
            log: self.path.join(format!("build_session_{id}.log")),
            wheels: self.path.join(format!("wheel_downloads_{id}.log")),
            apt: self.path.join(format!("apt_downloads_{id}.log")),
            certificate: self.path.join(format!("certificate_{id}.json")),
        }
    }

    /// The sessions that have a journal or a document here, oldest first.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub fn sessions(&self) -> Result<Vec<SessionId>, Error> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(Error::io("list", &self.path))? {
            let name = entry.map_err(Error::io("list", &self.path))?.file_name();
            ids.extend(name.to_str().and_then(session_of));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Creates the journal of a session that no other has: of the second `now`, or of the next free one.
    pub(super) fn create(&self, now: Moment) -> Result<(SessionId, File), Error> {
        let id = |seconds: i64| SessionId::at(Moment::from_microseconds(now.microseconds() + seconds * 1_000_000));
        let path = |seconds| self.path.join(format!("events_{}.jsonl", id(seconds)));
        let mut free = 0;
        for _ in 0..RACES {
            match self.open(&path(free), true) {
                Ok(file) => return Ok((id(free), file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("create", &path(free))(error)),
            }
            // A thousand runs in a second take the stamps of the next thousand seconds: the last of them is searched
            // for in leaps, not one by one.
            let (mut taken, mut leap) = (free, 1);
            while path(taken + leap).exists() {
                taken += leap;
                leap *= 2;
            }
            while leap > 1 {
                leap /= 2;
                if path(taken + leap).exists() {
                    taken += leap;
                }
            }
            free = taken + 1;
        }
        Err(Error::NoFreeStamp { path: self.path.clone() })
    }

    /// Opens the journal of `id`, and says whether it was created by that.
    pub(super) fn create_or_open(&self, id: &SessionId) -> Result<(File, bool), Error> {
        let path = self.path.join(format!("events_{id}.jsonl"));
        loop {
            for new in [false, true] {
                match self.open(&path, new) {
                    Ok(file) => return Ok((file, new)),
                    // Another process creates or removes it at the same time.
                    Err(error) if error.kind() == io::ErrorKind::NotFound && !new => {}
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists && new => {}
                    Err(error) => return Err(Error::io("open", &path)(error)),
                }
            }
        }
    }

    /// Opens a journal to append and read; a new one makes the directory if need be.
    fn open(&self, path: &Path, new: bool) -> io::Result<File> {
        let open = || OpenOptions::new().read(true).append(true).create_new(new).open(path);
        match open() {
            Err(error) if new && error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.path)?;
                open()
            }
            opened => opened,
        }
    }
}

/// The session whose journal or document a file name is.
pub(super) fn session_of(name: &str) -> Option<SessionId> {
    let stamp = match name.strip_prefix("events_") {
        Some(rest) => rest.strip_suffix(".jsonl"),
        None => name.strip_prefix("downloads_")?.strip_suffix(".json"),
    };
    SessionId::parse(stamp?)
}

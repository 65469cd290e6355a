//! The place to which `PIP_LOG` leads the pips of a session.
//!
//! Refuses a log of the user's own: that stays where it is. Refuses a place that any pip of the session could not write
//! to, for then pip prints a traceback for every line that it cannot log.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use tempfile::TempDir;

use crate::shim::pip::{Configuration, FOLLOW_VARIABLE, Inherited, PIP_LOG, expand, has_room, own_log_of_variables};
use crate::supervise::Setting;

/// Where logs come in.
pub(crate) struct Destination {
    log: PathBuf,
    /// The directory of the log, gone with this value, if it is not the user's own; and a lock on it, gone with the
    /// process, however that ends.
    ours: Option<(TempDir, File)>,
}

/// How the directories are called.
const PREFIX: &str = "follow-";

/// A directory that is younger may be about to be locked.
const YOUNG: Duration = Duration::from_secs(60);

impl Destination {
    /// The user's own log, else a place in `directory`, the log directory.
    ///
    /// # Errors
    /// When no place can be had, or the user's log is none that can be followed; the text says why nothing is followed.
    pub(crate) fn choose(directory: &Path) -> io::Result<Destination> {
        if let Some(own) = own_log() {
            return follow_own(own).map(|log| Destination { log, ours: None });
        }
        let is_root = rustix::process::geteuid().is_root();
        let within = if is_root && !is_open_to_all(directory) { std::env::temp_dir() } else { directory.to_owned() };
        has_room(&within)?;
        sweep(directory);
        let place = tempfile::Builder::new().prefix(PREFIX).tempdir_in(within)?;
        let held = File::open(place.path())?;
        // Where there are no locks nothing is swept.
        let _ = flock(&held, FlockOperation::NonBlockingLockExclusive);
        if is_root {
            // The build may go on as another user, whose pips have to be able to write, and need not see anything.
            std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o733))?;
        }
        let log = place.path().join("pip.log");
        Ok(Destination { log, ours: Some((place, held)) })
    }

    /// The log's path.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it is ours to take logs away.
    pub(crate) fn is_ours(&self) -> bool {
        self.ours.is_some()
    }

    /// The variables that lead pips here; none to where they go by themselves.
    pub(crate) fn environment(&self) -> Vec<Setting> {
        let value = || Some(OsString::from(&self.log));
        match self.is_ours() {
            true => vec![(PIP_LOG.into(), value()), (FOLLOW_VARIABLE.into(), value())],
            false => Vec::new(),
        }
    }
}

/// The log that pips would write by themselves: of the environment, else of the configuration files.
fn own_log() -> Option<PathBuf> {
    let commands: [&[u8]; 4] = [b"install", b"download", b"wheel", b"lock"];
    let configured = || {
        let texts = Configuration::texts(false, Path::new(""), &Inherited);
        let log = commands.into_iter().find_map(|command| Configuration::from_texts(&texts, command).log)?;
        Some(expand(&log, &Inherited))
    };
    own_log_of_variables(&Inherited).or_else(configured)
}

/// Removes what killed sessions have left here of what pips logged.
fn sweep(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().as_bytes().starts_with(PREFIX.as_bytes()) && is_left(&entry.path()).unwrap_or(false) {
            // What cannot be removed harms nobody but by being there.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a directory is ours, and nobody's any more.
fn is_left(directory: &Path) -> io::Result<bool> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits() as i32;
    let place = OpenOptions::new().read(true).custom_flags(flags).open(directory)?;
    let metadata = place.metadata()?;
    let is_young = metadata.modified()?.elapsed().is_ok_and(|age| age < YOUNG);
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    Ok(is_ours && !is_young && flock(&place, FlockOperation::NonBlockingLockExclusive).is_ok())
}

fn follow_own(log: PathBuf) -> io::Result<PathBuf> {
    let refuse = |why: &str| Err(io::Error::other(format!("pip's own log `{}` {why}", log.display())));
    if log.is_relative() {
        return refuse("is relative to each pip's directory");
    }
    match log.metadata() {
        Ok(metadata) if !metadata.is_file() => refuse("is no regular file"),
        _ if !log.parent().is_some_and(Path::is_dir) => refuse("is in a directory that does not exist yet"),
        _ => Ok(log),
    }
}

/// Whether every user can go down to a directory.
fn is_open_to_all(directory: &Path) -> bool {
    directory.ancestors().all(|above| above.metadata().is_ok_and(|metadata| metadata.mode() & 0o001 != 0))
}

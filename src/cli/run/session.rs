//! The session around a command: opened before it starts, folded when it has ended.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use crate::cli::{Cannot as _, now};
use crate::event::{Event, Redactor, SessionId};
use crate::ledger::{self, DIRECTORY_VARIABLE, Directory, Files, Journal, SESSION_VARIABLE, build_info};
use crate::supervise::Setting;

/// `--session` was given something that names no session.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` names no session: a stamp is wanted, YYYYMMDD_HHMMSS")]
pub(in crate::cli) struct NoStamp(String);

/// An open session.
pub(in crate::cli) struct Session {
    journal: Journal,
}

/// A session that has ended.
pub(in crate::cli) struct Finished {
    /// Where its files are.
    pub(in crate::cli) files: Files,
    /// The session, unless somebody else is to fold it.
    pub(in crate::cli) folded: Result<Option<crate::event::Session>, ledger::Error>,
}

impl Session {
    /// Joins the session that `wanted` or else the environment names; opens one where neither does.
    pub(in crate::cli) fn open(wanted: Option<&OsStr>, command: &[OsString]) -> anyhow::Result<Session> {
        if let Some(wanted) = wanted
            && wanted.to_str().and_then(SessionId::parse).is_none()
        {
            return Err(NoStamp(crate::event::text(wanted.as_bytes())).into());
        }
        let inherited = std::env::var_os(SESSION_VARIABLE);
        let environment: Vec<_> = std::env::vars_os().collect();
        let variables = || environment.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let redactor = Redactor::learn(command.iter().map(|argument| argument.as_bytes()), variables());
        let directory = Directory::from_environment().absolute().cannot()?;
        let session = wanted.or(inherited.as_deref());
        let mut journal =
            Journal::join_or_open(&directory, session, now(), &build_info(variables(), &redactor)).cannot()?;
        // So that the shims of this session only append. Where it cannot be promised they fold it themselves.
        journal.hold();
        journal.append(&[]).cannot()?;
        Ok(Session { journal })
    }

    /// Its name.
    pub(in crate::cli) fn id(&self) -> &SessionId {
        self.journal.id()
    }

    /// The variables through which shims join.
    pub(in crate::cli) fn environment(&self) -> Vec<Setting> {
        let directory = self.journal.directory().path().as_os_str().to_owned();
        vec![
            (DIRECTORY_VARIABLE.into(), Some(directory)),
            (SESSION_VARIABLE.into(), Some(self.journal.id().to_string().into())),
        ]
    }

    /// Records why the session is not what it should be.
    pub(in crate::cli) fn degrade(&mut self, reason: &str) {
        let event = Event::Degraded { at: now(), invocation: None, reason: reason.to_owned() };
        // What cannot be written now is written with the next event, or is lost with the disk.
        let _ = self.journal.append(&[event]);
    }

    /// Folds the session.
    pub(in crate::cli) fn finish(mut self) -> Finished {
        Finished { files: self.journal.files(), folded: self.journal.finish() }
    }
}

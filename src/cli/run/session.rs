//! The session around a command: opened before it starts, folded when it has ended.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::cli::follow::{Before, Books, Destination, Follower, prefix_of, prefixes_in_use, present, unexplained};
use crate::cli::{Cannot as _, now};
use crate::event::{BuildInfo, Event, Redactor, SessionId};
use crate::ledger::{self, DIRECTORY_VARIABLE, Directory, Files, Journal, SESSION_VARIABLE, fold, read_journal};
use crate::shim::pip::{Environment as _, FOLLOW_VARIABLE, Inherited, LOG_VARIABLE};
use crate::shim::watch::{self, Subject};
use crate::supervise::{End, Setting, Tap};
use crate::witness::{Mode, Sighting};

/// `--session` was given something that names no session.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` names no session: a stamp is wanted, YYYYMMDD_HHMMSS")]
pub(in crate::cli) struct NoStamp(String);

/// An open session.
pub(in crate::cli) struct Session {
    journal: Journal,
    build_info: BuildInfo,
    /// What file clocks showed when it was opened, and what lay there then, as far as was looked.
    opened: SystemTime,
    before: Option<Before>,
    follower: Option<Follower>,
    destination: Option<Destination>,
    redactor: Redactor,
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
        let directory = Directory::from_environment().absolute().cannot()?;
        Session::open_in(directory, wanted.or(inherited.as_deref()), command)
    }

    /// Joins the session of that name in `directory`; opens one if there is no name.
    pub(in crate::cli) fn open_in(
        directory: Directory,
        session: Option<&OsStr>,
        command: &[OsString],
    ) -> anyhow::Result<Session> {
        let environment: Vec<_> = std::env::vars_os().collect();
        let variables = || environment.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let redactor = Redactor::learn(command.iter().map(|argument| argument.as_bytes()), variables());
        let build_info = ledger::build_info(variables(), &redactor);
        let mut journal = Journal::join_or_open(&directory, session, now(), &build_info).cannot()?;
        // So that the shims of this session only append. Where it cannot be promised they fold it themselves.
        journal.hold();
        journal.append(&[]).cannot()?;
        let opened = present();
        Ok(Session { journal, build_info, opened, before: None, follower: None, destination: None, redactor })
    }

    /// Gets ready to follow the pips that pass the shims by.
    pub(in crate::cli) fn follow(&mut self) {
        // A session around this one follows already, and a user who wants no logs wants none.
        if Inherited.given(FOLLOW_VARIABLE).is_some() {
            return;
        }
        if Inherited.given(LOG_VARIABLE).is_some_and(|value| value == "never") {
            return self.blind_spot(
                "pips were given no log (WHEELTAP_PIP_LOG=never): those that pass the shims by are not seen",
            );
        }
        let directory = self.journal.directory().clone();
        let followed = Destination::choose(directory.path()).and_then(|destination| {
            let books = Books {
                directory,
                session: self.journal.id().clone(),
                build_info: self.build_info.clone(),
                redactor: self.redactor.clone(),
                gives_back: destination.is_ours(),
            };
            Follower::new(&destination, books).map(|follower| (destination, follower))
        });
        match followed {
            Ok((destination, follower)) => {
                self.destination = Some(destination);
                self.follower = Some(follower);
            }
            Err(error) => self.blind_spot(&format!("pips that pass the shims by are not seen: {error}")),
        }
    }

    /// Its name.
    pub(in crate::cli) fn id(&self) -> &SessionId {
        self.journal.id()
    }

    /// The variables through which shims join.
    pub(in crate::cli) fn environment(&self) -> Vec<Setting> {
        let directory = self.journal.directory().path().as_os_str().to_owned();
        let session = OsString::from(self.journal.id().to_string());
        let mut settings = vec![(DIRECTORY_VARIABLE.into(), Some(directory)), (SESSION_VARIABLE.into(), Some(session))];
        settings.extend(self.destination.iter().flat_map(Destination::environment));
        settings
    }

    /// Records what cannot be seen.
    pub(in crate::cli) fn blind_spot(&mut self, reason: &str) {
        let event = Event::BlindSpot { at: now(), invocation: None, reason: reason.to_owned() };
        let _ = self.journal.append(&[event]);
    }

    /// Records why the session is not what it should be.
    pub(in crate::cli) fn degrade(&mut self, reason: &str) {
        let event = Event::Degraded { at: now(), invocation: None, reason: reason.to_owned() };
        // What cannot be written now is written with the next event, or is lost with the disk.
        let _ = self.journal.append(&[event]);
    }

    /// The command has ended: folds the session.
    pub(in crate::cli) fn finish(mut self) -> Finished {
        self.conclude();
        self.fold()
    }

    /// All is recorded: folds the session.
    pub(in crate::cli) fn fold(mut self) -> Finished {
        Finished { files: self.journal.files(), folded: self.journal.finish() }
    }

    /// Records what a witness saw of the command.
    pub(in crate::cli) fn witnessed(
        &mut self,
        mode: Mode,
        sighting: &Sighting,
        command: &[OsString],
        end: Option<End>,
    ) {
        let command = watch::command(command, end, &self.redactor);
        let events = watch::events(mode, sighting, Subject::Command(command), &self.redactor);
        let _ = self.journal.append(&events);
    }

    /// The command has ended: records what is known only now.
    pub(in crate::cli) fn conclude(&mut self) {
        let prefixes = self.follower.take().map(Follower::finish).unwrap_or_default();
        self.name_unexplained(prefixes);
    }

    /// Where its files are.
    pub(in crate::cli) fn files(&self) -> Files {
        self.journal.files()
    }

    /// Names the distributions that have appeared although no recorded pip brought them.
    fn name_unexplained(&mut self, mut prefixes: Vec<PathBuf>) {
        let Some(before) = self.before.take() else { return };
        let Ok(recorded) = read_journal(&self.journal.files().journal) else { return };
        let session = fold(self.journal.id(), recorded.events);
        let tools = session.invocations.iter().filter(|invocation| invocation.tool == "pip");
        prefixes.extend(tools.filter_map(|pip| prefix_of(Path::new(pip.tool_path.as_deref()?))));
        for reason in unexplained(before.appeared(prefixes), &session) {
            if !session.blind_spots.contains(&reason) {
                self.blind_spot(&reason);
            }
        }
    }
}

/// Looks around, and lets the follower begin, when the command runs.
impl Tap for Session {
    fn started(&mut self) {
        self.before = Some(Before::look(prefixes_in_use(), self.opened));
    }

    fn tick(&mut self) {
        if let Some(follower) = &mut self.follower {
            follower.tick();
        }
    }

    fn period(&self) -> Option<Duration> {
        self.follower.as_ref().and_then(Follower::period)
    }
}

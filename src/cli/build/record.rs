//! What is written down of a build: its session, its log and report, and what its steps took on.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use super::command::Command;
use super::engine::Client;
use super::exported::{self, Exports};
use super::inputs::Fingerprints;
use super::layers::{self, Layers};
use super::log::{self, Log};
use super::report::Report;
use super::rewrite::Rewritten;
use super::{told, verified};
use crate::classify::buildkit::{Build, Vertex};
use crate::cli::sessions::earlier;
use crate::cli::{Cannot as _, Console, Tone, now};
use crate::dockerfile::Places;
use crate::event::{Event, Moment, Redactor};
use crate::ledger::{self, Directory, Journal, SESSION_VARIABLE};
use crate::supervise::{Error, Outcome};

/// What is written down of a build.
pub(super) struct Record {
    service: String,
    /// Where logs of builds lie.
    directory: std::path::PathBuf,
    journal: Journal,
    pub(super) redactor: Redactor,
    pub(super) log: Option<Log>,
    /// What the user is to know.
    pub(super) notes: Vec<String>,
    /// Where the instructions stand in the Dockerfile.
    pub(super) places: Places,
    began: Moment,
    exports: Exports,
    pub(super) fingerprints: Fingerprints,
}

impl Record {
    /// Opens the session and the log.
    ///
    /// # Errors
    /// When one of them cannot be made.
    pub(super) fn begin(service: &str, command: &Command) -> anyhow::Result<Record> {
        let environment: Vec<(OsString, OsString)> = std::env::vars_os().chain(command.arguments.clone()).collect();
        let variables = || environment.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let redactor = Redactor::learn(command.words.iter().map(|word| word.as_bytes()), variables());
        let sessions = Directory::from_environment().absolute().cannot()?;
        let directory = log::directory(&sessions);
        let log = Log::create(&directory, service)?;
        let build_info = ledger::build_info(variables(), &redactor);
        let wanted = std::env::var_os(SESSION_VARIABLE);
        let began = now();
        let mut journal = Journal::join_or_open(&sessions, wanted.as_deref(), began, &build_info).cannot()?;
        journal.hold();
        journal.append(&[]).cannot()?;
        Ok(Record {
            service: service.to_owned(),
            directory,
            journal,
            redactor,
            log: Some(log),
            notes: Vec::new(),
            places: Places::default(),
            began,
            exports: Exports::new(command, sessions.path()),
            fingerprints: Fingerprints::default(),
        })
    }

    /// The directories that this build writes to.
    pub(super) fn directories(&self) -> [std::path::PathBuf; 2] {
        [self.journal.directory().path().to_owned(), self.directory.clone()]
    }

    /// The build has ended: makes the session, and says what it comes to.
    pub(super) fn end(
        mut self,
        build: Option<Build>,
        log: Log,
        rewritten: Option<&Rewritten>,
        outcome: &Result<Outcome, Error>,
        verified: Option<&Command>,
        console: &mut Console,
    ) -> Option<(crate::event::Session, ledger::Files)> {
        let at = now();
        let mut events = Vec::new();
        let redactor = &self.redactor;
        let mut said = |event: fn(String) -> Told, reason: String| events.push(event(redactor.text(&reason)).at(at));
        if let Some(rewritten) = rewritten {
            self.notes.extend(rewritten.notes.iter().cloned());
        }
        match outcome {
            Ok(outcome) => {
                if let Some(panic) = &outcome.tap_panic {
                    said(Told::Degraded, format!("reading docker's log failed: {panic}"));
                }
            }
            Err(error) => said(Told::Degraded, format!("docker was not listened to: cannot {error}")),
        }
        if let Some(reason) = &log.failure {
            said(Told::Degraded, reason.clone());
        }
        let path = Layers::path(&self.directory, &self.service);
        let mut layers = Layers::read(&path);
        match &build {
            Some(build) => {
                let wrapping = |vertex: &Vertex| rewritten.and_then(|rewritten| rewritten.wrapping(vertex, redactor));
                let inputs = |vertex: &Vertex| self.fingerprints.of(build, vertex);
                let steps = layers::Steps { build, wrapping: &wrapping, inputs: &inputs };
                let mut told = told::events(build, redactor, at);
                let recorded = layers.invocations(&steps);
                let known = exported::invocations(&told).into_iter().chain(recorded).collect();
                let mut exported = self.exports.events(&known, self.began);
                exported::supersede(&mut told, &mut exported);
                told.extend(rewritten.iter().flat_map(|rewritten| rewritten.unheard(build, redactor, at)));
                events.extend(layers.replayed(&steps, at));
                layers.learn(&steps, &told, at);
                events.extend(told);
                events.extend(exported);
            }
            None => said(Told::BlindSpot, "docker printed no log of a build: its steps are not known".to_owned()),
        }
        if let Some(command) = verified {
            let ended = verified::Ended {
                build: build.as_ref(),
                command,
                end: outcome.as_ref().ok().map(|outcome| outcome.end),
                is_read: outcome.as_ref().is_ok_and(|outcome| outcome.tap_panic.is_none()),
            };
            let client = Client::of(command);
            // What was not rewritten is not certified in any case.
            let builds_itself = rewritten.is_none_or(|rewritten| rewritten.builds_itself);
            let has_image = |name: &str| builds_itself && client.has_image(name);
            events.extend(ended.events(&events, &has_image, &self.redactor, at));
        }
        told::locate(&mut events, &self.places);
        let _ = self.journal.append(&events);
        if let Err(error) = layers.write(&path) {
            self.notes.push(format!("cannot {error}"));
        }
        let (files, sessions) = (self.journal.files(), self.journal.directory().clone());
        match self.journal.finish() {
            Ok(Some(session)) => {
                let (service, build) = (self.service.as_str(), build.as_ref());
                let page = self.directory.join("build_report.md");
                let earlier = earlier(&sessions, &session.session_id);
                // They quote instructions as the Dockerfile has them.
                self.notes.iter_mut().for_each(|note| *note = redactor.text(note));
                let report = Report { service, build, session: &session, earlier: &earlier, notes: &self.notes };
                let text = report.markdown();
                if let Err(error) = ledger::replace(&page, text.as_bytes()) {
                    self.notes.push(format!("cannot {error}"));
                }
                let report = Report { service, build, session: &session, earlier: &earlier, notes: &self.notes };
                report.show(&[&files.document, log.path(), &page], console);
                return Some((session, files));
            }
            Ok(None) => {}
            Err(error) => console.say(Tone::Bad, "wheeltap", &format!("cannot {error}")),
        }
        None
    }
}

/// Something to say of the session as a whole.
enum Told {
    Degraded(String),
    BlindSpot(String),
}

impl Told {
    fn at(self, at: Moment) -> Event {
        match self {
            Told::Degraded(reason) => Event::Degraded { at, invocation: None, reason },
            Told::BlindSpot(reason) => Event::BlindSpot { at, invocation: None, reason },
        }
    }
}

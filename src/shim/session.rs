//! One invocation as its session records it, whatever the tool.
//!
//! Everything that enters the journal passes here, and with it the redactor. Refuses to fail: what cannot be recorded
//! is kept as the reason why the session is `degraded`, and said as soon as something can be said again.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::fault::{may_break, quietly};
use super::watch::{self, Subject};
use super::{Call, is_set};
use crate::event::{Artifact, Attempt, Event, Invocation, Missing, Moment, Redactor, marked, text};
use crate::ledger::{self, Directory, Journal, SESSION_VARIABLE};
use crate::supervise::End;
use crate::witness::{Mode, Sighting};

/// The variable that asks for marked lines on standard error at the end of each invocation (`1`): in an image build they
/// leave a step whose layer is thrown away.
pub(crate) const EMIT_VARIABLE: &str = "WHEELTAP_EMIT";

/// One invocation on its way into the journal.
pub(crate) struct Session {
    /// `None` where none can be had, and marked lines are to carry all there is.
    journal: Option<Journal>,
    /// What marked lines are to carry; `None` if nobody asked for them.
    carried: Option<Vec<Event>>,
    redactor: Redactor,
    invocation: Invocation,
    began: Instant,
    events: Vec<Event>,
}

fn carries() -> bool {
    std::env::var_os(EMIT_VARIABLE).is_some_and(|value| value == "1")
}

/// The present.
pub(crate) fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_microseconds(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

impl Session {
    /// Whether it can be seen at once that no session can be had.
    pub(crate) fn is_out_of_reach() -> bool {
        !carries() && !Directory::from_environment().may_be_written()
    }

    /// Joins or opens the session that the environment says, and records that `call` began at `at`. `None` where no
    /// journal can be had: then there is nothing to record into.
    pub(crate) fn begin(call: &Call<'_>, at: Moment) -> Option<Session> {
        let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        let environment = || environment.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let redactor = Redactor::learn(call.arguments.iter().map(|argument| argument.as_bytes()), environment());
        let journal = Journal::join_or_open(
            &Directory::from_environment(),
            std::env::var_os(SESSION_VARIABLE).as_deref(),
            at,
            &ledger::build_info(environment(), &redactor),
        );
        let arguments: Vec<Vec<u8>> = call.arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect();
        let invocation = Invocation {
            tool_path: Some(text(call.path.as_os_str().as_bytes())),
            argv: redactor.arguments(&arguments),
            cwd: std::env::current_dir().ok().map(|directory| text(directory.as_os_str().as_bytes())),
            started_at: Some(at),
            ..Invocation::new(ledger::invocation_id(), call.tool.name(), "shim")
        };
        match journal {
            Ok(journal) => {
                Some(Session { carried: carries().then(Vec::new), ..Session::of(journal, redactor, invocation) })
            }
            Err(_) if carries() => Some(Session::new(None, Some(Vec::new()), redactor, invocation)),
            Err(_) => None,
        }
    }

    /// Records into `journal` that `invocation`, whose text is redacted, has begun.
    pub(crate) fn of(journal: Journal, redactor: Redactor, invocation: Invocation) -> Session {
        Session::new(Some(journal), None, redactor, invocation)
    }

    fn new(
        journal: Option<Journal>,
        carried: Option<Vec<Event>>,
        redactor: Redactor,
        invocation: Invocation,
    ) -> Session {
        let at = now();
        // One that was found later than it began has been going on for a while.
        let age = invocation.started_at.map_or(0.0, |began| at.seconds_since(began).max(0.0));
        let began = Instant::now().checked_sub(Duration::from_secs_f64(age)).unwrap_or_else(Instant::now);
        let started = Event::InvocationStarted { at, record: Box::new(invocation.clone()) };
        Session { journal, carried, redactor, invocation, began, events: vec![started] }
    }

    /// The tool told its version.
    pub(crate) fn version(&mut self, version: String) {
        self.invocation.tool_version = Some(self.redactor.text(&version));
    }

    /// An artifact as it is now known.
    pub(crate) fn artifact(&mut self, number: u64, artifact: &Artifact) {
        let record = self.redactor.artifact(artifact);
        let invocation = self.invocation.id.clone();
        self.events.push(Event::Artifact { at: now(), invocation, number, record: Box::new(record) });
    }

    /// Tries to reach the network.
    pub(crate) fn attempt(&mut self, attempt: &Attempt) {
        let invocation = Some(self.invocation.id.clone());
        let record = Attempt { invocation, ..self.redactor.attempt(attempt) };
        self.events.push(Event::Attempt { at: now(), record: Box::new(record) });
    }

    /// What a witness saw of the tool and of all that it started.
    pub(crate) fn watched(&mut self, mode: Mode, sighting: &Sighting) {
        let subject = Subject::Invocation(self.invocation.id.clone());
        self.events.extend(watch::events(mode, sighting, subject, &self.redactor));
    }

    /// The tool asked for something that nothing offered.
    pub(crate) fn missing(&mut self, requirement: &str) {
        let requirement = self.redactor.text(requirement);
        let (tool, invocation) = (self.invocation.tool.clone(), Some(self.invocation.id.clone()));
        let record = Box::new(Missing { tool, requirement, invocation });
        self.events.push(Event::Missing { at: now(), record });
    }

    /// Recording is not what it should be.
    pub(crate) fn degraded(&mut self, reason: &str) {
        let reason = self.redactor.text(reason);
        if !self.invocation.degraded.contains(&reason) {
            self.invocation.degraded.push(reason);
        }
    }

    /// Does a part of the recording; a panic in it is why the session is degraded, and not its end.
    pub(crate) fn endure<T>(&mut self, part: impl FnOnce(&mut Session) -> T) -> Option<T> {
        quietly(|| part(self)).inspect_err(|panic| self.broke_off(&panic.to_string())).ok()
    }

    /// A part of the recording has panicked, and said this.
    pub(crate) fn broke_off(&mut self, panic: &str) {
        // It may be the redactor that panics, and without it no word of anybody's is written.
        if quietly(|| self.degraded(&format!("the recording broke off: {panic}"))).is_err() {
            self.invocation.degraded.push("the recording broke off".to_owned());
        }
    }

    /// Something could not be seen.
    pub(crate) fn blind_spot(&mut self, reason: &str) {
        let reason = self.redactor.text(reason);
        if !self.invocation.blind_spots.contains(&reason) {
            self.invocation.blind_spots.push(reason);
        }
    }

    /// Writes what is not yet in the journal, so that it outlives this process.
    pub(crate) fn flush(&mut self) {
        if self.events.is_empty() {
            return;
        }
        // What panics once is not tried again.
        let mut events = std::mem::take(&mut self.events);
        may_break("flush");
        if let Some(Err(error)) = self.journal.as_mut().map(|journal| journal.append(&events)) {
            self.degraded(&format!("cannot {error}"));
        }
        if let Some(carried) = &mut self.carried {
            carried.append(&mut events);
        }
    }

    fn finished(&mut self) {
        self.events.push(Event::InvocationFinished { at: now(), record: Box::new(self.invocation.clone()) });
    }

    /// Writes what marked lines are to carry to standard error, each line by a single write, which a pipe keeps whole.
    fn emit(&mut self) {
        let Some(carried) = self.carried.take() else { return };
        for line in marked::mark(&self.invocation.id, 0, &carried).split_inclusive(|&byte| byte == b'\n') {
            // Whoever asked for them and closed standard error has changed their mind.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line);
        }
    }

    /// The tool has ended, as far as is known: completes the invocation, and folds the session unless somebody else will.
    pub(crate) fn end(mut self, end: Option<End>) {
        match end {
            Some(End::Code(code)) => self.invocation.exit_code = Some(code),
            Some(End::Signal(signal)) => self.invocation.exit_signal = Some(signal),
            None => {}
        }
        self.invocation.duration_seconds = Some(self.began.elapsed().as_secs_f64());
        self.finished();
        if self.endure(Session::flush).is_none() {
            // With what could not be written the end is not lost.
            self.finished();
            self.flush();
        }
        self.emit();
        if let Some(Err(error)) = self.journal.as_mut().map(Journal::finish)
            && is_set("WHEELTAP_DEBUG")
        {
            let line = format!("wheeltap: cannot {error}\n");
            // Whoever asked for our troubles and closed standard error has changed their mind.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
        }
    }
}

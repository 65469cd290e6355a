//! `wheeltap step -- CMD...`: what a `RUN` of an injected image build starts in place of its command.
//!
//! Like `run` for one step, but nothing of ours may remain in the layer: the session lies in a tmpfs of the container,
//! and its events leave as marked lines on standard error. Refuses to fail for want of a record: whatever is missing,
//! the command takes our place or runs unrecorded, and ends as it would have ended.

mod emitter;
mod place;

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use anyhow::Context as _;

use super::run::session::Session;
use super::run::stage::Stage;
use super::run::{find, not_started, take_our_place};
use super::{Console, Status, watch, which};
use crate::ledger::Directory;
use crate::shim::EMIT_VARIABLE;
use crate::supervise::{self, Error, Interpose, Outcome, Program, Tap};
use crate::witness::{self, Boundary, Mode, Witness};
use emitter::Emitter;
use place::Place;

/// Run a step of an image build, and write what it took on to standard error as marked lines
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Watch every process of the step, as a verification does
    #[arg(long, hide = true)]
    observe: bool,
    /// The command and its arguments, as the builder would have executed them
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// How often the journal and `PATH` are looked at.
const PERIOD: Duration = Duration::from_millis(100);

/// How long processes that the command left behind are waited for; they end with the container.
const PATIENCE: Duration = Duration::from_millis(50);

/// Runs the command.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let command = arguments.command;
    let name = command.first().context("no command is given")?.clone();
    let path = match find(&name) {
        Ok(path) => path,
        Err(kind) => return Ok(not_started(&name, &kind.into(), console)),
    };
    let program = Program { path, arguments: command, environment: Vec::new() };
    match which::is_disabled() {
        true => Ok(take_our_place(&program, console)),
        false => Ok(recorded(program, &name, arguments.observe, console)),
    }
}

/// Runs the command in a session of its own.
fn recorded(mut program: Program, name: &OsStr, observe: bool, console: &mut Console) -> Status {
    let mut emitter = Emitter::new();
    let place = match Place::make() {
        Ok(place) => place,
        Err(error) => {
            emitter.degraded(&format!("the step was not recorded: there is no place for a journal: {error}"));
            return take_our_place(&program, console);
        }
    };
    let session = Session::open_in(Directory::new(place.logs()), None, &program.arguments);
    let mut session = match session {
        Ok(session) => session,
        Err(error) => {
            emitter.degraded(&format!("the step was not recorded: {}", super::explained(&error)));
            drop(place);
            return take_our_place(&program, console);
        }
    };
    place.open_to_all(&session.files().journal);
    emitter.follow(session.files().journal);
    session.follow();
    let stage = Stage::set(place.path()).map_err(|error| session.degrade(&format!("there are no shims: {error}"))).ok();
    program.environment = session.environment();
    // A Dockerfile may ask its shims to tell what they record; here the step tells it.
    if std::env::var_os(EMIT_VARIABLE).is_some() {
        program.environment.push((EMIT_VARIABLE.into(), Some("0".into())));
    }
    if let Some(stage) = &stage {
        program.environment.push(stage.path_variable());
        // The command itself may be one of the tools.
        program.path = stage.shim(name).unwrap_or(program.path);
    }
    let mut step = Step { session, stage, emitter };
    let mode = watch::mode(if observe { Mode::Observe } else { Mode::Counters });
    let boundary = if witness::is_cut_off() { Boundary::GivenNamespace } else { Boundary::None };
    if mode == Mode::Observe {
        program.environment.push(witness::marker());
    }
    let mut witness = Witness::begin(watch::wish(mode, boundary));
    let outcome = witness.watch(|| launch(&program, &mut step));
    let Step { mut session, stage, mut emitter } = step;
    drop(stage);
    session.conclude();
    let end = outcome.as_ref().ok().map(|outcome| outcome.end);
    session.witnessed(mode, &witness.finish(PATIENCE), &program.arguments, end);
    emitter.finish();
    drop(session);
    drop(place);
    match outcome {
        Ok(outcome) => Status::Ended(outcome.end),
        Err(Error::Start { source, .. }) => not_started(name, &source, console),
        Err(Error::Prepare { .. }) => take_our_place(&Program { environment: Vec::new(), ..program }, console),
    }
}

/// Starts the command and waits for its end.
fn launch(program: &Program, step: &mut Step) -> Result<Outcome, Error> {
    supervise::run(program, Interpose::default(), step)
}

/// What goes on beside the command.
struct Step {
    session: Session,
    stage: Option<Stage>,
    emitter: Emitter,
}

impl Tap for Step {
    fn tick(&mut self) {
        self.session.tick();
        if let Some(Err(error)) = self.stage.as_mut().map(Stage::refresh) {
            self.session.degrade(&format!("a shim could not be added: {error}"));
        }
        self.emitter.look();
    }

    fn period(&self) -> Option<Duration> {
        Some(self.session.period().map_or(PERIOD, |period| period.min(PERIOD)))
    }
}

//! `wheeltap step -- CMD...`: what a `RUN` of an injected image build starts in place of its command.
//!
//! Like `run` for one step, but nothing of ours may remain in the layer: the session lies in a tmpfs of the container,
//! and its events leave as marked lines on standard error. Refuses to fail for want of a record: whatever is missing,
//! the command takes our place or runs unrecorded, and ends as it would have ended.

mod emitter;
mod place;

use std::ffi::OsString;
use std::time::Duration;

use anyhow::Context as _;

use super::run::session::Session;
use super::run::stage::Stage;
use super::run::{ended, find, not_started, take_our_place};
use super::{Console, Status, which};
use crate::ledger::Directory;
use crate::shim::{EMIT_VARIABLE, watch};
use crate::supervise::{Program, Tap};
use crate::witness::{Boundary, Mode};
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

impl Arguments {
    /// Of a step as a rewritten Dockerfile has it, which is read without the parser: to build that up, with all other
    /// verbs, would cost every step half a millisecond.
    pub(super) fn of_wrapped(arguments: &[OsString]) -> Option<Arguments> {
        let by_kernel = of_first_line(arguments);
        let words = by_kernel.as_deref().unwrap_or(arguments);
        let rest = words.split_first().filter(|(verb, _)| *verb == "step")?.1;
        let (observe, rest) = match rest.split_first()? {
            (option, rest) if option == "--observe" => (true, rest),
            _ => (false, rest),
        };
        let command = rest.split_first().filter(|(end, command)| *end == "--" && !command.is_empty())?.1.to_vec();
        Some(Arguments { observe, command })
    }
}

/// The words of a step that the kernel started for the first line of a program (`#!/.../wheeltap step -- INTERPRETER
/// ARGUMENT`): it gives all behind the path as one argument, and so the interpreter's argument remains one.
fn of_first_line(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let (first, rest) = arguments.split_first()?;
    let (own, command) = first.to_str()?.strip_prefix("step ")?.split_once("-- ")?;
    let own = ["step"].into_iter().chain(own.split_whitespace()).chain(["--"]);
    Some(own.chain(command.splitn(2, ' ')).map(OsString::from).chain(rest.iter().cloned()).collect())
}

/// How often the journal and `PATH` are looked at.
const PERIOD: Duration = Duration::from_millis(100);

/// How long processes that the command left behind are waited for; they end with the container.
const PATIENCE: Duration = Duration::from_millis(50);

/// Runs the command.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let command = arguments.command;
    let name = command.first().context("no command is given")?;
    let path = match find(name) {
        Ok(path) => path,
        Err(kind) => return Ok(not_started(name, &kind.into(), console)),
    };
    let program = Program { path, arguments: command, environment: Vec::new() };
    match which::is_disabled() {
        true => Ok(take_our_place(&program, console)),
        false => Ok(recorded(program, arguments.observe, console)),
    }
}

/// Runs the command in a session of its own.
fn recorded(mut program: Program, observe: bool, console: &mut Console) -> Status {
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
    let stage = Stage::of(&mut program, &mut session, place.path());
    // A Dockerfile may ask its shims to tell what they record; here the step tells it.
    if std::env::var_os(EMIT_VARIABLE).is_some() {
        program.environment.push((EMIT_VARIABLE.into(), Some("0".into())));
    }
    let mut step = Step { session, stage, emitter };
    let mode = watch::mode(if observe { Mode::Observe } else { Mode::Counters });
    let (outcome, witness) = watch::run(&mut program, mode, Boundary::None, &mut step);
    let Step { mut session, stage, mut emitter } = step;
    drop(stage);
    session.conclude();
    let end = outcome.as_ref().ok().map(|outcome| outcome.end);
    session.witnessed(mode, &witness.finish(PATIENCE), &program.arguments, end);
    emitter.finish();
    drop(session);
    drop(place);
    ended(outcome, program, console)
}

/// What goes on beside the command.
struct Step {
    session: Session,
    stage: Option<Stage>,
    emitter: Emitter,
}

impl Tap for Step {
    fn started(&mut self) {
        self.session.started();
    }

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

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn the_first_line_of_a_program_is_one_argument() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(
            of_first_line(&words(&["step --observe -- /usr/bin/env python3 -u", "/dev/pipes/EOF", "a b"])),
            Some(words(&["step", "--observe", "--", "/usr/bin/env", "python3 -u", "/dev/pipes/EOF", "a b"]))
        );
        assert_eq!(of_first_line(&words(&["step -- /bin/sh", "/x"])), Some(words(&["step", "--", "/bin/sh", "/x"])));
        assert_eq!(of_first_line(&words(&["step", "--", "/bin/sh -- x"])), None);
    }

    #[test]
    fn a_wrapped_step_needs_no_parser() {
        let read = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(OsString::from).collect();
            Arguments::of_wrapped(&words).map(|read| (read.observe, read.command.join(OsStr::new(" "))))
        };
        assert_eq!(read(&["step", "--", "sh", "--", "-c"]), Some((false, "sh -- -c".into())));
        assert_eq!(read(&["step", "--observe", "--", "sh"]), Some((true, "sh".into())));
        assert_eq!(read(&["step --observe -- sh -e", "/x"]), Some((true, "sh -e /x".into())));
        for other in [&["step", "--"][..], &["step", "sh"], &["step", "--help"], &["run", "--", "sh"], &["step"], &[]] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }
}

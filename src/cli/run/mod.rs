//! `wheeltap run -- CMD...`: one session around a command.
//!
//! The command gets what it would have had without us, but for a `PATH` that begins with shims and the variables that
//! lead them, and the pips that pass them by, to the session. Refuses to fail for want of a record: if nothing can be
//! recorded, the command simply takes our place.

pub(super) mod session;
pub(super) mod stage;
mod summary;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use rustix::fs::{Access, access};

use session::Session;
use stage::Stage;

use super::{Console, Status, Tone, explained, which};
use crate::shim::{is_set, look_up, watch};
use crate::supervise::{self, End, Error, Outcome, Program};
use crate::witness::{Boundary, Mode};

/// How long processes that the command left behind are waited for where every process is watched.
const PATIENCE: Duration = Duration::from_millis(50);

/// Run a command, and record every pip and apt-get that it starts as one session
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The command's output, exit status and signals are its own. What it took on is kept in the log
directory (logs/build, or WHEELTAP_LOG_DIR): downloads_STAMP.json for programs,
build_session_STAMP.log for people.

pip and apt-get are seen through shims that come first on PATH; a pip that a build starts by its
path (.venv/bin/pip), or in an environment that it activates, through the log to which PIP_LOG
leads it.

Examples:
  wheeltap run -- make wheelhouse
  wheeltap run --summary -- pip install -r requirements.txt
  wheeltap run -- sh -c 'python -m venv .venv && .venv/bin/pip install requests'
  wheeltap report

Environment:
  WHEELTAP_LOG_DIR    where the session is kept
  WHEELTAP_SESSION    the session to join, as with --session
  WHEELTAP_SUMMARY=1  as --summary
  WHEELTAP_DISABLE=1  only run the command")]
pub(crate) struct Arguments {
    /// Join the session of this stamp (YYYYMMDD_HHMMSS) instead of opening one
    #[arg(long, value_name = "ID")]
    session: Option<OsString>,
    /// Set no variable for pip: one that passes the shims by is then not seen
    #[arg(long)]
    no_follow: bool,
    /// Say at the end, on stderr, what was downloaded and what was not
    #[arg(long)]
    summary: bool,
    /// The command and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Runs the command.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let name = arguments.command.first().context("no command is given")?;
    let path = match find(name) {
        Ok(path) => path,
        Err(kind) => return Ok(not_started(name, &kind.into(), console)),
    };
    let mut program = Program { path, arguments: arguments.command.clone(), environment: Vec::new() };
    if which::is_disabled() {
        return Ok(take_our_place(&program, console));
    }
    let wants_summary = arguments.summary || is_set("WHEELTAP_SUMMARY");
    let mut session = match Session::open(arguments.session.as_deref(), &arguments.command) {
        Ok(session) => session,
        Err(error) if error.is::<session::NoStamp>() => return Err(error),
        Err(error) => {
            if wants_summary || is_set("WHEELTAP_DEBUG") {
                console.say(Tone::Doubtful, "warning", &format!("nothing is recorded: {}", explained(&error)));
            }
            return Ok(take_our_place(&program, console));
        }
    };
    match arguments.no_follow {
        true => session.blind_spot("pips that pass the shims by are not seen (--no-follow)"),
        false => session.follow(),
    }
    let stage = Stage::of(&mut program, &mut session, &std::env::temp_dir());
    // A witness around us sees all that this one could.
    let wanted = watch::mode(Mode::Counters);
    let watched_above = watch::is_watched_above(wanted);
    let mode = if watched_above { Mode::Off } else { wanted };
    let (outcome, witness) = watch::run(&mut program, mode, Boundary::None, &mut session);
    drop(stage);
    session.conclude();
    let end = outcome.as_ref().ok().map(|outcome| outcome.end);
    let sighting = witness.finish(PATIENCE);
    if !watched_above {
        session.witnessed(mode, &sighting, &arguments.command, end);
    }
    let status = ended(outcome, program, console);
    let finished = session.fold();
    if wants_summary {
        summary::show(&finished, console);
    }
    Ok(status)
}

/// Ends as the program did; one that could not be supervised takes our place.
pub(super) fn ended(outcome: Result<Outcome, Error>, program: Program, console: &mut Console) -> Status {
    match outcome {
        Ok(outcome) => Status::Ended(outcome.end),
        Err(Error::Start { source, .. }) => not_started(name_of(&program), &source, console),
        Err(Error::Prepare { .. }) => take_our_place(&Program { environment: Vec::new(), ..program }, console),
    }
}

/// What the program was called by.
fn name_of(program: &Program) -> &OsStr {
    program.arguments.first().map(OsString::as_os_str).unwrap_or_default()
}

/// The file that a shell would run.
pub(super) fn find(name: &OsStr) -> Result<PathBuf, io::ErrorKind> {
    if name.as_bytes().contains(&b'/') {
        let file = PathBuf::from(name);
        return match (file.metadata(), access(&file, Access::EXEC_OK)) {
            (Err(error), _) => Err(error.kind()),
            (Ok(metadata), Ok(())) if metadata.is_file() => Ok(file),
            _ => Err(io::ErrorKind::PermissionDenied),
        };
    }
    let found = look_up(name, std::env::var_os("PATH").as_deref(), &[]);
    let refusal = found.not_executable.map_or(io::ErrorKind::NotFound, |_| io::ErrorKind::PermissionDenied);
    found.programs.into_iter().next().map(|(path, _)| path).ok_or(refusal)
}

/// Says why the command did not start, and ends as a shell would: 127 if there is none, 126 if there is.
pub(super) fn not_started(name: &OsStr, why: &io::Error, console: &mut Console) -> Status {
    let (reason, status) = match why.kind() {
        io::ErrorKind::NotFound => ("there is no such command".to_owned(), 127),
        io::ErrorKind::PermissionDenied => ("it is not executable".to_owned(), 126),
        _ => (why.to_string(), 126),
    };
    console.say(Tone::Bad, "error", &format!("cannot run `{}`: {reason}", name.display()));
    Status::Ended(End::Code(status))
}

/// Runs the command instead of us; returns only if that fails.
pub(super) fn take_our_place(program: &Program, console: &mut Console) -> Status {
    let error = supervise::exec(program);
    let (Error::Start { source, .. } | Error::Prepare { source, .. }) = error;
    not_started(name_of(program), &source, console)
}

//! `wheeltap build [--inject] SERVICE -- docker build ...`: one session around an image build.
//!
//! docker runs as it was typed, or, with `--inject`, with a Dockerfile whose steps are wrapped. What it prints is shown
//! under the user's own names, kept with arrival times, and read for what it tells. Refuses to fail a build for want of
//! a record: what cannot be injected or recorded is said, and docker runs all the same.

mod bake;
mod bases;
mod carrier;
mod command;
mod compose;
mod display;
mod engine;
mod exported;
mod fetched;
mod ignored;
mod inputs;
mod json;
mod layers;
mod log;
mod record;
mod report;
mod rewrite;
mod screen;
mod source;
mod subject;
mod target;
pub(super) mod told;
mod verified;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use anyhow::Context as _;

use super::run::{find, not_started, take_our_place};
use super::{Console, Hint as _, Status, Tone, explained, which};
use crate::ledger;
use crate::supervise::{self, Error, Interpose, Outcome, Program};
use command::{Command, Kind};
use display::Display;
use inputs::{Fingerprints, Inputs};
use record::Record;
use screen::Screen;

/// Run an image build, keep its log, and say what each step took on
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
docker's output, exit status and image are its own. Beside the session in the log directory
(logs/build, or WHEELTAP_LOG_DIR) the log, with the time at which each line arrived, is kept in
logs/docker_build/build_SERVICE.log, and a report in logs/docker_build/build_report.md.

What a step took on is known
  with --inject     for any Dockerfile as it stands: each RUN is wrapped, the image stays the same;
                    needs BuildKit, and asks for it (DOCKER_BUILDKIT=1) where the variable is unset
  by two lines      in the Dockerfile, which put the shims in front of the tools (docker/README.md)
  otherwise         from what pip and apt print, without sizes and digests

On a terminal the build is drawn as docker draws it; --progress=plain shows docker's log instead.

Examples:
  wheeltap build --inject api -- docker build -t api .
  wheeltap build api -- docker build -f docker/api/Dockerfile .
  wheeltap build --inject all -- docker compose build
  wheeltap profile logs/docker_build/build_api.log")]
pub(crate) struct Arguments {
    /// Wrap each RUN of the Dockerfile, so that whatever it starts is recorded
    #[arg(long)]
    inject: bool,
    /// The name under which log and layers of this build are kept
    #[arg(value_name = "SERVICE")]
    service: String,
    /// The build: docker build, docker buildx build or bake, docker compose build, with their arguments
    #[arg(value_name = "CMD", required = true, last = true, num_args = 1.., allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Runs the build.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let Arguments { inject, service, command } = arguments;
    Ok(build(&service, command, inject, false, console)?.status)
}

/// Whether the command builds images.
pub(super) fn is_build(words: &[OsString]) -> bool {
    Command::parse(words.to_vec()).kind != Kind::Other
}

/// How an image build went, for those who look into it further.
pub(super) struct Built {
    /// As docker ended.
    pub(super) status: Status,
    /// What it took on; `None` where that could not be recorded, or is somebody else's to fold.
    pub(super) session: Option<(crate::event::Session, ledger::Files)>,
}

impl From<Status> for Built {
    fn from(status: Status) -> Built {
        Built { status, session: None }
    }
}

/// Runs an image build; with `verifies`, with the network of its steps cut and all that they start watched.
pub(super) fn build(
    service: &str,
    mut words: Vec<OsString>,
    inject: bool,
    verifies: bool,
    console: &mut Console,
) -> anyhow::Result<Built> {
    if service.is_empty() || service.starts_with('.') || service.contains(|c: char| c == '/' || c.is_control()) {
        return Err(anyhow::anyhow!("cannot take `{service}` for the name of a service"))
            .hint("it becomes a part of file names: letters, digits, `-`, `_` and `.`");
    }
    let name = words.first().context("no command is given")?.clone();
    let path = match find(&name) {
        Ok(path) => path,
        Err(kind) => return Ok(not_started(&name, &kind.into(), console).into()),
    };
    if verifies {
        words = verified::cut_off(words)?;
    }
    let mut program = Program { path, arguments: words.clone(), environment: Vec::new() };
    if which::is_disabled() && !verifies {
        return Ok(take_our_place(&program, console).into());
    }
    let command = Command::parse(words);
    let began = inputs::stamp();
    let rewritten = if inject { Some(rewrite::rewrite(&command, verifies)) } else { None };
    let mut record = match Record::begin(service, &command) {
        Ok(record) => record,
        Err(error) if verifies => return Err(error),
        Err(error) => {
            console.say(Tone::Doubtful, "wheeltap", &format!("nothing is recorded: {}", explained(&error)));
            return Ok(take_our_place(&program, console).into());
        }
    };
    let mut rewritten = match rewritten {
        Some(Err(error)) => {
            record.notes.push(format!("nothing was injected: {}", explained(&error)));
            None
        }
        rewritten => rewritten.and_then(Result::ok),
    };
    if let Some(rewritten) = &rewritten {
        program.arguments.clone_from(&rewritten.words);
        if rewritten.asks_for_buildkit {
            program.environment.push(("DOCKER_BUILDKIT".into(), Some("1".into())));
        }
    }
    record.places = match &rewritten {
        Some(rewritten) => rewritten.places.clone(),
        None => rewrite::places(&command),
    };
    record.notes.extend(ignored::warning(&command, &record.directories()));
    let names = rewritten.as_mut().map(|rewritten| rewritten.names.clone());
    let display = display::is_wanted(&command, console).then(|| Display::new(console.colours_talk()));
    // What docker says on the same terminal must not get in between.
    let is_drawn = display.is_some() && std::io::stdout().is_terminal();
    let log = record.log.take().expect("it was just made");
    let mut screen = Screen::new(names, record.redactor.clone(), log, display);
    let inputs = Inputs::of(&command, &record.directories(), began);
    let (outcome, fingerprints) = launch(&program, &command, is_drawn, inputs, &mut screen);
    let status = match &outcome {
        Ok(outcome) => Status::Ended(outcome.end),
        Err(Error::Start { source, .. }) => not_started(&name, source, console),
        Err(Error::Prepare { .. }) => take_our_place(&program, console),
    };
    record.fingerprints = fingerprints;
    let (build, log) = screen.finish();
    let session = record.end(build, log, rewritten.as_ref(), &outcome, verifies.then_some(&command), console);
    Ok(Built { status, session })
}

/// Starts docker and waits for its end; what it is given is hashed meanwhile.
fn launch(
    program: &Program,
    command: &Command,
    is_drawn: bool,
    inputs: Option<Inputs>,
    screen: &mut Screen,
) -> (Result<Outcome, Error>, Fingerprints) {
    // Whoever insists on the moving display has it on their terminal, and gets no record of the steps.
    let is_read = !command.draws();
    // The builder before BuildKit and compose write their logs to standard output, as BuildKit's client does with an
    // exported image.
    let may_be_legacy = command.kind == Kind::Build
        && !program.environment.iter().any(|(name, _)| name == "DOCKER_BUILDKIT")
        && std::env::var_os("DOCKER_BUILDKIT").is_none_or(|value| value != "1");
    let stdout = is_read && (may_be_legacy || is_drawn || command.kind == Kind::Compose);
    match supervise::start(program, Interpose { stdout, stderr: is_read }) {
        Ok(started) => {
            // Signals are blocked by now, and so they are for the thread.
            let hashing = inputs.map(Inputs::hash);
            let outcome = started.supervise(screen);
            (Ok(outcome), hashing.map(|hashing| hashing.end()).unwrap_or_default())
        }
        Err(error) => (Err(error), Fingerprints::default()),
    }
}

/// A path as the user would type it: relative to the working directory where it lies below.
fn short(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let relative = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    crate::event::text(relative.as_deref().unwrap_or(path).as_os_str().as_bytes())
}

//! The console: one file a verb.
//!
//! Data goes to stdout and talk to stderr. A verb returns a `Status` or an error with its context; how either is
//! shown, and with which exit status the process ends, is decided here and nowhere else. Refuses to hold any knowledge
//! of tools, logs or sessions: a verb asks the lower layers and shows what they say.

mod archives;
mod arguments;
mod budget;
mod build;
mod carry;
mod completions;
#[allow(dead_code, reason = "the verbs that use the rest of it follow")]
mod console;
mod diff;
mod doctor;
mod duplicates;
mod export;
mod failure;
mod follow;
mod ingest;
mod links;
mod lock;
mod man;
mod profile;
mod report;
mod requirements;
mod run;
mod sessions;
mod shims;
mod site_packages;
#[allow(dead_code, reason = "the verbs that use the rest of it follow")]
mod status;
mod step;
mod trend;
mod verify;
mod wheelhouse;
mod which;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::event::Moment;
pub(crate) use arguments::{Arguments, Verb};
pub(crate) use console::{Console, Tone};
pub(crate) use failure::{Cannot, Hint, explained};
pub(crate) use status::Status;

/// Runs the console with `arguments`, those after the program's own name, and answers with the status to end with.
pub fn run(_name: OsString, arguments: Vec<OsString>) -> ExitCode {
    let mut console = Console::of_this_process();
    let outcome = match step::Arguments::of_wrapped(&arguments) {
        Some(step) => dispatch(Verb::Step(step), &mut console),
        None => parsed(arguments, &mut console),
    };
    let flushed = console.flush();
    let outcome = outcome.and_then(|status| flushed.map(|()| status));
    outcome.unwrap_or_else(|error| failure::report(&error, &mut console)).leave()
}

fn parsed(arguments: Vec<OsString>, console: &mut Console) -> anyhow::Result<Status> {
    match Arguments::try_parse_from(typed(arguments)) {
        Ok(arguments) => {
            console.choose_colour(arguments.colour);
            dispatch(arguments.verb, console)
        }
        Err(answer) => console.show_answer_of_parser(&answer),
    }
}

/// The command line for the parser; `help VERB` is another way to say `VERB --help`.
fn typed(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut line = vec![OsString::from("wheeltap")];
    match arguments.split_first() {
        Some((first, verb)) if first == "help" => line.extend(verb.iter().cloned().chain([OsString::from("--help")])),
        _ => line.extend(arguments),
    }
    line
}

/// Runs the verb that was typed. A new verb is a file, a variant of [`Verb`] and a line here.
fn dispatch(verb: Verb, console: &mut Console) -> anyhow::Result<Status> {
    match verb {
        Verb::Run(arguments) => run::run(arguments, console),
        Verb::Build(arguments) => build::run(arguments, console),
        Verb::Profile(arguments) => profile::run(arguments, console),
        Verb::Ingest(arguments) => ingest::run(arguments, console),
        Verb::Shims(arguments) => shims::run(arguments, console),
        Verb::Verify(arguments) => verify::run(arguments, console),
        Verb::Report(arguments) => report::run(arguments, console),
        Verb::Archives(arguments) => archives::run(arguments, console),
        Verb::Diff(arguments) => diff::run(arguments, console),
        Verb::Duplicates(arguments) => duplicates::run(arguments, console),
        Verb::Trend(arguments) => trend::run(arguments, console),
        Verb::Lock(arguments) => lock::run(arguments, console),
        Verb::Export(arguments) => export::run(arguments, console),
        Verb::Wheelhouse(arguments) => wheelhouse::run(arguments, console),
        Verb::Requirements(arguments) => requirements::run(arguments, console),
        Verb::Step(arguments) => step::run(arguments, console),
        Verb::SitePackages(arguments) => site_packages::run(arguments, console),
        Verb::Which(arguments) => which::run(arguments, console),
        Verb::Doctor(arguments) => doctor::run(arguments, console),
        Verb::Completions(arguments) => completions::run(arguments, console),
        Verb::Man(arguments) => man::run(arguments, console),
    }
}

/// The time of this machine.
pub(crate) fn now() -> Moment {
    Moment::from_microseconds(jiff::Timestamp::now().as_microsecond())
}

/// The text of a file, whatever its bytes.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn text_of(path: &std::path::Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(crate::event::text(&bytes))
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Whether this is nothing but the reader of a pipe that left early (`wheeltap report | head -1`).
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

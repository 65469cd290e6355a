//! `wheeltap report [SESSION]...`: what sessions took on.

use std::path::PathBuf;

use super::sessions::{before, sources, whole};
use super::{Console, Hint as _, Status, budget};
use crate::ledger::{Extent, Files, Loaded};
use crate::report::{self, Analysis, Case, History, NamedFile, Paper};

/// Show what a session took on: downloaded, cached and from which cache, failed, unseen
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap report
  wheeltap report 20261120_153600
  wheeltap report logs/build/downloads_20261120_153600.json --format json
  wheeltap report --format html > report.html
  wheeltap report --budget budget.toml

Exit status:
  0  it was shown, and is within its budget if one was given
  1  it is over budget
  2  no session can be read
  3  some cannot, or the record has too many gaps to judge the budget")]
pub(crate) struct Arguments {
    /// A session document, a journal, a log directory, or the stamp of a session [default: the latest session]
    #[arg(value_name = "SESSION")]
    sessions: Vec<PathBuf>,
    /// All sessions of a directory, not its latest one
    #[arg(long)]
    all: bool,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// What it is held to
    #[command(flatten)]
    budget: budget::Wish,
    /// Append to the summary of a job on GitHub ($GITHUB_STEP_SUMMARY) and print annotations instead of the report
    #[arg(long)]
    github: bool,
}

/// Names the file that a job on GitHub shows as its summary.
const GITHUB_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: one JSON object a session.
    Json,
    /// For the summary page of a CI job, at most 1 MiB.
    Markdown,
    /// One page to look at in a browser: the latest of the sessions, the others as its history.
    Html,
    /// For a CI service: a case for each limit of the budget and each file that failed or is unknown.
    Junit,
}

/// How the other questions to sessions are answered.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum OneFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Shows them, in the order given.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let extent = if arguments.all { Extent::All } else { Extent::Latest };
    let (loaded, status) = whole(&sources(&arguments.sessions, extent)?, console)?;
    let earlier: Vec<_> = histories(&loaded);
    let analyses: Vec<_> =
        loaded.iter().zip(&earlier).map(|(one, earlier)| Analysis::of(&one.session, earlier)).collect();
    let each = |write: &dyn Fn(&Analysis<'_>, &[NamedFile]) -> String| -> Vec<String> {
        analyses.iter().zip(&loaded).map(|(analysis, one)| write(analysis, &named(&one.files))).collect()
    };
    let paper = paper(console);
    let (cases, within) = match analyses.last() {
        Some(last) => budget::hold(&arguments.budget, last, console)?,
        None => (Vec::new(), Status::Ok),
    };
    let status = if within == Status::Ok { status } else { within };
    if arguments.github {
        tell_github(&analyses, &cases, console)?;
        return Ok(status);
    }
    let text = match arguments.format {
        Format::Junit => analyses.last().map_or(String::new(), |last| report::junit(last, &cases)),
        Format::Text => each(&|analysis, files| report::text(analysis, files, paper)).join("\n"),
        Format::Json => each(&report::json).concat(),
        Format::Html => report::html(&analyses).unwrap_or_default(),
        Format::Markdown => report::markdown_of(&analyses, report::SUMMARY_BYTES),
    };
    console.data().write_all(text.as_bytes())?;
    Ok(status)
}

/// Appends the sessions to the summary of the job, and prints the annotations that its runner shows.
fn tell_github(analyses: &[Analysis<'_>], cases: &[Case], console: &mut Console) -> anyhow::Result<()> {
    use std::io::Write as _;
    let path = std::env::var_os(GITHUB_SUMMARY).filter(|path| !path.is_empty());
    let path = path
        .ok_or_else(|| anyhow::anyhow!("cannot append to the summary: `{GITHUB_SUMMARY}` is not set"))
        .hint("a job on GitHub sets it; elsewhere: `wheeltap report --format markdown`")?;
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(PathBuf::from(path))?;
    file.write_all(report::markdown_of(analyses, report::SUMMARY_BYTES).as_bytes())?;
    if let Some(last) = analyses.last() {
        console.data().write_all(report::annotations(last, cases).as_bytes())?;
    }
    Ok(())
}

/// For each session, what those before it had.
fn histories(loaded: &[Loaded]) -> Vec<History> {
    let mut known: Option<(PathBuf, History)> = None;
    let mut histories = Vec::new();
    for one in loaded {
        let directory = one.files.document.parent().map(PathBuf::from).unwrap_or_default();
        // Sessions of one directory in their order: what was read for the first serves the next.
        let history = match known.take() {
            Some((last, history)) if last == directory => history,
            _ => before(one),
        };
        let mut next = history.clone();
        next.add(&one.session);
        known = Some((directory, next));
        histories.push(history);
    }
    histories
}

pub(super) fn paper(console: &Console) -> Paper {
    // What goes into a file or a pipe is not cut, whatever the width of the terminal that asked for it.
    let width = console.writes_to_terminal().then(|| console.width());
    Paper { width, colour: console.colours_data(), entries: None }
}

/// The files of a session that are there.
pub(super) fn named(files: &Files) -> Vec<NamedFile> {
    [("journal", &files.journal), ("document", &files.document), ("log", &files.log)]
        .into_iter()
        .filter(|(_, path)| path.exists())
        .map(|(name, path)| (name, crate::event::text(path.as_os_str().as_encoded_bytes())))
        .collect()
}

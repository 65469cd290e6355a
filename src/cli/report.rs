//! `wheeltap report [SESSION]...`: what sessions took on.

use std::path::PathBuf;

use super::{Cannot as _, Console, Hint as _, Status};
use crate::ledger::{self, Directory, Files};
use crate::report::{self, NamedFile, Paper};

/// Show what a session took on: downloaded, cached and from which cache, failed, unseen
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap report
  wheeltap report 20261120_153600
  wheeltap report logs/build/downloads_20261120_153600.json --format json

Exit status: 0, or 2 if a session cannot be read")]
pub(crate) struct Arguments {
    /// A session document, a journal, a log directory, or the stamp of a session [default: the latest session]
    #[arg(value_name = "SESSION")]
    sessions: Vec<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs: one JSON object a session.
    Json,
    /// For the summary page of a CI job, at most 1 MiB.
    Markdown,
}

/// Shows them, in the order given.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let directory = Directory::from_environment();
    let wanted: Vec<Option<PathBuf>> = match arguments.sessions.is_empty() {
        true => vec![None],
        false => arguments.sessions.into_iter().map(Some).collect(),
    };
    let load = |wanted: &Option<PathBuf>| {
        ledger::load(&directory, wanted.as_deref())
            .cannot()
            .hint("`wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one")
    };
    let loaded = wanted.iter().map(load).collect::<anyhow::Result<Vec<_>>>()?;
    let text = match arguments.format {
        Format::Text => {
            let texts: Vec<_> =
                loaded.iter().map(|one| report::text(&one.session, &named(&one.files), paper(console))).collect();
            texts.join("\n")
        }
        Format::Json => loaded.iter().map(|one| report::json(&one.session, &named(&one.files))).collect(),
        Format::Markdown => {
            let sessions: Vec<_> = loaded.into_iter().map(|one| one.session).collect();
            report::markdown(&sessions, report::SUMMARY_BYTES)
        }
    };
    console.data().write_all(text.as_bytes())?;
    Ok(Status::Ok)
}

fn paper(console: &Console) -> Paper {
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

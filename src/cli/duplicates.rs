//! `wheeltap duplicates [SESSION]...`: what was obtained more than once.

use std::path::PathBuf;

use anyhow::Context as _;

use super::report::{OneFormat, paper};
use super::sessions::{each, key, sources};
use super::{Console, Status};
use crate::ledger::{Extent, Source};
use crate::report::Duplicates;

/// Show what was downloaded more than once, and packages that came in several versions
///
/// The same file over steps, sessions and machines counts each time after the first as waste. A directory stands for all
/// its sessions.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap duplicates
  wheeltap duplicates runner-1/logs/build runner-2/logs/build
  wheeltap duplicates --wheelhouse wheelhouse --format json | jq '.wheelhouse[].package'

Exit status: 0 if nothing is there more than once; 1 if something is; 2 if no session can be read; 3 if some cannot")]
pub(crate) struct Arguments {
    /// Session documents, journals, log directories or stamps [default: the log directory]
    #[arg(value_name = "SESSION")]
    sessions: Vec<PathBuf>,
    /// A directory of wheels to look through as well; without SESSION, it alone
    #[arg(long, value_name = "DIR")]
    wheelhouse: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: OneFormat,
}

/// Looks for them.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let mut duplicates = Duplicates::default();
    let mut status = Status::Ok;
    if !arguments.sessions.is_empty() || arguments.wheelhouse.is_none() {
        let sources = sources(&arguments.sessions, Extent::All)?;
        status = each(&sources, console, Source::read, key, |loaded, _| {
            duplicates.add(&loaded.session);
            Ok(())
        })?;
    }
    if let Some(wheelhouse) = &arguments.wheelhouse {
        let cannot = || format!("cannot list `{}`", wheelhouse.display());
        for entry in fs_err::read_dir(wheelhouse).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            if let (Some(name), Ok(metadata)) = (entry.file_name().to_str(), entry.metadata()) {
                duplicates.add_copy(name, metadata.len());
            }
        }
    }
    let text = match arguments.format {
        OneFormat::Text => duplicates.text(paper(console)),
        OneFormat::Json => duplicates.json(),
    };
    console.data().write_all(text.as_bytes())?;
    Ok(if duplicates.is_empty() { status } else { Status::Finding })
}

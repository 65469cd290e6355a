//! `wheeltap ingest`: the recorded text of a build that ran without wheeltap, as a session document.

mod pip;

use super::{Console, Status};

/// Classify the recorded output of an old build, and print its session document
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Debug, clap::Subcommand)]
enum Tool {
    /// Classify what one pip printed, or logged with `--log` or PIP_LOG
    Pip(pip::Arguments),
}

/// Prints the document.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    match arguments.tool {
        Tool::Pip(arguments) => pip::run(arguments, console),
    }
}

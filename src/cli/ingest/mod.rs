//! `wheeltap ingest`: the recorded text of a build that ran without wheeltap, as a session document.

mod apt;
mod buildkit;
mod pip;
mod replay;

use super::{Console, Status};
pub(super) use replay::read;

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
    /// Classify what one apt-get or apt printed, or what was recorded of its methods and hooks
    Apt(apt::Arguments),
    /// Classify the log of an image build, step by step
    Buildkit(buildkit::Arguments),
}

/// Prints the document.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    match arguments.tool {
        Tool::Pip(arguments) => pip::run(arguments, console),
        Tool::Apt(arguments) => apt::run(arguments, console),
        Tool::Buildkit(arguments) => buildkit::run(arguments, console),
    }
}

//! `wheeltap completions SHELL`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Console, Status};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap completions bash > ~/.local/share/bash-completion/completions/wheeltap
  wheeltap completions zsh > ~/.zfunc/_wheeltap
  wheeltap completions fish > ~/.config/fish/completions/wheeltap.fish")]
pub(crate) struct Arguments {
    /// The shell to complete in
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "wheeltap", &mut script);
    console.data().write_all(&script)?;
    Ok(Status::Ok)
}

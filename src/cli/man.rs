//! `wheeltap man`: the manual pages, from the same definition as the help.

use anyhow::Context as _;
use camino::Utf8PathBuf;
use clap::CommandFactory as _;

use super::{Console, Hint as _, Status};

/// Print the manual page, or write all of them
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap man | man -l -
  wheeltap man --dir ~/.local/share/man/man1 && man wheeltap-run")]
pub(crate) struct Arguments {
    /// Write one page for each verb into this directory instead
    #[arg(long, value_name = "DIR")]
    dir: Option<Utf8PathBuf>,
}

/// Prints or writes the pages.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let command = super::Arguments::command();
    match arguments.dir {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            console.data().write_all(&page)?;
        }
        Some(dir) => {
            fs_err::create_dir_all(&dir).context("cannot make the directory of the manual pages")?;
            clap_mangen::generate_to(command, &dir)
                .with_context(|| format!("cannot write the manual pages to `{dir}`"))
                .hint("name a directory that you may write to")?;
        }
    }
    Ok(Status::Ok)
}

//! `wheeltap lock [SESSION]`: what a session obtained, as lock files.

use std::path::PathBuf;

use super::sessions::one;
use super::{Console, Status, Tone, counted};
use crate::ledger::replace;
use crate::report::Lock;

/// Write what a session obtained as lock files: hashed requirements, pylock.toml, debs.lock
///
/// Only files whose bytes were seen are locked, by their digest. What was obtained and cannot be locked is named.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap lock > requirements.lock && pip install --require-hashes --no-deps -r requirements.lock
  wheeltap lock --format pylock > pylock.toml
  wheeltap lock 20261120_153600 --dir locks

Exit status: 0; 2 if the session cannot be read; 3 if something was obtained that could not be locked")]
pub(crate) struct Arguments {
    /// A session document, a journal, a log directory, or the stamp of a session [default: the latest session]
    #[arg(value_name = "SESSION")]
    session: Option<PathBuf>,
    /// Which file to print
    #[arg(long, value_enum, default_value = "requirements", conflicts_with = "dir")]
    format: Form,
    /// Write all of them into this directory: requirements.lock, pylock.toml, debs.lock
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    /// For `pip install --require-hashes`.
    Requirements,
    /// As PEP 751 has it.
    Pylock,
    /// Debian packages.
    Debs,
}

/// Writes them.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let (loaded, _) = one(arguments.session, "lock", console)?;
    let lock = Lock::of(&loaded.session);
    match &arguments.dir {
        Some(directory) => {
            fs_err::create_dir_all(directory)?;
            let files = [
                ("requirements.lock", lock.requirements()),
                ("pylock.toml", lock.pylock()),
                ("debs.lock", lock.debs()),
            ];
            for (name, text) in files {
                replace(&directory.join(name), text.as_bytes()).map_err(|error| anyhow::anyhow!("cannot {error}"))?;
            }
            let (python, debs) = lock.counts();
            console.talk(&format!(
                "locked {} and {} in `{}`",
                counted(python, "distribution", "distributions"),
                counted(debs, "Debian package", "Debian packages"),
                directory.display()
            ));
        }
        None => {
            let text = match arguments.format {
                Form::Requirements => lock.requirements(),
                Form::Pylock => lock.pylock(),
                Form::Debs => lock.debs(),
            };
            console.data().write_all(text.as_bytes())?;
        }
    }
    for (file, why) in &lock.missing {
        console.say(Tone::Doubtful, "not locked", &format!("{file}: {why}"));
    }
    Ok(if lock.missing.is_empty() { Status::Ok } else { Status::Incomplete })
}

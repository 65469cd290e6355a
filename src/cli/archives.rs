//! `wheeltap archives pack|unpack|prune`: the packages that apt keeps, carried from build to build.

use std::path::PathBuf;

use super::{Console, Status, carry};
use crate::store::Collection;

/// Carry apt's archives elsewhere, drop packages that nothing asks for
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap archives pack apt-archives.tgz
  wheeltap archives unpack apt-archives.tgz && apt-get install -y --no-download curl
  wheeltap archives prune --session 20261120_153600 --dry-run

Debian's images delete the archives after each run of dpkg: /etc/apt/apt.conf.d/docker-clean does so.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Pack the packages into one file: the same packages always give the same bytes
    Pack {
        #[command(flatten)]
        place: Place,
        /// The file; gzipped if its name ends in .gz or .tgz
        #[arg(value_name = "FILE", default_value = "apt-archives.tgz")]
        file: PathBuf,
    },
    /// Verify such a file and put its packages in their place
    Unpack {
        #[command(flatten)]
        place: Place,
        /// The file
        #[arg(value_name = "FILE", default_value = "apt-archives.tgz")]
        file: PathBuf,
        /// Also over packages of the same name with other contents
        #[arg(long)]
        replace: bool,
    },
    /// Remove the packages that no session took on
    Prune {
        #[command(flatten)]
        place: Place,
        /// A session document, a journal, or the stamp of a session; several keep what any of them took on
        #[arg(long, value_name = "SESSION", num_args = 1.., required = true)]
        session: Vec<PathBuf>,
        /// Remove nothing, say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Place {
    /// The directory of the packages
    #[arg(long = "archives", value_name = "DIR", default_value = "/var/cache/apt/archives")]
    directory: PathBuf,
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let collection = Collection::AptArchives;
    match arguments.verb {
        Verb::Pack { place, file } => carry::pack(collection, &place.directory, &file, console),
        Verb::Unpack { place, file, replace } => carry::unpack(collection, &file, &place.directory, replace, console),
        Verb::Prune { place, session, dry_run } => {
            let kept = carry::kept_by(&session)?;
            carry::prune(collection, &place.directory, &kept, dry_run, console).map(|(status, _)| status)
        }
    }
}

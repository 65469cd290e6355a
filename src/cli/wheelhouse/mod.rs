//! `wheeltap wheelhouse build|check|manifest|pack|unpack|prune`: a wheelhouse, recorded, held against what it is to
//! serve, and carried.

mod build;
mod carry;
mod check;
mod contents;
mod findings;
mod interpreter;
mod manifest;

use std::path::{Path, PathBuf};

use super::{Console, Status};

/// Fill a wheelhouse, check that it is whole and suffices, list what is in it
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap wheelhouse build --requirements 'requirements/*.txt'
  wheeltap wheelhouse check
  wheeltap wheelhouse check --requirements requirements.txt --python 3.11 --platform manylinux_2_28_x86_64
  wheeltap wheelhouse manifest | jq '.success[].filename'")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Fill a wheelhouse from requirements files, recorded
    Build(build::Arguments),
    /// Check the files against the manifest, or against requirements for an installation without network
    Check(check::Arguments),
    /// Print what is in a wheelhouse, or write it into its manifest
    Manifest(manifest::Arguments),
    /// Pack it and its manifest into one file
    Pack(carry::Pack),
    /// Verify such a file and put its wheels in their place
    Unpack(carry::Unpack),
    /// Remove the files that nothing asks for
    Prune(carry::Prune),
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    match arguments.verb {
        Verb::Build(arguments) => build::run(arguments, console),
        Verb::Check(arguments) => check::run(arguments, console),
        Verb::Manifest(arguments) => manifest::run(arguments, console),
        Verb::Pack(arguments) => carry::pack(arguments, console),
        Verb::Unpack(arguments) => carry::unpack(arguments, console),
        Verb::Prune(arguments) => carry::prune(arguments, console),
    }
}

/// Which wheelhouse.
#[derive(Clone, Debug, clap::Args)]
struct Place {
    /// The directory of the wheels
    #[arg(long = "wheelhouse", value_name = "DIR", default_value = "wheelhouse")]
    directory: PathBuf,
}

impl Place {
    fn path(&self) -> &Path {
        &self.directory
    }
}

//! `wheeltap wheelhouse pack|unpack|prune`: a wheelhouse, carried from build to build.

use std::path::PathBuf;

use anyhow::bail;

use super::contents::{Contents, manifest_of};
use super::findings::Document;
use super::interpreter::Choice;
use super::{Place, check, manifest};
use crate::cli::carry::{self, Kept};
use crate::cli::{Console, Hint as _, Status, Tone, now, requirements};
use crate::manifest::closure;
use crate::manifest::requirements::{DependencyManifest, read};
use crate::store::{Collection, Surroundings};

/// Pack a wheelhouse and its manifest into one file: the same files always give the same bytes
#[derive(Debug, clap::Args)]
pub(super) struct Pack {
    #[command(flatten)]
    place: Place,
    /// The file; gzipped if its name ends in .gz or .tgz
    #[arg(value_name = "FILE", default_value = "wheelhouse.tgz")]
    file: PathBuf,
}

/// Verify such a file and put its wheels in their place
#[derive(Debug, clap::Args)]
pub(super) struct Unpack {
    #[command(flatten)]
    place: Place,
    /// The file
    #[arg(value_name = "FILE", default_value = "wheelhouse.tgz")]
    file: PathBuf,
    /// Also over files of the same name with other contents
    #[arg(long)]
    replace: bool,
}

/// Remove the files that nothing asks for: no requirements, no session; with neither, those that no line of the
/// manifest names
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap wheelhouse prune --dry-run
  wheeltap wheelhouse prune --requirements requirements.txt --python 3.12
  wheeltap wheelhouse prune --session 20261120_153600

Exit status: 0, 1 if the wheelhouse does not satisfy the requirements (then nothing is removed), 2 for bad usage,
3 if a build may ask for more than can be known (then nothing is removed)")]
pub(super) struct Prune {
    #[command(flatten)]
    place: Place,
    /// The requirements files that are to be satisfied
    #[arg(long, short = 'r', value_name = "FILE", num_args = 1..)]
    requirements: Vec<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    /// A session document, a journal, or the stamp of a session; several keep what any of them took on
    #[arg(long, value_name = "SESSION", num_args = 1..)]
    session: Vec<PathBuf>,
    /// Remove nothing, say what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// Packs.
pub(super) fn pack(arguments: Pack, console: &mut Console) -> anyhow::Result<Status> {
    carry::pack(Collection::Wheelhouse, arguments.place.path(), &arguments.file, console)
}

/// Unpacks.
pub(super) fn unpack(arguments: Unpack, console: &mut Console) -> anyhow::Result<Status> {
    let Unpack { place, file, replace } = arguments;
    carry::unpack(Collection::Wheelhouse, &file, place.path(), replace, console)
}

/// Prunes, and takes the lines of what is gone out of the manifest.
pub(super) fn prune(arguments: Prune, console: &mut Console) -> anyhow::Result<Status> {
    let directory = arguments.place.path();
    let known = manifest_of(directory)?;
    let mut kept = carry::kept_by(&arguments.session)?;
    if !arguments.requirements.is_empty() {
        match asked_for(&arguments, console)? {
            Ok(names) => kept = kept.and(Kept::names(names)),
            Err(status) => return Ok(status),
        }
    } else if arguments.session.is_empty() {
        let Some(known) = &known else {
            let none: anyhow::Result<Status> =
                (|| bail!("cannot prune `{}`: it has no manifest", directory.display()))();
            return none.hint("say with --requirements FILE or --session SESSION what is to be kept");
        };
        kept = Kept::names(known.success.iter().map(|line| line.filename.clone()));
    }
    let (status, gone) = carry::prune(Collection::Wheelhouse, directory, &kept, arguments.dry_run, console)?;
    if let Some(mut known) = known.filter(|_| !arguments.dry_run && !gone.is_empty()) {
        known.success.retain(|line| !gone.contains(&line.filename));
        known.sum_up();
        manifest::write(directory, &known)?;
    }
    Ok(status)
}

/// The files that the requirements come to, or the status that says why that is not known.
fn asked_for(arguments: &Prune, console: &mut Console) -> anyhow::Result<Result<Vec<String>, Status>> {
    let readings: Vec<_> = arguments.requirements.iter().map(|file| read(file, &Surroundings)).collect();
    let asked = DependencyManifest::new(&readings, None, now(), &requirements::redactor());
    requirements::report(&asked.errors, &asked.warnings, console);
    if !asked.errors.is_empty() {
        return Ok(Err(Status::Usage));
    }
    let chosen = arguments.choice.target()?;
    let contents = Contents::of(arguments.place.path())?;
    let report = closure::check(&readings, &contents.pool(), &check::locals(&readings), &chosen.target);
    if !report.findings.is_empty() || !report.doubts.is_empty() {
        Document::new(arguments.place.path(), chosen.target.label(), &report, None, &requirements::redactor())
            .show(console)?;
        console.say(Tone::Bad, "error", "nothing was removed: what the requirements come to is not known for certain");
        return Ok(Err(if report.findings.is_empty() { Status::Incomplete } else { Status::Finding }));
    }
    Ok(Ok(report.chosen.into_iter().map(|chosen| chosen.filename).collect()))
}

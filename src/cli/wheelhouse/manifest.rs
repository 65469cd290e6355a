//! `wheeltap wheelhouse manifest`: what is in a wheelhouse, printed or written.

use std::path::PathBuf;

use super::Place;
use super::contents::{Contents, manifest_of};
use crate::cli::{Cannot as _, Console, Status, Tone, now};
use crate::event::json;
use crate::ledger;
use crate::manifest::wheelhouse::{MANIFEST, SCHEMA, Summary, WheelhouseManifest};

/// Print what is in a wheelhouse, or write it into its manifest
///
/// Name, version, tags, size and sha256 are those of the files. What an earlier manifest says of the same bytes (URL,
/// origin, requirement) is kept.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap wheelhouse manifest | jq -r '.success[] | [.filename, .sha256] | @tsv'
  wheeltap wheelhouse manifest --write --wheelhouse vendor/wheels")]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Write it to wheelhouse_manifest.json in the wheelhouse instead
    #[arg(long)]
    write: bool,
}

/// Prints or writes it.
pub(super) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let directory = arguments.place.path();
    let contents = Contents::of(directory)?;
    // One that cannot be read is replaced, not trusted.
    let earlier = match manifest_of(directory) {
        Err(_) if arguments.write => None,
        earlier => earlier?,
    };
    let mut manifest = WheelhouseManifest {
        success: contents.lines(earlier.as_ref()),
        schema: SCHEMA,
        wheeltap_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..earlier.unwrap_or_else(empty)
    };
    manifest.sum_up();
    let unreadable: Vec<_> =
        contents.files.iter().filter_map(|(file, digest)| Some((file, digest.as_ref().err()?))).collect();
    for (file, reason) in &unreadable {
        console.say(Tone::Bad, "error", &format!("cannot read `{}`: {reason}", file.path.display()));
    }
    match arguments.write {
        true => {
            let path = write(directory, &manifest)?;
            console.line(&format!(
                "{}: {}",
                path.display(),
                crate::cli::counted(manifest.success.len(), "file", "files")
            ))?;
        }
        false => {
            json::document(&mut console.data(), &manifest)?;
        }
    }
    Ok(if unreadable.is_empty() { Status::Ok } else { Status::Finding })
}

/// Puts a manifest in its place.
pub(super) fn write(directory: &std::path::Path, manifest: &WheelhouseManifest) -> anyhow::Result<PathBuf> {
    let path = directory.join(MANIFEST);
    ledger::replace(&path, json::text(manifest).as_bytes()).cannot()?;
    Ok(path)
}

/// A manifest of nothing.
pub(super) fn empty() -> WheelhouseManifest {
    WheelhouseManifest {
        schema: SCHEMA,
        wheeltap_version: String::new(),
        session_id: None,
        started_at: None,
        finished_at: Some(now()),
        duration_seconds: None,
        requirements: Vec::new(),
        summary: Summary::default(),
        success: Vec::new(),
        errors: Vec::new(),
        skipped: Vec::new(),
    }
}

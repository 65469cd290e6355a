//! Removing what nothing asks for.

use std::path::Path;

use super::keep::Kept;
use crate::cli::{Cannot as _, Console, Status, Tone, counted};
use crate::store::Collection;

/// Removes the files of the collection that `kept` does not have, but for its manifest; with `dry` only says which.
/// Answers with the names of those that are gone, or would be.
pub(crate) fn prune(
    collection: Collection,
    directory: &Path,
    kept: &Kept,
    dry: bool,
    console: &mut Console,
) -> anyhow::Result<(Status, Vec<String>)> {
    let members = collection.members(directory).cannot()?;
    let members: Vec<_> =
        members.into_iter().filter(|member| member.filename != crate::manifest::wheelhouse::MANIFEST).collect();
    let count = members.len();
    let (mut gone, mut bytes) = (Vec::new(), 0);
    for member in members.into_iter().filter(|member| !kept.has(collection, member)) {
        if !dry {
            member.remove().cannot()?;
        }
        console.line_with(Tone::Doubtful, if dry { "would remove" } else { "removed" }, &member.filename)?;
        bytes += member.size_bytes;
        gone.push(member.filename);
    }
    let (files, left) = (counted(gone.len(), "file", "files"), count - gone.len());
    let would = if dry { "would be " } else { "" };
    console.line(&format!("{}: {files}, {bytes} bytes {would}removed, {left} kept", directory.display()))?;
    Ok((Status::Ok, gone))
}

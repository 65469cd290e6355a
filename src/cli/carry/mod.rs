//! Caches that are carried from build to build: packed, unpacked, and rid of what nothing asks for any more. The verbs
//! of `wheeltap wheelhouse` and of `wheeltap archives` alike.

mod bar;
mod keep;
mod prune;

use std::path::Path;

use super::{Cannot as _, Console, Hint as _, Status, counted};
use crate::store::{self, Collection};
use bar::Bar;
pub(super) use keep::{Kept, kept_by};
pub(super) use prune::prune;

/// Packs a directory into one file.
pub(super) fn pack(
    collection: Collection,
    directory: &Path,
    archive: &Path,
    console: &mut Console,
) -> anyhow::Result<Status> {
    let bar = Bar::new(console);
    let packed = store::pack(collection, directory, archive, &bar).cannot();
    drop(bar);
    let packed = packed?;
    let (files, size) = (counted(packed.files, "file", "files"), packed.bytes);
    console.line(&format!("{}: {files}, {size} bytes of {}", archive.display(), directory.display()))?;
    Ok(Status::Ok)
}

/// Unpacks such a file, and says what is new.
pub(super) fn unpack(
    collection: Collection,
    archive: &Path,
    directory: &Path,
    replace: bool,
    console: &mut Console,
) -> anyhow::Result<Status> {
    let bar = Bar::new(console);
    let unpacked = store::unpack(collection, archive, directory, replace, &bar);
    drop(bar);
    let occupied = matches!(unpacked, Err(store::Error::Occupied { .. }));
    let unpacked = unpacked.cannot();
    let unpacked = if occupied { unpacked.hint("--replace puts those of the pack in their place")? } else { unpacked? };
    let files = counted(unpacked.files, "file", "files");
    let there = if unpacked.present > 0 { format!(", {} were there already", unpacked.present) } else { String::new() };
    console.line(&format!("{}: {files}{there}", directory.display()))?;
    Ok(Status::Ok)
}

//! The list of what is in a pack, its first member.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event::{Sha256, json};
use crate::store::Collection;

/// The name of the list in the archive.
pub const LISTING: &str = "wheeltap_pack.json";

/// The version of the list that is written.
const SCHEMA: u32 = 1;

/// No list is longer.
pub(super) const LONGEST: u64 = 64 << 20;

/// What is in a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listing {
    schema: u32,
    collection: Collection,
    pub(super) files: Vec<Line>,
}

/// One file of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) filename: String,
    pub(super) size_bytes: u64,
    pub(super) sha256: Sha256,
}

impl Listing {
    pub(super) fn new(collection: Collection, files: Vec<Line>) -> Self {
        Listing { schema: SCHEMA, collection, files }
    }

    /// As it is written.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        json::text(self).into_bytes()
    }

    /// Reads a list, and refuses it unless it is one of `collection` whose names are harmless.
    pub(super) fn parse(bytes: &[u8], collection: Collection) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
        }
        let wrong = |error: serde_json::Error| format!("its list of files cannot be read: {error}");
        let head: Head = serde_json::from_slice(bytes).map_err(wrong)?;
        if head.schema > SCHEMA {
            return Err(format!("it was packed by a newer wheeltap (schema {})", head.schema));
        }
        let listing: Listing = serde_json::from_slice(bytes).map_err(wrong)?;
        if listing.collection != collection {
            return Err(format!("it is a pack of {}, not of {collection}", listing.collection));
        }
        let mut names = BTreeSet::new();
        for Line { filename, .. } in &listing.files {
            if !is_plain(filename) || !collection.takes(filename) {
                return Err(format!("its list names {filename:?}, which is no file of {collection}"));
            }
            if !names.insert(filename) {
                return Err(format!("its list names {filename} twice"));
            }
        }
        Ok(listing)
    }
}

/// Whether a name is one component of a path that leads nowhere else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0', '\n'])
}

//! How a cache can be of no use, told apart: what each looks like from outside is the same, a download.
//!
//! Refuses to look at any: who finds a cause says it in these words.

use serde::Serialize;

/// Why a cache spares no download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheState {
    /// It is used and holds nothing yet, or nothing of it is kept until the next run.
    Cold,
    /// The tool is told not to keep or not to use it.
    Disabled,
    /// It is there and meant to be used, and the tool cannot.
    Broken,
    /// It is whole, and the tool looks elsewhere.
    Bypassed,
}

impl CacheState {
    /// The word as it stands in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            CacheState::Cold => "cold",
            CacheState::Disabled => "disabled",
            CacheState::Broken => "broken",
            CacheState::Bypassed => "bypassed",
        }
    }
}

/// What a wheelhouse is bypassed by, wherever it is seen.
pub const WHEELHOUSE_BESIDE_INDEX: &str =
    "a wheelhouse is named, and an index beside it: of the same version pip takes the index's";

/// The directory that a place of pip's `--find-links` is, if it is none of the network.
pub fn directory_of_links(place: &str) -> Option<&str> {
    match place.strip_prefix("file:") {
        Some(path) => Some(path.strip_prefix("//localhost").or_else(|| path.strip_prefix("//")).unwrap_or(path)),
        None => (!place.contains("://")).then_some(place),
    }
}

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

/// What pip's cache is bypassed by where no host is trusted.
pub const PLAIN_INDEX: &str = "the index is asked over plain HTTP, of which pip keeps nothing";

/// Whether pip keeps nothing of what this index sends: it has no TLS, and none of `trusted` (`--trusted-host`, each with
/// a port or without) is its host.
pub fn is_plain_index<'a>(url: &str, trusted: impl IntoIterator<Item = &'a str>) -> bool {
    let is_plain = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
    let host = super::host_of(url).filter(|_| is_plain);
    host.is_some_and(|host| !trusted.into_iter().any(|one| one == host || one.split(':').next() == Some(&*host)))
}

/// The directory that a place of pip's `--find-links` is, if it is none of the network.
pub fn directory_of_links(place: &str) -> Option<&str> {
    match place.strip_prefix("file:") {
        Some(path) => Some(path.strip_prefix("//localhost").or_else(|| path.strip_prefix("//")).unwrap_or(path)),
        None => (!place.contains("://")).then_some(place),
    }
}

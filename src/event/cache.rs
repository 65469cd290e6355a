//! How a cache can be of no use, told apart: what each looks like from outside is the same, a download.

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

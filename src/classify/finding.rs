//! What a classifier says, and where the caller can look for more.

use crate::event::{Artifact, Attempt, Origin, Sha256};

/// Which of a tool's texts bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Standard output and error through one pipe.
    Both,
    /// The tool's own log file.
    Log,
}

/// How a tool ended, as far as the caller knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit status.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Nobody saw it end.
    Unknown,
}

/// Where the bytes of an artifact may be found on disk, raw as the tool wrote it; for the caller to look, since a
/// classifier sees no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clues {
    /// The URL as the tool uses it, without its fragment, unredacted: the key of pip's HTTP cache.
    pub url: Option<Vec<u8>>,
    /// Of an index page: the URL that its own links give as their page's, as `url`. It is where the page came from, after
    /// redirections.
    pub answered: Option<Vec<u8>>,
    /// Of an index page: when the tool asked for it, and when it had it.
    pub read: Option<(LocalTime, LocalTime)>,
    /// Where the tool said that it saved or found the file; relative to the tool's working directory.
    pub path: Option<Vec<u8>>,
    /// Where the file lies only while the tool runs.
    pub temporary: Option<Vec<u8>>,
    /// The digest that the index promised.
    pub promised: Option<Sha256>,
    /// The origin waits for the digest.
    pub doubt: Option<Doubt>,
}

/// A time by the tool's own clock, wherever in the world that is: milliseconds since 1970 began there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalTime(pub i64);

/// The tool refused a file for its digest without naming it, and this may be the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The digests of what was refused.
    pub refused: Vec<Sha256>,
    /// Why a file with one of them is `failed`.
    pub reason: String,
    /// The origin of a file with any other digest.
    pub otherwise: Origin,
}

/// One thing that a classifier found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// The tool told its version.
    Version(String),
    /// An artifact, as far as is known now: a later finding with the same number replaces this one. Text in it is as
    /// the tool wrote it, not yet redacted; `invocation`, `step` and `at` are left to the caller.
    Artifact {
        /// Its number, from 0 in the order of first mention.
        number: u64,
        /// The artifact.
        record: Box<Artifact>,
        /// Where to look for its bytes.
        clues: Box<Clues>,
    },
    /// Tries to reach the network.
    Attempt(Box<Attempt>),
    /// The tool said that it installed this distribution: name and version as printed.
    Installed {
        /// The distribution.
        name: String,
        /// Its version.
        version: String,
    },
    /// The tool asked for this, and nothing offered it.
    Missing {
        /// In the tool's own words: `six==1.99`.
        requirement: String,
    },
    /// Something that the text cannot tell.
    BlindSpot(String),
}

//! What the text of a run amounts to, for the classifier to join with what other channels say.

use super::item::Subject;
use crate::event::{Evidence, Origin, Sha256};

/// A file that apt printed lines about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) subject: Subject,
    /// The same as printed.
    pub(crate) description: String,
    pub(crate) origin: Origin,
    pub(crate) reason: Option<String>,
    /// In bytes, where it was printed exactly.
    pub(crate) size: Option<u64>,
    /// Of what was received, where apt complained about it.
    pub(crate) sha256: Option<Sha256>,
    /// The full URL, where an error tells it.
    pub(crate) url: Option<String>,
    /// How many lines of it were printed.
    pub(crate) lines: u64,
    /// Whether it was seen to fail before any answer.
    pub(crate) unanswered: bool,
    /// Which stream the lines were on.
    pub(crate) evidence: Evidence,
}

/// A package that apt used, or planned to use and had ready, without a line about a fetch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Taken {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) arch: Option<String>,
    pub(crate) filename: Option<String>,
    /// Whether apt's figures prove that it lay in the archives; else why they do not.
    pub(crate) spared: Result<(), &'static str>,
}

//! One thing that was looked at, and what is to be said of it.

use serde::Serialize;

use crate::cli::Tone;
use crate::event::CacheState;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Note,
    Warning,
    Error,
    Cache(CacheState),
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    /// What it is about.
    pub(super) about: &'static str,
    /// The word of the verdict.
    #[serde(serialize_with = "word")]
    pub(super) verdict: Verdict,
    /// What was found.
    pub(super) text: String,
    /// What it was seen by.
    pub(super) evidence: Option<String>,
    /// What to do.
    pub(super) remedy: Option<String>,
}

fn word<S: serde::Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.word().1)
}

impl Verdict {
    pub(super) fn word(self) -> (Tone, &'static str) {
        match self {
            Verdict::Ok => (Tone::Good, "ok"),
            Verdict::Note => (Tone::Hint, "note"),
            Verdict::Warning => (Tone::Doubtful, "warning"),
            Verdict::Error => (Tone::Bad, "error"),
            Verdict::Cache(state) if state == CacheState::Broken => (Tone::Bad, state.as_str()),
            Verdict::Cache(state) => (Tone::Doubtful, state.as_str()),
        }
    }

    pub(super) fn of(self, about: &'static str, text: impl Into<String>) -> Check {
        Check { about, verdict: self, text: text.into(), evidence: None, remedy: None }
    }
}

impl Check {
    pub(super) fn seen_by(mut self, evidence: impl Into<String>) -> Check {
        self.evidence = Some(evidence.into());
        self
    }

    pub(super) fn hint(mut self, remedy: impl Into<String>) -> Check {
        self.remedy = Some(remedy.into());
        self
    }

    /// Whether it makes the status a finding: what is only cold, and what merely is not recorded, is in order.
    pub(super) fn is_to_be_mended(&self) -> bool {
        match self.verdict {
            Verdict::Error => true,
            Verdict::Cache(_) => self.remedy.is_some(),
            Verdict::Ok | Verdict::Note | Verdict::Warning => false,
        }
    }
}

//! The lines of a session's journal, the truth of which every other file is a fold.
//!
//! One JSON object a line, its kind under `event`. A line that a reader does not know is [`Event::Unknown`] and is
//! passed over; a later artifact line with the same `invocation` and `number` replaces the earlier one.

use serde::{Deserialize, Serialize};

use super::{Artifact, BuildInfo, Invocation, InvocationId, Moment, SessionId};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A session was opened. Always the first line of its journal.
    SessionStarted {
        /// When.
        at: Moment,
        /// The version of the journal's format.
        schema: u32,
        /// The session's name.
        session: SessionId,
        /// Where it runs.
        build_info: BuildInfo,
    },
    /// A tool was started, or found to have started.
    InvocationStarted {
        /// When it was recorded.
        at: Moment,
        /// What is known of it at its start; the rest comes with [`Event::InvocationFinished`].
        record: Box<Invocation>,
    },
    /// What a tool obtained, as far as is known now.
    Artifact {
        /// When it was recorded.
        at: Moment,
        /// The invocation that obtained it.
        invocation: InvocationId,
        /// Its number within the invocation, from 0: a later line with the same number replaces this one.
        number: u64,
        /// The artifact.
        record: Box<Artifact>,
    },
    /// One or more tries to reach the network.
    Attempt {
        /// When it was recorded.
        at: Moment,
        /// The tries.
        record: Box<Attempt>,
    },
    /// Recording is not what it should be.
    Degraded {
        /// When.
        at: Moment,
        /// Whose recording; `None` for the whole session.
        invocation: Option<InvocationId>,
        /// Why.
        reason: String,
    },
    /// Something could not be seen.
    BlindSpot {
        /// When.
        at: Moment,
        /// Whose; `None` for the whole session.
        invocation: Option<InvocationId>,
        /// What.
        reason: String,
    },
    /// A tool has ended: its invocation as it is now known, whole.
    InvocationFinished {
        /// When it was recorded.
        at: Moment,
        /// The invocation.
        record: Box<Invocation>,
    },
    /// A line of a newer writer.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// When the event was recorded; `None` for a line of a newer writer.
    pub fn at(&self) -> Option<Moment> {
        match self {
            Event::SessionStarted { at, .. }
            | Event::InvocationStarted { at, .. }
            | Event::Artifact { at, .. }
            | Event::Attempt { at, .. }
            | Event::Degraded { at, .. }
            | Event::BlindSpot { at, .. }
            | Event::InvocationFinished { at, .. } => Some(*at),
            Event::Unknown => None,
        }
    }
}

/// What a try to reach the network looked like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptKind {
    /// The tool said that it fetches.
    Fetch,
    /// The tool said that it tries again after a failure.
    Retry,
    /// The tool said that a fetch failed without an answer.
    Unanswered,
    /// A word of a newer writer.
    #[serde(other)]
    Other,
}

/// Tries of one invocation to reach one host for one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The invocation.
    pub invocation: Option<InvocationId>,
    /// The tool that tried.
    pub tool: String,
    /// What it looked like.
    pub kind: AttemptKind,
    /// The host, where it is known.
    pub host: Option<String>,
    /// What was wanted: a URL, a path of an index, a file name; redacted.
    pub wanted: Option<String>,
    /// How many tries.
    pub count: u64,
    /// Why it failed, as the tool put it, redacted.
    pub reason: Option<String>,
}

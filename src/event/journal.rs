//! The lines of a session's journal, the truth of which every other file is a fold.
//!
//! One JSON object a line, its kind under `event`. A line that a reader does not know is [`Event::Unknown`] and is
//! passed over; a later artifact line with the same `invocation` and `number` replaces the earlier one.

use serde::{Deserialize, Serialize};

use super::{Artifact, BuildInfo, Invocation, InvocationId, Missing, Moment, SessionId, Step, Watched};

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
    /// A tool asked for something that nothing offered.
    Missing {
        /// When it was recorded.
        at: Moment,
        /// What.
        record: Box<Missing>,
    },
    /// A witness of the network says what it saw.
    Watched {
        /// When it was recorded.
        at: Moment,
        /// What, but for the attempts.
        record: Box<Watched>,
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
            | Event::Missing { at, .. }
            | Event::Watched { at, .. }
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
    /// The witness saw the call.
    Witnessed,
    /// A word of a newer writer.
    #[serde(other)]
    Other,
}

/// Tries of one invocation to reach one host for one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The invocation.
    pub invocation: Option<InvocationId>,
    /// The tool that tried; of a witnessed one that no tool made, the name of the program.
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
    /// How the host is known where a witness saw the try: `dns-query`, `dns-correlated`.
    #[serde(default)]
    pub host_source: Option<String>,
    /// The address as `ip:port`, where a witness saw it.
    #[serde(default)]
    pub addr: Option<String>,
    /// `tcp`, `udp`, `raw`, where a witness saw it.
    #[serde(default)]
    pub proto: Option<String>,
    /// The time from the first try to the last, in seconds, where a witness saw them.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// The user, where a witness saw it.
    #[serde(default)]
    pub uid: Option<u32>,
    /// The arguments of the process that tried, of its parent, and so on, where a witness saw them; redacted.
    #[serde(default)]
    pub chain: Vec<String>,
    /// The step of the image build, if any.
    #[serde(default)]
    pub step: Option<Step>,
}

impl Attempt {
    /// What the builder of an image does by itself is told as a tool of this name.
    pub const BUILDER: &'static str = "docker";

    /// Whether the builder of an image told of it: nobody watches that.
    pub fn is_of_builder(&self) -> bool {
        self.kind == AttemptKind::Fetch && self.tool == Self::BUILDER
    }

    /// One try of which nothing but the tool and the kind is known.
    pub fn new(tool: impl Into<String>, kind: AttemptKind) -> Self {
        Attempt {
            invocation: None,
            tool: tool.into(),
            kind,
            host: None,
            wanted: None,
            count: 1,
            reason: None,
            host_source: None,
            addr: None,
            proto: None,
            seconds: None,
            uid: None,
            chain: Vec::new(),
            step: None,
        }
    }
}

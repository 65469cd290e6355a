//! The certificate as a document: `certificate_<stamp>.json`, described by `docs/schema/certificate.schema.json`.

use serde::{Deserialize, Serialize};

use crate::event::{Command, InvocationId, SessionId, Step};

/// The version of the document's format.
pub const SCHEMA: u32 = 1;

/// What the evidence comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// The command succeeded with the network cut, all of it was watched, and nobody tried to reach out.
    Pass,
    /// It needs the network, or did not succeed without.
    Fail,
    /// The evidence does not suffice.
    Unknown,
}

impl Verdict {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
            Verdict::Unknown => "UNKNOWN",
        }
    }
}

/// The certificate. Every field is always present.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// The format's version, [`SCHEMA`].
    pub schema: u32,
    /// The session that it was made from.
    pub session_id: SessionId,
    /// The verdict.
    pub verdict: Verdict,
    /// What was run, and how it ended.
    pub command: Command,
    /// What kept it from the network: `kernel-netns`, `advisory`, `none`.
    pub boundary: String,
    /// Why the verdict is what it is; for PASS, what it rests on.
    pub reasons: Vec<String>,
    /// Every try to reach the network.
    pub attempts: Vec<Reach>,
    /// What was wanted and not there.
    pub missing: Vec<Missing>,
    /// What was taken on without a wheelhouse or an archive vouching for its bytes.
    pub unmatched: Vec<Unmatched>,
    /// What could not be seen.
    pub blind_spots: Vec<String>,
}

/// Tries to reach one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// The tool, or the name of the program where no tool was behind it.
    pub tool: String,
    /// The host; `null` where no name was heard.
    pub host: Option<String>,
    /// How it is known: `dns-query`, `dns-correlated`, `tool` (the tool's own words).
    pub host_source: Option<String>,
    /// `ip:port`.
    pub addr: Option<String>,
    /// `tcp`, `udp`, `raw`, or another family.
    pub proto: Option<String>,
    /// How many tries.
    pub count: u64,
    /// From the first to the last, in seconds.
    pub seconds: Option<f64>,
    /// The user.
    pub uid: Option<u32>,
    /// The process, its parent, and so on.
    pub chain: Vec<String>,
    /// The invocation of a tool that it belongs to.
    pub invocation: Option<InvocationId>,
    /// The step of an image build.
    pub step: Option<Step>,
    /// What was wanted.
    pub wanted: Option<String>,
    /// Whether it was accepted beforehand.
    pub known: bool,
}

/// Something that was wanted and not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The distribution, package or file.
    pub name: String,
    /// What was asked for.
    pub requirement: String,
    /// The command that would have it there next time.
    pub remedy: String,
}

/// A package file whose bytes no wheelhouse and no archive vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmatched {
    /// The file.
    pub filename: String,
    /// Its digest, if known.
    pub sha256: Option<String>,
    /// Where it came from.
    pub origin: String,
    /// Why nothing vouches for it.
    pub reason: String,
}

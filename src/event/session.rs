//! The session document: what a build took on, folded from its journal.
//!
//! Every field is always present, `null` where unknown, with one type, so that thousands of documents load into one
//! table. Readers tolerate fields and words that they do not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Artifact, Attempt, Moment, Step};

/// The version of the document's format.
pub const SCHEMA: u32 = 1;

/// Names a session and its files: `YYYYMMDD_HHMMSS`, the time it was opened, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

/// Names one run of a tool, unique over processes, containers and machines that share a session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvocationId(pub String);

/// The document `downloads_<stamp>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The format's version, [`SCHEMA`].
    pub schema: u32,
    /// The session's name.
    pub session_id: SessionId,
    /// When its first event happened.
    pub started_at: Option<Moment>,
    /// When its last event happened.
    pub finished_at: Option<Moment>,
    /// The time between the two, in seconds.
    pub duration_seconds: Option<f64>,
    /// Where it ran and with what.
    pub build_info: BuildInfo,
    /// The runs of the tools.
    pub invocations: Vec<Invocation>,
    /// Every artifact, cached or not.
    pub downloads: Downloads,
    /// The cached ones again.
    pub cached: Vec<Artifact>,
    /// The network as it was observed.
    pub network: Network,
    /// The figures.
    pub summary: Summary,
}

/// Where a session ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildInfo {
    /// The version of wheeltap that recorded.
    pub wheeltap_version: String,
    /// Operating system and architecture, as Docker writes them: `linux/amd64`.
    pub platform: String,
    /// The machine's name.
    pub hostname: Option<String>,
    /// The build arguments that were visible as environment variables and are known to matter, redacted.
    pub build_args: BTreeMap<String, String>,
}

/// One run of a tool under a shim, or one found through the session's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// Its name.
    pub id: InvocationId,
    /// The tool: `pip`, `apt-get`.
    pub tool: String,
    /// The tool's version, where it told it.
    pub tool_version: Option<String>,
    /// The real tool that ran.
    pub tool_path: Option<String>,
    /// Its arguments, redacted.
    pub argv: Vec<String>,
    /// Its working directory.
    pub cwd: Option<String>,
    /// When it started.
    pub started_at: Option<Moment>,
    /// How long it ran, in seconds; `null` while it runs, or when its end was not seen.
    pub duration_seconds: Option<f64>,
    /// Its exit status.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub exit_signal: Option<i32>,
    /// `wheelhouse`, `pypi`, `mixed`, `apt`; `null` where nothing was obtained.
    pub install_method: Option<String>,
    /// How it was seen: `shim`, `log`, `text`.
    pub via: String,
    /// Why recording was not what it should be.
    pub degraded: Vec<String>,
    /// What could not be seen.
    pub blind_spots: Vec<String>,
    /// The step of the image build, if any.
    pub step: Option<Step>,
}

/// Every artifact of a session by ecosystem and kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Downloads {
    /// Wheels.
    pub wheels: Vec<Artifact>,
    /// Source distributions and trees.
    pub sdists: Vec<Artifact>,
    /// Debian packages and source package files.
    pub apt: Vec<Artifact>,
    /// Index pages, index files, metadata and the rest.
    pub other: Vec<Artifact>,
}

impl Downloads {
    /// All artifacts, in the document's order.
    pub fn all(&self) -> impl Iterator<Item = &Artifact> {
        self.wheels.iter().chain(&self.sdists).chain(&self.apt).chain(&self.other)
    }
}

/// The network as it was observed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Tries to reach the network.
    pub attempts: Vec<Attempt>,
    /// Connections with their bytes, where the kernel was asked.
    pub connections: Vec<serde_json::Value>,
    /// The kernel's counters, where they were read.
    pub counters: BTreeMap<String, serde_json::Value>,
    /// What is known of the completeness of the above.
    pub completeness: BTreeMap<String, serde_json::Value>,
}

/// The figures of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// All artifacts of whatever kind.
    pub total_artifacts: u64,
    /// Package files that were downloaded.
    pub total_downloads: u64,
    /// Package files that a cache or a local file spared.
    pub total_cached: u64,
    /// Package files whose origin is unknown.
    pub total_unknown: u64,
    /// Package files that were tried and not obtained.
    pub total_failed: u64,
    /// Bytes of downloaded artifacts of any kind whose exact size is known.
    pub bytes_downloaded: u64,
    /// Bytes of cached artifacts of any kind whose exact size is known.
    pub bytes_cached: u64,
    /// Cached package files over cached and downloaded ones, 0 to 1; `null` when there are none.
    pub cache_hit_rate: Option<f64>,
    /// Visible tries to reach the network.
    pub network_attempts: u64,
    /// Downloads of a package file that this session had downloaded already.
    pub duplicate_downloads: u64,
    /// As in [`Invocation::install_method`], over all invocations.
    pub install_method: Option<String>,
    /// Whether nothing is unknown, degraded or unseen.
    pub complete: bool,
}

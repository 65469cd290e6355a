//! The session document: what a build took on, folded from its journal.
//!
//! Every field is always present, `null` where unknown, with one type, so that thousands of documents load into one
//! table. Readers tolerate fields and words that they do not know.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::{Artifact, Kind, Moment, Network, Step, Summary};

/// The version of the document's format.
pub const SCHEMA: u32 = 1;

/// Names a session and its files: `YYYYMMDD_HHMMSS`, the time it was opened, in UTC.
///
/// Nothing else can be held, so that an identifier from the environment or from a file never leads out of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SessionId(String);

impl SessionId {
    /// The name of a session that is opened at `moment`.
    pub fn at(moment: Moment) -> Self {
        SessionId(moment.stamp())
    }

    /// Reads a stamp; `None` for anything that is not exactly fifteen characters of a date and time.
    pub fn parse(stamp: &str) -> Option<Self> {
        let in_range = |from: usize, range: std::ops::RangeInclusive<u32>| {
            let digits = stamp.get(from..from + 2)?;
            range.contains(&digits.parse().ok()?).then_some(())
        };
        let shaped = stamp.len() == 15
            && stamp
                .bytes()
                .enumerate()
                .all(|(place, byte)| if place == 8 { byte == b'_' } else { byte.is_ascii_digit() });
        if !shaped {
            return None;
        }
        in_range(4, 1..=12).and(in_range(6, 1..=31))?;
        in_range(9, 0..=23).and(in_range(11, 0..=59)).and(in_range(13, 0..=60))?;
        Some(SessionId(stamp.to_owned()))
    }

    /// The stamp.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SessionId {
    type Error = String;

    fn try_from(stamp: String) -> Result<Self, String> {
        SessionId::parse(&stamp).ok_or_else(|| format!("`{}` is not a stamp YYYYMMDD_HHMMSS", super::printable(&stamp)))
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one run of a tool, unique over processes, containers and machines that share a session.
/// Shared, since each of the artifacts of a run has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvocationId(pub Arc<str>);

/// The document `downloads_<stamp>.json`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Session {
    /// The format's version, [`SCHEMA`].
    pub schema: u32,
    /// The session's name.
    pub session_id: SessionId,
    /// When it was opened.
    pub started_at: Option<Moment>,
    /// When its last event happened.
    pub finished_at: Option<Moment>,
    /// The time between the two, in seconds.
    pub duration_seconds: Option<f64>,
    /// Where it ran and with what.
    #[serde(default)]
    pub build_info: BuildInfo,
    /// The runs of the tools, in the order in which they started.
    #[serde(default)]
    pub invocations: Vec<Invocation>,
    /// Every artifact, cached or not.
    #[serde(default)]
    pub downloads: Downloads,
    /// The network as it was observed.
    #[serde(default)]
    pub network: Network,
    /// Why the recording of the session as a whole was not what it should be.
    #[serde(default)]
    pub degraded: Vec<String>,
    /// What could not be seen of the session as a whole.
    #[serde(default)]
    pub blind_spots: Vec<String>,
    /// The figures.
    pub summary: Summary,
}

impl Session {
    /// The artifacts that a cache or a local file spared; `cached` in the document.
    pub fn cached(&self) -> impl Iterator<Item = &Artifact> {
        self.downloads.all().filter(|artifact| artifact.cached() == Some(true))
    }
}

/// Written by hand for `cached`, which is derived on writing and ignored on reading.
impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Cached<'a>(&'a Session);

        impl Serialize for Cached<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.cached())
            }
        }

        let mut document = serializer.serialize_struct("Session", 13)?;
        document.serialize_field("schema", &self.schema)?;
        document.serialize_field("session_id", &self.session_id)?;
        document.serialize_field("started_at", &self.started_at)?;
        document.serialize_field("finished_at", &self.finished_at)?;
        document.serialize_field("duration_seconds", &self.duration_seconds)?;
        document.serialize_field("build_info", &self.build_info)?;
        document.serialize_field("invocations", &self.invocations)?;
        document.serialize_field("downloads", &self.downloads)?;
        document.serialize_field("cached", &Cached(self))?;
        document.serialize_field("network", &self.network)?;
        document.serialize_field("degraded", &self.degraded)?;
        document.serialize_field("blind_spots", &self.blind_spots)?;
        document.serialize_field("summary", &self.summary)?;
        document.end()
    }
}

/// Where a session ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    #[serde(default)]
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
    /// `wheelhouse`, `pypi`, `mixed`, `apt`; `null` where nothing was obtained. Where a writer leaves it, the fold
    /// fills it from the artifacts: see [`super::install_method`].
    pub install_method: Option<String>,
    /// How it was seen: `shim`, `log`, `text`; `layer-cache` where it did not run and an earlier build recorded it.
    #[serde(default)]
    pub via: String,
    /// Why recording was not what it should be.
    #[serde(default)]
    pub degraded: Vec<String>,
    /// What could not be seen.
    #[serde(default)]
    pub blind_spots: Vec<String>,
    /// The step of the image build, if any.
    pub step: Option<Step>,
}

impl Invocation {
    /// Whether it did not run, but stands for what the layer cache of an image build replayed.
    pub fn is_replayed(&self) -> bool {
        self.via == "layer-cache"
    }

    /// A run of which nothing but its name and tool is known.
    pub fn new(id: InvocationId, tool: impl Into<String>, via: impl Into<String>) -> Self {
        Invocation {
            id,
            tool: tool.into(),
            tool_version: None,
            tool_path: None,
            argv: Vec::new(),
            cwd: None,
            started_at: None,
            duration_seconds: None,
            exit_code: None,
            exit_signal: None,
            install_method: None,
            via: via.into(),
            degraded: Vec::new(),
            blind_spots: Vec::new(),
            step: None,
        }
    }

    /// Whether its end was seen.
    pub fn has_ended(&self) -> bool {
        self.exit_code.is_some() || self.exit_signal.is_some() || self.duration_seconds.is_some()
    }
}

/// Every artifact of a session by ecosystem and kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::vec_box, reason = "an artifact is large, and is put here without being moved")]
pub struct Downloads {
    /// Wheels.
    pub wheels: Vec<Box<Artifact>>,
    /// Source distributions and trees.
    pub sdists: Vec<Box<Artifact>>,
    /// Debian packages and source package files.
    pub apt: Vec<Box<Artifact>>,
    /// Index pages, index files, metadata and the rest.
    pub other: Vec<Box<Artifact>>,
}

impl Downloads {
    /// Puts an artifact where it belongs.
    pub fn push(&mut self, artifact: impl Into<Box<Artifact>>) {
        let artifact = artifact.into();
        let list = match artifact.kind {
            Kind::Wheel => &mut self.wheels,
            Kind::Sdist => &mut self.sdists,
            Kind::Deb | Kind::Source => &mut self.apt,
            Kind::Index | Kind::Metadata | Kind::Other => &mut self.other,
        };
        list.push(artifact);
    }

    /// All artifacts, in the document's order.
    pub fn all(&self) -> impl Iterator<Item = &Artifact> {
        [&self.wheels, &self.sdists, &self.apt, &self.other].into_iter().flatten().map(Box::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::SessionId;

    #[test]
    fn a_session_is_named_by_a_stamp_and_nothing_else() {
        assert_eq!(SessionId::parse("20261120_153600").unwrap().as_str(), "20261120_153600");
        for not_a_stamp in [
            "",
            "20261120-153600",
            "2026112_1536000",
            "../../etc/passwd",
            "20261320_153600",
            "20261120_240000",
            "20261120_15360\0",
            "20261120_153600/",
            "２０２６１",
            "20261120_1536é",
        ] {
            assert_eq!(SessionId::parse(not_a_stamp), None, "{not_a_stamp}");
            assert!(serde_json::from_value::<SessionId>(not_a_stamp.into()).is_err());
        }
    }
}

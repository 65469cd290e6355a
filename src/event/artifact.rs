//! One file that a tool obtained, and where it came from.
//!
//! Refuses to guess: an origin without evidence is [`Origin::Unknown`], and `cached` is derived, never set.

use std::borrow::Cow;

use bytestring::ByteString;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use super::bytes::Text;
use super::{InvocationId, Moment};

/// Which package world an artifact belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Python distributions, from PyPI or any index, directory or URL that pip takes them from.
    Pypi,
    /// Debian packages and the indexes that list them.
    Deb,
    /// A word of a newer writer.
    #[serde(other)]
    Other,
}

/// What kind of file an artifact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A wheel (PEP 427).
    Wheel,
    /// A source distribution, or a source tree from version control.
    Sdist,
    /// A binary Debian package.
    Deb,
    /// A page of a package index, or an index file of an apt repository.
    Index,
    /// A `.metadata` file beside a wheel (PEP 658).
    Metadata,
    /// A file of a Debian source package (`.dsc`, `.tar.*`, `.diff.gz`).
    Source,
    /// Anything else, and what a newer writer called by a name unknown here.
    #[serde(other)]
    Other,
}

impl Kind {
    /// The word as it stands in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Wheel => "wheel",
            Kind::Sdist => "sdist",
            Kind::Deb => "deb",
            Kind::Index => "index",
            Kind::Metadata => "metadata",
            Kind::Source => "source",
            Kind::Other => "other",
        }
    }

    /// Whether the summary counts this kind among downloads and cached: package files, not indexes or metadata.
    pub fn is_package(self) -> bool {
        matches!(self, Kind::Wheel | Kind::Sdist | Kind::Deb | Kind::Source)
    }
}

/// Where an artifact came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Its bytes came over the network during this invocation.
    Downloaded,
    /// pip's cache of HTTP responses, revalidated or not.
    HttpCache,
    /// pip's cache of wheels that it built itself earlier.
    WheelCache,
    /// A `--find-links` directory.
    Wheelhouse,
    /// It already lay where it was to go.
    Destination,
    /// apt's `archives` directory.
    ArchiveCache,
    /// An apt index that was current.
    ListCache,
    /// A path that the user named, or a `file:`/`copy:` repository.
    Local,
    /// Fetched by a version control system.
    Vcs,
    /// Made during this invocation.
    Built,
    /// Recorded by an earlier build and replayed by the image's layer cache.
    LayerCache,
    /// It was tried and not obtained, or what was received is not what was expected.
    Failed,
    /// The evidence does not decide, or a newer writer used a word unknown here.
    #[serde(other)]
    Unknown,
}

impl Origin {
    /// The word as it stands in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Downloaded => "downloaded",
            Origin::HttpCache => "http-cache",
            Origin::WheelCache => "wheel-cache",
            Origin::Wheelhouse => "wheelhouse",
            Origin::Destination => "destination",
            Origin::ArchiveCache => "archive-cache",
            Origin::ListCache => "list-cache",
            Origin::Local => "local",
            Origin::Vcs => "vcs",
            Origin::Built => "built",
            Origin::LayerCache => "layer-cache",
            Origin::Failed => "failed",
            Origin::Unknown => "unknown",
        }
    }

    /// `Some(true)` for every origin that spared a download, `Some(false)` for a download, `None` where the question
    /// has no answer (`built`, `failed`, `unknown`). A fetch by version control crosses the network: not cached.
    pub fn cached(self) -> Option<bool> {
        match self {
            Origin::Downloaded | Origin::Vcs => Some(false),
            Origin::Built | Origin::Failed | Origin::Unknown => None,
            Origin::HttpCache
            | Origin::WheelCache
            | Origin::Wheelhouse
            | Origin::Destination
            | Origin::ArchiveCache
            | Origin::ListCache
            | Origin::Local
            | Origin::LayerCache => Some(true),
        }
    }
}

/// A channel that helped to decide an origin; a word of the lists below, or one that a newer writer used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Evidence(Cow<'static, str>);

impl Evidence {
    /// pip's own log file.
    pub const LOG: Evidence = Evidence::word("log");
    /// The tool's standard output, as text.
    pub const STDOUT: Evidence = Evidence::word("stdout");
    /// The tool's standard error, as text.
    pub const STDERR: Evidence = Evidence::word("stderr");
    /// The finished file where the tool put it.
    pub const DESTINATION_FILE: Evidence = Evidence::word("destination-file");
    /// The body in pip's HTTP cache.
    pub const HTTP_CACHE_FILE: Evidence = Evidence::word("http-cache-file");
    /// pip's HTTP cache, which was used and had room, has nothing of the file although it was downloaded: its index does
    /// not let it be kept, or is asked without TLS.
    pub const NO_HTTP_CACHE_FILE: Evidence = Evidence::word("no-http-cache-file");
    /// pip was told to keep no cache: by an option, a variable or its configuration.
    pub const CACHE_DISABLED: Evidence = Evidence::word("cache-disabled");
    /// The file in pip's cache of built wheels.
    pub const WHEEL_CACHE_FILE: Evidence = Evidence::word("wheel-cache-file");
    /// The tool's own temporary file, held open while it existed.
    pub const TEMPORARY_FILE: Evidence = Evidence::word("temporary-file");
    /// The messages between apt and its acquire methods.
    pub const ACQUIRE_METHOD: Evidence = Evidence::word("acquire-method");
    /// apt's list of the packages about to be unpacked (`DPkg::Pre-Install-Pkgs`).
    pub const PRE_INSTALL_HOOK: Evidence = Evidence::word("pre-install-hook");
    /// What apt said that it would fetch if it had nothing (`--print-uris`).
    pub const PRINT_URIS: Evidence = Evidence::word("print-uris");
    /// A listing of a directory before and after.
    pub const LISTING: Evidence = Evidence::word("listing");
    /// Recorded text was classified after the fact; nothing was observed live.
    pub const TEXT: Evidence = Evidence::word("text");

    const WORDS: [Evidence; 14] = [
        Evidence::LOG,
        Evidence::STDOUT,
        Evidence::STDERR,
        Evidence::DESTINATION_FILE,
        Evidence::HTTP_CACHE_FILE,
        Evidence::NO_HTTP_CACHE_FILE,
        Evidence::CACHE_DISABLED,
        Evidence::WHEEL_CACHE_FILE,
        Evidence::TEMPORARY_FILE,
        Evidence::ACQUIRE_METHOD,
        Evidence::PRE_INSTALL_HOOK,
        Evidence::PRINT_URIS,
        Evidence::LISTING,
        Evidence::TEXT,
    ];

    const fn word(word: &'static str) -> Self {
        Evidence(Cow::Borrowed(word))
    }

    /// The word as it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(word) = Text::deserialize(deserializer)?;
        let known = Evidence::WORDS.into_iter().find(|known| known.0 == word);
        Ok(known.unwrap_or_else(|| Evidence(Cow::Owned(word.into_owned()))))
    }
}

/// What an artifact was obtained for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To be installed, saved or unpacked as asked.
    #[default]
    Runtime,
    /// To build something else (PEP 518 build isolation).
    Build,
    /// Obtained while the resolver looked for a solution, then not used.
    ResolverDiscarded,
    /// A word of a newer writer.
    #[serde(other)]
    Other,
}

impl Purpose {
    /// The word as it stands in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Runtime => "runtime",
            Purpose::Build => "build",
            Purpose::ResolverDiscarded => "resolver-discarded",
            Purpose::Other => "other",
        }
    }
}

/// A SHA-256 digest, 64 lower-case hexadecimal digits in the document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Parses 64 hexadecimal digits of either case; `None` for anything else.
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        let mut digest = [0; 32];
        if hex.len() != 64 {
            return None;
        }
        for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
            let digit = |c: u8| match c {
                b'0'..=b'9' => Some(c - b'0'),
                b'a'..=b'f' => Some(c - b'a' + 10),
                b'A'..=b'F' => Some(c - b'A' + 10),
                _ => None,
            };
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Sha256(digest))
    }

    /// Calls `with` with the 64 digits. Formatting each byte by itself takes longer than all else of a record.
    fn with_hex<T>(&self, with: impl FnOnce(&str) -> T) -> T {
        let mut hex = [0; 64];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' - 10 + half };
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        with(std::str::from_utf8(&hex).expect("hexadecimal digits are ASCII"))
    }
}

impl std::fmt::Display for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.with_hex(|hex| f.write_str(hex))
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_hex(|hex| serializer.serialize_str(hex))
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(hex) = Text::deserialize(deserializer)?;
        Sha256::from_hex(hex.as_bytes()).ok_or_else(|| serde::de::Error::custom("not 64 hexadecimal digits"))
    }
}

/// One step of an image build, as its builder names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The builder's own name of the step: `#9` (BuildKit) or `3` (legacy).
    pub id: String,
    /// The stage, where the log names one.
    pub stage: Option<String>,
    /// The number of the step in its stage, from 1, as printed.
    pub index: Option<u32>,
    /// How many steps the stage has, as printed.
    pub total: Option<u32>,
    /// The instruction as printed.
    pub instruction: Option<String>,
    /// The line of the Dockerfile on which it begins, from 1; `None` where the Dockerfile is not known.
    #[serde(default)]
    pub line: Option<u32>,
}

/// One file that a tool obtained. All text is redacted before it comes here; what was read from a journal shares the memory
/// that it was read to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Artifact {
    /// The package world.
    pub ecosystem: Ecosystem,
    /// What kind of file.
    pub kind: Kind,
    /// The distribution or package name, as its file name spells it; `None` where not even that is known.
    pub name: Option<ByteString>,
    /// The version, as its file name spells it.
    pub version: Option<ByteString>,
    /// The architecture: a Debian architecture, or the platform tag of a wheel.
    pub arch: Option<ByteString>,
    /// The file's own name.
    pub filename: Option<ByteString>,
    /// The URL or path that it came from, redacted.
    pub source: Option<ByteString>,
    /// The index page or repository that listed it, redacted.
    pub index: Option<ByteString>,
    /// The path where it lies when the tool has ended.
    pub destination: Option<ByteString>,
    /// Its exact size in bytes; never a rounded figure from text.
    pub size_bytes: Option<u64>,
    /// The digest of the bytes that are there.
    pub sha256: Option<Sha256>,
    /// Where it came from.
    pub origin: Origin,
    /// Which channels decided the origin.
    #[serde(default)]
    pub evidence: SmallVec<[Evidence; 3]>,
    /// What it was obtained for.
    #[serde(default)]
    pub purpose: Purpose,
    /// Why it failed or is unknown.
    pub reason: Option<ByteString>,
    /// The invocation that obtained it.
    pub invocation: Option<InvocationId>,
    /// The step of the image build, if any.
    pub step: Option<Step>,
    /// When it was classified.
    pub at: Option<Moment>,
}

impl Artifact {
    /// An artifact of which nothing but its world and kind is known.
    pub fn new(ecosystem: Ecosystem, kind: Kind) -> Self {
        Artifact {
            ecosystem,
            kind,
            name: None,
            version: None,
            arch: None,
            filename: None,
            source: None,
            index: None,
            destination: None,
            size_bytes: None,
            sha256: None,
            origin: Origin::Unknown,
            evidence: SmallVec::new(),
            purpose: Purpose::Runtime,
            reason: None,
            invocation: None,
            step: None,
            at: None,
        }
    }

    /// What to call it in a line for people: its file name, else its name, else where it came from.
    pub fn label(&self) -> &str {
        [&self.filename, &self.name, &self.source].into_iter().flatten().next().map_or("(unnamed)", |text| text)
    }

    /// See [`Origin::cached`].
    pub fn cached(&self) -> Option<bool> {
        self.origin.cached()
    }

    /// Adds a channel of evidence unless it is there already.
    pub fn add_evidence(&mut self, evidence: Evidence) {
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }
}

/// Written by hand for `cached`, which is derived on writing and ignored on reading, and for the order of the fields.
impl Serialize for Artifact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("Artifact", 19)?;
        record.serialize_field("ecosystem", &self.ecosystem)?;
        record.serialize_field("kind", &self.kind)?;
        record.serialize_field("name", &self.name)?;
        record.serialize_field("version", &self.version)?;
        record.serialize_field("arch", &self.arch)?;
        record.serialize_field("filename", &self.filename)?;
        record.serialize_field("source", &self.source)?;
        record.serialize_field("index", &self.index)?;
        record.serialize_field("destination", &self.destination)?;
        record.serialize_field("size_bytes", &self.size_bytes)?;
        record.serialize_field("sha256", &self.sha256)?;
        record.serialize_field("cached", &self.cached())?;
        record.serialize_field("origin", &self.origin)?;
        record.serialize_field("evidence", &self.evidence)?;
        record.serialize_field("purpose", &self.purpose)?;
        record.serialize_field("reason", &self.reason)?;
        record.serialize_field("invocation", &self.invocation)?;
        record.serialize_field("step", &self.step)?;
        record.serialize_field("at", &self.at)?;
        record.end()
    }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Kind, Origin, Purpose, Sha256};

    #[test]
    fn words_for_people_are_the_words_of_the_document() {
        let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        for kind in ["wheel", "sdist", "deb", "index", "metadata", "source", "other"] {
            assert_eq!(serde_json::from_value::<Kind>(kind.into()).unwrap().as_str(), kind);
        }
        for origin in [
            Origin::Downloaded,
            Origin::HttpCache,
            Origin::WheelCache,
            Origin::Wheelhouse,
            Origin::Destination,
            Origin::ArchiveCache,
            Origin::ListCache,
            Origin::Local,
            Origin::Vcs,
            Origin::Built,
            Origin::LayerCache,
            Origin::Failed,
            Origin::Unknown,
        ] {
            assert_eq!(word(serde_json::to_value(origin).unwrap()), origin.as_str());
        }
        for purpose in [Purpose::Runtime, Purpose::Build, Purpose::ResolverDiscarded, Purpose::Other] {
            assert_eq!(word(serde_json::to_value(purpose).unwrap()), purpose.as_str());
        }
        assert_eq!(serde_json::from_str::<Origin>("\"teleported\"").unwrap(), Origin::Unknown);
    }

    #[test]
    fn digests_are_64_digits() {
        let hex = "00ff0123456789abcdef00112233445566778899aabbccddeeff102132435465";
        let digest = Sha256::from_hex(hex.to_uppercase().as_bytes()).unwrap();
        assert_eq!(digest.to_string(), hex);
        assert_eq!(serde_json::from_value::<Sha256>(serde_json::to_value(digest).unwrap()).unwrap(), digest);
        assert_eq!(Sha256::from_hex(&hex.as_bytes()[1..]), None);
        assert_eq!(Sha256::from_hex(hex.replace('f', "g").as_bytes()), None);
        assert!(serde_json::from_str::<Sha256>("\"\\u0030\"").is_err());
    }

    #[test]
    fn channels_of_a_newer_writer_are_kept() {
        let read = |word: &str| serde_json::from_value::<Evidence>(word.into()).unwrap();
        assert!(Evidence::WORDS.iter().all(|word| read(word.as_str()) == *word));
        assert_eq!(read("seventh-sense").as_str(), "seventh-sense");
    }
}

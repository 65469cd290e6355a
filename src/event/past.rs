//! A session as later ones look back at it: which package files it had, and where they lay.
//!
//! Refuses to copy: texts stand where they were read, so that ten thousand documents are looked through in the time that
//! it takes to read them.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::bytes::Text;
use super::{Artifact, Ecosystem, Kind, Origin, Session, Sha256};

/// What of a session document later sessions ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past<'a> {
    /// The machine's name.
    pub hostname: Option<Cow<'a, str>>,
    /// Its artifacts, in the document's order.
    pub files: Vec<Obtained<'a>>,
}

/// What of an [`Artifact`] later sessions ask for; the same fields.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "they are those of an artifact")]
pub struct Obtained<'a> {
    pub ecosystem: Ecosystem,
    pub kind: Kind,
    pub name: Option<Cow<'a, str>>,
    pub version: Option<Cow<'a, str>>,
    pub arch: Option<Cow<'a, str>>,
    pub filename: Option<Cow<'a, str>>,
    pub source: Option<Cow<'a, str>>,
    pub destination: Option<Cow<'a, str>>,
    pub sha256: Option<Sha256>,
    pub origin: Origin,
    pub step: Option<Instruction<'a>>,
}

/// The step of an image build, by its instruction.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Instruction<'a> {
    /// As printed.
    #[serde(borrow, default, deserialize_with = "text", rename = "instruction")]
    pub text: Option<Cow<'a, str>>,
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(Option::<Text<'de>>::deserialize(deserializer)?.map(|Text(text)| text))
}

/// Written by hand, since what serde would write takes thirty kilobytes of the binary.
impl<'de: 'a, 'a> Deserialize<'de> for Obtained<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnArtifact)
    }
}

struct AnArtifact;

impl<'de> Visitor<'de> for AnArtifact {
    type Value = Obtained<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an artifact")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Obtained<'de>, A::Error> {
        let mut found = Obtained {
            ecosystem: Ecosystem::Other,
            kind: Kind::Other,
            name: None,
            version: None,
            arch: None,
            filename: None,
            source: None,
            destination: None,
            sha256: None,
            origin: Origin::Unknown,
            step: None,
        };
        while let Some(Text(field)) = map.next_key()? {
            let place = match &*field {
                "name" => &mut found.name,
                "version" => &mut found.version,
                "arch" => &mut found.arch,
                "filename" => &mut found.filename,
                "source" => &mut found.source,
                "destination" => &mut found.destination,
                other => {
                    match other {
                        "ecosystem" => found.ecosystem = map.next_value()?,
                        "kind" => found.kind = map.next_value()?,
                        "sha256" => found.sha256 = map.next_value()?,
                        "origin" => found.origin = map.next_value()?,
                        "step" => found.step = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                    continue;
                }
            };
            *place = map.next_value::<Option<Text<'de>>>()?.map(|Text(text)| text);
        }
        Ok(found)
    }
}

impl<'a> From<&'a Artifact> for Obtained<'a> {
    fn from(artifact: &'a Artifact) -> Self {
        fn text<T: Deref<Target = str>>(text: &Option<T>) -> Option<Cow<'_, str>> {
            text.as_deref().map(Cow::Borrowed)
        }
        Obtained {
            ecosystem: artifact.ecosystem,
            kind: artifact.kind,
            name: text(&artifact.name),
            version: text(&artifact.version),
            arch: text(&artifact.arch),
            filename: text(&artifact.filename),
            source: text(&artifact.source),
            destination: text(&artifact.destination),
            sha256: artifact.sha256,
            origin: artifact.origin,
            step: artifact.step.as_ref().map(|step| Instruction { text: text(&step.instruction) }),
        }
    }
}

impl<'a> From<&'a Session> for Past<'a> {
    fn from(session: &'a Session) -> Self {
        let hostname = session.build_info.hostname.as_deref().map(Cow::Borrowed);
        Past { hostname, files: session.downloads.all().map(Obtained::from).collect() }
    }
}

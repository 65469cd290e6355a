//! The past of a session: of each earlier document the part that later sessions ask for.
//!
//! Refuses to read on behind it: what follows repeats the cached artifacts, and tells of the network.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{Error, Source, read_document};
use crate::event::{BuildInfo, Obtained, Past, SCHEMA};

impl Source {
    /// Reads what later sessions ask for and hands it to `with`; `buffer` holds the document meanwhile, and may be used
    /// again. The journal is read in its place where it was written to later than the document, which is then older.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn past<T>(&self, buffer: &mut Vec<u8>, with: impl FnOnce(&Past<'_>) -> T) -> Result<T, Error> {
        if let Source::Stamp(directory, id) = self
            && let files = directory.files(id)
            && !is_older(&files.document, &files.journal)
        {
            read_into(buffer, &files.document)?;
            if let Some(past) = of_document(buffer) {
                return Ok(with(&past));
            }
            // Of a newer schema, or no document at all: which is told by who reads it whole.
            return read_document(&files.document).map(|session| with(&Past::from(&session)));
        }
        self.read().map(|loaded| with(&Past::from(&loaded.session)))
    }
}

/// Whether there is a journal that was written to after the document, or no document.
fn is_older(document: &Path, journal: &Path) -> bool {
    let written = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    written(document).is_none_or(|document| written(journal).is_some_and(|journal| journal > document))
}

fn read_into(buffer: &mut Vec<u8>, path: &Path) -> Result<(), Error> {
    buffer.clear();
    File::open(path).and_then(|mut file| file.read_to_end(buffer)).map_err(Error::io("open", path))?;
    Ok(())
}

/// What a document says of its files; `None` if it does not, or is of a newer schema.
fn of_document(bytes: &[u8]) -> Option<Past<'_>> {
    let mut found = Found::default();
    // Reading ends as soon as all is found, within the document, which is an error to who reads documents.
    let end = FoundIn(&mut found).deserialize(&mut serde_json::Deserializer::from_slice(bytes));
    let is_known = found.schema.is_some_and(|schema| schema <= SCHEMA.into());
    if !is_known || end.is_err() && !found.is_all() {
        return None;
    }
    let hostname = found.build_info.and_then(|info| info.hostname).map(Cow::Owned);
    Some(Past { hostname, files: found.files.unwrap_or_default() })
}

#[derive(Default)]
struct Found<'a> {
    schema: Option<u64>,
    build_info: Option<BuildInfo>,
    files: Option<Vec<Obtained<'a>>>,
}

impl Found<'_> {
    fn is_all(&self) -> bool {
        self.schema.is_some() && self.build_info.is_some() && self.files.is_some()
    }
}

struct FoundIn<'f, 'a>(&'f mut Found<'a>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for FoundIn<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for FoundIn<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a session document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while !self.0.is_all()
            && let Some(name) = map.next_key::<Cow<'_, str>>()?
        {
            match &*name {
                "schema" => self.0.schema = Some(map.next_value()?),
                "build_info" => self.0.build_info = Some(map.next_value()?),
                "downloads" => self.0.files = Some(map.next_value::<Lists<'_>>()?.0),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// All lists of a document, one after the other.
struct Lists<'a>(Vec<Obtained<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Lists<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Lists(Vec::new()))
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Lists<'a> {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("lists of artifacts")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((_, mut list)) = map.next_entry::<IgnoredAny, Vec<Obtained<'a>>>()? {
            self.0.append(&mut list);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::event::{
        Artifact, BuildInfo, Ecosystem, Event, InvocationId, Kind, Moment, Origin, Session, Sha256, Step, json,
    };
    use crate::ledger::{Directory, Journal};

    fn wheel(name: &str) -> Artifact {
        Artifact {
            name: Some(name.into()),
            filename: Some(format!("{name}-1.0-py3-none-any.whl").into()),
            destination: Some("/srv/wheelhouse".into()),
            sha256: Some(Sha256([7; 32])),
            origin: Origin::HttpCache,
            ..Artifact::new(Ecosystem::Pypi, Kind::Wheel)
        }
    }

    fn session() -> Session {
        let text = r#"{"schema": 1, "session_id": "20261120_153600", "started_at": null, "finished_at": null,
            "duration_seconds": null, "build_info": {"hostname": "a \"machine\""}, "summary": {}}"#;
        let mut session: Session = serde_json::from_str(text).unwrap();
        let step = Step {
            id: "3".to_owned(),
            stage: None,
            index: None,
            total: None,
            instruction: Some("RUN pip \\\n  \u{1b}[1m".to_owned()),
            line: None,
        };
        session.downloads.push(Artifact { step: Some(step), ..wheel("a \"b\"\u{2028}") });
        session.downloads.push(Artifact { sha256: None, ..wheel("c") });
        session.downloads.push(Artifact { arch: Some("amd64".into()), ..Artifact::new(Ecosystem::Deb, Kind::Deb) });
        session
    }

    fn document(session: &Session) -> Vec<u8> {
        let mut bytes = Vec::new();
        json::document(&mut bytes, session).unwrap();
        bytes
    }

    #[test]
    fn the_past_of_a_document_is_that_of_its_session() {
        let session = session();
        let past = Past::from(&session);
        let text = String::from_utf8(document(&session)).unwrap();
        assert_eq!(of_document(text.as_bytes()).as_ref(), Some(&past));
        // What follows is not looked at, and other writers have other orders.
        let (before, behind) = text.split_at(text.find("\n  \"cached\"").unwrap());
        assert_eq!(of_document(before.as_bytes()).as_ref(), Some(&past));
        let late =
            text.replacen("\"schema\": 1,", "", 1).trim_end().trim_end_matches('}').to_owned() + ", \"schema\": 1}";
        assert_eq!(of_document(late.as_bytes()), Some(past));
        for other in [
            text.replacen("\"schema\": 1", "\"schema\": 2", 1),
            before[..before.len() - 40].to_owned(),
            behind.to_owned(),
        ] {
            assert_ne!(other, text);
            assert_eq!(of_document(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_journal_that_is_newer_than_its_document_is_read() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::new(place.path());
        let at = Moment::EPOCH;
        let mut journal = Journal::open(&directory, at, &BuildInfo::default()).unwrap();
        let (files, source) = (journal.files(), Source::Stamp(directory, journal.id().clone()));
        let names = || {
            let names =
                |past: &Past<'_>| past.files.iter().map(|file| file.name.clone().unwrap().into_owned()).collect();
            source.past(&mut vec![b'x'; 7], names).unwrap_or_else(|error| vec![error.to_string()])
        };
        let invocation = InvocationId("1".into());
        let event =
            |number| Event::Artifact { at, invocation: invocation.clone(), number, record: Box::new(wheel("new")) };
        journal.append(&[event(1)]).unwrap();
        assert_eq!(names(), ["new"]);
        let mut session = session();
        session.downloads.apt.clear();
        session.downloads.wheels.truncate(1);
        session.downloads.wheels[0].name = Some("old".into());
        std::fs::write(&files.document, document(&session)).unwrap();
        let now = SystemTime::now();
        let age = |path: &Path, seconds| {
            let time = now - Duration::from_secs(seconds);
            File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
        };
        for (journal, document, name) in [(10, 20, "new"), (20, 10, "old"), (10, 10, "old")] {
            age(&files.journal, journal);
            age(&files.document, document);
            assert_eq!(names(), [name]);
        }
        std::fs::remove_file(&files.journal).unwrap();
        assert_eq!(names(), ["old"]);
        std::fs::write(&files.document, "{}").unwrap();
        assert!(names()[0].contains("schema"), "{:?}", names());
    }
}

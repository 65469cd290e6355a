//! The two ends of a session document: who it is and what it comes to, without the lists between them.
//!
//! Refuses to guess: only what must be the document's own beginning and its own last member is taken, and every other
//! document is read whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use memchr::memmem;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{Error, read_document};
use crate::event::{Moment, SCHEMA, Session, SessionId, Summary};

/// How much is read of either end. The members before the lists and the summary after them take a third of it.
const END: usize = 4 << 10;

/// The heads of a session: what a row of a history needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glimpse {
    /// Its name.
    pub id: Option<SessionId>,
    /// When it was opened.
    pub started_at: Option<Moment>,
    /// How long it lasted.
    pub duration_seconds: Option<f64>,
    /// Its figures.
    pub summary: Summary,
}

impl Glimpse {
    pub(super) fn of(session: Session) -> Self {
        Glimpse {
            id: Some(session.session_id),
            started_at: session.started_at,
            duration_seconds: session.duration_seconds,
            summary: session.summary,
        }
    }

    /// Of the document at `path`; `None` if there is no file.
    pub(super) fn of_document(path: &Path) -> Result<Option<Self>, Error> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("open", path)(error)),
        };
        match ends(&file).map_err(Error::io("read", path))? {
            Some(glimpse) => Ok(Some(glimpse)),
            // Of another layout, of a newer schema, or no document at all: which, and where, is told by who reads it whole.
            None => read_document(path).map(Glimpse::of).map(Some),
        }
    }
}

/// What the ends of a file say; `None` if they do not say it all.
fn ends(file: &File) -> io::Result<Option<Glimpse>> {
    let length = file.metadata()?.len();
    let mut buffer = [0; END];
    let (head, tail) =
        (beginning(read(file, 0, &mut buffer)?), read(file, length.saturating_sub(END as u64), &mut buffer)?);
    let (Some(summary), true) = (last_members(tail), head.schema.is_some_and(|schema| schema <= SCHEMA.into())) else {
        return Ok(None);
    };
    let (Some(id), Some(started_at), Some(duration_seconds)) =
        (head.session_id, head.started_at, head.duration_seconds)
    else {
        return Ok(None);
    };
    Ok(Some(Glimpse { id: Some(id), started_at, duration_seconds, summary }))
}

fn read<'a>(file: &File, offset: u64, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(&buffer[..filled])
}

/// The members before the lists, each as far as it was there.
#[derive(Default)]
struct Head {
    schema: Option<u64>,
    session_id: Option<SessionId>,
    started_at: Option<Option<Moment>>,
    duration_seconds: Option<Option<f64>>,
}

fn beginning(bytes: &[u8]) -> Head {
    let mut head = Head::default();
    // The bytes end within the document, which is an error: what was read until then is what is wanted.
    let _ = HeadOf(&mut head).deserialize(&mut serde_json::Deserializer::from_slice(bytes));
    head
}

struct HeadOf<'h>(&'h mut Head);

impl<'de> DeserializeSeed<'de> for HeadOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeadOf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a session document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "schema" => self.0.schema = Some(map.next_value()?),
                "session_id" => self.0.session_id = Some(map.next_value()?),
                "started_at" => self.0.started_at = Some(map.next_value()?),
                "duration_seconds" => {
                    self.0.duration_seconds = Some(map.next_value()?);
                    break;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// The summary, if it is among the last members of the document that ends so.
///
/// The name with both its quotes bare is the end of a text, or all of it: all, where a comma stands before it. If what
/// follows is members and the brace that closes the document, they are the document's own, since any other object that
/// held them would have to be closed as well.
fn last_members(tail: &[u8]) -> Option<Summary> {
    #[derive(Deserialize)]
    struct Last {
        summary: Summary,
    }

    let at = memmem::rfind(tail, b"\"summary\":")?;
    if tail[..at].trim_ascii_end().last() != Some(&b',') {
        return None;
    }
    let object = [b"{", &tail[at..]].concat();
    serde_json::from_slice(&object).ok().map(|Last { summary }| summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glimpse(document: &str) -> Option<Glimpse> {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, document.as_bytes()).unwrap();
        ends(&file).unwrap()
    }

    /// A document with so many bytes of lists, ended by `last`.
    fn document(lists: usize, last: &str) -> String {
        format!(
            "{{\"schema\": 1, \"session_id\": \"20261120_153600\", \"started_at\": null, \"finished_at\": {{}},\n  \"duration_seconds\": 2.5,\n\
             \"downloads\": {{\"wheels\": [\"{}\"]}},\n  {last}",
            "x".repeat(lists)
        )
    }

    #[test]
    fn both_ends_of_a_document_are_enough() {
        for lists in [0, END - 200, END, 10 * END] {
            let found = glimpse(&document(lists, "\"summary\": {\"total_downloads\": 7}}\n")).unwrap();
            assert_eq!((found.summary.total_downloads, found.duration_seconds, found.started_at), (7, Some(2.5), None));
            assert_eq!(found.id, SessionId::parse("20261120_153600"));
        }
        // What a later writer adds behind it does no harm.
        assert!(glimpse(&document(END, "\"summary\": {}, \"more\": 1}")).is_some());
    }

    #[test]
    fn what_is_not_surely_the_summary_is_not_taken() {
        for last in [
            "\"summary\": {\"total_downloads\": 7}",
            "\"summary\": {\"total_downloads\": 7}}}",
            "\"list\": [{\"x\": 1, \"summary\": {\"total_downloads\": 7}}]}",
            "\"text\": \"a,\\\"summary\": {\"total_downloads\": 7}}",
            "\"a,\\\"summary\": {\"total_downloads\": 7}}",
            "\"summary\": {\"total_downloads\": \"7\"}}",
            "\"figures\": {}}",
        ] {
            assert_eq!(glimpse(&document(10, last)), None, "{last}");
        }
        let whole = document(10, "\"summary\": {}}");
        assert!(glimpse(&whole).is_some());
        for (name, other) in [
            ("\"schema\": 1", "\"schema\": 2"),
            ("20261120_153600", "../x"),
            ("2.5", "\"2\""),
            ("{\"schema", "[{\"schema"),
        ] {
            assert_eq!(glimpse(&whole.replacen(name, other, 1)), None, "{other}");
        }
    }
}

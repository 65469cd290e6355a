//! An artifact's line of the journal, read as this project writes it: each field at its place.
//!
//! Nearly all lines of a large journal are of artifacts, and a parser that is ready for any order takes three times as
//! long. Refuses to understand any other notation: what it returns nothing for, serde_json is to read.

use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;

use super::plain::{equals, string_end};
use super::{Artifact, Ecosystem, Event, Evidence, InvocationId, Kind, Moment, Origin, Purpose, Sha256, Step};

/// The event of an artifact's line; `None` where it is written in another way than [`super::json::line`] does, or with a
/// text in it that needs an escape.
pub fn artifact_of_line(line: &[u8]) -> Option<Event> {
    let mut line = Line(std::str::from_utf8(line).ok()?);
    line.pass(r#"{"event":"artifact""#)?;
    let at = line.value(r#","at":"#)?;
    let invocation = line.value(r#","invocation":"#)?;
    let number = line.value(r#","number":"#)?;
    // Evaluated in this order, which is that of the fields as they are written.
    let record = Box::new(Artifact {
        ecosystem: line.value(r#","record":{"ecosystem":"#)?,
        kind: line.value(r#","kind":"#)?,
        name: line.value(r#","name":"#)?,
        version: line.value(r#","version":"#)?,
        arch: line.value(r#","arch":"#)?,
        filename: line.value(r#","filename":"#)?,
        source: line.value(r#","source":"#)?,
        index: line.value(r#","index":"#)?,
        destination: line.value(r#","destination":"#)?,
        size_bytes: line.value(r#","size_bytes":"#)?,
        sha256: line.value(r#","sha256":"#)?,
        origin: {
            // Derived from the origin.
            let _cached: Option<bool> = line.value(r#","cached":"#)?;
            line.value(r#","origin":"#)?
        },
        evidence: line.value(r#","evidence":"#)?,
        purpose: line.value(r#","purpose":"#)?,
        reason: line.value(r#","reason":"#)?,
        invocation: line.value(r#","invocation":"#)?,
        step: line.value(r#","step":"#)?,
        at: line.value(r#","at":"#)?,
    });
    line.pass("}}")?;
    line.0.is_empty().then_some(Event::Artifact { at, invocation, number, record })
}

/// What is still to be read of a line.
struct Line<'a>(&'a str);

impl<'a> Line<'a> {
    fn pass(&mut self, expected: &str) -> Option<()> {
        let (before, rest) = self.0.split_at_checked(expected.len())?;
        if !equals(before.as_bytes(), expected.as_bytes()) {
            return None;
        }
        self.0 = rest;
        Some(())
    }

    fn value<T: Value>(&mut self, before: &str) -> Option<T> {
        self.pass(before)?;
        T::read(self)
    }

    /// A text without escapes.
    fn text(&mut self) -> Option<&'a str> {
        self.pass("\"")?;
        let (text, rest) = self.0.split_at(string_end(self.0.as_bytes())?);
        self.0 = &rest[1..];
        Some(text)
    }
}

/// What stands for a field.
trait Value: Sized {
    fn read(line: &mut Line<'_>) -> Option<Self>;
}

impl<T: Value> Value for Option<T> {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        if line.0.starts_with('n') { line.pass("null").map(|()| None) } else { T::read(line).map(Some) }
    }
}

impl<T: Value> Value for Vec<T> {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let mut list = Vec::new();
        line.pass("[")?;
        while line.pass("]").is_none() {
            if list.is_empty() {
                // Few have more.
                list.reserve_exact(2);
            } else {
                line.pass(",")?;
            }
            list.push(T::read(line)?);
        }
        Some(list)
    }
}

impl Value for bool {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let value = line.0.starts_with('t');
        line.pass(if value { "true" } else { "false" })?;
        Some(value)
    }
}

impl Value for u64 {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let digits = line.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = line.0.split_at(digits);
        line.0 = rest;
        // JSON knows no leading zeros.
        if number.starts_with('0') && digits > 1 { None } else { number.parse().ok() }
    }
}

/// Its fields in any order.
impl Value for Step {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let mut values = serde_json::Deserializer::from_str(line.0).into_iter();
        let step = values.next()?.ok()?;
        line.0 = &line.0[values.byte_offset()..];
        Some(step)
    }
}

/// What is made of a text, as it is made of one that a parser has found.
macro_rules! texts {
    ($($kind:ty),+) => {$(
        impl Value for $kind {
            fn read(line: &mut Line<'_>) -> Option<Self> {
                Self::deserialize(BorrowedStrDeserializer::<serde_json::Error>::new(line.text()?)).ok()
            }
        }
    )+};
}

texts!(String, InvocationId, Moment, Sha256, Ecosystem, Kind, Origin, Purpose, Evidence);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::artifact_of_line;
    use crate::event::{Artifact, Ecosystem, Event, Evidence, InvocationId, Kind, Moment, Origin, Sha256, Step, json};

    fn line(record: Artifact) -> (Event, Vec<u8>) {
        let invocation = InvocationId("00c0ffee00c0ffee".to_owned());
        let at = Moment::from_microseconds(1_795_188_960_123_456);
        let event = Event::Artifact { at, invocation, number: 7, record: Box::new(record) };
        let mut line = Vec::new();
        json::line(&mut line, &event).unwrap();
        (event, line)
    }

    fn full() -> Artifact {
        let text = |text: &str| Some(text.to_owned());
        Artifact {
            name: text("six"),
            version: text("1.16.0"),
            arch: text("any"),
            filename: text("six-1.16.0-py2.py3-none-any.whl"),
            source: text("https://files.example/żółw/six-1.16.0-py2.py3-none-any.whl"),
            index: text("https://index.example/simple/six/"),
            destination: text(""),
            size_bytes: Some(u64::MAX),
            sha256: Some(Sha256([0xa5; 32])),
            origin: Origin::HttpCache,
            evidence: vec![Evidence::LOG, Evidence::HTTP_CACHE_FILE],
            reason: text("a, b: [c]{d}"),
            invocation: Some(InvocationId("0badcafe0badcafe".to_owned())),
            step: Some(Step {
                id: "#9".to_owned(),
                stage: text("base"),
                index: Some(2),
                total: None,
                instruction: text("RUN [\"pip\", \"install\"]"),
                line: Some(3),
            }),
            at: Some(Moment::EPOCH),
            ..Artifact::new(Ecosystem::Pypi, Kind::Wheel)
        }
    }

    #[test]
    fn reads_what_is_written() {
        for artifact in [full(), Artifact::new(Ecosystem::Deb, Kind::Deb)] {
            let (event, line) = line(artifact);
            assert_eq!(artifact_of_line(&line), Some(event));
        }
    }

    #[test]
    fn leaves_escapes_to_a_parser() {
        let (event, line) = line(Artifact { name: Some("\u{1b}[31m".to_owned()), ..full() });
        assert_eq!(artifact_of_line(&line), None);
        assert_eq!(serde_json::from_slice::<Event>(&line).unwrap(), event);
    }

    proptest! {
        #[test]
        fn never_reads_what_a_parser_reads_otherwise(
            place in 0_usize..1000,
            removed in 0_usize..4,
            inserted in "([0-9,:\"\\[\\]{}\\\\a\u{1}-]|null|true){0,3}",
        ) {
            let (_, mut line) = line(full());
            let place = place.min(line.len());
            let end = (place + removed).min(line.len());
            line.splice(place..end, inserted.into_bytes());
            if let Some(event) = artifact_of_line(&line) {
                prop_assert_eq!(serde_json::from_slice::<Event>(&line).ok(), Some(event));
            }
        }
    }
}

//! An artifact's line of the journal, read as this project writes it: each field at its place.
//!
//! Nearly all lines of a large journal are of artifacts, and a parser that is ready for any order takes three times as
//! long. For the same reason the texts of an artifact stay where its line was read to. Refuses to understand any other
//! notation: what it returns nothing for, serde_json is to read.

use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;
use serde::de::value::BorrowedStrDeserializer;
use smallvec::SmallVec;

use super::plain::{equals, string_end};
use super::{Artifact, Ecosystem, Event, Evidence, InvocationId, Kind, Moment, Origin, Purpose, Sha256, Step};

/// The event of an artifact's line; `None` where it is written in another way than [`super::json::line`] does, or with a
/// text in it that needs an escape. `last` is the invocation of the line before, whose next artifact it mostly is.
pub fn artifact_of_line(line: &Bytes, last: &mut Option<InvocationId>) -> Option<Event> {
    let whole = ByteString::try_from(line.clone()).ok()?;
    let mut line = Line { rest: &whole, whole: &whole };
    line.pass(r#"{"event":"artifact""#)?;
    let at = line.value(r#","at":"#)?;
    line.pass(r#","invocation":"#)?;
    let invocation = line.text()?;
    let invocation = match last {
        Some(last) if *last.0 == *invocation => last.clone(),
        _ => last.insert(InvocationId(invocation.into())).clone(),
    };
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
    line.rest.is_empty().then_some(Event::Artifact { at, invocation, number, record })
}

/// What is still to be read of a line.
struct Line<'a> {
    rest: &'a str,
    whole: &'a ByteString,
}

impl<'a> Line<'a> {
    fn pass(&mut self, expected: &str) -> Option<()> {
        let (before, rest) = self.rest.split_at_checked(expected.len())?;
        if !equals(before.as_bytes(), expected.as_bytes()) {
            return None;
        }
        self.rest = rest;
        Some(())
    }

    fn value<T: Value>(&mut self, before: &str) -> Option<T> {
        self.pass(before)?;
        T::read(self)
    }

    /// A text without escapes.
    fn text(&mut self) -> Option<&'a str> {
        self.pass("\"")?;
        let (text, rest) = self.rest.split_at(string_end(self.rest.as_bytes())?);
        self.rest = &rest[1..];
        Some(text)
    }
}

/// What stands for a field.
trait Value: Sized {
    fn read(line: &mut Line<'_>) -> Option<Self>;
}

impl<T: Value> Value for Option<T> {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        if line.rest.starts_with('n') { line.pass("null").map(|()| None) } else { T::read(line).map(Some) }
    }
}

impl<T: Value> Value for SmallVec<[T; 3]> {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let mut list = SmallVec::new();
        line.pass("[")?;
        while line.pass("]").is_none() {
            if !list.is_empty() {
                line.pass(",")?;
            }
            list.push(T::read(line)?);
        }
        Some(list)
    }
}

impl Value for bool {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let value = line.rest.starts_with('t');
        line.pass(if value { "true" } else { "false" })?;
        Some(value)
    }
}

impl Value for u64 {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let digits = line.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = line.rest.split_at(digits);
        line.rest = rest;
        // JSON knows no leading zeros.
        if number.starts_with('0') && digits > 1 { None } else { number.parse().ok() }
    }
}

/// Its fields in any order.
impl Value for Step {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let mut values = serde_json::Deserializer::from_str(line.rest).into_iter();
        let step = values.next()?.ok()?;
        line.rest = &line.rest[values.byte_offset()..];
        Some(step)
    }
}

/// Shares the memory of the line.
impl Value for ByteString {
    fn read(line: &mut Line<'_>) -> Option<Self> {
        let text = line.text()?;
        Some(line.whole.slice_ref(text))
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

texts!(InvocationId, Moment, Sha256, Ecosystem, Kind, Origin, Purpose, Evidence);

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use smallvec::smallvec;

    use super::artifact_of_line;
    use crate::event::{Artifact, Ecosystem, Event, Evidence, InvocationId, Kind, Moment, Origin, Sha256, Step, json};

    fn line(record: Artifact) -> (Event, Bytes) {
        let invocation = InvocationId("00c0ffee00c0ffee".into());
        let at = Moment::from_microseconds(1_795_188_960_123_456);
        let event = Event::Artifact { at, invocation, number: 7, record: Box::new(record) };
        let mut line = Vec::new();
        json::line(&mut line, &event).unwrap();
        (event, line.into())
    }

    fn full() -> Artifact {
        let text = |text: &str| Some(text.into());
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
            evidence: smallvec![Evidence::LOG, Evidence::HTTP_CACHE_FILE],
            reason: text("a, b: [c]{d}"),
            invocation: Some(InvocationId("0badcafe0badcafe".into())),
            step: Some(Step {
                id: "#9".to_owned(),
                stage: Some("base".to_owned()),
                index: Some(2),
                total: None,
                instruction: Some("RUN [\"pip\", \"install\"]".to_owned()),
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
            assert_eq!(artifact_of_line(&line, &mut None), Some(event));
        }
    }

    #[test]
    fn leaves_escapes_to_a_parser() {
        let (event, line) = line(Artifact { name: Some("\u{1b}[31m".into()), ..full() });
        assert_eq!(artifact_of_line(&line, &mut None), None);
        assert_eq!(serde_json::from_slice::<Event>(&line).unwrap(), event);
    }

    proptest! {
        #[test]
        fn never_reads_what_a_parser_reads_otherwise(
            place in 0_usize..1000,
            removed in 0_usize..4,
            inserted in "([0-9,:\"\\[\\]{}\\\\a\u{1}-]|null|true){0,3}",
        ) {
            let mut line = line(full()).1.to_vec();
            let place = place.min(line.len());
            let end = (place + removed).min(line.len());
            line.splice(place..end, inserted.into_bytes());
            let line = line.into();
            if let Some(event) = artifact_of_line(&line, &mut None) {
                prop_assert_eq!(serde_json::from_slice::<Event>(&line).ok(), Some(event));
            }
        }
    }
}

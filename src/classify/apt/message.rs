//! The messages between apt and its acquire methods, and the log that keeps them.
//!
//! Format of the protocol: `README.progress-reporting` and `method.dbk` in apt's own documentation. A message is a line
//! `600 URI Acquire`, lines `Name: value`, and an empty line. The log has one line for each message: time in seconds
//! since the epoch, process, method, direction, and the message with `\n` for its line ends and `\\` for backslashes.

/// Where a line of the log comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The method was started.
    Started,
    /// The method has ended.
    Ended,
    /// apt to the method.
    ToMethod,
    /// The method to apt.
    FromMethod,
    /// An item of apt's configuration about the programs of its methods, `Dir::Bin::Methods::http=/path`.
    Configured,
}

impl Direction {
    const MARKS: [(Direction, &'static [u8]); 5] = [
        (Direction::Started, b"+"),
        (Direction::Ended, b"-"),
        (Direction::ToMethod, b">"),
        (Direction::FromMethod, b"<"),
        (Direction::Configured, b"="),
    ];
}

/// One line of the log, its end included: to be written with a single `write`. `microseconds` count from the epoch.
pub fn entry(microseconds: i64, process: u32, method: &[u8], direction: Direction, message: &[u8]) -> Vec<u8> {
    let mut line = format!("{}.{:06} {process} ", microseconds / 1_000_000, microseconds % 1_000_000).into_bytes();
    let mark = Direction::MARKS.iter().find(|(known, _)| *known == direction).map_or(&b"?"[..], |(_, mark)| mark);
    line.extend(method.iter().map(|byte| if byte.is_ascii_whitespace() { b'_' } else { *byte }));
    line.push(b' ');
    line.extend_from_slice(mark);
    line.push(b' ');
    for byte in message {
        match byte {
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\\' => line.extend_from_slice(b"\\\\"),
            byte => line.push(*byte),
        }
    }
    line.push(b'\n');
    line
}

/// A line of the log, taken apart.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) process: &'a [u8],
    pub(super) method: &'a [u8],
    pub(super) direction: Direction,
    /// Still escaped.
    pub(super) message: &'a [u8],
}

impl<'a> Entry<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let mut words = line.splitn(5, |byte| *byte == b' ');
        let _time = words.next()?;
        let (process, method, mark) = (words.next()?, words.next()?, words.next()?);
        let direction = Direction::MARKS.iter().find(|(_, known)| *known == mark)?.0;
        Some(Entry { process, method, direction, message: words.next().unwrap_or_default() })
    }
}

/// A message, taken apart.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) code: u16,
    text: Vec<u8>,
}

impl Message {
    /// From the log, where it is escaped.
    pub(super) fn parse(escaped: &[u8]) -> Option<Self> {
        let text = unescape(escaped);
        let code = text.get(..3).and_then(|code| std::str::from_utf8(code).ok())?.parse().ok()?;
        Some(Message { code, text })
    }

    /// The fields in their order: name and value.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.text.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        })
    }

    /// The value of a field, unless it is missing or empty.
    pub(super) fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields()
            .find(|(known, value)| known.eq_ignore_ascii_case(name.as_bytes()) && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// The value of a field as a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        std::str::from_utf8(self.field(name)?).ok()?.parse().ok()
    }

    /// Whether a field says `true`.
    pub(super) fn says(&self, name: &str) -> bool {
        self.field(name).is_some_and(|value| value.eq_ignore_ascii_case(b"true"))
    }
}

fn unescape(escaped: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..at]);
        match rest.get(at + 1) {
            Some(b'n') => text.push(b'\n'),
            Some(b'\\') => text.push(b'\\'),
            Some(other) => text.extend_from_slice(&[b'\\', *other]),
            None => text.push(b'\\'),
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::{Direction, Entry, Message, entry};

    #[test]
    fn a_message_survives_the_log() {
        let message = b"201 URI Done\nURI: http://repo.example/a\\nb\nSize: 7";
        let line = entry(1_795_191_419_099_343, 7, b"mirror+file", Direction::FromMethod, message);
        assert!(line.starts_with(b"1795191419.099343 7 mirror+file < 201 URI Done\\n"));
        let entry = Entry::parse(line.trim_ascii_end()).unwrap();
        assert_eq!((entry.process, entry.direction), (&b"7"[..], Direction::FromMethod));
        let message = Message::parse(entry.message).unwrap();
        assert_eq!((message.code, message.number("size")), (201, Some(7)));
        assert_eq!(message.field("URI"), Some(&b"http://repo.example/a\\nb"[..]));
    }
}

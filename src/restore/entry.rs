//! One line of pip's log: `2026-11-20T16:26:59,521   text`, two spaces an indentation, or nothing at all.

use std::borrow::Cow;

/// Bytes of the time and the space behind it (`IndentingFormatter`, `add_timestamp`).
const STAMP: usize = 24;

/// One line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The time as written, with the space behind it; empty for the bare empty line that an empty record leaves.
    pub(super) stamp: &'a [u8],
    /// Spaces before the text: those of pip's indentation and those of the text itself.
    pub(super) indent: usize,
    /// What follows.
    pub(super) text: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Reads a line of the log, without its newline. What has no time is all text.
    pub(super) fn parse(line: &'a [u8]) -> Entry<'a> {
        let (stamp, rest) = match line.split_at_checked(STAMP) {
            Some((stamp, rest)) if is_stamp(stamp) => (stamp, rest),
            _ => (&line[..0], line),
        };
        let indent = rest.iter().take_while(|byte| **byte == b' ').count();
        Entry { stamp, indent, text: &rest[indent..] }
    }

    /// The text behind `indent` columns of indentation, as it was logged; `None` if it begins before.
    pub(super) fn behind(&self, indent: usize) -> Option<Vec<u8>> {
        if self.stamp.is_empty() && self.text.is_empty() {
            return Some(Vec::new());
        }
        let own = self.indent.checked_sub(indent)?;
        Some([&b" ".repeat(own)[..], &self.joined(indent)].concat())
    }

    /// The text of a record that pip indented by `indent` columns.
    ///
    /// The log puts time and indentation after everything that Python's `str.splitlines` takes for the end of a line, a
    /// form feed for instance; the console does not.
    pub(super) fn joined(&self, indent: usize) -> Cow<'a, [u8]> {
        let inserted = [self.stamp, &b" ".repeat(indent)].concat();
        if self.stamp.is_empty() || memchr::memmem::find(self.text, &inserted).is_none() {
            return Cow::Borrowed(self.text);
        }
        let mut text = Vec::new();
        let mut copied = 0;
        for at in memchr::memmem::find_iter(self.text, &inserted).filter(|at| ends_line(&self.text[..*at])) {
            text.extend_from_slice(&self.text[copied..at]);
            copied = at + inserted.len();
        }
        text.extend_from_slice(&self.text[copied..]);
        Cow::Owned(text)
    }
}

/// A line of output, perhaps; kept as it came.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The whole line of the log.
    pub(super) line: Box<[u8]>,
}

impl Kept {
    pub(super) fn entry(&self) -> Entry<'_> {
        Entry::parse(&self.line)
    }
}

/// `YYYY-MM-DDTHH:MM:SS,mmm ` in whatever digits.
fn is_stamp(bytes: &[u8]) -> bool {
    const SHAPE: &[u8; STAMP] = b"0000-00-00T00:00:00,000 ";
    bytes.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte == shape,
    })
}

/// Whether `text` ends with what `str.splitlines` takes for the end of a line, a newline aside.
pub(super) fn ends_line(text: &[u8]) -> bool {
    const ENDS: [&[u8]; 9] =
        [b"\x0b", b"\x0c", b"\r", b"\x1c", b"\x1d", b"\x1e", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9"];
    ENDS.iter().any(|end| text.ends_with(end))
}

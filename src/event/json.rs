//! JSON as this project writes it: a journal's event on one line; a document with one artifact a line, so that it can be
//! read, compared and searched by line as well as by query.
//!
//! What a terminal would obey (DEL, C1 controls, turned writing) is escaped beyond what JSON asks for.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::printable;

/// Appends `value` to `line`, without a newline at its end.
///
/// # Errors
/// Where `value` cannot be written as JSON; the types of this crate can.
pub fn line<T: Serialize>(line: &mut Vec<u8>, value: &T) -> serde_json::Result<()> {
    write(line, value, Layout { depth: 0, compact: 1, filled: false })
}

/// Appends `value` to `document`: objects outside lists are spread over lines, and each entry of a list has its own.
///
/// # Errors
/// Where `document` cannot be written, or `value` not as JSON; the types of this crate can.
pub fn document<T: Serialize>(document: &mut impl Write, value: &T) -> io::Result<()> {
    write(document, value, Layout { depth: 0, compact: 0, filled: false })?;
    document.write_all(b"\n")
}

/// The same, in memory.
///
/// # Panics
/// Where `value` cannot be written as JSON; the types of this crate can.
pub fn text<T: Serialize>(value: &T) -> String {
    let mut text = Vec::new();
    document(&mut text, value).expect("every key is a text");
    String::from_utf8(text).expect("JSON of text is text")
}

/// All types have one way to be written: each is a thousand lines of machine code.
fn write<T: Serialize>(writer: &mut dyn Write, value: &T, layout: Layout) -> serde_json::Result<()> {
    let mut pieces = Pieces::before(writer);
    value.serialize(&mut Serializer::with_formatter(&mut pieces, layout))?;
    pieces.pass_on().map_err(serde_json::Error::io)
}

/// How much of a document is written at once. That of a large session is some ten megabytes: it is never in memory as a
/// whole.
const PIECE: usize = 256 << 10;

/// Up to this length, copying here is quicker than calling: musl copies a single byte by a string instruction, whose start
/// takes longer than all the rest, and most writes are of a quote, a comma or a name.
const SHORT: usize = 32;

/// Gathers the many short writes of a serializer.
struct Pieces<'a> {
    piece: Vec<u8>,
    /// What follows on that.
    recent: [u8; 4 * SHORT],
    filled: usize,
    writer: &'a mut dyn Write,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > SHORT {
            self.gather()?;
            self.piece.extend_from_slice(bytes);
            return Ok(());
        }
        if self.filled + bytes.len() > self.recent.len() {
            self.gather()?;
        }
        if let Some(place) = self.recent.get_mut(self.filled..self.filled + bytes.len()) {
            copy(place, bytes);
            self.filled += bytes.len();
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.writer.flush()
    }
}

impl<'a> Pieces<'a> {
    fn before(writer: &'a mut dyn Write) -> Self {
        Pieces { piece: Vec::new(), recent: [0; 4 * SHORT], filled: 0, writer }
    }

    /// Makes room for short writes.
    fn gather(&mut self) -> io::Result<()> {
        self.piece.extend_from_slice(&self.recent[..self.filled]);
        self.filled = 0;
        if self.piece.len() > PIECE { self.hand_over() } else { Ok(()) }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        self.gather()?;
        self.hand_over()
    }

    fn hand_over(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

/// Copies at most [`SHORT`] bytes to a place of their length: both ends, which may overlap.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    let _ = ends::<16>(to, from)
        || ends::<8>(to, from)
        || ends::<4>(to, from)
        || ends::<2>(to, from)
        || ends::<1>(to, from);
}

#[inline]
fn ends<const LENGTH: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<LENGTH>(), from.last_chunk::<LENGTH>()) else { return false };
    if let Some(to) = to.first_chunk_mut() {
        *to = *first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = *last;
    }
    true
}

/// Where lines break.
struct Layout {
    /// How many spread objects and lists are open.
    depth: usize,
    /// How many objects and lists are open within one line.
    compact: usize,
    /// Whether the object or list that is about to be closed has an entry.
    filled: bool,
}

impl Layout {
    fn break_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        const SPACES: &[u8; 32] = &[b' '; 32];
        if self.compact > 0 {
            return Ok(());
        }
        writer.write_all(b"\n")?;
        writer.write_all(&SPACES[..(2 * self.depth).min(SPACES.len())])
    }

    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        *(if self.compact > 0 { &mut self.compact } else { &mut self.depth }) += 1;
        self.filled = false;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        *(if self.compact > 0 { &mut self.compact } else { &mut self.depth }) -= 1;
        if self.filled {
            self.break_line(writer)?;
        }
        self.filled = true;
        writer.write_all(bracket)
    }

    fn separate<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.break_line(writer)
    }
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.separate(writer, first)?;
        self.compact += 1;
        Ok(())
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.compact -= 1;
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.compact > 0 { b":" } else { b": " })
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if is_plain(fragment.as_bytes()) || matches!(printable(fragment), Cow::Borrowed(_)) {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            let mut encoded = [0; 4];
            let encoded = character.encode_utf8(&mut encoded);
            match printable(encoded) {
                // All of them lie in the basic plane: one unit of UTF-16.
                Cow::Owned(_) => write!(writer, "\\u{:04x}", character as u32)?,
                Cow::Borrowed(_) => writer.write_all(encoded.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// Whether all bytes are of ASCII, and none is DEL. Eight at a time, since code that is built for size compares no more
/// at once by itself.
fn is_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = bytes.as_chunks::<8>();
    // One more than 0x7e sets the highest bit, as all bytes beyond ASCII do, and carries nothing over from one that has
    // it already: such a word is not plain anyhow.
    let exceeds = |word: u64| (word | word.wrapping_add(ONES)) & (0x80 * ONES);
    let words = words.iter().fold(0, |found, word| found | exceeds(u64::from_ne_bytes(*word)));
    words == 0 && rest.iter().all(|byte| *byte < 0x7f)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    fn document(value: &serde_json::Value) -> String {
        let mut text = Vec::new();
        super::document(&mut text, value).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn spreads_objects_and_keeps_the_entries_of_lists_on_a_line() {
        let value = json!({"a": 1, "b": {"list": [{"x": [1, {"y": {}}]}, 2], "none": [], "empty": {}}, "c": null});
        let text = document(&value);
        assert_eq!(
            text,
            "{\n  \"a\": 1,\n  \"b\": {\n    \"list\": [\n      {\"x\":[1,{\"y\":{}}]},\n      2\n    ],\n    \
             \"none\": [],\n    \"empty\": {}\n  },\n  \"c\": null\n}\n"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn what_is_written_in_pieces_is_whole() {
        use std::io::Write as _;
        let mut written = Vec::new();
        let mut pieces = super::Pieces::before(&mut written);
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
        let (mut rest, mut length) = (&bytes[..], 0);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(length));
            pieces.write_all(now).unwrap();
            (rest, length) = (later, (length + 1) % 200);
        }
        pieces.flush().unwrap();
        assert_eq!(written, bytes);
    }

    #[test]
    fn plain_is_what_neither_a_terminal_nor_json_minds() {
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'~'; length];
                    bytes[at] = byte;
                    assert_eq!(super::is_plain(&bytes), byte < 0x7f, "{byte:#x} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn escapes_what_a_terminal_would_obey_and_nothing_else() {
        let value = json!("żółw \u{1b}[31m \u{7f} \u{9b}31m \u{202e} \"\\ 😀");
        let mut text = Vec::new();
        super::line(&mut text, &value).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text, r#""żółw \u001b[31m \u007f \u009b31m \u202e \"\\ 😀""#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}

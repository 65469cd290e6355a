//! A text between its quotes.
//!
//! Beyond what JSON asks for (RFC 8259), what a terminal would obey is escaped: DEL, C1 controls, turned writing.

use std::borrow::Cow;

use super::super::buffer::{Buffer, copy};
use super::super::plain::is_plain;
use super::super::printable;

/// Adds `text` as a string.
pub(super) fn put(buffer: &mut Buffer, text: &str) {
    if !is_plain(text.as_bytes(), b' ') {
        return put_escaped(buffer, text);
    }
    if let [first, inner @ .., last] = buffer.place(text.len() + 2) {
        (*first, *last) = (b'"', b'"');
        copy(inner, text.as_bytes());
    }
}

fn put_escaped(buffer: &mut Buffer, text: &str) {
    buffer.put(b"\"");
    for character in text.chars() {
        let mut encoded = [0; 4];
        let encoded = &*character.encode_utf8(&mut encoded);
        match character {
            '"' => buffer.put(b"\\\""),
            '\\' => buffer.put(b"\\\\"),
            '\n' => buffer.put(b"\\n"),
            '\r' => buffer.put(b"\\r"),
            '\t' => buffer.put(b"\\t"),
            '\u{8}' => buffer.put(b"\\b"),
            '\u{c}' => buffer.put(b"\\f"),
            // All of them lie in the basic plane: one unit of UTF-16.
            _ if matches!(printable(encoded), Cow::Owned(_)) => {
                buffer.put(format!("\\u{:04x}", character as u32).as_bytes());
            }
            _ => buffer.put(encoded.as_bytes()),
        }
    }
    buffer.put(b"\"");
}

//! Where the text of a document or a log grows: in memory, and from there to a writer in large pieces.
//!
//! What is put here is short: a bracket, a name, a value. To copy it takes less than to call for a copy, above all with
//! musl, which copies a single byte by a string instruction, whose start takes longer than all the rest.

use std::fmt;
use std::io::{self, Write};

/// How much is handed over at once. The document of a large session is some ten megabytes: it is never in memory as a
/// whole.
const PIECE: usize = 256 << 10;

/// How many bytes are made ready at once.
const READY: usize = 1 << 10;

/// Text in memory, and after it bytes that are ready to become more of it.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    /// Goes on after `text`.
    pub fn after(text: Vec<u8>) -> Self {
        Buffer { filled: text.len(), bytes: text }
    }

    /// What was put in.
    pub fn into_text(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }

    /// The text from `start` on.
    pub fn since(&self, start: usize) -> &[u8] {
        &self.bytes[start..self.filled]
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        self.since(0)
    }

    /// How long the text is.
    pub fn length(&self) -> usize {
        self.filled
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.filled = 0;
    }

    /// Adds `bytes`.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        copy(self.place(bytes.len()), bytes);
    }

    /// Adds `length` bytes, to be set by the caller.
    #[inline(always)]
    pub fn place(&mut self, length: usize) -> &mut [u8] {
        let (start, end) = (self.filled, self.filled + length);
        if end > self.bytes.len() {
            self.make_ready(end);
        }
        self.filled = end;
        &mut self.bytes[start..end]
    }

    #[cold]
    fn make_ready(&mut self, end: usize) {
        self.bytes.resize(end + READY, 0);
    }

    /// Hands the text over to `writer`, if it has become long.
    ///
    /// # Errors
    /// When `writer` does not take it.
    #[inline]
    pub fn relieve(&mut self, writer: &mut dyn Write) -> io::Result<()> {
        if self.filled > PIECE { self.hand_over(writer) } else { Ok(()) }
    }

    /// Hands the text over to `writer`.
    ///
    /// # Errors
    /// When `writer` does not take it.
    pub fn hand_over(&mut self, writer: &mut dyn Write) -> io::Result<()> {
        writer.write_all(&self.bytes[..self.filled])?;
        self.filled = 0;
        Ok(())
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

/// Copies to a place of the same length.
#[inline(always)]
pub(super) fn copy(to: &mut [u8], from: &[u8]) {
    if from.len() > 128 {
        return to.copy_from_slice(from);
    }
    let _ = ends::<64>(to, from)
        || ends::<32>(to, from)
        || ends::<16>(to, from)
        || ends::<8>(to, from)
        || ends::<4>(to, from)
        || ends::<2>(to, from)
        || ends::<1>(to, from);
}

/// Copies both ends, which may overlap, where there are so many bytes.
#[inline(always)]
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

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn what_is_handed_over_in_pieces_is_whole() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(1 << 20).collect();
        let (mut written, mut buffer) = (Vec::new(), Buffer::default());
        let (mut rest, mut length) = (&bytes[..], 0);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(length));
            buffer.put(now);
            buffer.relieve(&mut written).unwrap();
            (rest, length) = (later, (length + 1) % 200);
        }
        buffer.hand_over(&mut written).unwrap();
        assert!(written == bytes);
    }

    #[test]
    fn goes_on_after_a_text() {
        let mut buffer = Buffer::after(b"ab".to_vec());
        buffer.put(b"cde");
        assert_eq!((buffer.length(), buffer.since(3)), (5, &b"de"[..]));
        assert_eq!(buffer.into_text(), b"abcde");
    }
}

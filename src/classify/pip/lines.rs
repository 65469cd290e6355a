//! Bytes to lines, however they are cut, in bounded memory.
//!
//! Two kinds of text: the records of a log, which end at a line feed only, and what is meant for a terminal, where a
//! carriage return begins the line anew, as progress bars do hundreds of times a second. Refuses to keep more than
//! [`KEPT`] bytes of a line, and to hand on a last line that no line feed ended: it may be torn anywhere.

use memchr::{memchr, memchr2};

/// How many bytes of a line are looked at. pip's own lines are shorter by far; a longer one is a subprocess's.
pub(super) const KEPT: usize = 64 * 1024;

/// Cuts one channel into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    terminal: bool,
    partial: Vec<u8>,
    /// A carriage return was the last byte: what precedes it still counts if a line feed follows.
    returned: bool,
}

impl Lines {
    /// For a log file.
    pub(super) fn of_records() -> Self {
        Lines::default()
    }

    /// For a stream.
    pub(super) fn of_terminal() -> Self {
        Lines { terminal: true, ..Lines::default() }
    }

    /// Takes the next bytes and gives each line that they complete, without its end.
    pub(super) fn feed(&mut self, bytes: &[u8], line: &mut impl FnMut(&[u8])) {
        if self.terminal { self.feed_terminal(bytes, line) } else { self.feed_records(bytes, line) }
    }

    fn feed_records(&mut self, mut bytes: &[u8], line: &mut impl FnMut(&[u8])) {
        while let Some(end) = memchr(b'\n', bytes) {
            self.complete(&bytes[..end], line);
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    fn feed_terminal(&mut self, mut bytes: &[u8], line: &mut impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            if self.returned && !matches!(bytes[0], b'\n' | b'\r') {
                self.partial.clear();
                self.returned = false;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.keep(bytes);
                return;
            };
            if bytes[end] == b'\n' {
                self.complete(&bytes[..end], line);
                self.returned = false;
            } else {
                self.keep(&bytes[..end]);
                self.returned = true;
            }
            bytes = &bytes[end + 1..];
        }
    }

    fn complete(&mut self, rest: &[u8], line: &mut impl FnMut(&[u8])) {
        if self.partial.is_empty() {
            line(&rest[..rest.len().min(KEPT)]);
        } else {
            self.keep(rest);
            line(&self.partial);
            self.partial.clear();
            self.partial.shrink_to(4096);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT - self.partial.len();
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Lines};

    fn cut(mut lines: Lines, chunks: &[&[u8]]) -> Vec<String> {
        let mut all = Vec::new();
        for chunk in chunks {
            lines.feed(chunk, &mut |line| all.push(String::from_utf8_lossy(line).into_owned()));
        }
        all
    }

    #[test]
    fn records_end_at_line_feeds_only() {
        assert_eq!(cut(Lines::of_records(), &[b"a\rb\n\nc", b"d\ntorn"]), ["a\rb", "", "cd"]);
    }

    #[test]
    fn a_carriage_return_begins_a_terminal_line_anew() {
        assert_eq!(cut(Lines::of_terminal(), &[b"10%\r20%\rdone\r", b"\nnext\r\r\n"]), ["done", "next"]);
        assert_eq!(cut(Lines::of_terminal(), &[b"10%\r", b"20%\n", b"a\rtorn"]), ["20%"]);
    }

    #[test]
    fn keeps_no_more_than_is_looked_at() {
        let long = vec![b'x'; 3 * KEPT];
        let mut lines = Lines::of_records();
        lines.feed(&long, &mut |_| panic!("no line ended"));
        assert_eq!(lines.partial.len(), KEPT);
        assert_eq!(cut(lines, &[b"y\n", b"z\n"]), ["x".repeat(KEPT), "z".to_owned()]);
        assert_eq!(cut(Lines::of_records(), &[&[&long[..], b"\n"].concat()]), ["x".repeat(KEPT)]);
    }
}

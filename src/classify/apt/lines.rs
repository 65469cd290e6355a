//! Bytes cut into lines, however they were cut on arrival.

/// A line that is longer keeps only this much: no message of apt comes near it.
const LONGEST: usize = 1 << 20;

/// Gathers lines. What follows the last end of line is held until more comes or [`Lines::finish`].
#[derive(Debug)]
pub(super) struct Lines {
    held: Vec<u8>,
    carriage_returns: bool,
}

impl Lines {
    /// Lines that end with a line feed alone: a log.
    pub(super) fn of_log() -> Self {
        Lines { held: Vec::new(), carriage_returns: false }
    }

    /// Lines that a carriage return ends as well: text for a terminal, where progress overwrites itself.
    pub(super) fn of_text() -> Self {
        Lines { held: Vec::new(), carriage_returns: true }
    }

    /// Takes `bytes`, calls `each` for every line that is now complete, without its end.
    pub(super) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        let mut rest = bytes;
        while let Some(end) = self.end(rest) {
            let line = &rest[..end];
            if self.held.is_empty() {
                each(&line[..line.len().min(LONGEST)]);
            } else {
                self.hold(line);
                each(&self.held);
                self.held.clear();
            }
            rest = &rest[end + 1..];
        }
        self.hold(rest);
    }

    /// The bytes have ended: what is held is a line too.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&[u8])) {
        if !self.held.is_empty() {
            each(&self.held);
            self.held.clear();
        }
    }

    fn end(&self, bytes: &[u8]) -> Option<usize> {
        if self.carriage_returns { memchr::memchr2(b'\n', b'\r', bytes) } else { memchr::memchr(b'\n', bytes) }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.held.len().min(LONGEST);
        self.held.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

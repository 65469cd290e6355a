//! Build requirements that pip installs itself (`--use-feature=inprocess-build-deps`, since 26.0).
//!
//! It keeps what it prints of that to itself behind a spinner, unless it is verbose, or writes a log. A success is made
//! the spinner's again; a failure is left as a log shows it, where nothing of it is missing.

use super::plain::Plain;

/// Follows the lines of standard output, or of both streams.
#[derive(Debug, Default)]
pub(super) struct Inprocess {
    /// An installation: its indentation, the spinner's message, and what was printed so far.
    installing: Option<(usize, Vec<u8>)>,
    printed: Vec<u8>,
    /// It has said that it succeeded.
    succeeded: bool,
}

impl Inprocess {
    /// Takes a line if it is one of an installation that pip would have kept to itself. `moves` says that its spinner
    /// would have moved.
    pub(super) fn takes(&mut self, line: &Plain, raw: &[u8], moves: bool, output: &mut Vec<u8>) -> bool {
        let Some((indent, message)) = &self.installing else {
            if let Some(message) = begins(line.text()) {
                self.installing = Some((line.indent(), message.to_vec()));
                self.printed = raw.to_vec();
                self.succeeded = false;
                return true;
            }
            return false;
        };
        let outside = !line.text().is_empty() && line.indent() < *indent;
        let next = line.indent() == *indent && is_next(line.text());
        if outside && line.text().starts_with(b"error: ") || line.bytes().is_empty() {
            self.installing = None;
            output.append(&mut self.printed);
        } else if outside || next || self.succeeded {
            output.extend(spun(*indent, message, moves));
            self.installing = None;
            self.printed.clear();
            // Another one may begin at once.
            return self.takes(line, raw, moves, output);
        } else {
            self.succeeded = line.indent() == *indent && line.text().starts_with(b"Successfully installed ");
            self.printed.extend_from_slice(raw);
        }
        self.installing.is_some()
    }

    /// Gives up what is held back.
    pub(super) fn held(&mut self) -> Vec<u8> {
        self.installing = None;
        std::mem::take(&mut self.printed)
    }

    /// Whether lines are held back.
    pub(super) fn holds(&self) -> bool {
        self.installing.is_some()
    }
}

/// `Installing build dependencies ...`, which is what a spinner says that does not spin.
fn begins(text: &[u8]) -> Option<&[u8]> {
    let message = text.strip_suffix(b" ...")?;
    let spinners = [&b"Installing build dependencies"[..], b"Installing backend dependencies"];
    spinners.contains(&message).then_some(message)
}

/// Whether pip says this after an installation of which it said nothing.
fn is_next(text: &[u8]) -> bool {
    let heads = ["Getting requirements to build ", "Preparing ", "Checking if build backend ", "Installing backend "];
    heads.iter().any(|head| text.starts_with(head.as_bytes()))
}

/// What is left of the spinner: off a terminal not even the end of its line.
fn spun(indent: usize, message: &[u8], moves: bool) -> Vec<u8> {
    let spinner = [&b" ".repeat(indent)[..], message, b" ... "].concat();
    if moves {
        [b"\x1b[?25l", &spinner[..], b"-\r\x1b[2K", &spinner, b"done\n\x1b[?25h"].concat()
    } else {
        [&spinner[..], b"done"].concat()
    }
}

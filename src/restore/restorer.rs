//! Stands in pip's streams.

use super::errors::Errors;
use super::facts::Facts;
use super::lines::Lines;
use super::plain::Plain;
use super::render::{Console, framed};
use super::subprocess::Subprocesses;
use super::verbose::{self, Verbose};

/// Which of pip's output streams bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output alone.
    Stdout,
    /// Standard error alone.
    Stderr,
    /// Both, through one pipe, because they are one file (`2>&1`).
    Both,
}

/// A line longer than this is passed on before it is whole.
const LONGEST_HELD: usize = 64 << 10;

/// `-qqq`: not even errors are shown.
const SILENT: i32 = -3;

/// What of a stream waits for the rest of its line.
#[derive(Debug, Default)]
struct Flow {
    held: Vec<u8>,
    /// The line has begun to pass, so the rest of it does too.
    passing: bool,
}

/// Gives a pip that writes a log the output of one that does not.
///
/// The log and the streams are given to it as they come, cut anywhere. Before bytes of a stream are passed, all that the
/// log holds by then must have been given: pip logs what it swallows before it prints what shows the gap.
#[derive(Debug)]
pub struct Restorer {
    facts: Facts,
    log: Lines,
    subprocesses: Subprocesses,
    flows: [Flow; 3],
    errors: Errors,
    verbose: Verbose,
}

impl Restorer {
    /// For one run of pip.
    pub fn new(facts: Facts) -> Restorer {
        Restorer {
            facts,
            log: Lines::default(),
            subprocesses: Subprocesses::default(),
            flows: Default::default(),
            errors: Errors::default(),
            verbose: Verbose::default(),
        }
    }

    /// More of the log.
    pub fn log(&mut self, bytes: &[u8]) {
        let subprocesses = &mut self.subprocesses;
        self.log.push(bytes, |line| subprocesses.line(line));
    }

    /// pip wrote `input`; what is to be shown for it now is appended to `output`.
    pub fn pass(&mut self, stream: Stream, input: &[u8], output: &mut Vec<u8>) {
        for piece in input.split_inclusive(|byte| *byte == b'\n') {
            let whole = piece.ends_with(b"\n");
            let flow = &mut self.flows[stream as usize];
            if flow.passing {
                output.extend_from_slice(piece);
                flow.passing = !whole;
                continue;
            }
            flow.held.extend_from_slice(piece);
            if whole {
                let line = std::mem::take(&mut flow.held);
                self.line(stream, &line, output);
            } else if flow.held.len() > LONGEST_HELD || !may_matter(&flow.held) {
                flow.passing = true;
                output.append(&mut flow.held);
            }
        }
    }

    /// The stream has ended; what was held back of it is appended to `output`.
    pub fn close(&mut self, stream: Stream, output: &mut Vec<u8>) {
        output.append(&mut self.held(stream));
    }

    /// Gives up what is held back of a stream.
    pub fn held(&mut self, stream: Stream) -> Vec<u8> {
        let mut held = Vec::new();
        if stream != Stream::Stdout {
            self.verbose.end(&mut held);
        }
        held.append(&mut self.flows[stream as usize].held);
        held
    }

    /// The output of failed commands that found no place, as it would have been shown: for the end of standard error.
    pub fn leftover(&mut self) -> Vec<u8> {
        if self.facts.verbosity <= SILENT {
            return Vec::new();
        }
        let version = self.subprocesses.version();
        let blocks = self.subprocesses.rest().into_iter().filter(|block| !self.errors.has_shown(block));
        let console = Console { coloured: false, ascii: false, version };
        blocks.flat_map(|block| framed(&block.lowered(&self.facts, version), console)).collect()
    }

    fn line(&mut self, stream: Stream, line: &[u8], output: &mut Vec<u8>) {
        let plain = Plain::of(line);
        if stream != Stream::Stdout && self.takes_error(stream, &plain, line, output) {
            return;
        }
        output.extend_from_slice(line);
    }

    fn takes_error(&mut self, stream: Stream, plain: &Plain, line: &[u8], output: &mut Vec<u8>) -> bool {
        let version = self.subprocesses.version();
        if self.facts.verbosity > 0 && self.verbose.takes(plain, line, version, &self.facts, output) {
            return true;
        }
        if stream == Stream::Both && self.errors.takes_place(plain, output)
            || self.errors.takes(plain, &mut self.subprocesses, &self.facts, output)
        {
            return true;
        }
        let unlogged = verbose::unlogged(line, version, &self.facts);
        output.extend_from_slice(unlogged.as_deref().unwrap_or_default());
        unlogged.is_some()
    }
}

/// Whether a line that begins so may be one that is not passed as it is. A prompt never begins so.
fn may_matter(begun: &[u8]) -> bool {
    let line = Plain::of(begun);
    let text = line.text();
    let heads = ["╰─> ", "× ", "See above for ", "No available output.", "Running command ", "error: ", "ERROR: "];
    let begins = |head: &&str| text.starts_with(head.as_bytes()) || head.as_bytes().starts_with(text);
    line.indent() > 0 && text.first().is_none_or(u8::is_ascii_alphabetic) || heads.iter().any(begins)
}

//! Stands in pip's streams.

use super::bars::{self, Bars};
use super::block::Block;
use super::classic::{self, Classic};
use super::errors::Errors;
use super::facts::Facts;
use super::hushed::{self, Hushed};
use super::inprocess::Inprocess;
use super::lines::Lines;
use super::lower;
use super::plain::Plain;
use super::render::{Console, named};
use super::subprocess::Subprocesses;
use super::verbose::Verbose;
use super::words;

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

/// `-qq`: no warnings are shown.
const HUSHED: i32 = -2;

/// `-qqq`: not even errors are.
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
    hushed: Hushed,
    bars: Bars,
    inprocess: Inprocess,
    classic: Classic,
}

impl Restorer {
    /// For one run of pip.
    pub fn new(facts: Facts) -> Restorer {
        Restorer {
            log: Lines::default(),
            subprocesses: Subprocesses::of(facts.version),
            facts,
            flows: Default::default(),
            errors: Errors::default(),
            verbose: Verbose::default(),
            hushed: Hushed::default(),
            bars: Bars::default(),
            inprocess: Inprocess::default(),
            classic: Classic::default(),
        }
    }

    /// More of the log.
    pub fn log(&mut self, bytes: &[u8]) {
        let subprocesses = &mut self.subprocesses;
        self.log.push(bytes, |line| subprocesses.line(line));
    }

    /// pip wrote `input`; what is to be shown for it now is appended to `output`.
    pub fn pass(&mut self, stream: Stream, input: &[u8], output: &mut Vec<u8>) {
        let still = (stream != Stream::Stderr && self.facts.verbosity < 0).then(|| self.bars.still(input));
        self.lines(stream, still.as_deref().unwrap_or(input), output);
    }

    fn lines(&mut self, stream: Stream, input: &[u8], output: &mut Vec<u8>) {
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
            } else if flow.held.len() > LONGEST_HELD
                || !may_matter(&flow.held, stream, self.facts.verbosity, self.inprocess.holds() || self.verbose.hears())
            {
                flow.passing = true;
                let begun = std::mem::take(&mut flow.held);
                if stream == Stream::Both && self.classic.is_due() {
                    self.give_classic(&Plain::of(&begun), output);
                }
                output.extend(begun);
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
            self.give_classic(&Plain::of(b""), &mut held);
            self.verbose.end(&mut held);
            held.append(&mut self.hushed.held());
        }
        held.append(&mut self.flows[stream as usize].held);
        if stream != Stream::Stderr {
            held.append(&mut self.bars.held());
            held.splice(0..0, self.inprocess.held());
        }
        held
    }

    /// The output of failed commands that found no place, framed and named, and not given twice.
    ///
    /// At the end of standard error it loses nothing of a pip that is newer than what is known here. Where nobody stands
    /// in the streams, on a terminal for instance, it is whatever the log has swallowed so far.
    pub fn leftover(&mut self) -> Vec<u8> {
        let version = self.subprocesses.version();
        let classic = self.subprocesses.is_classic();
        let facts = &self.facts;
        let errors = &self.errors;
        let lost = |block: &Block| !errors.has_shown(block) && !facts.shows(&block.description);
        let blocks =
            self.subprocesses.rest().into_iter().filter(lost).map(|block| lower::lowered(block, facts, version));
        let console = Console { coloured: false, ascii: false, version };
        blocks
            .flat_map(|block| if classic { classic::error(&block, facts, version) } else { named(&block, console) })
            .collect()
    }

    fn line(&mut self, stream: Stream, line: &[u8], output: &mut Vec<u8>) {
        let plain = Plain::of(line);
        if stream != Stream::Stderr && self.facts.verbosity == 0 {
            let ended = words::finished(plain.text()).map(|(message, _)| (plain.indent(), message.to_vec()));
            if let Some((indent, message)) = ended.or_else(|| self.errors.ends(&plain)) {
                self.subprocesses.give_signs(indent, &message, output);
            }
        }
        if stream != Stream::Stderr
            && self.facts.verbosity == 0
            && !self.subprocesses.is_classic()
            && self.inprocess.takes(&plain, line, self.facts.moves, output)
        {
            return;
        }
        if stream != Stream::Stderr && self.facts.verbosity < 0 && self.takes_bar(&plain)
            || stream != Stream::Stdout && self.takes_error(stream, &plain, line, output)
        {
            return;
        }
        output.extend_from_slice(line);
    }

    /// What a pip before 22 swallowed before `line`.
    fn give_classic(&mut self, line: &Plain, output: &mut Vec<u8>) {
        let Some(block) = self.classic.before(line, &mut self.subprocesses) else { return };
        if self.facts.verbosity > SILENT && !self.errors.has_shown(&block) {
            let version = self.subprocesses.version();
            output.extend(classic::error(&lower::lowered(block, &self.facts, version), &self.facts, version));
        }
    }

    fn takes_bar(&mut self, line: &Plain) -> bool {
        // The bar of an installation leaves nothing but the end of its line.
        bars::is_bar(line) || line.bytes().is_empty() && self.subprocesses.takes_bar(self.facts.bars)
    }

    fn takes_error(&mut self, stream: Stream, plain: &Plain, line: &[u8], output: &mut Vec<u8>) -> bool {
        let version = self.subprocesses.version();
        if self.subprocesses.is_classic() {
            self.give_classic(plain, output);
            if stream == Stream::Both {
                self.classic.notice(plain);
            }
        }
        if self.facts.verbosity <= HUSHED && self.hushed.takes(plain, line, self.facts.verbosity, output) {
            return true;
        }
        if self.facts.verbosity > 0 && self.verbose.takes(plain, line, version, &self.facts, output) {
            return true;
        }
        if stream == Stream::Both && self.errors.takes_place(plain, output)
            || self.errors.takes(plain, &mut self.subprocesses, &self.facts, output)
        {
            return true;
        }
        let unlogged = self.facts.unlogged(line, version);
        output.extend_from_slice(unlogged.as_deref().unwrap_or_default());
        unlogged.is_some()
    }
}

/// Whether a line that begins so may be one that is not passed as it is. If it is not known before the end of the line,
/// it must be held back until then, however its bytes were cut. A prompt never begins so.
fn may_matter(begun: &[u8], stream: Stream, verbosity: i32, holds: bool) -> bool {
    let line = Plain::of(without_begun_colour(begun));
    let text = line.text();
    if stream != Stream::Stderr && verbosity < 0 && (line.indent() > 0 || begins(text, "Progress ")) {
        return true;
    }
    if holds || stream != Stream::Stdout && verbosity <= HUSHED {
        return !hushed::is_prompt(text);
    }
    let heads =
        ["╰─> ", "× ", "See above for ", "No available output.", "Running command ", "error: ", "ERROR: ", "WARNING: "];
    line.indent() > 0 && text.first().is_none_or(u8::is_ascii_alphabetic)
        || text.starts_with(b"\x1b")
        || heads.iter().any(|head| begins(text, head))
}

/// Whether `text` begins with `head`, as far as either goes.
fn begins(text: &[u8], head: &str) -> bool {
    let head = head.as_bytes();
    text.starts_with(head) || head.starts_with(text)
}

/// The beginning of a line without an `ESC [ 3 1` at its end, which may become a colour.
fn without_begun_colour(begun: &[u8]) -> &[u8] {
    let Some(at) = memchr::memrchr(0x1b, begun) else { return begun };
    let rest = &begun[at + 1..];
    let is_begun =
        rest.is_empty() || rest[0] == b'[' && rest[1..].iter().all(|byte| byte.is_ascii_digit() || *byte == b';');
    if is_begun { &begun[..at] } else { begun }
}

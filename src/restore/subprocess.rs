//! The subprocesses that pip's log tells of, and the output of the one that may yet fail.
//!
//! pip logs `Running command DESCRIPTION`, then every line of output at the same indentation, and at a failure
//! `ERROR: DESCRIPTION exited with STATUS`. Nothing is logged at a success, and a nested pip writes into the same log, so
//! a command is over only when something says so that the command itself could not have logged.

use std::collections::{BTreeMap, VecDeque};

use super::entry::Entry;
use super::facts::Facts;
use super::level::{self, Level};
use super::lower::Lowered;
use super::nested;

/// Output kept of one command, in bytes. The end of it is kept, where compilers put their errors; how many lines came
/// before is known ([`Block::clipped`]).
pub(super) const KEPT: usize = 64 << 20;

/// How many failed commands wait to be asked for; the oldest give way.
const WAITING: usize = 64;

/// A version of pip, to compare.
pub(super) type Version = (u32, u32);

/// A command that failed, or that is the last one at its indentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Columns that pip indents by.
    pub(super) indent: usize,
    /// What pip calls the command.
    pub(super) description: Vec<u8>,
    /// Its output, line for line, as pip read it.
    pub(super) lines: Vec<Vec<u8>>,
    /// How many lines before those were not kept.
    pub(super) clipped: usize,
    /// The command is a pip.
    pub(super) is_pip: bool,
}

impl Block {
    /// With a pip's output as verbose as it is without a log.
    pub(super) fn lowered(mut self, facts: &Facts, version: Version) -> Block {
        if self.is_pip {
            let wanted = Level::shown_at(facts.nested_verbosity(version), version);
            self.lines = Lowered::to(wanted, version).all(self.lines);
        }
        self
    }
}

/// A line of output, perhaps; kept as it came.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The whole line of the log.
    line: Box<[u8]>,
}

impl Kept {
    pub(super) fn entry(&self) -> Entry<'_> {
        Entry::parse(&self.line)
    }
}

#[derive(Debug)]
struct Start {
    /// How many lines were kept before it.
    at: usize,
    indent: usize,
    description: Vec<u8>,
    /// What its spinner says, if it has one that is logged.
    message: Option<Vec<u8>>,
    /// The command is a pip, which writes into the same log, or has started one.
    writes_too: bool,
    /// That pip has said its last word.
    ending: bool,
}

/// Reads pip's log and knows what its subprocesses printed.
#[derive(Debug, Default)]
pub(super) struct Subprocesses {
    version: Option<Version>,
    guessed: Option<Version>,
    starts: Vec<Start>,
    /// What was logged since the first of them began.
    kept: VecDeque<Kept>,
    /// How many lines before those are no longer kept.
    gone: usize,
    /// Bytes kept.
    size: usize,
    /// The message of the spinner that started last at an indentation, until its command begins.
    messages: BTreeMap<usize, Vec<u8>>,
    failed: VecDeque<Block>,
}

impl Subprocesses {
    /// The version of the pip that writes the log. Only an installation says it; else it is known by what it logs, as
    /// far as that matters.
    pub(super) fn version(&self) -> Version {
        self.version.or(self.guessed).unwrap_or((u32::MAX, 0))
    }

    /// The next line of the log, without its newline.
    pub(super) fn line(&mut self, line: &[u8]) {
        let entry = Entry::parse(line);
        if let Some(rest) = entry.text.strip_prefix(b"Using pip ") {
            self.speaks(entry.indent, rest);
        } else if let Some(description) = entry.text.strip_prefix(b"Running command ") {
            self.keep(line);
            self.begins(entry.indent, description);
            return;
        } else if let Some(message) = entry.text.strip_suffix(b": started") {
            self.messages.insert(entry.indent, message.to_vec());
        }
        if self.starts.is_empty() {
            return;
        }
        if let Some(description) = failure(entry.text) {
            self.guessed = self.guessed.or(is_marked(entry.text).then_some((22, 2)));
            self.fails(entry.indent, description);
        } else if let Some((message, status)) = finished(entry.text) {
            self.finishes(entry.indent, message, status);
        } else if self.is_over(&entry) {
            self.forget(0);
        }
        if !self.starts.is_empty() {
            self.keep(line);
        }
    }

    /// The command called `description` at `indent`: the oldest one that failed, or the last one that began.
    pub(super) fn take(&mut self, indent: usize, description: &[u8]) -> Option<Block> {
        let is = |block: &Block| block.indent == indent && block.description == description;
        if let Some(at) = self.failed.iter().position(is) {
            return self.failed.remove(at);
        }
        let at = self.starts.iter().rposition(|start| start.indent == indent && start.description == description)?;
        let block = self.block(at);
        self.forget(at);
        Some(block)
    }

    /// The failed commands that nobody asked for.
    pub(super) fn rest(&mut self) -> Vec<Block> {
        self.failed.drain(..).collect()
    }

    fn speaks(&mut self, indent: usize, rest: &[u8]) {
        self.version = self.version.or_else(|| version(rest));
        // Only an installation says so, and only at its beginning: this is another pip.
        if let Some(start) = self.starts.last_mut().filter(|_| indent == 0) {
            start.writes_too = true;
        }
    }

    fn begins(&mut self, indent: usize, description: &[u8]) {
        self.starts.push(Start {
            at: self.gone + self.kept.len(),
            indent,
            description: description.to_vec(),
            message: self.messages.remove(&indent),
            writes_too: nested::is_pip(description),
            ending: false,
        });
    }

    fn fails(&mut self, indent: usize, description: &[u8]) {
        let is = |start: &Start| start.indent == indent && start.description == description;
        if let Some(at) = self.starts.iter().rposition(is) {
            self.failed_at(at);
        }
    }

    fn failed_at(&mut self, at: usize) {
        // What a nested pip tells of its own commands is output of the command that it is.
        if !self.starts[..at].iter().any(|start| start.writes_too) {
            if self.failed.len() == WAITING {
                self.failed.pop_front();
            }
            self.failed.push_back(self.block(at));
        }
        self.forget(at);
    }

    fn finishes(&mut self, indent: usize, message: &[u8], status: &[u8]) {
        let is = |start: &Start| start.indent == indent && start.message.as_deref() == Some(message);
        match self.starts.iter().rposition(is) {
            Some(at) if status == b"error" => self.failed_at(at),
            Some(at) => self.forget(at),
            None => {}
        }
    }

    /// Whether `entry` shows that no command runs any more: output is indented at least as far as the command is, and
    /// only another pip's own lines are not.
    fn is_over(&mut self, entry: &Entry) -> bool {
        if entry.stamp.is_empty() || entry.indent >= self.starts[0].indent {
            return false;
        }
        let heard = self.starts.iter().any(|start| start.writes_too && !start.ending);
        if entry.text.starts_with(b"Removed build tracker: ") {
            // A terminal's spinner is not logged; then this is the last that is heard of a nested pip.
            self.starts.iter_mut().filter(|start| start.message.is_none()).for_each(|start| start.ending = true);
        }
        !heard
    }

    fn block(&self, at: usize) -> Block {
        let start = &self.starts[at];
        let kept = self.kept.iter().skip(start.at.saturating_sub(self.gone));
        Block {
            indent: start.indent,
            description: start.description.clone(),
            lines: nested::output(kept, start.indent, start.writes_too, self.version()),
            clipped: self.gone.saturating_sub(start.at),
            is_pip: nested::is_pip(&start.description),
        }
    }

    /// Forgets the commands from `at` on, and the lines that only they need.
    fn forget(&mut self, at: usize) {
        self.starts.truncate(at);
        if self.starts.is_empty() {
            (self.gone, self.size) = (0, 0);
            self.kept.clear();
        }
    }

    fn keep(&mut self, line: &[u8]) {
        if self.starts.iter().any(|start| start.writes_too) && level::is_bulk(line) {
            return;
        }
        self.size += line.len();
        self.kept.push_back(Kept { line: line.into() });
        while self.size > KEPT
            && let Some(first) = self.kept.pop_front()
        {
            self.size -= first.line.len();
            self.gone += 1;
        }
    }
}

/// `23.0.1 from /opt/venv/...`: what follows `Using pip `.
fn version(rest: &[u8]) -> Option<Version> {
    let mut numbers = rest.split(|byte| !byte.is_ascii_digit()).map(|digits| str::from_utf8(digits).ok()?.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Whether pip asked its console for a frame as 22.0 to 23.2 do; the log shows that.
fn is_marked(text: &[u8]) -> bool {
    text.starts_with(b"ERROR: [present-")
}

/// What failed according to `ERROR: [present-rich] Preparing metadata (pyproject.toml) exited with 1`.
pub(super) fn failure(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"ERROR: ")?;
    let marks = [&b"[present-rich] "[..], b"[present-diagnostic] "];
    let text = marks.iter().find_map(|mark| text.strip_prefix(*mark)).unwrap_or(text);
    let at = memchr::memmem::rfind(text, b" exited with ")?;
    Some(&text[..at])
}

/// Message and status of `Preparing metadata (setup.py): finished with status 'error'`.
pub(super) fn finished(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_suffix(b"'")?;
    let between = b": finished with status '";
    let at = memchr::memmem::rfind(text, between)?;
    Some((&text[..at], &text[at + between.len()..]))
}

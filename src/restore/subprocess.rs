//! The subprocesses that pip's log tells of, and the output of the one that may yet fail.
//!
//! pip logs `Running command DESCRIPTION`, then every line of output at the same indentation, and at a failure
//! `ERROR: DESCRIPTION exited with STATUS`. Nothing is logged at a success, and a nested pip writes into the same log, so
//! a command is over only when something says so that the command itself could not have logged.

use std::collections::{BTreeMap, VecDeque};

use super::block::Block;
use super::entry::{Entry, Kept};
use super::level::{self, Level};
use super::nested;
use super::stillness::Stillness;
use super::words::{self, Version, failure, finished, version};
use super::workplace::{Place, Workplace};

/// Memory for the output of one command, in bytes. The end of it is kept, where compilers put their errors; how many lines came
/// before is known ([`Block::clipped`]).
pub(super) const KEPT: usize = 64 << 20;

/// What a line takes beside its letters: its place, in a list that has as much again to grow, and the allocator's.
const OVERHEAD: usize = 48;

/// How many failed commands wait to be asked for, and how much memory for their output; the oldest give way.
const WAITING: usize = 64;

/// How many commands are thought to run at once; what further ones print is output of these.
const RUNNING: usize = 1 << 12;

#[derive(Debug)]
struct Start {
    /// How many lines were kept before it.
    at: usize,
    indent: usize,
    description: Vec<u8>,
    /// What its spinner says, if it has one that is logged.
    message: Option<Vec<u8>>,
    place: Place,
    /// The command is a pip, which writes into the same log, or has started one.
    writes_too: bool,
    /// That pip has said its last word.
    ending: bool,
    /// Its failure is known; its spinner is yet to end.
    over: bool,
}

/// Reads pip's log and knows what its subprocesses printed.
#[derive(Debug, Default)]
pub(super) struct Subprocesses {
    version: Option<Version>,
    guessed: Option<Version>,
    starts: Vec<Start>,
    /// What was logged since the first of them began.
    kept: VecDeque<Kept>,
    /// How many nested pips have begun to speak and not said their last word.
    speaking: usize,
    /// How many lines before those are no longer kept.
    gone: usize,
    /// Bytes kept.
    size: usize,
    /// The message of the spinner that started last at an indentation, until its command begins.
    messages: BTreeMap<usize, Vec<u8>>,
    failed: VecDeque<Block>,
    /// How many installations of several packages were logged.
    installations: usize,
    workplace: Workplace,
    stillness: Stillness,
}

impl Subprocesses {
    /// Of a pip of this version, if that is known.
    pub(super) fn of(version: Option<Version>) -> Subprocesses {
        Subprocesses { version, ..Subprocesses::default() }
    }

    /// The version of the pip that writes the log. Only an installation says it; else it is known by what it logs, as
    /// far as that matters.
    pub(super) fn version(&self) -> Version {
        self.version.or(self.guessed).unwrap_or((u32::MAX, 0))
    }

    /// The next line of the log, without its newline.
    pub(super) fn line(&mut self, line: &[u8]) {
        let entry = Entry::parse(line);
        if self.is_classic() {
            self.fails_classic(&entry);
        }
        self.guess(entry.text);
        self.reads(line, &entry);
    }

    fn reads(&mut self, line: &[u8], entry: &Entry) {
        if let Some(rest) = entry.text.strip_prefix(b"Using pip ") {
            self.speaks(entry.indent, rest);
        } else if let Some(description) = entry.text.strip_prefix(b"Running command ") {
            if self.is_past_nested(entry.indent, description) {
                self.forget(0);
            }
            self.finds_place(entry);
            self.keep(line);
            self.begins(entry.indent, description);
            return;
        } else if let Some(message) = entry.text.strip_suffix(b": started") {
            self.messages.insert(entry.indent, message.to_vec());
            if self.starts.is_empty() {
                self.stillness.starts(entry.stamp);
            }
        }
        if self.starts.is_empty() {
            self.finds_place(entry);
            let packages = entry.text.strip_prefix(b"Installing collected packages: ");
            self.installations += usize::from(packages.is_some_and(|packages| packages.contains(&b',')));
            return;
        }
        if let Some(description) = failure(entry.text) {
            self.fails(entry.indent, description);
        } else if let Some((message, status)) = finished(entry.text) {
            self.finishes(entry.indent, message, status);
        } else if self.is_over(entry) {
            self.forget(0);
        }
        self.finds_place(entry);
        if !self.starts.is_empty() {
            self.turns(entry);
            self.keep(line);
        }
    }

    /// What a nested pip says of its packages, which its parent repeats, is nothing to the commands that follow it.
    fn finds_place(&mut self, entry: &Entry) {
        if self.is_classic() && !self.starts.iter().any(|start| start.writes_too) {
            self.workplace.line(entry);
        }
    }

    /// Signs of life of the spinner at `indent` that says `message`, which pip does not give because of the log.
    pub(super) fn give_signs(&mut self, indent: usize, message: &[u8], output: &mut Vec<u8>) {
        self.stillness.give(indent, message, output);
    }

    fn turns(&mut self, entry: &Entry) {
        let start = &self.starts[0];
        let printed = !start.writes_too || Level::of(entry.text, self.version()) >= Level::Info;
        if let Some(message) =
            start.message.as_deref().filter(|_| printed && !start.over && entry.indent >= start.indent)
        {
            self.stillness.turns(entry.stamp, start.indent, message);
        }
    }

    /// Whether pip may be older than 22, and print errors of another form.
    pub(super) fn is_classic(&self) -> bool {
        self.version.or(self.guessed).is_none_or(|version| version < (22, 0))
    }

    fn guess(&mut self, text: &[u8]) {
        if self.version.is_some() {
            return;
        }
        let contains = |part: &[u8]| memchr::memmem::find(text, part).is_some();
        self.guessed = match self.guessed {
            _ if text.starts_with(b"ERROR: [present-") => Some((22, 2)),
            // 22.0 and 22.1 have it too, but their errors are marked.
            None if contains(b"/pip-req-tracker-") => Some((20, 3)),
            None if contains(b"/pip-build-tracker-") => Some((u32::MAX, 0)),
            Some((20, 3)) if text.starts_with(b"Preparing metadata (") => Some((21, 3)),
            guessed => guessed,
        };
    }

    /// Of a pip before 22: the oldest command that failed and satisfies `is`, or the last one that runs and does.
    pub(super) fn take_classic(&mut self, is: impl Fn(&Block) -> bool) -> Option<Block> {
        if let Some(at) = self.failed.iter().position(&is) {
            return self.failed.remove(at);
        }
        let at = (0..self.starts.len()).rev().find(|at| !self.starts[*at].over && is(&self.outline(*at)))?;
        let block = self.block(at);
        self.ends(at);
        Some(block)
    }

    /// Before 22 a failure is not logged; what fails because of it is.
    fn fails_classic(&mut self, entry: &Entry) {
        let failed = if let Some((status, description)) = words::status(entry.text) {
            let is = |start: &Start| !start.over && start.description == description;
            self.starts.iter().rposition(is).map(|at| (at, Some(status.to_vec())))
        } else if entry.text.starts_with(b"ERROR: Failed cleaning build dir for ") {
            let is = |start: &Start| !start.over && start.description.ends_with(b"clean --all");
            self.starts.iter().rposition(is).map(|at| (at, None))
        } else if words::failed_build(entry.text).is_some() {
            // Where a terminal's spinner does not tell: it was the last that began there.
            let last = self.starts.iter().rposition(|start| start.indent == entry.indent);
            last.filter(|at| !self.starts[*at].over && self.starts[*at].message.is_none()).map(|at| (at, None))
        } else {
            None
        };
        let Some((at, status)) = failed else { return };
        if !self.starts[..at].iter().any(|start| start.writes_too) {
            self.fails_at(at);
            self.failed.back_mut().into_iter().for_each(|block| block.status.clone_from(&status));
        }
    }

    /// Whether a bar was drawn for an installation and not accounted for: one of several packages, since 25.1, and since
    /// 25.2 only if it is `asked` for when pip is quiet.
    pub(super) fn takes_bar(&mut self, asked: Option<bool>) -> bool {
        let version = self.version();
        let drawn = self.installations > 0 && version >= (25, 1) && asked.unwrap_or(version < (25, 2));
        self.installations -= usize::from(drawn);
        drawn
    }

    /// The command called `description` at `indent`: the oldest one that failed, or the last one that began.
    pub(super) fn take(&mut self, indent: usize, description: &[u8]) -> Option<Block> {
        let is = |block: &Block| block.indent == indent && block.description == description;
        if let Some(at) = self.failed.iter().position(is) {
            return self.failed.remove(at);
        }
        let at = self.running(indent, description)?;
        let block = self.block(at);
        self.ends(at);
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
            self.speaking += 1;
        }
    }

    fn begins(&mut self, indent: usize, description: &[u8]) {
        let message = self.messages.remove(&indent);
        if self.starts.len() == RUNNING {
            return;
        }
        self.starts.push(Start {
            at: self.gone + self.kept.len(),
            indent,
            description: description.to_vec(),
            place: self.workplace.of(description, message.as_deref(), self.version()),
            message,
            writes_too: words::is_pip(description),
            ending: false,
            over: false,
        });
    }

    fn running(&self, indent: usize, description: &[u8]) -> Option<usize> {
        let is = |start: &Start| !start.over && start.indent == indent && start.description == description;
        self.starts.iter().rposition(is)
    }

    fn fails(&mut self, indent: usize, description: &[u8]) {
        if let Some(at) = self.running(indent, description) {
            self.fails_at(at);
        }
    }

    fn fails_at(&mut self, at: usize) {
        // What a nested pip tells of its own commands is output of the command that it is.
        if !self.starts[..at].iter().any(|start| start.writes_too) {
            self.failed.push_back(self.block(at));
            let size = |block: &Block| block.lines.iter().map(|line| line.len() + OVERHEAD).sum::<usize>();
            while self.failed.len() > WAITING
                || self.failed.len() > 1 && self.failed.iter().map(size).sum::<usize>() > KEPT
            {
                self.failed.pop_front();
            }
        }
        self.ends(at);
    }

    /// The command at `at` has ended; its spinner, if it has one, has not.
    fn ends(&mut self, at: usize) {
        self.starts[at].over = true;
        if self.starts[at].message.is_none() {
            self.forget(at);
        }
    }

    fn finishes(&mut self, indent: usize, message: &[u8], status: &[u8]) {
        let is = |start: &Start| start.indent == indent && start.message.as_deref() == Some(message);
        let Some(at) = self.starts.iter().rposition(is) else { return };
        if status == b"error" && !self.starts[at].over {
            self.fails_at(at);
        }
        self.forget(at);
    }

    /// Whether `entry` shows that no command runs any more: output is indented at least as far as the command is, and
    /// only another pip's own lines are not.
    fn is_over(&mut self, entry: &Entry) -> bool {
        if entry.stamp.is_empty() || entry.indent >= self.starts[0].indent {
            return false;
        }
        let heard = self.starts.iter().any(|start| start.writes_too && !start.ending);
        if entry.indent == 0 && entry.text.starts_with(b"Removed build tracker: ") {
            self.speaking = self.speaking.saturating_sub(1);
            if self.speaking == 0 {
                // A terminal's spinner is not logged; then this is the last that is heard of the outermost nested pip.
                self.starts.iter_mut().filter(|start| start.message.is_none()).for_each(|start| start.ending = true);
            }
        }
        !heard
    }

    /// Whether a command that begins at `indent` follows a nested pip, of whose end no spinner told: it is none of that
    /// pip's own, which its parent may repeat late.
    fn is_past_nested(&self, indent: usize, description: &[u8]) -> bool {
        let mut nested = self.starts.iter().filter(|start| start.writes_too).peekable();
        let is_said = |start: &Start| start.indent < indent && start.description == description;
        nested.peek().is_some_and(|nested| indent <= nested.indent || !self.starts.iter().any(is_said))
            && nested.all(|nested| nested.ending)
    }

    fn block(&self, at: usize) -> Block {
        let start = &self.starts[at];
        let kept = self.kept.iter().skip(start.at.saturating_sub(self.gone));
        // 20.3 says this itself, of the output of a command.
        let is_output =
            |kept: &&Kept| kept.entry().text != b"WARNING: Subprocess output does not appear to be encoded as UTF-8";
        let mut inner = Workplace::default();
        if start.writes_too && self.is_classic() {
            kept.clone().for_each(|kept| inner.line(&kept.entry()));
        }
        let kept = kept.filter(is_output);
        let lines = nested::output(kept, start.indent, start.writes_too, self.version());
        Block { lines, inner, ..self.outline(at) }
    }

    /// A block without its lines.
    fn outline(&self, at: usize) -> Block {
        let start = &self.starts[at];
        Block {
            indent: start.indent,
            description: start.description.clone(),
            lines: Vec::new(),
            clipped: self.gone.saturating_sub(start.at),
            is_pip: words::is_pip(&start.description),
            message: start.message.clone(),
            place: start.place.clone(),
            inner: Workplace::default(),
            status: None,
        }
    }

    /// Forgets the command at `at`; with the first all those that ran in it, and what they printed. What runs in a
    /// nested pip is told twice and in no order, so nothing else is known to have run in another.
    fn forget(&mut self, at: usize) {
        if at > 0 {
            self.starts.remove(at);
            return;
        }
        self.starts.clear();
        self.kept.clear();
        self.speaking = 0;
        (self.gone, self.size) = (0, 0);
    }

    fn keep(&mut self, line: &[u8]) {
        if self.starts.iter().any(|start| start.writes_too) && level::is_bulk(line) {
            return;
        }
        self.size += line.len() + OVERHEAD;
        self.kept.push_back(Kept { line: line.into() });
        while self.size > KEPT
            && let Some(first) = self.kept.pop_front()
        {
            self.size -= first.line.len() + OVERHEAD;
            self.gone += 1;
        }
    }
}

//! What a pip would have printed had it been less verbose.
//!
//! A log makes the outer pip start the nested one with `-v` or `-vv`; without a log the same pip prints less. So what
//! is below the wanted level goes; a command's output, which a verbose pip shows as it comes, goes too, and is framed
//! where the command fails.

use super::block::Block;
use super::classic;
use super::facts::Facts;
use super::level::Level;
use super::plain::Plain;
use super::render::{self, Console};
use super::traceback::Tracebacks;
use super::words::{self, Version};
use super::workplace::Workplace;

/// Ends all colours.
const RESET: &[u8] = b"\x1b[0m";

/// Takes the lines of a verbose pip's output, both streams in one, and gives those of a quieter one.
#[derive(Debug)]
pub(super) struct Lowered {
    wanted: Level,
    version: Version,
    /// The spinner that turns: indentation and message.
    spinner: Option<(usize, Vec<u8>)>,
    /// The command whose output comes.
    command: Option<Command>,
    tracebacks: Tracebacks,
    workplace: Workplace,
    /// Ends the colour of a line before.
    reset: Vec<u8>,
}

#[derive(Debug)]
struct Command {
    indent: usize,
    description: Vec<u8>,
    message: Option<Vec<u8>>,
    lines: Vec<Vec<u8>>,
}

impl Lowered {
    /// To lines of at least the level `wanted`.
    pub(super) fn to(wanted: Level, version: Version) -> Lowered {
        Lowered {
            wanted,
            version,
            spinner: None,
            command: None,
            tracebacks: Tracebacks::default(),
            workplace: Workplace::default(),
            reset: Vec::new(),
        }
    }

    /// With what the pip's log told of its work.
    pub(super) fn within(self, workplace: Workplace) -> Lowered {
        Lowered { workplace, ..self }
    }

    /// All of `lines`.
    pub(super) fn all(mut self, lines: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let mut lowered = Vec::new();
        lines.into_iter().for_each(|line| self.line(line, &mut lowered));
        lowered.extend(self.rest());
        lowered
    }

    /// What comes behind the last line. The output of a command that was never said to be over is not lost.
    pub(super) fn rest(self) -> Vec<Vec<u8>> {
        let mut rest = self.command.map(|command| command.lines).unwrap_or_default();
        rest.extend((!self.reset.is_empty()).then_some(self.reset));
        rest
    }

    /// The next line; what is printed for it is appended to `lowered`.
    pub(super) fn line(&mut self, line: Vec<u8>, lowered: &mut Vec<Vec<u8>>) {
        if self.command.is_some() {
            self.output(line, lowered);
            return;
        }
        let plain = Plain::of(&line);
        let (indent, text) = (plain.indent(), plain.text());
        if self.wanted > Level::Debug && self.tracebacks.takes(indent, text) {
            self.drops(&line);
            return;
        }
        if let Some(description) = text.strip_prefix(b"Running command ")
            && self.wanted > Level::Verbose
        {
            self.begins(indent, description, &line, lowered);
            return;
        }
        if let Some(message) = text.strip_suffix(b": started") {
            self.spinner = Some((indent, message.to_vec()));
        }
        if Level::of(text, self.version) < self.wanted {
            self.drops(&line);
            return;
        }
        self.tracebacks.printed(text);
        lowered.push([&std::mem::take(&mut self.reset)[..], &line].concat());
    }

    /// What ends a coloured line stands at the beginning of the next.
    fn drops(&mut self, line: &[u8]) {
        if line.starts_with(RESET) {
            self.reset = RESET.to_vec();
        }
    }

    fn begins(&mut self, indent: usize, description: &[u8], line: &[u8], lowered: &mut Vec<Vec<u8>>) {
        // What fetches a repository is shown by default, with its output.
        let fetches = [&b"git "[..], b"hg ", b"svn ", b"bzr "].iter().any(|tool| description.starts_with(tool));
        if fetches {
            lowered.push(line.to_vec());
            return;
        }
        let message = self.spinner.take().filter(|spinner| spinner.0 == indent).map(|spinner| spinner.1);
        self.command = Some(Command { indent, description: description.to_vec(), message, lines: Vec::new() });
    }

    fn output(&mut self, line: Vec<u8>, lowered: &mut Vec<Vec<u8>>) {
        let Some(command) = &mut self.command else { return };
        let plain = Plain::of(&line);
        let text = plain.text();
        let spins = command.message.is_some();
        // A command without a spinner is over when pip says something of its own.
        let error = !spins && (words::status(text).is_some() || words::failed_build(text).is_some());
        let ended = match (&command.message, words::finished(text)) {
            (Some(message), Some(finished)) => plain.indent() == command.indent && finished.0 == message.as_slice(),
            (None, _) => error || plain.indent() <= command.indent && Level::of(text, self.version) == Level::Debug,
            _ => false,
        };
        if !ended {
            command.lines.push(line);
            return;
        }
        let failed = error || text.ends_with(b"'error'");
        let command = self.command.take();
        if spins {
            lowered.push(line.clone());
        }
        if let Some(command) = command.filter(|_| failed) {
            self.failed(command, lowered);
        }
        if !spins {
            self.line(line, lowered);
        }
    }

    /// Appends the error that a command ended in, if it did, with the output that is now due.
    fn failed(&mut self, command: Command, lowered: &mut Vec<Vec<u8>>) {
        let is_error = |line: &Vec<u8>| {
            let plain = Plain::of(line);
            plain.indent() == command.indent && plain.text() == b"error: subprocess-exited-with-error"
        };
        let at = command.lines.iter().rposition(is_error).unwrap_or(command.lines.len());
        let place = self.workplace.of(&command.description, command.message.as_deref(), self.version);
        let mut lines = command.lines;
        let error = lines.split_off(at);
        let is_pip = words::is_pip(&command.description);
        for line in &mut lines {
            let spaces = line.iter().take_while(|byte| **byte == b' ').count();
            line.drain(..command.indent.min(spaces));
        }
        let lines = if is_pip { Lowered::to(self.wanted, self.version).all(lines) } else { lines };
        let block = Block::printed(command.indent, command.description, lines);
        if error.is_empty() && self.version < (22, 0) {
            let printed = classic::error(&Block { place, ..block }, &Facts::default(), self.version);
            lowered.extend(as_read(&printed));
            return;
        }
        for line in error {
            let plain = Plain::of(&line);
            let is_last = plain.text().starts_with(b"note: This error originates from a subprocess");
            if let Some(ascii) = render::is_gap(plain.text()) {
                let console = Console { coloured: plain.coloured(), ascii, version: self.version };
                lowered.extend(as_read(&render::framed(&block, console)));
            } else {
                lowered.push(line);
            }
            if is_last {
                break;
            }
        }
    }
}

/// A command that printed, with a pip's output as verbose as it is without a log.
pub(super) fn lowered(mut block: Block, facts: &Facts, version: Version) -> Block {
    if block.is_pip {
        let wanted = Level::shown_at(facts.nested_verbosity(version), version);
        block.lines = Lowered::to(wanted, version).within(block.inner.clone()).all(block.lines);
    }
    block
}

/// Lines as the outer pip reads them: without the spaces at their end.
fn as_read(printed: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    printed.trim_ascii_end().split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end().to_vec())
}

//! The error that pip prints for a failed command, since 22: with its output where the log has taken it.

use std::collections::VecDeque;

use super::block::Block;
use super::facts::Facts;
use super::lower;
use super::plain::Plain;
use super::render::{Console, framed, is_gap};
use super::subprocess::Subprocesses;
use super::words;

/// The first line of an error.
const HEADLINE: &[u8] = b"error: subprocess-exited-with-error";

/// How many commands that pip showed are remembered.
const REMEMBERED: usize = 64;

/// Follows the lines of standard error, or of both streams.
#[derive(Debug, Default)]
pub(super) struct Errors {
    /// Commands that pip showed as it ran them, with their indentation: their output was shown too.
    shown: VecDeque<(usize, Vec<u8>)>,
    /// The command that the error being printed is about, and its indentation.
    subject: Option<(usize, Vec<u8>)>,
    /// The last command whose output was given back.
    given: Option<Block>,
    /// In one pipe: indentation and message of the spinner that turns.
    spinner: Option<(usize, Vec<u8>)>,
    /// In one pipe: the line that ended a spinner early, and will come.
    ended: Option<Vec<u8>>,
}

impl Errors {
    /// Takes a line if something else is to be printed for it.
    pub(super) fn takes(
        &mut self,
        line: &Plain,
        subprocesses: &mut Subprocesses,
        facts: &Facts,
        output: &mut Vec<u8>,
    ) -> bool {
        if let Some(description) = line.text().strip_prefix(b"Running command ") {
            self.shows(line.indent(), description);
        } else if let Some(text) = line.text().strip_suffix(b" did not run successfully.") {
            let description = text.strip_prefix("× ".as_bytes()).unwrap_or(text);
            self.subject = Some((line.indent(), description.to_vec()));
        } else if let Some(ascii) = is_gap(line.text()) {
            return self.gives_back(line, ascii, subprocesses, facts, output);
        }
        false
    }

    /// Takes a line of both streams in one if it does not stand where it stands without a log.
    ///
    /// A spinner is ended before the error is printed; one that does not spin, because the output is shown in the log,
    /// ends after it.
    pub(super) fn takes_place(&mut self, line: &Plain, output: &mut Vec<u8>) -> bool {
        if let Some(message) = line.text().strip_suffix(b": started") {
            self.spinner = Some((line.indent(), message.to_vec()));
        } else if words::finished(line.text()).is_some() {
            self.spinner = None;
            return self.ended.take().is_some_and(|ended| ended == line.bytes());
        } else if line.text() == HEADLINE
            && let Some((indent, message)) = self.spinner.take().filter(|spinner| spinner.0 == line.indent())
        {
            let ended = [&b" ".repeat(indent)[..], &message, b": finished with status 'error'"].concat();
            output.extend_from_slice(&ended);
            output.push(b'\n');
            self.ended = Some(ended);
        }
        false
    }

    /// In one pipe: the spinner that an error is about to end.
    pub(super) fn ends(&self, line: &Plain) -> Option<(usize, Vec<u8>)> {
        let ends = line.text() == HEADLINE;
        self.spinner.clone().filter(|spinner| ends && spinner.0 == line.indent())
    }

    /// Whether pip has shown the command's output as it came.
    pub(super) fn has_shown(&self, block: &Block) -> bool {
        self.shown.iter().any(|(indent, description)| *indent == block.indent && *description == block.description)
    }

    fn shows(&mut self, indent: usize, description: &[u8]) {
        if self.shown.len() == REMEMBERED {
            self.shown.pop_front();
        }
        self.shown.push_back((indent, description.to_vec()));
        self.spinner = None;
    }

    /// Where pip says that there is no output, the output.
    fn gives_back(
        &mut self,
        line: &Plain,
        ascii: bool,
        subprocesses: &mut Subprocesses,
        facts: &Facts,
        output: &mut Vec<u8>,
    ) -> bool {
        let Some((indent, description)) = self.subject.take().filter(|subject| subject.0 == line.indent()) else {
            return false;
        };
        let version = subprocesses.version();
        let found = subprocesses.take(indent, &description).filter(|block| !self.has_shown(block));
        let block = match found {
            Some(block) => lower::lowered(block, facts, version),
            // An error that ends the run is printed again, and the output with it unless the resolver saw to that.
            None if facts.legacy_resolver || description == b"python setup.py develop" => {
                let given = self.given.take().filter(|block| block.description == description);
                let Some(given) = given else { return false };
                Block { indent, ..given }
            }
            None => return false,
        };
        output.extend(framed(&block, Console { coloured: line.coloured(), ascii, version }));
        self.given = Some(block);
        true
    }
}

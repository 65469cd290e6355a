//! The rewritten text as it grows: an instruction is written anew, everything else is copied as it stands.

use std::ops::Range;

use parse_dockerfile::{Command, RunInstruction};

use super::heredoc::Document;
use super::wrapping::{Injected, Injection, Left, Wrapped};
use super::{lines, script};

/// The longest line that builders read (`bufio.Scanner`'s limit), less some room for the keyword and flags.
const LONGEST_LINE: usize = 60_000;

/// A here document as BuildKit (`summarizeHeredoc`) sums it up behind the instruction.
fn summed_up(content: &str) -> String {
    let mut lines = content.trim().lines();
    let first = lines.next().unwrap_or_default();
    format!(" ({first}{})", if lines.next().is_some() { "..." } else { "" })
}

/// The rewritten text as it grows.
pub(super) struct Output<'a> {
    pub(super) text: &'a str,
    pub(super) escape: char,
    mark: &'a str,
    pieces: String,
    /// Up to where `text` is in `pieces`.
    copied: usize,
    wrapped: Vec<Wrapped>,
    left: Vec<Left>,
}

impl<'a> Output<'a> {
    /// Of `text` behind its byte order `mark`, nothing yet.
    pub(super) fn new(mark: &'a str, text: &'a str, escape: char) -> Output<'a> {
        Output { text, escape, mark, pieces: String::new(), copied: 0, wrapped: Vec::new(), left: Vec::new() }
    }

    /// Puts the wrapped words in the place of the command.
    pub(super) fn wrap(
        &mut self,
        run: &RunInstruction<'_>,
        documents: &[&Document<'_>],
        words: &[String],
        injection: &Injection<'_>,
    ) -> Result<(), &'static str> {
        let arguments = argument_span(run);
        let all: Vec<&str> = injection.wrapper.iter().copied().chain(words.iter().map(String::as_str)).collect();
        let exec = serde_json::to_string(&all).expect("strings are always written");
        if exec.len() > LONGEST_LINE {
            return Err("its command is longer than the longest line that a builder reads");
        }
        let begun = self.mount(run, injection);
        self.copy(arguments.start);
        let end = documents.last().map_or(arguments.end, |document| document.place.end);
        // It keeps all its lines, by which a builder points at it, and the empty ones, of which it warns.
        let replaced: Vec<&str> = self.text[arguments.start..end].split('\n').collect();
        if let [_, between @ .., _] = replaced.as_slice() {
            self.pieces.push(self.escape);
            self.pieces.push('\n');
            for line in between {
                let is_empty = documents.is_empty() && line.trim().is_empty();
                self.pieces.push_str(if is_empty { "\n" } else { "#\n" });
            }
        }
        self.pieces.push_str(&exec);
        self.copied = end;
        let rewritten = lines::join(&self.pieces[begun..], self.escape);
        let mut original = self.shown(run);
        if let [document] = documents
            && is_whole(run, document)
        {
            original.push_str(&summed_up(&document.content()));
        }
        self.wrapped.push(Wrapped { original, rewritten });
        Ok(())
    }

    /// Has the kernel start the wrapper for a document that is a program.
    pub(super) fn wrap_program(
        &mut self,
        run: &RunInstruction<'_>,
        document: &Document<'_>,
        injection: &Injection<'_>,
    ) -> Result<(), &'static str> {
        let first = document.body.split('\n').next().unwrap_or_default();
        let line = script::wrapped(first, injection.wrapper)?;
        let begun = self.mount(run, injection);
        self.copy(document.marker.end);
        let mut rewritten = lines::join(&self.pieces[begun..], self.escape);
        let body = format!("{line}{}", &document.body[first.len()..]);
        rewritten.push_str(&summed_up(&body));
        self.copy(document.place.start);
        self.pieces.push_str(&line);
        self.copied += first.len();
        let original = self.shown(run) + &summed_up(document.body);
        self.wrapped.push(Wrapped { original, rewritten });
        Ok(())
    }

    /// Copies up to the command, with the flag that mounts the wrapper; says where the instruction begins.
    fn mount(&mut self, run: &RunInstruction<'_>, injection: &Injection<'_>) -> usize {
        self.copy(run.run.span.start);
        let begun = self.pieces.len();
        self.copy(run.run.span.end);
        self.pieces.push_str(" --mount=");
        self.pieces.push_str(injection.mount);
        begun
    }

    /// The instruction on one line, as it was.
    fn shown(&self, run: &RunInstruction<'_>) -> String {
        lines::join(&self.text[run.run.span.start..argument_span(run).end], self.escape)
    }

    /// Names the instruction that begins at `start` as left.
    pub(super) fn leave(&mut self, start: usize, reason: &str) {
        let line = self.line_of(start);
        let instruction = self.text[start..].lines().next().unwrap_or_default().trim_end().to_owned();
        self.left.push(Left { line, instruction, reason: reason.to_owned() });
    }

    fn line_of(&self, place: usize) -> usize {
        1 + self.text[..place].matches('\n').count()
    }

    fn copy(&mut self, end: usize) {
        self.pieces.push_str(&self.text[self.copied..end]);
        self.copied = end;
    }

    pub(super) fn finish(mut self, names_stage: bool) -> Injected {
        self.copy(self.text.len());
        let text = format!("{}{}", self.mark, self.pieces);
        Injected { text, names_stage: names_stage && !self.wrapped.is_empty(), wrapped: self.wrapped, left: self.left }
    }
}

/// Whether a place lies within an instruction's own lines.
pub(super) fn covers(run: &RunInstruction<'_>, place: &Range<usize>) -> bool {
    run.run.span.start <= place.start && place.end <= argument_span(run).end
}

pub(super) fn argument_span(run: &RunInstruction<'_>) -> Range<usize> {
    match &run.arguments {
        Command::Exec(words) => words.span.clone(),
        Command::Shell(command) => command.span.clone(),
        _ => run.run.span.clone(),
    }
}

/// Whether a document is the whole command.
pub(super) fn is_whole(run: &RunInstruction<'_>, document: &Document<'_>) -> bool {
    document.marker == argument_span(run)
}

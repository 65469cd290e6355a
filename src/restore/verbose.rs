//! A nested pip's output where pip shows it as it comes: with `-v`.
//!
//! A log has the nested pip print more than it prints without one; that goes.

use super::facts::Facts;
use super::level::Level;
use super::lower::Lowered;
use super::plain::Plain;
use super::words::{self, Version};

/// Follows the lines of standard error, or of both streams.
#[derive(Debug, Default)]
pub(super) struct Verbose {
    /// The nested pip that prints, and how far in.
    nested: Option<(usize, Lowered)>,
}

impl Verbose {
    /// Takes a line if it belongs to a nested pip's output, or tells how it was started.
    pub(super) fn takes(
        &mut self,
        line: &Plain,
        raw: &[u8],
        version: Version,
        facts: &Facts,
        output: &mut Vec<u8>,
    ) -> bool {
        let wanted = Level::shown_at(facts.nested_verbosity(version), version);
        if wanted == Level::shown_at(facts.logged_nested_verbosity(version), version) {
            return false;
        }
        if self.is_over(line) {
            self.end(output);
        }
        if let Some((indent, nested)) = &mut self.nested {
            let line = raw.strip_suffix(b"\n").unwrap_or(raw);
            let spaces = line.iter().take_while(|byte| **byte == b' ').count();
            if spaces > 0 && spaces == line.len() {
                // Output is shown without the spaces at its end, so this is in a frame of the outer pip's.
                return false;
            }
            let mut lowered = Vec::new();
            nested.line(line[spaces.min(*indent)..].to_vec(), &mut lowered);
            print(&lowered, *indent, output);
            return true;
        }
        if let Some(description) = line.text().strip_prefix(b"Running command ")
            && words::is_pip(description)
        {
            self.nested = Some((line.indent(), Lowered::to(wanted, version)));
        }
        false
    }

    /// Whether any line may be a nested pip's.
    pub(super) fn hears(&self) -> bool {
        self.nested.is_some()
    }

    /// Gives up what is held back.
    pub(super) fn end(&mut self, output: &mut Vec<u8>) {
        if let Some((indent, nested)) = self.nested.take() {
            print(&nested.rest(), indent, output);
        }
    }

    /// Whether a line is the outer pip's: no nested pip logs a command or the end of a spinner at its outermost.
    fn is_over(&self, line: &Plain) -> bool {
        let Some((indent, _)) = &self.nested else { return false };
        let tells = line.text().starts_with(b"Running command ")
            || line.text().starts_with(b"full command: ")
            || words::finished(line.text()).is_some();
        !line.text().is_empty() && line.indent() < *indent || line.indent() == *indent && tells
    }
}

fn print(lines: &[Vec<u8>], indent: usize, output: &mut Vec<u8>) {
    for line in lines {
        output.resize(output.len() + if line.is_empty() { 0 } else { indent }, b' ');
        output.extend_from_slice(line);
        output.push(b'\n');
    }
}

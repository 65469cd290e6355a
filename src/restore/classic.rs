//! The error that pips before 22 print for a failed command, and do not if they write a log.
//!
//! ```text
//! ERROR: Command errored out with exit status 1:
//!  command: /usr/bin/python3 ...
//!      cwd: /tmp/pip-req-build-x/
//! Complete output (2 lines):
//! gcc -c foo.c
//! foo.c:1: fatal error: Python.h: No such file
//! ----------------------------------------
//! ```
//!
//! Nothing is left of it in the output; what shows the gap is the error that always comes next. The exit status stands
//! in that, or nowhere; then it is taken for 1.

use super::block::Block;
use super::entry::ends_line;
use super::facts::Facts;
use super::plain::Plain;
use super::subprocess::Subprocesses;
use super::words::{self, Version};

/// Follows the lines of standard error, or of both streams.
#[derive(Debug, Default)]
pub(super) struct Classic {
    /// In one pipe: a spinner has ended in an error, which comes next.
    due: Option<(usize, Vec<u8>)>,
}

impl Classic {
    /// What was swallowed before `line`.
    pub(super) fn before(&mut self, line: &Plain, subprocesses: &mut Subprocesses) -> Option<Block> {
        let text = line.text();
        let status = words::status(text);
        let due = self.due.take();
        let mut block = if let Some((indent, message)) = due {
            subprocesses.take_classic(|block| block.indent == indent && block.message.as_deref() == Some(&message))
        } else if let Some((_, description)) = status {
            subprocesses.take_classic(|block| block.description == description)
        } else {
            let package = words::failed_build(text)?;
            let message = [b" for ", package, b" ("].concat();
            subprocesses.take_classic(|block| match &block.message {
                Some(spinner) => memchr::memmem::find(spinner, &message).is_some(),
                None => block.description.ends_with(b"clean --all"),
            })
        }?;
        let known =
            status.filter(|(_, description)| *description == block.description).map(|(status, _)| status.to_vec());
        block.status = block.status.or(known);
        Some(block)
    }

    /// In one pipe the error follows the end of the spinner.
    pub(super) fn notice(&mut self, line: &Plain) {
        if let Some((message, b"error")) = words::finished(line.text()) {
            self.due = Some((line.indent(), message.to_vec()));
        }
    }

    /// Whether something may be due before the next byte.
    pub(super) fn is_due(&self) -> bool {
        self.due.is_some()
    }
}

/// The error as it is printed.
pub(super) fn error(block: &Block, facts: &Facts, version: Version) -> Vec<u8> {
    let count = block.clipped + block.lines.len();
    let place = &block.place;
    let command = facts.unlogged(&place.command, version);
    let status = block.status.as_deref().unwrap_or(b"1");
    let mut lines = vec![
        [b"ERROR: Command errored out with exit status ", status, b":"].concat(),
        [b" command: ", command.as_deref().unwrap_or(&place.command)].concat(),
        [b"     cwd: ", &place.directory[..]].concat(),
        format!("Complete output ({count} lines):").into_bytes(),
    ];
    if block.clipped > 0 {
        lines.push(format!("[wheeltap kept the end: {} lines are only in pip's log]", block.clipped).into_bytes());
    }
    lines.extend(block.lines.iter().cloned());
    lines.push(vec![b'-'; 40]);
    let indent = b" ".repeat(block.indent);
    let mut printed = Vec::new();
    for line in lines {
        printed.extend_from_slice(&indent);
        for (at, byte) in line.iter().enumerate() {
            printed.push(*byte);
            // Python indents whatever it takes for a line.
            if at + 1 < line.len() && ends_line(&line[..=at]) {
                printed.extend_from_slice(&indent);
            }
        }
        printed.push(b'\n');
    }
    printed
}

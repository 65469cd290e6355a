//! What one command printed.

use super::words;
use super::workplace::{Place, Workplace};

/// A command that failed, or that is the last one at its indentation.
#[derive(Clone, Debug, Default)]
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
    /// What its spinner says.
    pub(super) message: Option<Vec<u8>>,
    /// How it was run.
    pub(super) place: Place,
    /// What a pip that it is told of its own work, before 22.
    pub(super) inner: Workplace,
    /// The status it exited with, where pip logs that.
    pub(super) status: Option<Vec<u8>>,
}

impl Block {
    /// Of a command whose output is all that is known.
    pub(super) fn printed(indent: usize, description: Vec<u8>, lines: Vec<Vec<u8>>) -> Block {
        let is_pip = words::is_pip(&description);
        Block { indent, description, lines, is_pip, ..Block::default() }
    }
}

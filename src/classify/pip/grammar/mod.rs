//! What one line of pip's text says, from pip 20.3 to the newest.
//!
//! Refuses regular expressions and any look at neighbouring lines: each form is a fixed beginning and what stands between
//! fixed words, so that a line that is none of pip's costs a few comparisons; what a line means where it stands is for
//! the caller. The text of the log, of standard output and of standard error is the same but for the log's stamps.

mod building;
mod files;
mod line;
mod network;
mod outcome;
mod parse;
#[cfg(test)]
mod tests;
mod words;

pub(super) use building::{is_pip, is_version_control};
pub(super) use files::Amount;
pub(super) use line::Line;
pub(super) use network::{answered, quoted_host};
pub(super) use words::between;

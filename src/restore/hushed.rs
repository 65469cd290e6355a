//! Warnings that only a log makes a very quiet pip print.
//!
//! Standard error has a level of its own, a warning; `-qq` and `-qqq` raise the level of everything, unless there is a
//! log, for which everything is let through.

use super::plain::Plain;

/// Takes the lines of records below the level that was asked for.
#[derive(Debug, Default)]
pub(super) struct Hushed {
    /// The record that is being printed is below it.
    drops: bool,
    /// A blank line, which may be the first of such a record.
    blank: Option<Vec<u8>>,
}

impl Hushed {
    /// Takes a line if it is not printed at this verbosity, or not yet.
    pub(super) fn takes(&mut self, line: &Plain, raw: &[u8], verbosity: i32, output: &mut Vec<u8>) -> bool {
        let text = line.text();
        if text.is_empty() && !self.drops && self.blank.is_none() {
            self.blank = Some(raw.to_vec());
            return true;
        }
        let starts = |heads: &[&str]| heads.iter().any(|head| text.starts_with(head.as_bytes()));
        if starts(&["WARNING: ", "DEPRECATION: ", "[notice] "]) {
            self.drops = true;
            self.blank = self.blank.take().filter(|_| !text.starts_with(b"["));
        } else if starts(&["ERROR: "]) {
            self.drops = verbosity <= -3 && starts(ERRORS);
        } else if starts(&["error: "]) {
            self.drops = verbosity <= -3;
        } else if starts(&["{"]) {
            // What `--report -` prints.
            self.drops = false;
        }
        output.append(&mut self.held());
        self.drops
    }

    /// Gives up what is held back.
    pub(super) fn held(&mut self) -> Vec<u8> {
        self.blank.take().unwrap_or_default()
    }
}

/// Asks for something without a newline.
pub(super) fn is_prompt(text: &[u8]) -> bool {
    let heads =
        ["User for ", "Password", "Save credentials", "Proceed (", "The plan is", "Your response", "What to do"];
    heads.iter().any(|head| text.starts_with(head.as_bytes()))
}

/// What is an error; whatever else says `ERROR: ` is critical, and printed by the quietest.
const ERRORS: &[&str] = &[
    "ERROR: Ambiguous file signature in ",
    "ERROR: An error occurred during configuration: ",
    "ERROR: Can't roll back ",
    "ERROR: Cannot build editable ",
    "ERROR: Cannot build wheel for ",
    "ERROR: Cannot roll back changes to ",
    "ERROR: Could not install packages due to an ",
    "ERROR: Could not restore ",
    "ERROR: Failed building editable for ",
    "ERROR: Failed building wheel for ",
    "ERROR: Failed cleaning build dir for ",
    "ERROR: Failed to restore ",
];

//! What came of one requirements file, as pip told it.

use std::path::PathBuf;

use crate::event::text;
use crate::manifest::requirements::{Entry, Place, Problem};
use crate::manifest::wheelhouse::Unmet;

/// What came of one requirements file.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) file: PathBuf,
    pub(super) errors: Vec<Unmet>,
    pub(super) skipped: Vec<Unmet>,
}

impl Outcome {
    pub(super) fn new(file: PathBuf) -> Self {
        Outcome { file, errors: Vec::new(), skipped: Vec::new() }
    }

    /// A requirement could not be had.
    pub(super) fn unmet(&mut self, entry: &Entry, reason: String) {
        self.errors.push(of(entry.shown(), &entry.place, reason));
    }

    /// A line is no requirement.
    pub(super) fn invalid(&mut self, problem: &Problem) {
        self.errors.push(of(String::new(), &problem.place, problem.fault.to_string()));
    }

    /// pip took nothing of the file, and its lines are not to blame.
    pub(super) fn failed(&mut self, reason: String) {
        let file = Some(text(self.file.as_os_str().as_encoded_bytes()));
        self.errors.push(Unmet { requirement: String::new(), file, line: None, reason });
    }

    /// Something that a build wants could not be had.
    pub(super) fn unbuildable(&mut self, requirement: &str, reason: &str) {
        let reason = format!("wanted to build a source distribution: {reason}");
        self.errors.push(Unmet { requirement: requirement.to_owned(), file: None, line: None, reason });
    }

    /// Notes what pip says that it passes over: `Ignoring NAME: markers '...' don't match your environment`.
    pub(super) fn passed_over(&mut self, lines: &[Vec<u8>], entries: &[&Entry]) {
        for line in lines.iter().map(|line| text(line)) {
            let Some((name, reason)) = line.trim().strip_prefix("Ignoring ").and_then(|rest| rest.split_once(": "))
            else {
                continue;
            };
            let entry = entries.iter().find(|entry| entry.requirement.name.as_deref() == Some(name));
            let skipped = match entry {
                Some(entry) => of(entry.shown(), &entry.place, reason.to_owned()),
                None => Unmet { requirement: name.to_owned(), file: None, line: None, reason: reason.to_owned() },
            };
            if !self.skipped.contains(&skipped) {
                self.skipped.push(skipped);
            }
        }
    }
}

fn of(requirement: String, place: &Place, reason: String) -> Unmet {
    let line = Some(place.line).filter(|line| *line > 0);
    Unmet { requirement, file: Some(text(place.file.as_os_str().as_encoded_bytes())), line, reason }
}

/// Why pip failed, as it puts it: its last error, else its last line.
pub(super) fn reason(lines: &[Vec<u8>], status: &std::process::ExitStatus) -> String {
    let lines: Vec<String> = lines.iter().map(|line| text(line).trim().to_owned()).collect();
    let told = |line: &&String| line.starts_with("ERROR: ") || line.starts_with("error: ");
    let last = lines.iter().rev().find(told).or_else(|| lines.iter().rev().find(|line| !line.is_empty()));
    match last {
        Some(line) => line.trim_start_matches("ERROR: ").trim_start_matches("error: ").to_owned(),
        None => format!("pip ended with {status} and said nothing"),
    }
}

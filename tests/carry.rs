//! Caches that are carried: packed into one file, unpacked from it, rid of what nothing asks for.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "this binary uses a part of it")]
#[path = "console/harness.rs"]
mod harness;
#[path = "carry/hostile.rs"]
mod hostile;
#[path = "carry/pack.rs"]
mod pack;
#[path = "carry/prune.rs"]
mod prune;
#[allow(dead_code, reason = "this binary uses a part of it")]
#[path = "support/wheels.rs"]
mod wheels;

use std::collections::BTreeMap;
use std::path::Path;

/// Names and contents of what lies in a directory, hidden files included; empty if there is none.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap_or_else(|_| b"?".to_vec()))
        })
        .collect()
}

/// How the console ended, and what it said.
struct Went {
    status: i32,
    stdout: String,
    stderr: String,
}

/// A place that runs the console with arguments as they are.
trait Run {
    fn run(&self, arguments: &[&str]) -> Went;
}

impl Run for harness::Place {
    fn run(&self, arguments: &[&str]) -> Went {
        let said = self.of(&mut self.wheeltap(arguments));
        Went { status: said.status.unwrap(), stdout: said.stdout, stderr: said.stderr }
    }
}

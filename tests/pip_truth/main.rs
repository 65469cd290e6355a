//! The classifier of pip's text against recorded runs whose truth comes from the server's own record, the kernel and the
//! disk. `WHEELTAP_CORPUS` names another directory of the same form.
//!
//! `cargo test --test pip_truth -- --nocapture` prints the table.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test reads files and the environment, and says what it found"
)]

mod case;
mod chunks;
mod limits;
#[path = "../support/pip_runs.rs"]
mod pip_runs;
mod refused;
mod runs;
mod score;
mod snapshots;

use std::collections::BTreeMap;

use case::{Case, Texts};
use score::{Score, table};

/// Reads every case from these texts; prints the table; fails on what is not right beyond what `limits` lists.
fn judge(texts: Texts) {
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for case in Case::all() {
        scores.entry(case.version.clone()).or_default().add(Score::of(&case, texts));
    }
    println!("{}", table(texts, &scores));
    let faults: Vec<&String> = scores.values().flat_map(|score| &score.faults).collect();
    assert!(faults.is_empty(), "{texts:?}:\n{}", faults.iter().map(|fault| format!("{fault}\n")).collect::<String>());
}

#[test]
fn the_log_and_the_streams_tell_the_truth() {
    judge(Texts::LogAndStreams);
}

#[test]
fn the_log_alone_tells_the_truth() {
    judge(Texts::Log);
}

#[test]
fn the_streams_alone_tell_no_untruth() {
    judge(Texts::Streams);
}

#[test]
fn the_streams_in_one_tell_no_untruth() {
    judge(Texts::Both);
}

#[test]
fn the_streams_tell_more_when_the_version_is_known() {
    judge(Texts::StreamsOfKnownVersion);
}

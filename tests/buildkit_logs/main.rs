//! Every recorded build log is read whole, in any pieces, and says what is known of that build.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use wheeltap::classify::Finding;
use wheeltap::classify::buildkit::{Build, Builder, Reader, State};
use wheeltap::event::{Kind, Origin};

fn corpus() -> PathBuf {
    match std::env::var_os("WHEELTAP_CORPUS") {
        Some(corpus) => Path::new(&corpus).join("buildkit"),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/buildkit"),
    }
}

fn log(case: &str) -> Vec<u8> {
    let case = corpus().join(case);
    let stream = |name: &str| std::fs::read(case.join(name)).unwrap_or_default();
    [stream("stdout"), stream("stderr")].concat()
}

fn read(log: &[u8], piece: usize) -> Option<Build> {
    let mut reader = Reader::default();
    log.chunks(piece).for_each(|piece| reader.feed(piece));
    reader.finish()
}

fn build(case: &str) -> Build {
    read(&log(case), 1 << 16).unwrap_or_else(|| panic!("{case} is a build log"))
}

fn cases() -> Vec<String> {
    let mut cases = Vec::new();
    for engine in std::fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().path()) {
        for case in std::fs::read_dir(&engine).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if case.join("stderr").exists() {
                cases.push(case.strip_prefix(corpus()).unwrap().display().to_string());
            }
        }
    }
    cases.sort();
    cases
}

/// Network operations and downloaded package files that the text of a build's steps tells.
fn taken_on(build: &Build) -> (u64, usize) {
    let findings = || build.steps.iter().flat_map(|step| &step.findings).map(|(_, findings)| findings);
    let attempts = findings().flatten().filter_map(|finding| match finding {
        Finding::Attempt(attempt) => Some(attempt.count),
        _ => None,
    });
    let downloads = findings().map(|findings| {
        let last: std::collections::BTreeMap<u64, (Kind, Origin)> = findings
            .iter()
            .filter_map(|finding| match finding {
                Finding::Artifact { number, record, .. } => Some((*number, (record.kind, record.origin))),
                _ => None,
            })
            .collect();
        last.values().filter(|(kind, origin)| kind.is_package() && *origin == Origin::Downloaded).count()
    });
    (attempts.sum(), downloads.sum())
}

#[test]
fn every_vertex_comes_to_its_end() {
    println!("table: builds read from recorded logs");
    println!("{:55} {:>6} {:>7} {:>9} {:>9}", "log", "steps", "cached", "network", "downloads");
    for case in cases() {
        let Some(build) = read(&log(&case), 4096) else { continue };
        let open: Vec<&str> = build
            .steps
            .iter()
            .filter(|step| step.state == State::Unfinished)
            .map(|step| step.name.instruction.as_str())
            .collect();
        // buildx 0.13 leaves the reading of an absent Dockerfile open.
        let expected_open = usize::from(case.ends_with("buildx0.13.1/no-dockerfile"));
        assert!(open.len() <= expected_open, "{case}: {open:?}");
        let (network, downloads) = taken_on(&build);
        let rate = build.cached_rate().map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", 100.0 * rate));
        println!("{case:55} {:6} {rate:>7} {network:9} {downloads:9}", build.steps.len());
    }
    println!("end of table");
}

#[test]
fn the_share_of_cached_steps_is_that_of_the_builds() {
    for (case, rate) in [
        ("docker20.10-buildkit0.8/multi-cached", 1.0),
        ("docker20.10-buildx0.13.1/multi-cached", 1.0),
        ("docker20.10-buildx0.13.1/multi-cached-rawjson", 1.0),
        ("docker28.5.2-buildx0.29.1/multi-cached", 1.0),
        ("docker20.10-buildkit0.8/multi-partly", 8.0 / 11.0),
        ("docker28.5.2-buildx0.29.1/multi-partly", 8.0 / 11.0),
        ("docker20.10-buildkit0.8/multi-cold", 0.0),
    ] {
        assert_eq!(build(case).cached_rate(), Some(rate), "{case}");
    }
}

#[test]
fn attempts_and_downloads_of_the_steps_are_counted() {
    // Three URIs that are tried four times each; everything else comes from the wheelhouse.
    assert_eq!(taken_on(&build("docker20.10-buildx0.13.1/wheelhouse-nonet")), (12, 0));
    let cold = build("docker20.10-buildkit0.8/multi-cold");
    let (_, downloads) = taken_on(&cold);
    assert!(downloads >= 4, "{downloads}");
    assert_eq!(taken_on(&build("docker20.10-buildkit0.8/multi-cached")), (0, 0));
}

#[test]
fn a_clipped_step_is_known_to_be() {
    let build = build("docker20.10-buildkit0.8/lines");
    assert!(build.steps.iter().any(|step| step.clipped));
}

#[test]
fn failures_are_told_from_what_they_stop() {
    let build = build("docker20.10-buildkit0.8/fail-parallel");
    let state = |part: &str| {
        build.steps.iter().find(|step| step.name.instruction.contains(part)).map(|step| (step.state, step.seconds))
    };
    assert_eq!(state("b-dies"), Some((State::Error, Some(1.269))));
    assert_eq!(state("start-a"), Some((State::Canceled, Some(1.25))));
}

#[test]
fn the_legacy_builder_is_read_too() {
    let cold = build("docker20.10-legacy/multi-cold");
    assert_eq!(cold.builder, Builder::Legacy);
    assert_eq!(cold.wall_seconds, None);
    assert_eq!(cold.steps.len(), 17);
    assert_eq!(cold.steps[4].name.stage.as_deref(), Some("aptstage"));
    assert_eq!(cold.steps[4].state, State::Done);
    let failed = build("docker20.10-legacy/fail");
    assert_eq!(failed.steps.last().unwrap().state, State::Error);
}

#[test]
fn pieces_do_not_matter() {
    for case in cases() {
        let log = log(&case);
        let log = &log[..log.len().min(20_000)];
        let whole = read(log, usize::MAX);
        for piece in [1, 7, 1021] {
            assert_eq!(read(log, piece), whole, "{case} in pieces of {piece}");
        }
    }
}

#[test]
fn what_is_no_build_log_is_none() {
    for log in [&b""[..], b"hello\nworld\n", b"Collecting six\n", b"{\"a\": 1}\n", b"\xff\xfe\x00"] {
        assert_eq!(read(log, 3), None);
    }
}

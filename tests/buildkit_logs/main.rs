//! Every recorded build log is read whole, in any pieces, and says what is known of that build.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wheeltap::classify::Finding;
use wheeltap::classify::buildkit::{Build, Builder, Reader, State};
use wheeltap::event::{Kind, Origin};
use wheeltap::report::profile::Profile;

fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/buildkit")
}

fn corpus() -> PathBuf {
    std::env::var_os("WHEELTAP_CORPUS").map_or_else(bundled, |corpus| Path::new(&corpus).join("buildkit"))
}

/// What was recorded beside the log: how the client ended, and after how many seconds.
#[derive(serde::Deserialize)]
struct Truth {
    exit: i32,
    wall_seconds: f64,
}

fn truth(case: &str) -> Truth {
    serde_json::from_slice(&std::fs::read(corpus().join(case).join("truth.json")).unwrap()).unwrap()
}

/// Recorded runs of a client that printed no log of a build: it was told to be quiet, or did something else.
fn is_no_log(case: &str) -> bool {
    let (engine, name) = case.split_once('/').unwrap();
    let of_engine: &[&str] = match engine {
        // Another client's command line than its own: it prints its usage.
        "docker20.10-buildx0.13.1" => &["check", "history-logs"],
        // It reads the Dockerfile before it says anything.
        "docker20.10-legacy" => &["syntax-error"],
        // The engine refuses before it begins.
        "docker28.5.2-buildx0.29.1" => &["attest-provenance", "history-inspect"],
        "inspect" => return true,
        _ => &[],
    };
    let of_all = ["quiet", "check-json", "du-verbose", "history-inspect-json", "history-ls-json"];
    of_engine.contains(&name) || of_all.contains(&name)
}

fn log(case: &str) -> Vec<u8> {
    log_of(&corpus().join(case))
}

fn log_of(case: &Path) -> Vec<u8> {
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
    cases_of(&corpus())
}

fn cases_of(root: &Path) -> Vec<String> {
    let mut cases = Vec::new();
    for engine in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        for case in std::fs::read_dir(&engine).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if case.join("stderr").exists() {
                cases.push(case.strip_prefix(root).unwrap().display().to_string());
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
        let build = read(&log(&case), 4096);
        assert_eq!(build.is_none(), is_no_log(&case), "{case}");
        let Some(build) = build else { continue };
        let open: Vec<&str> = build
            .steps
            .iter()
            .filter(|step| step.state == State::Unfinished)
            .map(|step| step.name.instruction.as_str())
            .collect();
        // buildx 0.13 leaves the reading of an absent Dockerfile open.
        let expected_open = usize::from(case.ends_with("buildx0.13.1/no-dockerfile"));
        assert!(open.len() <= expected_open, "{case}: {open:?}");
        let Truth { exit, wall_seconds } = truth(&case);
        let failed = build.steps.iter().any(|step| matches!(step.state, State::Error | State::Canceled));
        assert!(exit != 0 || !failed && open.is_empty(), "{case}: it did not fail");
        let longest = build.steps.iter().filter_map(|step| step.seconds).fold(0.0, f64::max);
        assert!(longest <= wall_seconds, "{case}: a step took {longest} s of {wall_seconds} s");
        // The client's own beginning and end are not in the log.
        assert!(build.wall_seconds.is_none_or(|wall| (wall..wall + 0.6).contains(&wall_seconds)), "{case}");
        assert_eq!(build.wall_seconds.is_some(), case.ends_with("-rawjson"), "{case}");
        let (network, downloads) = taken_on(&build);
        let rate = build.cached_rate().map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", 100.0 * rate));
        println!("{case:55} {:6} {rate:>7} {network:9} {downloads:9}", build.steps.len());
    }
    println!("end of table");
}

/// Each step of each log that is kept with the tests: what became of it, its seconds, network operations and downloads.
#[test]
fn every_step_is_as_it_was() {
    let mut table = String::new();
    for case in cases_of(&bundled()) {
        let Some(build) = read(&log_of(&bundled().join(&case)), 4096) else {
            writeln!(table, "{case}: no log of a build").unwrap();
            continue;
        };
        let profile = Profile::of(&build, None, Vec::new());
        writeln!(table, "{case}: {}, {:?} cached, {:?} s", profile.builder, profile.cached_rate, profile.wall_seconds)
            .unwrap();
        for step in profile.steps {
            let seconds = step.seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.3}"));
            let of = step.index.zip(step.total).map(|(index, total)| format!("{index}/{total} "));
            let [platform, stage] = [step.platform, step.stage].map(|word| word.map(|word| word + " "));
            let place = [platform, stage, of].into_iter().flatten().collect::<String>();
            let instruction: String = step.instruction.chars().take(60).collect();
            let clipped = if step.clipped { " clipped" } else { "" };
            writeln!(
                table,
                "  {:4} {:10} {seconds:>7} {:3} {:3}{clipped}  {place}{instruction}",
                step.id, step.state, step.network_operations, step.downloads
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!("steps", table);
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

//! The product's own recording breaks, around a pip that has a log: what the log took from the streams is given back all
//! the same, and the session says what broke.
//!
//! pip is a recorded one, whose build fails. Only a build that is no release breaks when it is told to.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Ended, Place, Way, product, run};

/// What older pips print holds random names, which differ between the two recorded runs.
const RECORDED: [&str; 3] = ["23.0.1/build-fail", "25.3/build-fail", "26.3/build-fail"];

/// The recorded run of a pip.
fn failing(recorded: &str) -> String {
    format!("install play='{}/tests/data/pip/{recorded}' exit=1", env!("CARGO_MANIFEST_DIR"))
}

/// Runs `line` recorded, and breaks where it is told to.
fn broken(place: &Place, fault: &str, line: &str) -> Ended {
    let mut command = place.command(Way::Recorded, &["env"]);
    command.arg(format!("WHEELTAP_FAULT={fault}")).args(["sh", "-c", line]);
    run(command)
}

/// The one session, and then none.
fn session(place: &Place) -> Value {
    let logs = place.path("logs");
    let names = std::fs::read_dir(&logs).unwrap().map(|entry| entry.unwrap().path());
    let is_document = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with("downloads_");
    let documents: Vec<_> = names.filter(|path| is_document(path)).collect();
    assert_eq!(documents.len(), 1, "{documents:?}");
    let session = serde_json::from_slice(&std::fs::read(&documents[0]).unwrap()).unwrap();
    std::fs::remove_dir_all(logs).unwrap();
    session
}

// Contract: recording-failures, pip-log-gives-back
#[test]
fn what_breaks_in_the_recording_takes_nothing_from_the_output() {
    for recorded in RECORDED {
        let place = Place::new();
        let line = format!("pip {}", failing(recorded));
        for line in [&line, &format!("{line} 2>&1")] {
            let bare = place.sh(Way::Bare, line);
            assert!(bare.status == 1 << 8 && (bare.stdout.clone() + &bare.stderr).contains("Python.h"), "{bare:?}");
            for fault in ["none", "hear", "complete", "hear complete", "flush", "begin", "prepare"] {
                assert_eq!(broken(&place, fault, line), bare, "{recorded}, {fault}: {line}");
                let session = session(&place);
                let invocation = &session["invocations"][0];
                let first = fault.split(' ').next().unwrap();
                let expected = match fault {
                    "none" => serde_json::json!([]),
                    _ => serde_json::json!([format!("the recording broke off: told to break: {first}")]),
                };
                assert_eq!(invocation["degraded"][0], expected[0], "{recorded}, {fault}: {line}");
                assert_eq!(invocation["exit_code"], bare.status >> 8, "{recorded}, {fault}: {line}");
                assert_eq!(session["summary"]["complete"], fault == "none", "{recorded}, {fault}: {line}");
            }
        }
    }
}

// Contract: recording-failures, pip-log-gives-back
#[test]
fn what_breaks_in_giving_back_costs_the_place_of_a_build_error_and_not_the_error() {
    for recorded in RECORDED {
        let place = Place::new();
        let line = format!("pip {}", failing(recorded));
        let bare = place.sh(Way::Bare, &line);
        let ended = broken(&place, "restore", &line);
        assert_eq!((ended.status, &ended.stdout), (bare.status, &bare.stdout), "{recorded}");
        assert!(ended.stderr.contains("fatal error: Python.h"), "{recorded}: {}", ended.stderr);
        let session = session(&place);
        let degraded = &session["invocations"][0]["degraded"];
        assert_eq!(degraded[0], "the recording broke off: told to break: restore", "{recorded}");
    }
}

// Contract: recording-failures
#[test]
fn an_apt_whose_recording_breaks_off_has_ended_as_it_has() {
    let place = Place::new();
    let line = "apt-get install out=one err=two exit=3";
    let bare = place.sh(Way::Bare, line);
    for fault in ["prepare", "conclude", "flush"] {
        assert_eq!(broken(&place, fault, line), bare, "{fault}");
        let invocation = &session(&place)["invocations"][0];
        let reason = format!("the recording broke off: told to break: {fault}");
        assert_eq!((&invocation["degraded"][0], &invocation["exit_code"]), (&reason.into(), &3.into()), "{fault}");
    }
}

// Contract: recording-failures, run-follow
#[test]
fn what_breaks_while_a_pip_is_followed_takes_nothing_from_its_output() {
    let place = Place::new();
    let line = format!("'{}' run -- '{}' {}", product().display(), place.text("real/pip"), failing("25.3/build-fail"));
    for fault in ["none", "hear", "complete"] {
        let ended = broken(&place, fault, &line);
        assert_eq!(ended.status, 1 << 8, "{fault}: {ended:?}");
        assert!(ended.stderr.contains("fatal error: Python.h"), "{fault}: {}", ended.stderr);
        let degraded = &session(&place)["invocations"][0]["degraded"];
        let reason = format!("the recording broke off: told to break: {fault}");
        assert_eq!(*degraded == serde_json::json!([reason]), fault != "none", "{fault}: {degraded}");
    }
}

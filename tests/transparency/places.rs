//! Log directories that cannot be written, or no longer: nobody who runs pip notices.

use std::fs;

use serde_json::Value;

use crate::harness::{Ended, Place, Way, product, run};
use crate::requires;

/// Runs `line` with a log directory `logs` of which `prepare` makes what it is to be, in a mount namespace of its own.
/// Standard output ends with the session document, if there is one.
fn run_with(place: &Place, way: Way, prepare: &str, line: &str) -> Ended {
    let logs = place.text("logs");
    let script = format!(
        "mount --make-rprivate /\nlogs='{logs}'\n{prepare}\ncd .\n{line}\necho \"status $?\"\n\
         cat \"$logs\"/downloads_* 2>/dev/null || true"
    );
    fs::create_dir(&logs).unwrap();
    let ended = run(place.command(way, &["unshare", "-m", "bash", "-c", &script]));
    fs::remove_dir_all(logs).unwrap();
    ended
}

/// A run that takes what pip's log took from the output, and one that fails for a reason of its own.
fn lines() -> [String; 2] {
    let failing = format!("play='{}/tests/data/pip/25.3/build-fail'", env!("CARGO_MANIFEST_DIR"));
    [format!("pip install {failing} exit=1"), format!("pip install out=one {failing} err=two raise=15")]
}

/// Runs both bare and recorded: the same comes of it. Answers with the documents.
#[track_caller]
fn same(prepare: &str, lines: &[String]) -> Vec<Option<Value>> {
    let place = Place::new();
    let documents = lines.iter().map(|line| {
        let bare = run_with(&place, Way::Bare, prepare, line);
        assert!(bare.stdout.contains("status ") && bare.stderr.contains("Python.h"), "{bare:?}");
        let mut recorded = run_with(&place, Way::Recorded, prepare, line);
        let document = recorded.stdout[bare.stdout.len().min(recorded.stdout.len())..].to_owned();
        recorded.stdout.truncate(bare.stdout.len());
        assert_eq!(recorded, bare, "{prepare}: {line}");
        (!document.is_empty()).then(|| serde_json::from_str(&document).unwrap())
    });
    documents.collect()
}

// Contract: recording-failures
#[test]
fn where_nothing_can_be_written_pip_runs_as_ever() {
    if !requires::root() {
        return;
    }
    for prepare in [
        "mount --bind $logs $logs; mount -o remount,ro,bind $logs",
        "mount -t tmpfs -o size=64k none $logs; cat /dev/zero >$logs/filler 2>/dev/null",
        "mount -t tmpfs -o nr_inodes=1 none $logs",
        "rmdir $logs; >$logs; export WHEELTAP_LOG_DIR=$logs/deeper/logs",
        "rmdir $logs; >$logs; chmod 755 $logs; export WHEELTAP_LOG_DIR=$logs/deeper",
        "rmdir $logs; ln -s loop $logs; ln -s $logs loop; export WHEELTAP_LOG_DIR=loop; ",
        "export WHEELTAP_LOG_DIR=/proc/nowhere",
    ] {
        let prepare =
            format!("{prepare}\ntrap 'rm -f loop; if [ ! -d $logs ]; then rm -f $logs; mkdir $logs; fi' EXIT");
        assert_eq!(same(&prepare, &lines()), [None, None], "{prepare}");
    }
}

// Contract: recording-failures
#[test]
fn a_missing_directory_is_made_and_tells_all() {
    if !requires::root() {
        return;
    }
    for document in same("rmdir $logs; trap 'mkdir -p $logs' EXIT", &lines()) {
        assert_eq!(document.unwrap()["invocations"][0]["degraded"], serde_json::json!([]));
    }
}

/// The line with something done in the middle of it: the session is open before anything that pip wrote arrives.
fn meanwhile(what: &str) -> [String; 2] {
    lines().map(|line| {
        let line = line.replace("install", "install out=begun await=go");
        format!(
            "{line} >out 2>err &\nuntil [ -s out ]; do :; done; {what}; >go; wait $!; status=$?; cat out; cat err >&2\n\
             rm go out err; (exit $status)"
        )
    })
}

// Contract: recording-failures
#[test]
fn a_directory_that_vanishes_takes_the_record_with_it_and_nothing_else() {
    if !requires::root() {
        return;
    }
    assert_eq!(same("true", &meanwhile("rm -rf $logs; trap 'mkdir -p $logs' EXIT")), [None, None]);
}

// Contract: recording-failures
#[test]
fn a_full_disk_is_why_a_session_is_degraded_as_soon_as_there_is_room() {
    if !requires::root() {
        return;
    }
    let full = "mount -t tmpfs -o size=64k none $logs; cat /dev/zero >$logs/filler 2>/dev/null";
    for document in same(full, &meanwhile("rm $logs/filler")) {
        let document = document.expect("there was room at the end");
        let degraded = document["invocations"][0]["degraded"].to_string();
        assert!(degraded.contains("cannot append") && degraded.contains("os error 28"), "{degraded}");
        assert_eq!(document["summary"]["complete"], false);
    }
}

/// A temporary directory that is full.
const FULL: &str = "mkdir $logs/tmp; mount -t tmpfs -o size=64k none $logs/tmp; export TMPDIR=$logs/tmp\n\
                    cat /dev/zero >$TMPDIR/filler 2>/dev/null";

// Contract: recording-failures
#[test]
fn a_full_temporary_directory_leaves_pip_without_a_log_and_says_so() {
    if !requires::root() {
        return;
    }
    for document in same(FULL, &lines()) {
        let degraded = document.expect("the log directory has room")["invocations"][0]["degraded"].to_string();
        assert!(degraded.contains("no log for pip could be made"), "{degraded}");
    }
}

// Contract: recording-failures, run-follow
#[test]
fn where_a_log_has_no_room_no_pip_is_followed() {
    if !requires::root() {
        return;
    }
    let place = Place::new();
    let [line, _] = lines();
    let little = "mount -t tmpfs -o size=1m none $logs";
    let bare = run_with(&place, Way::Bare, little, &line);
    let followed = line.replacen("pip", &format!("{} run -- {}", product().display(), place.text("real/pip")), 1);
    let ended = run_with(&place, Way::Recorded, little, &followed);
    assert_eq!(ended.stderr, bare.stderr);
    assert!(ended.stdout.starts_with(&bare.stdout), "{}", ended.stdout);
    assert!(ended.stdout.contains("are not seen: no room in"), "{}", ended.stdout);
}

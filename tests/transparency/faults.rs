//! What goes wrong in a recording does not reach the tool.

use std::process::Stdio;

use crate::harness::{Ended, Place, Way, finish, run};

/// Runs a line with a recording that does what the words say.
fn recorded(place: &Place, words: &str, line: &str) -> Ended {
    let mut command = place.command(Way::Bare, &["env"]);
    let path = format!("PATH={}:{}:/usr/bin:/bin", place.text("test"), place.text("real"));
    command.arg(path).arg(format!("SHIM={words}")).args(["sh", "-c", line]);
    run(command)
}

const LINE: &str =
    "pip install out=one err=two out=three huge=200000 prompt='? ' args; echo $?; pip install raise=15; echo $?";

// Contract: recording-failures
#[test]
fn a_panic_anywhere_leaves_the_tool_as_it_is() {
    let place = Place::new();
    let bare = place.sh(Way::Bare, LINE);
    for stage in ["begin", "environment", "interpose", "pass", "seen", "close", "tick", "period", "end", "held"] {
        for how in ["inherit", "interpose"] {
            let ended = recorded(&place, &format!("{how} ticking panic-{stage}"), LINE);
            assert_eq!(ended, bare, "{stage} {how}");
        }
    }
}

// Contract: recording-failures
#[test]
fn a_tap_that_panics_is_not_called_again_and_the_recording_is_told() {
    let place = Place::new();
    let trace = place.text("trace");
    let words = format!("interpose panic-pass trace={trace}");
    let ended = recorded(&place, &words, "pip install out=1 linger=50 out=2 linger=50 out=3");
    assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (0, "123", ""));
    let trace = place.await_file("trace");
    assert!(trace.contains("tap_panic: Some(\"told to panic in pass\")"), "{trace}");
    assert!(!trace.contains("close"), "{trace}");
}

// Contract: recording-failures
#[test]
fn a_recording_that_cannot_be_prepared_is_told_and_the_tool_runs_bare() {
    let place = Place::new();
    let trace = place.text("trace");
    let words = format!("interpose mark panic-interpose trace={trace}");
    let ended = recorded(&place, &words, "pip install env | grep -c ^MARK=; pip install exit=9");
    assert_eq!((ended.status, ended.stdout.as_str()), (9 << 8, "0\n"));
    assert!(place.await_file("trace").contains("told to panic in interpose"));
}

// Contract: recording-failures
#[test]
fn where_no_descriptor_is_to_be_had_the_tool_runs_bare() {
    let place = Place::new();
    // One for the dynamic loader, none for a pipe.
    let line = "exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-; ulimit -n 4; exec pip install out=ran exit=6";
    let trace = place.text("trace");
    let ended = recorded(&place, &format!("interpose trace={trace}"), line);
    assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (6 << 8, "ran", ""));
}

// Contract: recording-failures
#[test]
fn a_slow_recording_delays_no_byte() {
    let place = Place::new();
    for stage in ["seen", "tick"] {
        let trace = place.text("trace");
        let words = format!("interpose ticking slow-{stage} trace={trace}");
        let mut command = place.command(Way::Bare, &["env"]);
        let path = format!("PATH={}:{}:/usr/bin:/bin", place.text("test"), place.text("real"));
        command.arg(path).arg(format!("SHIM={words}"));
        command.args(["pip", "install", "out=a", "linger=20", "out=b", "linger=700", "exit=2"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        crate::harness::expect(child.stdout.as_mut().unwrap(), "ab");
        assert!(child.try_wait().unwrap().is_none(), "{stage}: the tool still runs when its output is there");
        assert_eq!(finish(child).status, 2 << 8);
    }
}

// Contract: recording-failures
#[test]
fn a_tick_comes_while_the_tool_runs_and_no_other_time() {
    let place = Place::new();
    let trace = place.text("trace");
    recorded(&place, &format!("inherit ticking trace={trace}"), "pip install linger=300");
    let ticks = place.await_file("trace").matches("tick").count();
    assert!((2..=16).contains(&ticks), "{ticks}");
}

// Contract: silence
#[test]
fn the_product_says_nothing_and_records() {
    let place = Place::new();
    let ended = place.run(Way::Recorded, &["pip", "install", "exit=3"]);
    assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (3 << 8, "", ""));
    let logs: Vec<_> =
        std::fs::read_dir(place.path("logs")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(logs.iter().any(|name| name.to_string_lossy().starts_with("downloads_")), "{logs:?}");
    assert_eq!(std::fs::read_dir(place.path("work")).unwrap().count(), 0, "nothing of ours lies where the tool ran");
}

// Contract: silence
#[test]
fn nothing_of_ours_is_on_the_streams() {
    let place = Place::new();
    for words in ["inherit", "interpose", "interpose panic-end panic-pass panic-begin"] {
        let ended = recorded(&place, words, "pip");
        assert_eq!((ended.status, ended.stdout.as_str(), ended.stderr.as_str()), (0, "", ""), "{words}");
    }
}

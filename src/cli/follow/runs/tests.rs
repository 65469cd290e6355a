//! Pips that are shell scripts: they take a while to start, as interpreters do, open the log, say their version, and go on
//! when they are told to.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::cli::now;

struct Pip(Child);

impl Pip {
    fn start(directory: &Path, name: &str) -> Pip {
        Pip::with(directory, name, "")
    }

    /// A pip that starts another once it has been told to go on, and waits for it.
    fn with(directory: &Path, name: &str, inner: &str) -> Pip {
        let say = |name: &str, text: &str| format!("echo \"$(date +%Y-%m-%dT%H:%M:%S,%3N) {text} {name}\" >&9");
        let using = say(name, "Using pip 24.0 from");
        let done = say(name, "Successfully installed");
        let script = format!("sleep 0.02; exec 9>>pip.log; {using}; echo; read go; {inner}{done}");
        let child = Command::new("sh")
            .args(["-c", &script, name])
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pip = Pip(child);
        pip.wait_for_word();
        pip
    }

    fn wait_for_word(&mut self) {
        self.0.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    }

    fn go_on(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    fn finish(mut self) {
        self.go_on();
        self.0.wait().unwrap();
    }
}

/// What one look brings, as text: `0 began NAME`, `0: what it says`, `0 ended`.
fn look(intake: &mut Intake, runs: &mut Runs, last: bool) -> Vec<String> {
    intake.look(now());
    let mut told = Vec::new();
    loop {
        let heard = runs.hear(intake, now(), last);
        if heard.is_empty() {
            return told;
        }
        for heard in heard {
            match heard {
                Heard::Began(run, writer) => {
                    let name = writer.map(|writer| writer.argv.last().unwrap().to_str().unwrap().to_owned());
                    told.push(format!("{run} began {}", name.unwrap_or("unknown".to_owned())));
                }
                Heard::Lines(run, lines) => {
                    let lines = String::from_utf8(lines).unwrap();
                    told.extend(lines.lines().map(|line| format!("{run}: {}", &line[24..])));
                }
                Heard::Mixed(run) => told.push(format!("{run} mixed")),
                Heard::Ended(run) => told.push(format!("{run} ended")),
            }
        }
    }
}

fn open(place: &Path, takes: bool) -> (Intake, Runs) {
    (Intake::open(place.join("pip.log"), takes), Runs::default())
}

#[test]
fn runs_at_once_are_told_apart() {
    let place = tempfile::tempdir().unwrap();
    let (mut intake, mut runs) = open(place.path(), true);
    let a = Pip::start(place.path(), "a");
    assert_eq!(look(&mut intake, &mut runs, false), ["0 began a", "0: Using pip 24.0 from a"]);
    let b = Pip::start(place.path(), "b");
    assert_eq!(look(&mut intake, &mut runs, false), ["1 began b", "1: Using pip 24.0 from b"]);
    b.finish();
    assert_eq!(look(&mut intake, &mut runs, false), ["1: Successfully installed b", "1 ended"]);
    a.finish();
    assert_eq!(look(&mut intake, &mut runs, true), ["0: Successfully installed a", "0 ended"]);
}

#[test]
fn two_that_share_a_log_are_said_to_be_mixed() {
    let place = tempfile::tempdir().unwrap();
    let (mut intake, mut runs) = open(place.path(), true);
    let (a, b) = (Pip::start(place.path(), "a"), Pip::start(place.path(), "b"));
    let told = look(&mut intake, &mut runs, false);
    assert!(told[0].starts_with("0 began") && told.contains(&"0 mixed".to_owned()), "{told:?}");
    assert_eq!(told.iter().filter(|line| line.contains("Using pip")).count(), 2, "{told:?}");
    b.finish();
    a.finish();
    assert_eq!(look(&mut intake, &mut runs, true).last().unwrap(), "0 ended");
}

/// Build isolation: a pip inside a pip.
fn nested(place: &Path) -> Pip {
    let say = "echo \"$(date +%Y-%m-%dT%H:%M:%S,%3N) Using pip 24.0 from inner\" >&9; echo; read go";
    let inner = format!("(exec 9>&-; exec 9>>pip.log; {say}); ");
    Pip::with(place, "outer", &inner)
}

#[test]
fn a_pip_that_a_pip_started_is_part_of_its_run() {
    for takes in [true, false] {
        let place = tempfile::tempdir().unwrap();
        let (mut intake, mut runs) = open(place.path(), takes);
        let mut outer = nested(place.path());
        assert_eq!(look(&mut intake, &mut runs, false), ["0 began outer", "0: Using pip 24.0 from outer"], "{takes}");
        outer.go_on();
        outer.wait_for_word();
        assert_eq!(look(&mut intake, &mut runs, false), ["0: Using pip 24.0 from inner"], "{takes}");
        outer.finish();
        let end = ["0: Successfully installed outer", "0 ended"];
        assert_eq!(look(&mut intake, &mut runs, false), end, "{takes}");
    }
}

#[test]
fn one_log_is_cut_where_the_next_run_begins() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("pip.log"), "2026-11-20T16:27:36,471 Using pip 24.0 from the past\n").unwrap();
    let (mut intake, mut runs) = open(place.path(), false);
    assert_eq!(look(&mut intake, &mut runs, false), [""; 0]);
    let a = Pip::start(place.path(), "a");
    assert_eq!(look(&mut intake, &mut runs, false), ["0 began a", "0: Using pip 24.0 from a"]);
    a.finish();
    let b = Pip::start(place.path(), "b");
    assert_eq!(
        look(&mut intake, &mut runs, false),
        ["1 began b", "0: Successfully installed a", "1: Using pip 24.0 from b", "0 ended"]
    );
    let c = Pip::start(place.path(), "c");
    let told = look(&mut intake, &mut runs, false);
    assert_eq!(told, ["2 began c", "1 mixed", "2 mixed", "2: Using pip 24.0 from c"]);
    b.finish();
    c.finish();
    let told = look(&mut intake, &mut runs, false);
    assert_eq!(told[2..], ["1 ended", "2 ended"], "{told:?}");
}

#[test]
fn runs_go_on_in_the_log_that_they_opened_while_the_next_begin_in_what_took_its_place() {
    for moves in [true, false] {
        let place = tempfile::tempdir().unwrap();
        let log = place.path().join("pip.log");
        std::fs::write(&log, "2026-11-20T16:27:36,471 Using pip 24.0 from the past\n").unwrap();
        let (mut intake, mut runs) = open(place.path(), false);
        let a = Pip::start(place.path(), "a");
        assert_eq!(look(&mut intake, &mut runs, false), ["0 began a", "0: Using pip 24.0 from a"]);
        if moves { std::fs::rename(&log, place.path().join("pip.log.1")) } else { std::fs::remove_file(&log) }.unwrap();
        assert_eq!(look(&mut intake, &mut runs, false), [""; 0]);
        a.finish();
        let b = Pip::start(place.path(), "b");
        assert_eq!(
            look(&mut intake, &mut runs, false),
            ["1 began b", "0: Successfully installed a", "1: Using pip 24.0 from b", "0 ended"]
        );
        b.finish();
        assert_eq!(look(&mut intake, &mut runs, true), ["1: Successfully installed b", "1 ended"]);
        assert!(!intake.was_cut);
    }
}

#[test]
fn a_run_goes_on_in_a_log_that_was_cut_short() {
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("pip.log");
    let cut = || std::fs::File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
    std::fs::write(&log, "2026-11-20T16:27:36,471 Using pip 24.0 from the past\n").unwrap();
    let (mut intake, mut runs) = open(place.path(), false);
    let a = Pip::start(place.path(), "a");
    assert_eq!(look(&mut intake, &mut runs, false), ["0 began a", "0: Using pip 24.0 from a"]);
    assert!(!intake.was_cut);
    cut();
    a.finish();
    assert_eq!(look(&mut intake, &mut runs, false), ["0: Successfully installed a", "0 ended"]);
    assert!(intake.was_cut);
    cut();
    let b = Pip::start(place.path(), "b");
    assert_eq!(look(&mut intake, &mut runs, false), ["1 began b", "1: Using pip 24.0 from b"]);
    b.finish();
    assert_eq!(look(&mut intake, &mut runs, true), ["1: Successfully installed b", "1 ended"]);
}

#[test]
fn what_was_too_fast_to_be_found_is_a_run_of_nobody() {
    for takes in [true, false] {
        let place = tempfile::tempdir().unwrap();
        let (mut intake, mut runs) = open(place.path(), takes);
        Pip::start(place.path(), "a").finish();
        let told = ["0 began unknown", "0: Using pip 24.0 from a", "0: Successfully installed a", "0 ended"];
        assert_eq!(look(&mut intake, &mut runs, false), told, "{takes}");
    }
}

//! How the console behaves towards shells, pipes and terminals, whatever the verb.

use std::io::Read as _;
use std::process::Stdio;

use crate::harness::Place;

// Contract: console-manners
#[test]
fn bad_usage_is_status_2_and_talk() {
    let place = Place::new();
    for line in ["", "no-such-verb", "shims", "shims install --no-such-option", "completions tcsh", "--color red man"] {
        let said = place.says(line);
        assert_eq!((said.status, said.stdout.as_str()), (Some(2), ""), "{line}");
        assert!(said.stderr.contains("Usage: wheeltap") || said.stderr.contains("possible values"), "{line}: {said}");
    }
}

// Contract: console-manners
#[test]
fn an_error_says_why_and_what_to_do() {
    let place = Place::new();
    place.write("file", "");
    insta::assert_snapshot!(place.says("man --dir file/pages"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot make the directory of the manual pages: failed to create directory `file/pages`: Not a directory (os error 20)
        ");
}

/// A reader that takes one line and leaves is no error: `wheeltap man | head -1`.
// Contract: console-manners
#[test]
fn a_pipe_closed_early_is_no_error() {
    let place = Place::new();
    let mut child = place
        .command("sh")
        .args(["-c", "\"$0\" completions bash; echo status $? >&2"])
        .arg(crate::harness::wheeltap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut talk = String::new();
    child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    child.wait().unwrap();
    assert_eq!(talk, "status 0\n");
}

/// A full disk is one: the data is not there.
// Contract: console-manners
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let said = place.of(place.wheeltap(["completions", "bash"]).stdout(full));
    assert_eq!(said.status, Some(2));
    assert!(said.stderr.starts_with("error: "), "{said}");
}

// Contract: console-manners
#[test]
fn colours_are_for_terminals_unless_somebody_wishes_otherwise() {
    let place = Place::new();
    let coloured = |line: &str, set: &[(&str, &str)]| {
        let said = place.of(place.wheeltap(line.split(' ')).envs(set.iter().copied()));
        assert_eq!(said.status, Some(1), "{said}");
        said.stdout.contains('\x1b')
    };
    assert!(!coloured("shims status", &[]));
    assert!(coloured("shims status", &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured("shims status", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(coloured("--color always shims status", &[("NO_COLOR", "1")]));
    assert!(!coloured("shims status --color never", &[("CLICOLOR_FORCE", "1")]));
}

//! `step`: what an injected image build starts in place of a command.

use std::path::Path;

use wheeltap::event::{Event, marked};

use super::harness::{Place, Said};

/// What came out of marked lines, whether all of it, and what else stood on standard error.
fn collected(said: &Said) -> (Vec<Event>, bool, String) {
    let mut collector = marked::Collector::default();
    let mut rest = String::new();
    for line in said.stderr.split_inclusive('\n') {
        match marked::find(line.trim_end_matches('\n').as_bytes()) {
            Some((place, piece)) => {
                collector.add(piece.expect("a whole piece"));
                rest.push_str(&line[..place.start]);
            }
            None => rest.push_str(line),
        }
    }
    let (senders, lost) = collector.finish();
    assert_eq!(senders.len(), 1, "a step sends as one");
    (senders.into_iter().flat_map(|(_, events)| events).collect(), lost.is_empty(), rest)
}

// Contract: image-step
#[test]
fn a_step_ends_as_its_command_and_says_that_nothing_was_to_record() {
    let place = Place::new();
    let said = place.of(&mut place.wheeltap(["step", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 7"]));
    assert_eq!((said.status, said.stdout.as_str()), (Some(7), "out\n"));
    let (events, whole, rest) = collected(&said);
    assert!(matches!(events.as_slice(), [Event::Watched { .. }]), "nothing but what the network's counters say");
    assert_eq!((whole, rest.as_str()), (true, "err\n"));
    let killed = place.of(&mut place.wheeltap(["step", "--", "sh", "-c", "kill -9 $$"]));
    assert_eq!(killed.status, None);
    assert!(collected(&killed).1, "what was recorded is told even if the command was killed");
    assert_eq!(place.says("step -- no-such-command").status, Some(127));
    assert_eq!(place.sessions(), [""; 0], "nothing lies in the directory where it ran");
}

// Contract: image-step
#[test]
fn a_step_tells_of_the_pips_that_ran_in_it_and_leaves_nothing() {
    let place = Place::new();
    // One through the shim, one that passes it by, one whose tool appears only while the step runs.
    let script = "pip download --no-index absent-one; /usr/bin/python3 -m pip download --no-index absent-two;
        mkdir late; ln -s /usr/bin/pip3 late/pip3.99; sleep 1; pip3.99 download --no-index absent-three
        echo \"${WHEELTAP_LOG_DIR%/logs}\" >where; exit 3";
    let mut command = place.wheeltap(["step", "--", "/bin/sh", "-c", script]);
    command.env("PATH", format!("{}:/usr/bin:/bin", place.join("late").display()));
    let said = place.of(&mut command);
    assert_eq!(said.status, Some(3), "{said}");
    let (events, whole, rest) = collected(&said);
    assert!(whole);
    assert!(rest.contains("No matching distribution found for absent-one"), "{rest}");
    let mut ended: Vec<(String, String, Option<i32>)> = Vec::new();
    for event in &events {
        if let Event::InvocationFinished { record, .. } = event {
            ended.push((record.argv.last().unwrap().clone(), record.via.clone(), record.exit_code));
        }
    }
    ended.sort();
    let expected = [("absent-one", "shim", Some(1)), ("absent-three", "shim", Some(1)), ("absent-two", "log", None)];
    assert_eq!(ended, expected.map(|(name, via, code)| (name.to_owned(), via.to_owned(), code)));
    let kept = std::fs::read_to_string(place.join("where")).unwrap();
    assert!(kept.starts_with("/dev/shm/wheeltap"), "{kept}");
    assert!(!Path::new(kept.trim()).exists(), "the session is gone with the step");
}

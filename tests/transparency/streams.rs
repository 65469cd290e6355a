//! What the three streams are to the tool.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::harness::{ALL, Place, SHIMMED, Way, expect, finish, wait};
use crate::terminal::{Terminal, pair};

/// Which of its three streams the tool takes for a terminal.
fn terminals_seen(place: &Place, way: Way, terminals: [bool; 3]) -> String {
    let (_ours, theirs) = pair();
    let stream = |terminal: bool| -> Stdio {
        if terminal { theirs.try_clone().unwrap().into() } else { File::create(place.path("file")).unwrap().into() }
    };
    let mut command = place.command(way, &["pip", "install", &format!("terminals={}", place.text("report"))]);
    command.stdin(stream(terminals[0])).stdout(stream(terminals[1])).stderr(stream(terminals[2]));
    assert_eq!(wait(&mut command.spawn().unwrap()), 0);
    std::fs::read_to_string(place.path("report")).unwrap()
}

// Contract: terminals
#[test]
fn a_stream_is_a_terminal_to_the_tool_if_it_is_one_to_the_caller() {
    let place = Place::new();
    for number in 0..8 {
        let terminals = [number & 1 != 0, number & 2 != 0, number & 4 != 0];
        let bare = terminals_seen(&place, Way::Bare, terminals);
        assert_eq!(bare, terminals.map(|terminal| if terminal { "1" } else { "0" }).join(" "));
        for way in [Way::Exec, Way::Inherited] {
            assert_eq!(terminals_seen(&place, way, terminals), bare, "{way:?}");
        }
        // What a recording asks to listen to is not a terminal any more, so it asks for other streams only.
        if !terminals[1] && !terminals[2] {
            assert_eq!(terminals_seen(&place, Way::Interposed, terminals), bare);
        }
    }
}

// Contract: terminals
#[test]
fn on_a_terminal_the_tool_sees_what_it_sees_bare() {
    let place = Place::new();
    let shown = |way| {
        let mut terminal = Terminal::run(&place.command(way, &["pip", "install", "state", "out=done"]));
        terminal.expect("done");
        // Session and group have a number of their own in each run.
        let lines = terminal.shown();
        lines.lines().filter(|line| !line.starts_with("session")).collect::<Vec<_>>().join("\n")
    };
    let bare = shown(Way::Bare);
    assert_eq!(bare.matches("a terminal").count(), 3, "{bare}");
    for way in [Way::Exec, Way::Recorded, Way::Inherited] {
        assert_eq!(shown(way), bare, "{way:?}");
    }
}

// Contract: terminals
#[test]
fn the_tool_is_in_the_foreground_of_its_terminal() {
    let place = Place::new();
    for way in [Way::Bare, Way::Exec, Way::Recorded, Way::Inherited] {
        let mut terminal = Terminal::run(&place.command(way, &["pip", "install", "state"]));
        terminal.expect("in the foreground 1");
    }
}

// Contract: standard-input
#[test]
fn standard_input_is_the_callers() {
    let place = Place::new();
    let said = |way| {
        let mut command = place.command(way, &["pip", "install", "slurp"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || {
            for piece in 0..300u32 {
                stdin.write_all(&piece.to_le_bytes().repeat(1000)).unwrap();
            }
        });
        let ended = finish(child);
        writer.join().unwrap();
        ended.stdout
    };
    assert!(said(Way::Bare).starts_with("1200000 bytes"));
    for way in SHIMMED {
        assert_eq!(said(way), said(Way::Bare), "{way:?}");
    }
}

// Contract: standard-input
#[test]
fn what_the_tool_does_not_read_is_left_to_the_next() {
    let place = Place::new();
    let ended = place.same("printf 'one\\ntwo\\n' >input; exec <input; pip install prompt=; pip install prompt=");
    assert_eq!(ended.stdout, "[one]\n[two]\n");
}

// Contract: prompts
#[test]
fn a_prompt_without_a_newline_is_shown_before_its_answer_is_read() {
    let place = Place::new();
    for way in ALL {
        let mut command = place.command(way, &["pip", "install", "prompt=Proceed (Y/n)? ", "prompt=Sure? "]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        expect(&mut stdout, "Proceed (Y/n)? [");
        stdin.write_all(b"y\n").unwrap();
        expect(&mut stdout, "y]\nSure? [");
        stdin.write_all(b"n\n").unwrap();
        expect(&mut stdout, "n]\n");
        assert_eq!(finish(child).status, 0, "{way:?}");
    }
}

// Contract: prompts
#[test]
fn a_prompt_on_a_terminal_is_answered_there() {
    let place = Place::new();
    for way in ALL {
        let mut terminal = Terminal::run(&place.command(way, &["pip", "install", "prompt=Proceed (Y/n)? "]));
        terminal.expect("Proceed (Y/n)? [");
        terminal.keys("y\n");
        terminal.expect("y]");
    }
}

// Contract: output-order
#[test]
fn the_order_of_both_streams_in_one_file_is_kept() {
    let place = Place::new();
    let words: String = (0..200).map(|number| format!(" out={number}, err=-{number},")).collect();
    let expected: String = (0..200).map(|number| format!("{number},-{number},")).collect();
    for ending in ["2>&1", "2>&1 | cat", ">file 2>&1; cat file; rm file", ">>file 2>>file; cat file; rm file"] {
        assert_eq!(place.same(&format!("pip{words} {ending}")).stdout, expected, "{ending}");
    }
}

// Contract: output-order
#[test]
fn two_streams_that_write_over_each_other_in_a_file_still_do() {
    let place = Place::new();
    let ended = place.same("pip install out=aaaaaa err=bb out=c >file 2>file; cat file");
    assert_eq!(ended.stdout, "bbaaaac");
}

// Contract: output-order
#[test]
fn each_stream_goes_where_the_caller_sends_it() {
    let place = Place::new();
    let ended = place.same(
        "pip install out=1 err=2 out=3 >out 2>err; cat out; echo; cat err >&2; pip install out=4 err=5 2>/dev/null",
    );
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("13\n4", "2"));
    place.same("pip install out=x >&2; pip install err=y 2>&1 >/dev/null");
}

/// A socket instead of a pipe, as Node gives to its children.
#[test]
fn a_socket_is_as_good_as_a_pipe() {
    let place = Place::new();
    for way in ALL {
        let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut command: Command = place.command(way, &["pip", "install", "huge=3000000", "out=end"]);
        let mut child = command.stdout(std::os::fd::OwnedFd::from(theirs)).spawn().unwrap();
        drop(command);
        let mut all = Vec::new();
        ours.read_to_end(&mut all).unwrap();
        assert_eq!((all.len(), wait(&mut child)), (3_000_003, 0), "{way:?}");
    }
}

//! Signals reach the tool, once.

use std::io::Read;
use std::process::{ChildStdout, Command, Stdio};

use crate::harness::{ALL, Place, eventually, expect, finish, kill};
use crate::terminal::Terminal;

/// The words for a tool that counts a signal, says that it is ready, and tells what came a while after the first.
fn counting(signal: i32) -> Vec<String> {
    let number = format!("count={signal}");
    ["pip", "install", &number, "out=ready\\n", "pause=1", "linger=150", "counts"].map(str::to_owned).to_vec()
}

fn started(mut command: Command) -> (std::process::Child, ChildStdout) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    expect(&mut stdout, "ready\n");
    (child, stdout)
}

// Contract: forwarded-signals
#[test]
fn what_is_sent_to_the_shim_reaches_the_tool_once() {
    let place = Place::new();
    // HUP INT QUIT USR1 USR2 PIPE ALRM TERM CONT WINCH, and one of the real-time signals.
    for signal in [1, 2, 3, 10, 12, 13, 14, 15, 28] {
        for way in ALL {
            let (child, mut stdout) = started(place.command(way, &counting(signal)));
            kill(child.id() as i32, signal);
            let mut counts = String::new();
            stdout.read_to_string(&mut counts).unwrap();
            assert_eq!(counts, format!("signal {signal}: 1\n"), "{way:?}");
            assert_eq!(finish(child).status, 0);
        }
    }
}

// Contract: forwarded-signals
#[test]
fn what_is_sent_to_the_shim_ends_it_as_it_ends_the_tool() {
    let place = Place::new();
    for signal in [1, 2, 3, 6, 10, 13, 14, 15] {
        for way in ALL {
            let (child, _stdout) = started(place.command(way, &["pip", "install", "out=ready\\n", "linger=20000"]));
            kill(child.id() as i32, signal);
            assert_eq!(finish(child).status & 0x7f, signal, "{way:?}");
        }
    }
}

// Contract: forwarded-signals
#[test]
fn what_the_tool_ignores_does_not_end_the_shim() {
    let place = Place::new();
    for way in ALL {
        let argv = ["sh", "-c", "trap '' HUP TERM; exec pip install out='ready\\n' linger=100 exit=5"];
        let (child, _stdout) = started(place.command(way, &argv));
        kill(child.id() as i32, 15);
        kill(child.id() as i32, 1);
        assert_eq!(finish(child).status, 5 << 8, "{way:?}");
    }
}

// Contract: forwarded-signals
#[test]
fn a_signal_to_the_whole_group_reaches_the_tool_once() {
    let place = Place::new();
    for way in ALL {
        for signal in [2, 15, 10] {
            let mut argv = vec!["setsid".to_owned()];
            argv.extend(counting(signal));
            let (child, mut stdout) = started(place.command(way, &argv));
            if way.is_supervised() {
                // At first nobody stands by who could tell to whom a signal was sent.
                eventually("somebody stands by", || (children(child.id()) == 2).then_some(()));
            }
            let group = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
            let signal_number = rustix::process::Signal::from_named_raw(signal).unwrap();
            rustix::process::kill_process_group(group, signal_number).unwrap();
            let mut counts = String::new();
            stdout.read_to_string(&mut counts).unwrap();
            assert_eq!(counts, format!("signal {signal}: 1\n"), "{way:?}");
            assert_eq!(finish(child).status, 0);
        }
    }
}

/// How many children a process has.
fn children(process: u32) -> usize {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap();
    children.split_whitespace().count()
}

// Contract: forwarded-signals
#[test]
fn an_alarm_that_the_caller_set_rings_in_the_tool() {
    let place = Place::new();
    for way in ALL {
        let alarm = "import os, signal; signal.setitimer(signal.ITIMER_REAL, 0.3); os.execvp('pip', ['pip'] + \
                     'count=14 pause=1 counts'.split())";
        let ended = place.run(way, &["/usr/bin/env", "python3", "-c", alarm]);
        assert_eq!(ended.stdout, "signal 14: 1\n", "{way:?}: {ended:?}");
    }
}

// Contract: terminal-interrupt
#[test]
fn a_key_at_the_terminal_is_seen_once() {
    let place = Place::new();
    for (key, signal) in [("\x03", 2), ("\x1c", 3)] {
        for way in ALL {
            let mut terminal = Terminal::run(&place.command(way, &counting(signal)));
            terminal.expect("ready");
            terminal.keys(key);
            let shown = terminal.expect(": ") + &terminal.expect("\n");
            assert!(shown.ends_with(&format!("signal {signal}: 1\r\n")), "{way:?}: {shown}");
        }
    }
}

// Contract: terminal-interrupt
#[test]
fn kill_reaches_a_tool_on_a_terminal_once() {
    let place = Place::new();
    for way in ALL {
        let mut terminal = Terminal::run(&place.command(way, &counting(2)));
        terminal.expect("ready");
        kill(terminal.child.id() as i32, 2);
        let shown = terminal.expect(": ") + &terminal.expect("\n");
        assert!(shown.ends_with("signal 2: 1\r\n"), "{way:?}: {shown}");
    }
}

// Contract: terminal-interrupt
#[test]
fn a_script_that_is_interrupted_ends_as_it_does_bare() {
    let place = Place::new();
    for way in ALL {
        // A shell goes on after an interrupt unless the command died of it.
        let line = "pip install out='ready\\n' linger=20000; echo went on";
        let mut terminal = Terminal::run(&place.command(way, &["sh", "-c", line]));
        terminal.expect("ready");
        terminal.keys("\x03");
        let status = crate::harness::wait(&mut terminal.child);
        assert!(!terminal.shown().contains("went on"), "{way:?}");
        assert_eq!(status, 2, "{way:?}");
    }
}

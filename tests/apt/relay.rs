//! Our binary in the place of an acquire method: between apt's end of two pipes and a stand-in for the real method.

use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

/// A directory with a stand-in for a method and the records.
struct Bench {
    directory: TempDir,
    method: PathBuf,
}

impl Bench {
    /// The method `http` is the program at `real`.
    fn new(real: &str) -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let method = directory.path().join("methods/http");
        std::fs::create_dir(directory.path().join("methods")).unwrap();
        symlink(real, &method).unwrap();
        for record in ["methods.log", "hook.log"] {
            std::fs::write(directory.path().join(record), "").unwrap();
        }
        Bench { directory, method }
    }

    /// The method `http` is a shell script.
    fn script(text: &str) -> Bench {
        let bench = Bench::new("/bin/sh");
        std::fs::remove_file(&bench.method).unwrap();
        std::fs::write(&bench.method, format!("#!/bin/sh\n{text}\n")).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&bench.method, executable).unwrap();
        bench
    }

    fn start(&self) -> Child {
        let record = |name: &str| self.directory.path().join(name).into_os_string().into_string().unwrap();
        Command::new(env!("CARGO_BIN_EXE_wheeltap"))
            .arg0(&self.method)
            .env("WHEELTAP_APT_TAP", format!("{}:{}", record("methods.log"), record("hook.log")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("methods.log")).unwrap()
    }
}

// Contract: apt-methods-relayed
#[test]
fn both_directions_pass_byte_for_byte() {
    let bench = Bench::new("/bin/cat");
    let mut child = bench.start();
    let mut sent = Vec::new();
    for number in 0u32..200_000 {
        sent.extend_from_slice(&number.wrapping_mul(2_654_435_761).to_le_bytes()[..1 + number as usize % 4]);
        if number % 97 == 0 {
            sent.extend_from_slice(b"\n\n");
        }
    }
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn({
        let sent = sent.clone();
        move || stdin.write_all(&sent).unwrap()
    });
    let mut received = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut received).unwrap();
    writer.join().unwrap();
    assert!(received == sent, "{} bytes became {}", sent.len(), received.len());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

// Contract: apt-methods-relayed
#[test]
fn messages_are_recorded_but_not_the_configuration() {
    let bench = Bench::new("/bin/cat");
    let mut child = bench.start();
    let text = "601 Configuration\nConfig-Item: Acquire::http::Proxy=http://user:secret@a.example\n\
        Config-Item: Dir::Bin::methods::http=/elsewhere\n\n600 URI Acquire\nURI: http://a.example/x\n\n";
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait().unwrap();
    let log = bench.log();
    let marks: Vec<_> = log.lines().map(|line| line.split(' ').nth(3).unwrap()).collect();
    assert!(!log.contains("secret"), "{log}");
    assert_eq!(marks.iter().filter(|mark| **mark == ">").count(), 1, "{log}");
    assert!(log.contains(" = Dir::Bin::methods::http=/elsewhere\n"), "{log}");
    assert!(log.contains(" http > 600 URI Acquire\\nURI: http://a.example/x\n"), "{log}");
    assert!(marks.starts_with(&["+"]) && marks.ends_with(&["-"]), "{log}");
}

// Contract: apt-methods-relayed
#[test]
fn it_ends_as_the_method_ends() {
    let bench = Bench::script("exit 3");
    assert_eq!(bench.start().wait().unwrap().code(), Some(3));
    let bench = Bench::script("kill -TERM $$");
    assert_eq!(bench.start().wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
}

// Contract: apt-methods-relayed
#[test]
fn a_signal_of_apts_ends_both() {
    let bench = Bench::script("echo $$; exec sleep 1000");
    let mut child = bench.start();
    let mut first = [0; 16];
    let count = child.stdout.as_mut().unwrap().read(&mut first).unwrap();
    let method = Pid::from_raw(std::str::from_utf8(&first[..count]).unwrap().trim().parse().unwrap()).unwrap();
    test_kill_process(method).unwrap();
    // apt sends SIGINT, which tests that a script runs in its background, and all that they start, ignore.
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
    assert!(test_kill_process(method).is_err(), "the method has outlived its wrapper");
}

// Contract: apt-methods-relayed
#[test]
fn without_a_record_the_method_runs_all_the_same() {
    let bench = Bench::new("/bin/cat");
    std::fs::remove_file(bench.directory.path().join("methods.log")).unwrap();
    let mut child = bench.start();
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    let mut received = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut received).unwrap();
    assert_eq!((received.as_slice(), child.wait().unwrap().code()), (&b"hello"[..], Some(0)));
}

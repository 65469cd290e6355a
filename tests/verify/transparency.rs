//! Whoever is watched does not notice: the same output, the same end.

use std::process::Output;

use crate::harness::{Place, hostile};

/// Bare, and as a command of `run` with every process watched.
fn both(place: &Place, command: &[&str]) -> [Output; 2] {
    let mut bare = place.command(command[0]);
    bare.args(&command[1..]);
    let mut watched = place.wheeltap(&["run", "--no-follow", "--"]);
    watched.args(command).env("WHEELTAP_WITNESS", "observe");
    [bare.output().unwrap(), watched.output().unwrap()]
}

// Contract: observe-transparent
#[test]
fn output_and_end_are_those_of_a_bare_run() {
    let place = Place::new();
    let scripts = [
        "echo out; echo err >&2; exit 37",
        "kill -TERM $$",
        "kill -9 $$",
        "ulimit -a; umask; id -u; pwd",
        "grep -E 'Seccomp:|NoNewPrivs:|SigBlk|SigIgn|SigCgt' /proc/self/status | grep -v Seccomp",
        "(exec 3<>/dev/tcp/127.0.0.1/1); echo $?",
        "getent hosts localhost; getent passwd root; getent passwd no-such-user; echo $?",
        "test -t 0; echo $?; test -t 1; echo $?",
        "for i in 1 2 3 4 5 6 7 8 9 10; do (exit $i); echo $?; done",
        "sleep 0.05 & wait; trap 'echo trapped' TERM; kill -TERM $$; echo after",
    ];
    for script in scripts {
        let [bare, watched] = both(&place, &["bash", "-c", script]);
        assert_eq!(bare.status, watched.status, "{script}");
        // A script's messages do not name processes, so that all bytes can be compared.
        assert_eq!((&bare.stdout, &bare.stderr), (&watched.stdout, &watched.stderr), "{script}: {watched:?}");
    }
}

// Contract: observe-transparent
#[test]
fn a_program_that_is_slow_to_be_answered_is_not_disturbed_by_signals() {
    let place = Place::new();
    let script = "import os, signal, socket, sys, time\n\
        # Whoever answers is stopped again and again; a bare run has nobody who does.\n\
        witness = os.getppid()\n\
        if 'WHEELTAP_SESSION' in os.environ and not os.fork():\n\
        \x20   for _ in range(15):\n\
        \x20       os.kill(witness, signal.SIGSTOP); time.sleep(0.02)\n\
        \x20       os.kill(witness, signal.SIGCONT); time.sleep(0.01)\n\
        \x20   os._exit(0)\n\
        signal.signal(signal.SIGALRM, lambda *_: None)\n\
        signal.siginterrupt(signal.SIGALRM, False)\n\
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n\
        refused = 0\n\
        for _ in range(300):\n\
        \x20   s = socket.socket()\n\
        \x20   try: s.connect(('127.0.0.1', 1))\n\
        \x20   except ConnectionRefusedError: refused += 1\n\
        \x20   s.close()\n\
        print(refused)\n";
    if !crate::requires::program("python3") {
        return;
    }
    let [bare, watched] = both(&place, &["python3", "-c", script]);
    assert_eq!((bare.status, &bare.stdout), (watched.status, &watched.stdout), "{watched:?}");
    assert_eq!(watched.stdout, b"300\n");
}

// Contract: observe-transparent
#[test]
fn whoever_is_left_behind_can_still_connect() {
    let Some(program) = hostile() else { return };
    let place = Place::new();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    let script = format!("(sleep 0.7; exec {program} connect 127.0.0.1 {port}) >/dev/null 2>&1 </dev/null & exit 5");
    let started = std::time::Instant::now();
    let [_, watched] = both(&place, &["bash", "-c", &script]);
    assert_eq!(watched.status.code(), Some(5));
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "nobody waits for it");
    for _ in 0..2 {
        // Once for the bare one, once for the watched one, after its witness is gone.
        server.accept().unwrap();
    }
}

// Contract: observe-transparent
#[test]
fn a_witness_within_a_witness_leaves_the_watching_to_the_outer_one() {
    let place = Place::new();
    let inner = format!("{} verify -- true", env!("CARGO_BIN_EXE_wheeltap"));
    let mut outer = place.wheeltap(&["run", "--no-follow", "--", "sh", "-c", &inner]);
    let output =
        outer.env("WHEELTAP_WITNESS", "observe").env("WHEELTAP_LOG_DIR", place.path().join("logs")).output().unwrap();
    let said = place.said(output);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{said:?}");
    assert!(said.reasons().contains("watches from above"), "{}", said.reasons());
}

//! What began before the witness, what comes from outside of the cut, and memory that is closed: never a PASS, or listed.

use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Place, Said, can_cut};
use crate::requires;

/// Takes a descriptor out of the socket of files that is its standard input, or at the path that it is given, and says
/// what comes through it.
const RECEIVES: &str = "import socket, sys\n\
    one = socket.socket(socket.AF_UNIX) if sys.argv[1:] else socket.socket(fileno=0)\n\
    if sys.argv[1:]: one.connect(sys.argv[1])\n\
    print(socket.socket(fileno=socket.recv_fds(one, 1, 1)[1][0]).recv(99).decode())\n";

/// Runs a command beside whoever gives it, at a path or as its standard input, a connection that leads elsewhere.
const GIVES: &str = "import socket, subprocess, sys, threading\n\
    server = socket.create_server(('127.0.0.1', 0))\n\
    connection = socket.create_connection(server.getsockname())\n\
    server.accept()[0].send(b'from outside')\n\
    give = lambda to: socket.send_fds(to, [b'x'], [connection.fileno()])\n\
    path, command, stdin = sys.argv[1], sys.argv[2:], subprocess.DEVNULL\n\
    if path:\n\
    \x20   listener = socket.socket(socket.AF_UNIX)\n\
    \x20   listener.bind(path); listener.listen()\n\
    \x20   threading.Thread(target=lambda: give(listener.accept()[0]), daemon=True).start()\n\
    else:\n\
    \x20   ours, stdin = socket.socketpair()\n\
    \x20   give(ours)\n\
    sys.exit(subprocess.run(command, stdin=stdin).returncode)\n";

/// The verification of a program that is given a descriptor at `path`.
fn given(path: &str) -> Option<Said> {
    if !can_cut() || !requires::program("python3") {
        return None;
    }
    let place = Place::new();
    let mut command = place.command("python3");
    command.args(["-c", GIVES, path, env!("CARGO_BIN_EXE_wheeltap"), "verify", "--", "python3", "-c", RECEIVES]);
    let path = (!path.is_empty()).then_some(path);
    let said = place.said(command.args(path).output().unwrap());
    assert_eq!(said.stdout, "from outside\n", "{said:?}");
    Some(said)
}

// Contract: never-a-false-pass
#[test]
fn a_descriptor_that_comes_through_a_file_is_listed_by_its_path() {
    let Some(said) = given("gives.sock") else { return };
    assert!(said.certificate["blind_spots"].to_string().contains("gives.sock"), "{said:?}");
}

// Contract: never-a-false-pass
#[test]
fn a_descriptor_that_comes_through_an_inherited_socket_is_listed_by_its_number() {
    let Some(said) = given("") else { return };
    assert!(said.certificate["blind_spots"].to_string().contains("descriptor 0"), "{said:?}");
}

/// Closes its memory to all but root, and connects to an address.
const CLOSED: &str = "import ctypes, socket, sys\n\
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n\
    socket.socket().connect_ex((sys.argv[1], 84))\n";

// Contract: never-a-false-pass
#[test]
fn closed_memory_is_read_by_root_and_a_doubt_for_others() {
    if !can_cut() || !requires::root() || !requires::program("python3") || !requires::program("setpriv") {
        return;
    }
    let user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    for (before, address, verdict, attempt) in [
        (&["env"][..], "192.0.2.1", "FAIL", Some("192.0.2.1:84")),
        (&["env"], "127.0.0.1", "PASS", None),
        // The kernel's counters know that somebody tried.
        (&user, "192.0.2.1", "FAIL", None),
        (&user, "127.0.0.1", "UNKNOWN", None),
    ] {
        let place = Place::new();
        std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let mut command = place.command(before[0]);
        command.args(&before[1..]).args([env!("CARGO_BIN_EXE_wheeltap"), "verify", "--", "python3", "-c", CLOSED]);
        let said = place.said(command.arg(address).output().unwrap());
        assert_eq!(said.verdict().1, verdict, "{before:?} {address}: {said:?}");
        assert_eq!(said.certificate["attempts"][0]["addr"].as_str(), attempt, "{before:?} {address}: {said:?}");
        let is_unreadable = said.reasons().contains("the arguments of 1 calls could not be read");
        assert_eq!(is_unreadable, before == user, "{before:?} {address}: {said:?}");
    }
}

//! The witness at work, in network namespaces of its own. Everything that is tried fails for want of a network.

use std::process::Command;
use std::thread;
use std::time::Duration;

use super::calls::Call;
use super::*;

/// The length of an address that the supervisor takes for a fault of its own.
const FAULT: u32 = 77;

/// Is called with each call before it is judged.
pub(super) fn fail_at(call: &Call) {
    assert!(!matches!(call, Call::Connect { length: FAULT, .. }), "a fault for the sake of a test");
}

/// Runs a command watched in a namespace of its own; `None` where this machine does not let us. In a thread of its own,
/// so that the test's other threads stay where they are.
fn watched(command: &mut Command) -> Option<(Sighting, std::process::Output)> {
    let work = || {
        if cut_off().is_err() {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no network namespace (witness)\n");
            return None;
        }
        let boundary = Boundary::OwnNamespace;
        let mut witness =
            Witness::begin(Wish { mode: Mode::Observe, boundary, extent: Extent::Whole, may_give_up_privileges: true });
        let output = witness.watch(|| command.output().unwrap());
        Some((witness.finish(Duration::from_secs(5)), output))
    };
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

fn sh(script: &str) -> Option<(Sighting, std::process::Output)> {
    watched(Command::new("bash").args(["-c", script]))
}

#[test]
fn nothing_is_seen_where_nothing_is_tried() {
    let Some((sighting, output)) = sh("echo out; echo err >&2; exit 37") else { return };
    assert_eq!(
        (output.status.code(), &output.stdout[..], &output.stderr[..]),
        (Some(37), &b"out\n"[..], &b"err\n"[..])
    );
    assert_eq!(sighting.method, Method::SeccompNotify, "{:?}", sighting.unavailable);
    assert_eq!((sighting.tries.len(), sighting.unwitnessed, sighting.reconciled), (0, 0, Some(true)), "{sighting:?}");
    assert_eq!(sighting.doubts, [""; 0]);
}

#[test]
fn an_attempt_is_named_with_its_chain() {
    let Some((sighting, _)) = sh("bash -c 'exec 3<>/dev/tcp/192.0.2.7/443; true'; true") else { return };
    let [tries] = &sighting.tries[..] else { panic!("{sighting:?}") };
    assert_eq!(tries.address, Some("192.0.2.7:443".parse().unwrap()));
    assert_eq!((tries.protocol.as_deref(), tries.count), (Some("tcp"), 1));
    assert_eq!(tries.chain.len(), 2, "{tries:?}");
    assert!(tries.chain[0].contains("exec 3<>"), "{tries:?}");
    assert_eq!((sighting.unwitnessed, sighting.reconciled), (0, Some(true)), "{sighting:?}");
}

/// After a fault every call is let pass: the kernel's own answers come, and the sighting is no ground for anything.
#[test]
fn a_fault_of_the_witness_is_nobodys_but_its_own() {
    let script = format!(
        "import ctypes, errno, socket\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         address = bytes([2, 0, 0, 80, 192, 0, 2, 1]) + bytes(92)\n\
         for length in (16, {FAULT}, 16):\n\
         \x20   one = socket.socket()\n\
         \x20   print(libc.connect(one.fileno(), address, length), errno.errorcode[ctypes.get_errno()])\n\
         try: socket.getaddrinfo('x.invalid', 80)\n\
         except OSError as error: print(error.errno)\n"
    );
    let Some((sighting, output)) = watched(Command::new("python3").args(["-c", &script])) else { return };
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "-1 ENETUNREACH\n-1 ENETUNREACH\n-1 ENETUNREACH\n-3\n", "{sighting:?}");
    assert!(sighting.doubts.iter().any(|doubt| doubt.contains("a fault of its own")), "{sighting:?}");
    assert_eq!((sighting.method, sighting.reconciled), (Method::SeccompNotify, Some(false)), "{sighting:?}");
}

//! The witness at work, in network namespaces of its own. Everything that is tried fails for want of a network.

use std::process::Command;
use std::thread;
use std::time::Duration;

use super::*;

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

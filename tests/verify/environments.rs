//! Other machines, users and containers: which way of watching is had there, what is said of those that are not, and
//! that less than all of it is never a PASS.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use serde_json::{Value, json};

use crate::harness::{Place, can_cut, lacking};
use crate::images::{BASE, can_build};
use crate::requires;

const WHEELTAP: &str = env!("CARGO_BIN_EXE_wheeltap");

/// The newest session that was kept, and what its witness says of itself.
fn session(place: &Place) -> (Value, Value) {
    let logs = std::fs::read_dir(place.path().join("logs/build")).unwrap().map(|entry| entry.unwrap().path());
    let newest = logs.filter(|path| path.to_str().unwrap().contains("/downloads_")).max().unwrap();
    let session: Value = serde_json::from_slice(&std::fs::read(newest).unwrap()).unwrap();
    let witness = session["network"]["completeness"]["witnesses"][0].clone();
    (session, witness)
}

/// A command behind `before`, watched, and verified.
fn behind(before: &[&str], command: &[&str]) -> (Place, crate::harness::Said) {
    let place = Place::new();
    let mut whole = place.command(before[0]);
    whole.args(&before[1..]).args([WHEELTAP, "verify", "--"]).args(command);
    let said = place.said(whole.output().unwrap());
    (place, said)
}

// Contract: never-a-false-pass
#[test]
fn a_machine_that_lacks_a_call_counts_and_says_what_it_lacks() {
    let Some(lacking) = lacking().filter(|_| can_cut() && requires::root()) else { return };
    let started = Instant::now();
    // Emulated machines, sandboxes, and one whose filter does not even let the trial through.
    for (call, errno, reason) in [
        ("seccomp", Errno::NOSYS, "ENOSYS"),
        ("seccomp", Errno::PERM, "EPERM"),
        ("listener", Errno::INVAL, "EINVAL"),
        ("connect", Errno::ACCESS, "self-test: the trial ended with"),
    ] {
        let errno = errno.raw_os_error().to_string();
        let before = [lacking, call, &errno];
        let script = "grep -E 'NoNewPrivs|Seccomp' /proc/self/status; exit 0";
        let (place, said) = behind(&before, &["sh", "-c", script]);
        assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{call} {reason}: {said:?}");
        let (_, witness) = session(&place);
        assert_eq!(witness["method"], "counters", "{call} {reason}: {witness}");
        let unavailable = witness["unavailable"].as_array().unwrap();
        let [one] = &unavailable[..] else { panic!("{call} {reason}: {unavailable:?}") };
        assert_eq!(one["method"], "seccomp-notify");
        assert!(one["reason"].as_str().unwrap().starts_with(reason), "{call}: {one}");
        assert!(said.reasons().contains(reason), "{}", said.reasons());
        // What could not be watched runs as if nobody had tried.
        let bare = place.command(lacking).args([call, &errno, "sh", "-c", script]).output().unwrap();
        assert_eq!(said.stdout, String::from_utf8(bare.stdout).unwrap(), "{call} {reason}");
        if call == "connect" {
            continue;
        }
        // Counters are enough for a FAIL.
        let (_, said) = behind(&before, &["bash", "-c", "(exec 3<>/dev/tcp/192.0.2.7/443) 2>/dev/null; true"]);
        assert_eq!(said.verdict(), (Some(1), "FAIL"), "{call} {reason}: {said:?}");
        assert_eq!(said.certificate["attempts"][0]["tool"], "unknown");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "nobody waits for a trial that cannot be heard");
}

// Contract: never-a-false-pass
#[test]
fn a_machine_that_lacks_less_is_watched_all_the_same() {
    let Some(lacking) = lacking().filter(|_| can_cut() && requires::root()) else { return };
    for (call, errno, reason) in
        [("killable", Errno::INVAL, None), ("diagnosis", Errno::PROTONOSUPPORT, Some("destroyed sockets"))]
    {
        let errno = errno.raw_os_error().to_string();
        let (place, said) = behind(&[lacking, call, &errno], &["true"]);
        assert_eq!(said.verdict(), (Some(0), "PASS"), "{call}: {said:?}");
        let (_, witness) = session(&place);
        assert_eq!(witness["method"], "seccomp-notify", "{call}: {witness}");
        let says = witness["unavailable"].as_array().unwrap();
        assert_eq!(says.len(), usize::from(reason.is_some()), "{call}: {witness}");
        assert!(reason.is_none_or(|reason| says[0]["reason"].as_str().unwrap().starts_with(reason)), "{witness}");
        let (_, said) = behind(&[lacking, call, &errno], &["getent", "hosts", "seen.invalid"]);
        assert_eq!(said.certificate["attempts"][0]["host"], "seen.invalid", "{call}: {said:?}");
    }
}

/// Where `/proc` tells nothing, no memory can be read and nothing is counted.
// Contract: never-a-false-pass
#[test]
fn without_proc_nothing_is_certified() {
    if !can_cut() || !requires::root() {
        return;
    }
    let hidden = "mount -t tmpfs none /proc && exec \"$@\"";
    let (place, said) = behind(&["unshare", "--mount", "sh", "-c", hidden, "sh"], &["true"]);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{said:?}");
    let (_, witness) = session(&place);
    assert_eq!(witness["method"], "none", "{witness}");
    assert!(said.reasons().contains("self-test"), "{}", said.reasons());
}

/// Where the loopback is down the kernel refuses what is sent to it, and counts that: it is no try to leave.
#[test]
fn what_a_loopback_refuses_that_is_down_was_seen_as_well() {
    if !can_cut() || !requires::root() || !requires::program("unshare") {
        return;
    }
    let dial = "for at in 127.0.0.1/9 ::1/9; do (exec 3<>/dev/tcp/$at) 2>/dev/null || (exec 3<>/dev/udp/$at) 2>/dev/null; done; true";
    for (before, agrees) in [("", true), ("ip link set lo up; ", false)] {
        let place = Place::new();
        let mut command = place.command("unshare");
        command.args(["--net", WHEELTAP, "run", "--no-follow", "--", "bash", "-c", &format!("{before}{dial}")]);
        let output = command.env("WHEELTAP_WITNESS", "observe").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let (_, witness) = session(&place);
        assert_eq!((&witness["boundary"], &witness["unwitnessed"]), (&json!("kernel-netns"), &json!(0)), "{witness}");
        assert_eq!(witness["doubts"].as_array().unwrap().is_empty(), agrees, "{witness}");
    }
}

/// The root of a user namespace as engines without root have it: no CAP_SYS_ADMIN, and nobody else's memory.
// Contract: never-a-false-pass
#[test]
fn the_root_of_a_user_namespace_watches_and_is_cut_off() {
    if !can_cut() || !requires::program("setpriv") {
        return;
    }
    let before = ["unshare", "--user", "--map-root-user", "setpriv", "--bounding-set=-sys_admin,-sys_ptrace"];
    let (place, said) = behind(&before, &["sh", "-c", "id -u; grep CapBnd /proc/self/status"]);
    assert_eq!(said.verdict(), (Some(0), "PASS"), "{said:?}");
    let (_, witness) = session(&place);
    assert_eq!((&witness["method"], &witness["boundary"]), (&json!("seccomp-notify"), &json!("kernel-netns")));
    let (_, said) = behind(&before, &["getent", "hosts", "seen.invalid"]);
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{said:?}");
    assert_eq!(said.certificate["attempts"][0]["host"], "seen.invalid", "{said:?}");
}

/// Destroyed sockets are heard of by whoever asks, and counters are there for everybody.
#[test]
fn a_user_counts_and_hears_of_peers_without_any_privilege() {
    use std::os::unix::fs::PermissionsExt as _;
    if !requires::root() || !requires::program("setpriv") || !requires::program("python3") || !can_cut() {
        return;
    }
    let place = Place::new();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let network = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify/network.py");
    let fetch = "exec 3<>/dev/tcp/192.0.2.2/80 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3 >/dev/null";
    let mut command = place.command("unshare");
    command.args(["--net", "python3"]).arg(network).args(["setpriv", "--reuid=65534", "--regid=65534"]);
    command.args(["--clear-groups", "--bounding-set=-all", WHEELTAP, "run", "--", "bash", "-c", fetch]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let (session, witness) = session(&place);
    assert_eq!((&witness["mode"], &witness["method"]), (&json!("counters"), &json!("counters")), "{witness}");
    assert_eq!(witness["unavailable"], json!([{"method": "seccomp-notify", "reason": "opted-out"}]));
    let connections = session["network"]["connections"].as_array().unwrap();
    let peer = connections.iter().find(|one| one["peer"] == "192.0.2.2:80").unwrap_or_else(|| panic!("{session}"));
    assert!((2_000_000..2_001_000).contains(&peer["rx"].as_u64().unwrap()), "{peer}");
    assert_eq!(session["network"]["counters"]["tcp_active_opens"], 1);
}

/// What one container says: a name that is asked for under `run`, then two verifications.
const IN_CONTAINER: &str = "cd /tmp; export WHEELTAP_LOG_DIR=/tmp/logs\n\
    WHEELTAP_WITNESS=observe /wheeltap run --no-follow -- getent hosts observed.invalid >/dev/null 2>&1\n\
    cat /tmp/logs/downloads_*.json\n\
    for name in true 'getent hosts verified.invalid'; do\n\
    /wheeltap verify --format json -- $name 2>&1 >/dev/null | sed -n '/^{$/,/^}$/p'\n\
    done";

// Contract: never-a-false-pass
#[test]
fn every_kind_of_container_is_watched() {
    if !can_build() {
        return;
    }
    let mount = format!("--volume={WHEELTAP}:/wheeltap:ro");
    let (no_new_privs, advisory) = (true, "advisory");
    let cut = "kernel-netns";
    for (options, gives_up, boundary) in [
        (&["--network=none"][..], no_new_privs, cut),
        (&["--network=none", "--cap-drop=ALL"], no_new_privs, cut),
        (&["--network=none", "--cap-drop=ALL", "--user=1000"], no_new_privs, cut),
        (&["--network=none", "--security-opt=no-new-privileges"], no_new_privs, cut),
        (&["--network=none", "--security-opt=no-new-privileges", "--user=1000"], no_new_privs, cut),
        // No privilege is given up where none is needed; and a namespace of our own can be had.
        (&["--cap-add=SYS_ADMIN"], !no_new_privs, cut),
        (&["--cap-drop=ALL", "--user=1000"], no_new_privs, advisory),
    ] {
        let mut docker = Command::new("/usr/bin/docker");
        docker.args(["run", "--rm", &mount]).args(options).args([BASE, "bash", "-c", IN_CONTAINER]);
        let output = docker.output().unwrap();
        let documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
        let documents: Vec<Value> = documents.map(|one| one.unwrap_or_else(|_| panic!("{output:?}"))).collect();
        let [session, clean, reaching] = &documents[..] else { panic!("{options:?}: {output:?}") };
        let witness = &session["network"]["completeness"]["witnesses"][0];
        assert_eq!(witness["method"], "seccomp-notify", "{options:?}: {witness}");
        assert_eq!(
            (&witness["unavailable"], &witness["unreadable"]),
            (&json!([]), &json!(0)),
            "{options:?}: {witness}"
        );
        // In a container that has given it up beforehand nothing is left to give up.
        let beforehand = options.contains(&"--security-opt=no-new-privileges");
        assert_eq!(witness["no_new_privs"], gives_up && !beforehand, "{options:?}: {witness}");
        assert_eq!(session["network"]["attempts"][0]["host"], "observed.invalid", "{options:?}: {session}");
        let verdict = if boundary == cut { "PASS" } else { "UNKNOWN" };
        assert_eq!(
            (&clean["verdict"], &clean["boundary"]),
            (&json!(verdict), &json!(boundary)),
            "{options:?}: {clean}"
        );
        assert_eq!(reaching["verdict"], "FAIL", "{options:?}: {reaching}");
        assert_eq!(reaching["attempts"][0]["host"], "verified.invalid", "{options:?}: {reaching}");
    }
}

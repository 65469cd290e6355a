//! Never a false PASS, whatever a program does to reach out.

use std::os::unix::net::UnixListener;

use crate::harness::{Place, Said, can_cut, hostile};
use crate::requires;

/// What the hostile program is told to do.
fn evade(words: &[&str]) -> Option<Said> {
    if !can_cut() {
        return None;
    }
    let program = hostile()?;
    Some(Place::new().verify(&[&[program], words].concat()))
}

// Contract: never-a-false-pass
#[test]
fn an_address_that_is_exchanged_behind_the_witness_is_found_by_the_counters() {
    for _ in 0..3 {
        let Some(said) = evade(&["race"]) else { return };
        assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.reasons());
    }
    let Some(said) = evade(&["race", "sendto"]) else { return };
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.reasons());
    let Some(said) = evade(&["race", "raw"]) else { return };
    if has_run(&said, "no raw sockets") {
        assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.reasons());
    }
}

/// Whether the hostile program could do what it was told.
fn has_run(said: &Said, reason: &str) -> bool {
    requires::met(reason, said.certificate["command"]["exit_code"] != 77)
}

/// Neither passed nor failed, for a reason that has these words.
fn is_doubted(said: &Said, reason: &str) {
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{said:?}");
    assert!(said.reasons().contains(reason), "{}", said.reasons());
}

// Contract: never-a-false-pass
#[test]
fn where_no_counter_would_tell_an_address_that_could_be_exchanged_is_a_doubt() {
    let Some(said) = evade(&["raw"]) else { return };
    if has_run(&said, "no raw sockets") {
        is_doubted(&said, "may have been exchanged");
    }
}

/// A descriptor may have been left by whoever is gone.
// Contract: never-a-false-pass
#[test]
fn where_ipv6_is_off_an_orphan_may_hold_a_socket_of_it() {
    let (Some(program), place) = (hostile(), Place::new()) else { return };
    if !can_cut() || !requires::root() || !requires::program("unshare") {
        return;
    }
    let mut command = place.command("unshare");
    let script = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && exec \"$@\"";
    command.args(["--net", "sh", "-c", script, "sh", program, "cage", env!("CARGO_BIN_EXE_wheeltap"), "verify"]);
    let said = place.said(command.args(["--", program, "orphan6"]).output().unwrap());
    if has_run(&said, "no sockets of IPv6") {
        is_doubted(&said, "may have been exchanged");
    }
}

// Contract: never-a-false-pass
#[test]
fn a_namespace_that_no_register_tells_of_is_noticed() {
    let Some(said) = evade(&["clone3"]) else { return };
    if has_run(&said, "no clone3 with a network namespace") {
        is_doubted(&said, "network namespace was made or entered");
    }
}

/// A name that was refused stands for no address: what is connected to next was never called that.
// Contract: never-a-false-pass
#[test]
fn a_known_name_that_was_never_resolved_covers_no_address() {
    let Some(program) = hostile().filter(|_| can_cut()) else { return };
    let place = Place::new();
    let known = place.write("known.txt", "secret.invalid\nknown.invalid\n");
    let accepted = |command: &[&str]| {
        let mut verify = place.wheeltap(&["verify", "--known", known.to_str().unwrap(), "--"]);
        place.said(verify.args(command).output().unwrap())
    };
    let both = ": >/dev/tcp/known.invalid/80; : >/dev/tcp/192.0.2.7/443; true";
    for command in [&["bash", "-c", both][..], &[program, "refused"]] {
        let said = accepted(command);
        assert_eq!(said.verdict(), (Some(1), "FAIL"), "{command:?}: {said:?}");
        let literal = &said.certificate["attempts"][1];
        assert_eq!((literal["addr"].as_str(), literal["host"].as_str()), (Some("192.0.2.7:443"), None), "{command:?}");
    }
    // Where a name server is there it may have been answered.
    let said = accepted(&[program, "answered"]);
    if has_run(&said, "no port 53") {
        let next = &said.certificate["attempts"][1];
        assert_eq!((next["addr"].as_str(), next["host"].as_str()), (Some("192.0.2.7:443"), Some("secret.invalid")));
        assert_eq!(next["host_source"], "dns-correlated");
    }
}

// Contract: never-a-false-pass
#[test]
fn a_ring_is_no_way_around() {
    let Some(said) = evade(&["ring"]) else { return };
    assert_ne!(said.verdict().1, "PASS", "{}", said.reasons());
    assert!(said.reasons().contains("io_uring"), "{}", said.reasons());
}

// Contract: never-a-false-pass
#[test]
fn a_name_server_on_the_loopback_is_outside() {
    let Some(said) = evade(&["question"]) else { return };
    assert_eq!(said.verdict(), (Some(1), "FAIL"));
    let attempt = &said.certificate["attempts"][0];
    assert_eq!((attempt["host"].as_str(), attempt["addr"].as_str()), (Some("secret.invalid"), Some("127.0.0.11:53")));
    assert_eq!((attempt["host_source"].as_str(), attempt["proto"].as_str()), (Some("dns-query"), Some("udp")));
}

// Contract: never-a-false-pass
#[test]
fn a_daemon_is_waited_for_and_if_it_stays_there_is_no_verdict() {
    let Some(said) = evade(&["daemon", "200"]) else { return };
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.reasons());
    assert_eq!(said.certificate["attempts"][0]["addr"], "192.0.2.1:81");
    let place = Place::new();
    let note = place.path().join("pid");
    let said = place.verify(&[hostile().unwrap(), "daemon", "60000", note.to_str().unwrap()]);
    let daemon: i32 = std::fs::read_to_string(note).unwrap().parse().unwrap();
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
    assert!(said.reasons().contains("go on unseen"), "{}", said.reasons());
    // It is still there, and whoever answers its calls goes with it.
    rustix::process::kill_process(rustix::process::Pid::from_raw(daemon).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
}

// Contract: never-a-false-pass
#[test]
fn the_calls_of_a_32_bit_program_are_seen() {
    let Some(said) = evade(&["compat"]) else { return };
    if said.certificate["command"]["exit_code"] == 77 {
        return;
    }
    assert_eq!(said.verdict(), (Some(1), "FAIL"));
    assert_eq!(said.certificate["attempts"][0]["addr"], "192.0.2.1:82");
}

// Contract: never-a-false-pass
#[test]
fn who_has_given_up_root_is_still_read() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let Some(said) = evade(&["dropped"]) else { return };
    assert_eq!(said.verdict(), (Some(1), "FAIL"));
    let attempt = &said.certificate["attempts"][0];
    assert_eq!((attempt["addr"].as_str(), attempt["uid"].as_u64()), (Some("192.0.2.1:83"), Some(65534)));
}

// Contract: never-a-false-pass
#[test]
fn whoever_leaves_the_cut_leaves_no_pass_behind() {
    let Some(said) = evade(&["escape"]) else { return };
    if said.certificate["command"]["exit_code"] == 0 {
        assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
    }
    assert!(said.reasons().contains("network namespace was made or entered"), "{}", said.reasons());
}

// Contract: never-a-false-pass
#[test]
fn a_connection_from_outside_the_cut_is_no_ground_for_a_pass() {
    if !can_cut() {
        return;
    }
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    let mut command = place.command("bash");
    let script = format!(
        "exec 7<>/dev/tcp/127.0.0.1/{} && exec {} verify -- true",
        server.local_addr().unwrap().port(),
        env!("CARGO_BIN_EXE_wheeltap"),
    );
    let said = place.said(command.args(["-c", &script]).output().unwrap());
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
    assert!(said.reasons().contains("descriptor 7"), "{}", said.reasons());
}

// Contract: never-a-false-pass
#[test]
fn many_messages_at_once_hide_none() {
    let Some(said) = evade(&["many"]) else { return };
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.reasons());
    assert_eq!(said.certificate["attempts"][0]["addr"], "[2001:db8::1]:9");
}

// Contract: never-a-false-pass
#[test]
fn a_socket_that_no_network_namespace_keeps_in_is_a_doubt() {
    let Some(said) = evade(&["virtual"]) else { return };
    if requires::met("no AF_VSOCK", said.certificate["command"]["exit_code"] == 0) {
        assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
        assert!(said.reasons().contains("AF_VSOCK"), "{}", said.reasons());
    }
}

// Contract: never-a-false-pass
#[test]
fn where_somebody_else_listens_nothing_is_certified() {
    if !can_cut() {
        return;
    }
    let (Some(program), place) = (hostile(), Place::new()) else { return };
    let mut command = place.command(program);
    let output = command.args(["listen", env!("CARGO_BIN_EXE_wheeltap"), "verify", "--", "true"]).output().unwrap();
    let said = place.said(output);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
    assert!(said.reasons().contains("EBUSY"), "{}", said.reasons());
}

#[test]
fn a_server_outside_of_the_cut_is_listed_by_its_path() {
    if !can_cut() {
        return;
    }
    let (Some(program), place) = (hostile(), Place::new()) else { return };
    let path = place.path().join("engine.sock");
    let _server = UnixListener::bind(&path).unwrap();
    let said = place.verify(&[program, "unix", path.to_str().unwrap()]);
    assert_eq!(said.verdict(), (Some(0), "PASS"), "{}", said.reasons());
    assert_eq!(said.certificate["attempts"].as_array().map(Vec::len), Some(0));
    assert!(said.certificate["blind_spots"].to_string().contains("engine.sock"), "{said:?}");
}

/// What an engine, a name service or a package manager does for others is done outside of the cut.
// Contract: never-a-false-pass
#[test]
fn a_server_outside_that_fetches_for_others_is_a_doubt_unless_it_is_accepted() {
    let Some(program) = hostile().filter(|_| can_cut()) else { return };
    let place = Place::new();
    let path = place.path().join("docker.sock");
    let _server = UnixListener::bind(&path).unwrap();
    let path = path.to_str().unwrap();
    let said = place.verify(&[program, "unix", path]);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
    assert!(said.reasons().contains(path) && said.reasons().contains("--known"), "{}", said.reasons());
    let known = place.write("known.txt", &format!("{path}  # builds nothing\n"));
    let mut verify = place.wheeltap(&["verify", "--known", known.to_str().unwrap(), "--", program, "unix", path]);
    let said = place.said(verify.output().unwrap());
    assert_eq!(said.verdict(), (Some(0), "PASS"), "{}", said.reasons());
    assert!(said.certificate["blind_spots"].to_string().contains(path), "{said:?}");
}

/// A path is what it is to whoever uses it.
// Contract: never-a-false-pass
#[test]
fn a_server_outside_is_found_from_within_another_root() {
    let Some(program) = hostile().filter(|_| can_cut() && requires::root()) else { return };
    let place = Place::new();
    let root = place.path().join("root");
    std::fs::create_dir_all(root.join("run")).unwrap();
    std::os::unix::fs::symlink("/run", root.join("link")).unwrap();
    let _server = UnixListener::bind(root.join("run/wheeltap-test.sock")).unwrap();
    let said = place.verify(&[program, "rooted", root.to_str().unwrap(), "/link/wheeltap-test.sock"]);
    assert_eq!(said.certificate["command"]["exit_code"], 0, "{said:?}");
    assert!(said.certificate["blind_spots"].to_string().contains("wheeltap-test.sock"), "{said:?}");
}

#[test]
fn a_recycled_descriptor_is_not_taken_for_what_it_was() {
    let Some(said) = evade(&["recycled"]) else { return };
    // The connection to the name server is an attempt; what went through the number later reached its place.
    assert_eq!(said.certificate["command"]["exit_code"], 0, "{said:?}");
    assert_eq!(said.certificate["attempts"].as_array().map(Vec::len), Some(1), "{said:?}");
}

#[test]
fn services_of_the_build_itself_keep_working() {
    if !can_cut() || !requires::program("python3") {
        return;
    }
    let script = "import http.server, threading, urllib.request\n\
        server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n\
        threading.Thread(target=server.handle_request).start()\n\
        print(urllib.request.urlopen('http://127.0.0.1:%d/' % server.server_port).status)\n";
    let said = Place::new().verify(&["python3", "-c", script]);
    assert_eq!((said.stdout.as_str(), said.verdict()), ("200\n", (Some(0), "PASS")), "{said:?}");
}

/// A user without privileges has the cut in a user namespace, and stays who they are.
#[test]
fn a_user_without_privileges_is_cut_off_as_well() {
    use std::os::unix::fs::PermissionsExt as _;
    if !rustix::process::geteuid().is_root() || !requires::program("setpriv") {
        return;
    }
    let place = Place::new();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = place.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_wheeltap")]);
    let script = "id -u; (exec 3<>/dev/tcp/192.0.2.7/443) 2>/dev/null; true";
    let said = place.said(command.args(["verify", "--", "bash", "-c", script]).output().unwrap());
    let reachable = said.status != Some(127) && said.status != Some(126);
    if !requires::met("our executable cannot be reached by another user", reachable) {
        return;
    }
    assert_eq!((said.stdout.as_str(), said.verdict().1), ("65534\n", "FAIL"), "{said:?}");
    assert_eq!(said.certificate["attempts"][0]["uid"], 65534);
}

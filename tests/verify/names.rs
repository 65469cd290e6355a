//! Resolvers of every kind: which name they ask for, or at least whom.

use std::process::Command;

use crate::harness::{Place, Said, can_cut};
use crate::images::{BASE, can_build};
use crate::requires;

/// A verification with a name server of our own in `resolv.conf`, which is not there.
fn verify(place: &Place, program: &[&str]) -> Said {
    place.write("resolv.conf", "nameserver 192.0.2.53\noptions timeout:1 attempts:1\n");
    let bind = "mount --bind resolv.conf /etc/resolv.conf && exec \"$@\"";
    let mut command = place.command("unshare");
    command.args(["--mount", "sh", "-c", bind, "sh", env!("CARGO_BIN_EXE_wheeltap"), "verify", "--"]).args(program);
    place.said(command.output().unwrap())
}

/// `host`, `host_source` and `addr` of each attempt.
fn attempts(said: &Said) -> Vec<[Option<&str>; 3]> {
    let attempts = said.certificate["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
    attempts.iter().map(|one| ["host", "host_source", "addr"].map(|field| one[field].as_str())).collect()
}

/// musl sends its question to an explicit address, and says only at the end that there was no answer.
// Contract: never-a-false-pass
#[test]
fn a_static_program_of_another_c_library_is_named() {
    if !can_cut() || !requires::root() || !requires::program("musl-gcc") {
        return;
    }
    let place = Place::new();
    let source = "#include <netdb.h>\n\
        int main(void) { struct addrinfo *found; return getaddrinfo(\"musl.invalid\", \"80\", 0, &found) ? 7 : 0; }\n";
    let source = place.write("resolves.c", source);
    let built = place.command("musl-gcc").args(["-static", "-o", "resolves"]).arg(source).output().unwrap();
    assert!(built.status.success(), "{built:?}");
    let said = verify(&place, &[place.path().join("resolves").to_str().unwrap()]);
    assert_eq!(said.certificate["command"]["exit_code"], 7, "{said:?}");
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{said:?}");
    let question = [Some("musl.invalid"), Some("dns-query"), Some("192.0.2.53:53")];
    assert_eq!(attempts(&said), [question], "{said:?}");
    assert_eq!(said.certificate["attempts"][0]["tool"], "resolves");
}

/// What Go's own resolver does: the question is written as to a file, which nobody notices.
// Contract: never-a-false-pass
#[test]
fn of_a_question_that_is_written_the_server_is_known() {
    if !can_cut() || !requires::root() || !requires::program("python3") {
        return;
    }
    let script = "import os, socket\n\
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        try:\n\
        \x20   one.connect(('192.0.2.53', 53))\n\
        \x20   os.write(one.fileno(), b'\\xab\\xcd\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\7written\\7invalid\\0\\0\\1\\0\\1')\n\
        except OSError: pass\n";
    let said = verify(&Place::new(), &["python3", "-c", script]);
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{said:?}");
    assert_eq!(attempts(&said), [[None, None, Some("192.0.2.53:53")]], "{said:?}");
}

/// A network of Docker's with names of its own.
struct Network(String);

impl Network {
    fn new() -> Option<Network> {
        let name = format!("wheeltap-test-{}", std::process::id());
        let made = docker(&["network", "create", &name]).status.success();
        requires::met("no network of Docker's", made).then_some(Network(name))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        docker(&["network", "rm", &self.0]);
    }
}

fn docker(arguments: &[&str]) -> std::process::Output {
    Command::new("/usr/bin/docker").args(arguments).output().unwrap()
}

/// There the name server is the container's own loopback, and asks others.
// Contract: never-a-false-pass
#[test]
fn a_question_to_the_name_server_of_a_network_of_dockers_is_an_attempt() {
    if !can_build() {
        return;
    }
    let Some(network) = Network::new() else { return };
    let mount = format!("--volume={}:/wheeltap:ro", env!("CARGO_BIN_EXE_wheeltap"));
    let script = "cd /tmp; grep '^nameserver' /etc/resolv.conf >&2\n\
        /wheeltap verify --format json -- getent hosts embedded.invalid 2>&1 >/dev/null | sed -n '/^{$/,/^}$/p'";
    let output = docker(&["run", "--rm", &mount, "--network", &network.0, BASE, "bash", "-c", script]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "nameserver 127.0.0.11\n", "{output:?}");
    let said = Said {
        status: output.status.code(),
        stdout: String::new(),
        stderr: String::new(),
        certificate: serde_json::from_slice(&output.stdout).unwrap(),
    };
    assert_eq!((said.verdict().1, &said.certificate["boundary"]), ("FAIL", &"advisory".into()), "{said:?}");
    assert_eq!(attempts(&said), [[Some("embedded.invalid"), Some("dns-query"), Some("127.0.0.11:53")]], "{said:?}");
}

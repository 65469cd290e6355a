//! Users without privileges, and the programs by which they gain some: a real set-user-id program in the place of sudo.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Place, hostile};
use crate::requires;

/// A place in which everybody may write, with a set-user-id `sudo` that prints who it is; `None` where none can be had.
fn place() -> Option<(Place, PathBuf)> {
    if !requires::root() || !requires::program("setpriv") {
        return None;
    }
    let (program, place) = (hostile()?, Place::new());
    let mode = |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    mode(place.path(), 0o777).unwrap();
    std::fs::create_dir(place.path().join("bin")).unwrap();
    let sudo = place.path().join("bin/sudo");
    std::fs::copy(program, &sudo).unwrap();
    mode(&sudo, 0o4755).unwrap();
    let bin = place.path().join("bin");
    let works = as_user(&place, &bin, &["sudo", "sudo"]).output().is_ok_and(|output| output.stdout == b"0\n");
    requires::met("set-user-id programs gain nothing here", works).then_some((place, bin))
}

/// A command of a user without privileges, who finds `sudo`.
fn as_user(place: &Place, bin: &std::path::Path, words: &[&str]) -> Command {
    let mut command = place.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).args(words);
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    command
}

const WHEELTAP: &str = env!("CARGO_BIN_EXE_wheeltap");

fn sessions(place: &Place) -> Value {
    let logs = std::fs::read_dir(place.path().join("logs/build")).unwrap().map(|entry| entry.unwrap().path());
    let mut documents: Vec<PathBuf> = logs.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    documents.sort();
    let newest = documents.iter().rfind(|path| path.to_str().unwrap().contains("/downloads_")).unwrap();
    serde_json::from_slice(&std::fs::read(newest).unwrap()).unwrap()
}

// Contract: observe-transparent
#[test]
fn a_users_sudo_works_unless_every_process_is_to_be_watched() {
    let Some((place, bin)) = place() else { return };
    let run = |mode: Option<&str>| {
        let mut command = as_user(&place, &bin, &[WHEELTAP, "run", "--", "sudo", "sudo"]);
        let output = command.envs(mode.map(|mode| ("WHEELTAP_WITNESS", mode))).output().unwrap();
        let witness = sessions(&place)["network"]["completeness"]["witnesses"][0].clone();
        (String::from_utf8(output.stdout).unwrap(), witness)
    };
    let (out, witness) = run(None);
    assert_eq!((out.as_str(), witness["no_new_privs"].as_bool()), ("0\n", Some(false)), "{witness}");
    // Asked for by name, and said.
    let (out, witness) = run(Some("observe"));
    assert_eq!((out.as_str(), witness["no_new_privs"].as_bool()), ("65534\n", Some(true)), "{witness}");
}

/// In a network namespace that is cut off already, no other is needed, but `no_new_privs` would be.
// Contract: observe-transparent
#[test]
fn a_verification_does_not_take_sudo_away_from_a_user() {
    let Some((place, bin)) = place() else { return };
    let verify = |more: &[&str], mode: Option<&str>| {
        // Neither privileges nor a user namespace: as in a container.
        let user = as_user(&place, &bin, &[&[WHEELTAP, "verify", "--"], more].concat());
        let mut command = place.command("unshare");
        command.args(["--net", hostile().unwrap(), "cage", "setpriv"]).args(user.get_args());
        command.envs(mode.map(|mode| ("WHEELTAP_WITNESS", mode)));
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        place.said(command.output().unwrap())
    };
    let said = verify(&["sudo", "sudo"], None);
    assert_eq!(said.certificate["boundary"], "kernel-netns", "{said:?}");
    assert_eq!((said.stdout.as_str(), said.verdict()), ("0\n", (Some(3), "UNKNOWN")), "{said:?}");
    assert!(said.reasons().contains("no_new_privs would be needed, and would break sudo"), "{}", said.reasons());
    let said = verify(&["sudo", "sudo"], Some("observe"));
    assert_eq!((said.stdout.as_str(), said.verdict()), ("65534\n", (Some(0), "PASS")), "{said:?}");
    assert_eq!(sessions(&place)["network"]["completeness"]["witnesses"][0]["no_new_privs"], true);
}

// Contract: observe-transparent
#[test]
fn in_a_user_namespace_sudo_gains_nothing_which_is_said() {
    let Some((place, bin)) = place() else { return };
    let said = place.said(as_user(&place, &bin, &[WHEELTAP, "verify", "--", "sudo", "sudo"]).output().unwrap());
    assert_eq!(said.stdout, "65534\n", "{said:?}");
    assert!(said.certificate["blind_spots"].to_string().contains("user namespace, where sudo"), "{said:?}");
}

/// Root gives nothing up: neither by a program that changes the user nor by one that changes it back.
// Contract: observe-transparent
#[test]
fn root_goes_to_and_fro_as_it_likes() {
    let Some((place, bin)) = place() else { return };
    let script =
        "setpriv --reuid=65534 --regid=65534 --clear-groups sudo sudo; id -u; grep NoNewPrivs /proc/self/status";
    let mut command = place.wheeltap(&["verify", "--", "sh", "-c", script]);
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let said = place.said(command.output().unwrap());
    assert_eq!((said.stdout.as_str(), said.verdict()), ("0\n0\nNoNewPrivs:\t0\n", (Some(0), "PASS")), "{said:?}");
}

/// Programs that gain a capability by their file, and a group by their mode, and say so: real tools under other names.
fn gaining(place: &Place) -> bool {
    let script = "cp $(command -v grep) bin/capable && cp $(command -v id) bin/grouped && \
        chown root:1 bin/grouped && chmod 2755 bin/grouped && \
        python3 -c \"import os, struct; os.setxattr('bin/capable', 'security.capability', \
        struct.pack('<5I', 0x02000001, 1 << 13, 0, 0, 0))\"";
    let made = place.command("sh").args(["-c", script]).output().is_ok_and(|output| output.status.success());
    requires::met("no file capabilities here", made)
}

/// Says which capabilities and which group are there.
const GAINED: &str = "bin/capable CapEff /proc/self/status; bin/grouped -g";

// Contract: observe-transparent
#[test]
fn what_files_give_a_user_is_lost_only_to_one_who_asked_to_be_watched() {
    let Some((place, bin)) = place() else { return };
    if !gaining(&place) {
        return;
    }
    let said = |words: &[&str], mode: Option<&str>| {
        let mut command = as_user(&place, &bin, &[words, &["sh", "-c", GAINED]].concat());
        let output = command.envs(mode.map(|mode| ("WHEELTAP_WITNESS", mode))).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let bare = said(&[], None);
    assert_eq!(bare, "CapEff:\t0000000000002000\n1\n");
    // Where there is a sudo, as here, they keep it; asked for by name it is lost, which is said.
    assert_eq!(said(&[WHEELTAP, "run", "--"], None), bare);
    assert_eq!(said(&[WHEELTAP, "run", "--"], Some("observe")), "CapEff:\t0000000000000000\n65534\n");
    assert_eq!(sessions(&place)["network"]["completeness"]["witnesses"][0]["no_new_privs"], true);
}

// Contract: observe-transparent
#[test]
fn whomever_root_becomes_gains_what_it_gains_bare() {
    let Some((place, _)) = place() else { return };
    if !gaining(&place) {
        return;
    }
    for (program, words) in [
        ("su", &["-s", "/bin/sh", "nobody", "-c", GAINED][..]),
        ("runuser", &["-u", "nobody", "--", "sh", "-c", GAINED]),
        ("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", GAINED]),
        ("setpriv", &["--bounding-set=-net_raw", "sh", "-c", "bin/grouped -g"]),
        ("sh", &["-c", "grep -E '^(Cap|NoNewPrivs)' /proc/self/status; id"]),
    ] {
        if !requires::program(program) {
            continue;
        }
        let path = "/usr/sbin:/usr/bin:/sbin:/bin";
        let bare = place.command(program).args(words).env("PATH", path).output().unwrap();
        let mut observed = place.wheeltap(&["run", "--no-follow", "--", program]);
        observed.args(words).env("PATH", path).env("WHEELTAP_WITNESS", "observe");
        let observed = observed.output().unwrap();
        assert!(bare.status.success(), "{program}: {bare:?}");
        assert_eq!((&bare.stdout, &bare.stderr), (&observed.stdout, &observed.stderr), "{program}: {words:?}");
        let witness = sessions(&place)["network"]["completeness"]["witnesses"][0].clone();
        let (method, given_up) = (witness["method"].as_str(), witness["no_new_privs"].as_bool());
        assert_eq!((method, given_up), (Some("seccomp-notify"), Some(false)), "{witness}");
    }
}

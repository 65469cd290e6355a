//! How the tool ends is how the shim ends.

use crate::harness::{Place, SHIMMED, Way, run};
use crate::requires;

// Contract: exit-status
#[test]
fn every_exit_status_is_the_tools() {
    let place = Place::new();
    for code in 0..=255 {
        let argv = ["pip".to_owned(), "install".to_owned(), format!("exit={code}")];
        let bare = place.run(Way::Bare, &argv);
        assert_eq!(bare.status, code << 8);
        for way in SHIMMED {
            assert_eq!(place.run(way, &argv), bare, "{way:?}");
        }
    }
}

// Contract: death-by-signal
#[test]
fn a_signal_that_kills_the_tool_kills_the_shim() {
    let place = Place::new();
    // Signals 19 to 22 stop; they are the subject of `stops`.
    for signal in (1..=18).chain(23..=31).chain([34, 50, 64]) {
        let argv = [
            "pip".to_owned(),
            "install".to_owned(),
            "out=before\\n".to_owned(),
            format!("raise={signal}"),
            "exit=7".to_owned(),
        ];
        let bare = place.run(Way::Bare, &argv);
        for way in SHIMMED {
            let mut shimmed = place.run(way, &argv);
            // Whether a core file was written is the tool's own; the shim writes none.
            shimmed.status |= bare.status & 0x80;
            assert_eq!(shimmed, bare, "{way:?}");
        }
    }
}

// Contract: death-by-signal
#[test]
fn no_core_file_is_the_shims() {
    let place = Place::new();
    for way in SHIMMED {
        let line = "ulimit -c unlimited 2>/dev/null; pip install raise=11; echo $?; ls";
        let ended = place.sh(way, line);
        assert!(ended.stdout.lines().filter(|line| line.contains("core")).count() <= 1, "{ended:?}");
        assert!(ended.stdout.starts_with("139\n"), "{ended:?}");
    }
}

// Contract: pid-1
#[test]
fn as_the_first_process_of_a_container_a_death_by_signal_is_a_status() {
    if !requires::root() || !requires::program("unshare") {
        return;
    }
    let place = Place::new();
    for (action, status) in [("exit=0", 0), ("exit=3", 3), ("raise=15", 143), ("raise=9", 137), ("raise=2", 130)] {
        for way in [Way::Inherited, Way::Interposed] {
            let argv = ["unshare", "--pid", "--fork", "--mount-proc", "pip", "install", "out=here\\n", action];
            let ended = place.run(way, &argv);
            assert_eq!(ended.status, status << 8, "{way:?} {action}: {ended:?}");
            assert_eq!(ended.stdout, "here\n");
        }
    }
}

// Contract: pid-1
#[test]
fn as_the_first_process_of_a_container_everything_is_inherited_as_elsewhere() {
    if !requires::root() || !requires::program("unshare") {
        return;
    }
    let place = Place::new();
    let argv = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", "exec pip install state args"];
    let bare = place.run(Way::Bare, &argv);
    for way in SHIMMED {
        assert_eq!(place.run(way, &argv), bare, "{way:?}");
    }
}

// Contract: killed-shim
#[test]
fn a_shim_that_is_killed_takes_the_tool_with_it() {
    let place = Place::new();
    for way in SHIMMED {
        let mut command =
            place.command(way, &["pip", "install", &format!("pid={}", place.text("pid")), "linger=20000"]);
        let mut shim = command.spawn().unwrap();
        let tool: i32 = place.await_file("pid").parse().unwrap();
        std::fs::remove_file(place.path("pid")).unwrap();
        shim.kill().unwrap();
        shim.wait().unwrap();
        crate::harness::eventually("the tool is gone", || {
            let stat = std::fs::read_to_string(format!("/proc/{tool}/stat")).unwrap_or_default();
            (stat.is_empty() || stat.contains(") Z ")).then_some(())
        });
    }
}

// Contract: exit-status
#[test]
fn the_console_ends_as_its_command() {
    let place = Place::new();
    for (action, status) in [("exit=3", 3 << 8), ("raise=15", 15)] {
        let wheeltap = crate::harness::product().to_str().unwrap();
        let mut command = place.command(Way::Bare, &[wheeltap, "run", "--", "pip", "install", action]);
        command.env("WHEELTAP_LOG_DIR", place.path("logs"));
        assert_eq!(run(command).status, status);
    }
}

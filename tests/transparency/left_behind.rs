//! Whom the tool leaves behind with its output still open.

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{ALL, Place, Way, eventually, expect, touch, wait};

// Contract: left-behind
#[test]
fn the_shim_ends_with_the_tool_and_the_rest_is_still_forwarded() {
    let place = Place::new();
    for way in ALL {
        let gate = format!("await={}", place.text("go"));
        let argv =
            ["pip", "install", "out=tool\\n", "leave=3", &gate, "out=left behind\\n", "huge=300000", "err=also\\n"];
        let mut child = place.command(way, &argv).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let start = Instant::now();
        assert_eq!(wait(&mut child), 3 << 8, "{way:?}");
        assert!(start.elapsed() < Duration::from_secs(10), "{way:?} waited for the one left behind");
        expect(&mut stdout, "tool\n");
        touch(&place.path("go"));
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert!(rest.starts_with("left behind\n") && rest.len() == 300_012, "{way:?}: {}", rest.len());
        let mut errors = String::new();
        stderr.read_to_string(&mut errors).unwrap();
        assert_eq!(errors, "also\n");
        std::fs::remove_file(place.path("go")).unwrap();
    }
}

// Contract: left-behind
#[test]
fn who_is_left_behind_is_told_when_nobody_reads_any_more() {
    let place = Place::new();
    for way in ALL {
        let line = "pip install leave=0 flood; echo here";
        let (mut pid, gone) = (String::new(), place.path("pid"));
        let _ = std::fs::remove_file(&gone);
        let line = line.replace("flood", &format!("pid={} flood", gone.display()));
        let mut child = place.command(way, &["sh", "-c", &line]).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        pid.push_str(&place.await_file("pid"));
        let mut some = [0; 1000];
        stdout.read_exact(&mut some).unwrap();
        drop(stdout);
        wait(&mut child);
        eventually("it has died of its broken pipe", || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            (stat.is_empty() || stat.contains(") Z ")).then_some(())
        });
    }
}

// Contract: left-behind
#[test]
fn a_daemon_that_closes_its_streams_holds_nobody() {
    let place = Place::new();
    place.same("pip install out=x; (sleep 20 >/dev/null 2>&1 &); echo done");
    let script = "pip install leave=0 linger=15000 >/dev/null 2>&1; echo done";
    let start = Instant::now();
    place.same(script);
    assert!(start.elapsed() < Duration::from_secs(10));
}

// Contract: left-behind
#[test]
fn a_caller_that_waits_for_the_end_of_the_output_gets_all_of_it() {
    let place = Place::new();
    let ended = place.same("x=$(pip install out=1 leave=0 linger=200 out=2); echo \"[$x]\"");
    assert_eq!(ended.stdout, "[12]\n");
}

// Contract: left-behind
#[test]
fn what_forwards_for_those_left_behind_holds_nothing_else() {
    let place = Place::new();
    let line = format!("exec 5>lock 6</dev/null; pip install leave=0 await={} out=end", place.text("go"));
    let mut command = place.command(Way::Interposed, &["sh", "-c", &line]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    assert_eq!(wait(&mut child), 0);
    let relays = eventually("there is a relay", || Some(relays(&place)).filter(|relays| !relays.is_empty()));
    for relay in relays {
        eventually("it holds nothing but what it reads and what it writes", || {
            let open = std::fs::read_dir(format!("/proc/{relay}/fd")).unwrap().flatten();
            let mut open: Vec<_> = open.map(|entry| entry.file_name()).collect();
            open.sort();
            (open == ["0", "1"]).then_some(())
        });
        assert_eq!(std::fs::read_link(format!("/proc/{relay}/cwd")).unwrap().to_str(), Some("/"));
    }
    touch(&place.path("go"));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "end");
    eventually("the relay is gone", || self::relays(&place).is_empty().then_some(()));
}

/// The processes that run the place's shim.
fn relays(place: &Place) -> Vec<String> {
    let word = place.text("go");
    let processes =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let is_relay = |process: &String| {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let program = std::fs::read_link(format!("/proc/{process}/exe")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&word) && program == crate::harness::test_shim()
    };
    processes.filter(is_relay).collect()
}

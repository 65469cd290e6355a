//! How output gets from the tool to whoever reads it.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use crate::harness::{ALL, Place, Way, eventually, expect, finish, kill, run, touch, wait};

// Contract: output-as-it-comes
#[test]
fn output_is_forwarded_as_it_comes() {
    let place = Place::new();
    for way in ALL {
        let gate = |name: &str| format!("await={}", place.text(name));
        let argv = ["pip", "install", "out=a", &gate("one"), "out=b\\n", "err=c", &gate("two"), "out=d"];
        let mut child = place.command(way, &argv).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        expect(&mut stdout, "a");
        touch(&place.path("one"));
        expect(&mut stdout, "b\n");
        expect(&mut stderr, "c");
        touch(&place.path("two"));
        expect(&mut stdout, "d");
        assert_eq!(finish(child).status, 0, "{way:?}");
        std::fs::remove_file(place.path("one")).unwrap();
        std::fs::remove_file(place.path("two")).unwrap();
    }
}

// Contract: output-as-it-comes
#[test]
fn every_byte_arrives() {
    let place = Place::new();
    let bytes: String = (0..=255).map(|byte| format!("\\x{byte:02x}")).collect();
    for line in [
        format!("pip install out='{bytes}' | od -c; pip install out='{bytes}' err='{bytes}' 2>&1 >/dev/null | od -c"),
        "pip install huge=20000000 | cksum; pip install huge=20000000 2>&1 | cksum; pip install huge=3000001 >file; cksum <file".to_owned(),
        "pip install huge=70000 err=x huge=1 err=y".to_owned(),
    ] {
        place.same(&line);
    }
}

// Contract: constant-memory
#[test]
fn memory_does_not_grow_with_the_output() {
    let place = Place::new();
    let peak = |megabytes: u32| {
        let argv = ["pip", "install", &format!("huge={megabytes}000000"), "err=done", "await=go"];
        let mut command = place.command(Way::Interposed, &argv);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        expect(child.stderr.as_mut().unwrap(), "done");
        let peak = peak_of(child.id());
        touch(&place.path("work/go"));
        assert_eq!(finish(child).status, 0);
        std::fs::remove_file(place.path("work/go")).unwrap();
        peak
    };
    let (little, much) = (peak(1), peak(400));
    assert!(much - little < 512, "{little} kB with 1 MB, {much} kB with 400 MB");
}

/// How a build begins in pip's log, and how it fails.
const BEGUN: &str = "2026-11-20T16:26:59,521 Using pip 25.3 from /v/lib/python3.11/site-packages/pip (python 3.11)\n\
                     2026-11-20T16:26:59,521   Running command Building wheel for odd (pyproject.toml)\n";
const FAILED: &str = "2026-11-20T16:26:59,521   ERROR: Building wheel for odd (pyproject.toml) exited with 1\n";
const SHOWN: &str = "  error: subprocess-exited-with-error\n  \n\
                     \x20 × Building wheel for odd (pyproject.toml) did not run successfully.\n  │ exit code: 1\n\
                     \x20 ╰─> No available output.\n  \n  note: This error originates from a subprocess\n";

// Contract: constant-memory, pip-log-gives-back
#[test]
fn memory_does_not_grow_with_what_a_build_prints_into_pips_log() {
    let place = Place::new();
    for (name, log, stderr) in [("begun", BEGUN, ""), ("failed", FAILED, SHOWN)] {
        std::fs::create_dir(place.path(name)).unwrap();
        for (part, text) in [("log", log), ("log.stdout", ""), ("log.stderr", stderr)] {
            std::fs::write(place.path(name).join(part), text).unwrap();
        }
    }
    // Many short lines, since it takes long to read more of them; and much in long ones.
    for (bytes, width) in [(10_000_000, 0), (80_000_000, 1), (300_000_000, 100_000)] {
        let logs = format!("logs={bytes}:{width}");
        let (begun, failed) = (format!("play={}", place.text("begun")), format!("play={}", place.text("failed")));
        let argv =
            ["pip", "install", &begun, &logs, "err=printed\\n", "await=go", &failed, "err=failed\\n", "await=gone"];
        let mut child = place.command(Way::Recorded, &argv).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut peaks = Vec::new();
        for (word, file) in [("printed\n", "go"), ("failed\n", "gone")] {
            let mut line = String::new();
            // All that the log holds is heard before what follows it is shown.
            while line != word {
                line.clear();
                std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
            }
            peaks.push(peak_of(child.id()));
            touch(&place.path("work").join(file));
        }
        assert!(peaks[0] < 128 << 10 && peaks[1] < 320 << 10, "lines of {width}: {peaks:?} kB");
        assert_eq!(finish(child).status, 0);
        for file in ["go", "gone"] {
            std::fs::remove_file(place.path("work").join(file)).unwrap();
        }
    }
}

/// The most memory that a process has had, in kB.
fn peak_of(process: u32) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

// Contract: back-pressure
#[test]
fn a_reader_that_does_not_read_stops_the_tool() {
    let place = Place::new();
    for way in ALL {
        let mut child = place.command(way, &["pip", "install", "flood"]).stdout(Stdio::piped()).spawn().unwrap();
        eventually("it is full", || (queued(&child) >= 65536).then_some(()));
        // A recording goes on looking at its log; the tool alone is to stand still.
        let tool = if way.is_supervised() { first_child(child.id()) } else { child.id() };
        eventually("the tool waits", || {
            let time = time(tool);
            std::thread::sleep(Duration::from_millis(50));
            (self::time(tool) == time).then_some(())
        });
        kill(child.id() as i32, 15);
        assert_eq!(wait(&mut child), 15, "{way:?}");
        // What can be read now is what fits into pipes and buffers, bare 64 KiB.
        let mut rest = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
        assert!((65536..=4 * 65536).contains(&rest.len()), "{way:?}: {}", rest.len());
    }
}

/// The processor time that a process has had.
fn time(process: u32) -> String {
    std::fs::read_to_string(format!("/proc/{process}/schedstat")).unwrap()
}

fn first_child(process: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}

// Contract: back-pressure
#[test]
fn a_signal_is_forwarded_while_nobody_reads() {
    let place = Place::new();
    for way in ALL {
        let mut child = place.command(way, &["pip", "install", "flood"]).stdout(Stdio::piped()).spawn().unwrap();
        eventually("it is full", || (queued(&child) >= 65536).then_some(()));
        kill(child.id() as i32, 10);
        assert_eq!(wait(&mut child), 10, "{way:?}");
    }
}

/// How much lies in the pipe from which we read.
fn queued(child: &std::process::Child) -> usize {
    rustix::io::ioctl_fionread(child.stdout.as_ref().unwrap()).unwrap() as usize
}

// Contract: early-close
#[test]
fn a_reader_that_leaves_early_ends_the_tool_as_bare() {
    let place = Place::new();
    for line in [
        "bash -c 'set -o pipefail; pip install flood | head -c 10; echo ${PIPESTATUS[0]}'",
        "bash -c 'pip install out=1 huge=5000000 2>&1 | head -c 1; echo ${PIPESTATUS[0]}'",
        // A tool that ignores SIGPIPE is told by the error of its write (the tool then exits with 98).
        "bash -c 'trap \"\" PIPE; pip install flood | head -c 10; echo ${PIPESTATUS[0]}'",
        "bash -c 'pip install err=x flood 2>/dev/null | true; echo ${PIPESTATUS[0]}'",
    ] {
        place.same(line);
    }
}

// Contract: early-close
#[test]
fn the_first_write_after_the_reader_has_left_is_the_last() {
    let place = Place::new();
    for way in ALL {
        let argv = ["pip", "install", "out=first\\n", &format!("await={}", place.text("left")), "out=second", "exit=5"];
        let mut child = place.command(way, &argv).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        expect(&mut stdout, "first\n");
        let before = pipes_of(child.id());
        drop(stdout);
        if way.listens() {
            // The shim has to notice before the tool writes; bare there is nothing to notice.
            eventually("the pipe is closed", || (pipes_of(child.id()) < before).then_some(()));
        }
        touch(&place.path("left"));
        assert_eq!(wait(&mut child), 13, "{way:?}");
        std::fs::remove_file(place.path("left")).unwrap();
    }
}

/// How many pipes a process holds above the standard descriptors.
fn pipes_of(process: u32) -> usize {
    let entries = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().map(Result::unwrap);
    let target = |entry: &std::fs::DirEntry| std::fs::read_link(entry.path()).unwrap_or_default();
    let above = entries.filter(|entry| !["0", "1", "2"].iter().any(|number| entry.file_name() == *number));
    above.filter(|entry| target(entry).to_string_lossy().starts_with("pipe:")).count()
}

// Contract: early-close
#[test]
fn a_full_disk_is_an_error_of_the_tools_write() {
    let place = Place::new();
    for way in [Way::Bare, Way::Exec, Way::Inherited] {
        let mut command = place.command(way, &["pip", "install", "out=x", "exit=3"]);
        command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
        assert_eq!(finish(command.spawn().unwrap()).status, 98 << 8, "{way:?}");
    }
    // Through a pipe the tool cannot be told which error it was; it is told of a closed pipe, at its next write.
    let mut command = place.command(Way::Interposed, &["pip", "install", "huge=2000000", "exit=3"]);
    command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    assert_eq!(finish(command.spawn().unwrap()).status, 13);
}

// Contract: output-as-it-comes
#[test]
fn what_the_tool_wrote_before_it_was_killed_arrives() {
    let place = Place::new();
    for way in ALL {
        let ended = run(place.command(way, &["pip", "install", "huge=65536", "raise=9"]));
        assert_eq!((ended.status, ended.stdout.len()), (9, 65536), "{way:?}");
    }
}

//! What the caller hands down reaches the tool as it is.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::harness::{Place, SHIMMED, Way, run};

/// A line of `sh` that changes what is inherited, then becomes the tool.
fn handed_down(changes: &str) -> String {
    let place = Place::new();
    place.same(&format!("{changes}; exec pip install state")).stdout
}

/// A set of signals in a report, but for 32 and 33, which the tests' own `Command` ignores in whatever it starts.
#[track_caller]
fn set(state: &str, name: &str) -> u64 {
    let line = state.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t")).unwrap();
    u64::from_str_radix(line, 16).unwrap() & !0x1_8000_0000
}

// Contract: inherited-signals
#[test]
fn ignored_signals_stay_ignored() {
    let state = handed_down("trap '' HUP INT QUIT USR1 PIPE TERM TSTP");
    assert_eq!(set(&state, "SigIgn"), 0x85207);
}

// Contract: inherited-signals
#[test]
fn default_signals_stay_default() {
    let state = handed_down(":");
    assert_eq!((set(&state, "SigIgn"), set(&state, "SigCgt"), set(&state, "SigBlk")), (0, 0, 0));
}

// Contract: inherited-signals
#[test]
fn blocked_signals_stay_blocked() {
    let place = Place::new();
    let line = "exec env --block-signal=USR1,USR2,TERM,CHLD pip install state";
    assert_eq!(set(&place.same(line).stdout, "SigBlk"), 0x14a00);
}

// Contract: inherited-signals
#[test]
fn nohup_and_background_jobs_mean_what_they_mean() {
    let place = Place::new();
    place.same("nohup pip install state");
    place.same("pip install state & wait");
    place.same("setsid --wait pip install out=x");
}

// Contract: sigchld-ignored
#[test]
fn a_caller_that_ignores_sigchld_gets_the_status() {
    let place = Place::new();
    let state = place.same("exec env --ignore-signal=CHLD pip install state exit=7");
    assert_eq!(set(&state.stdout, "SigIgn"), 0x10000);
    assert_eq!(state.status, 7 << 8);
    place.same("exec env --block-signal=CHLD --ignore-signal=CHLD pip install out=x raise=15");
}

// Contract: closed-descriptors
#[test]
fn closed_standard_descriptors_stay_closed() {
    let place = Place::new();
    let report = place.text("report");
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let bare = state_without(&place, Way::Bare, closed, &report);
        for way in SHIMMED {
            assert_eq!(state_without(&place, way, closed, &report), bare, "{way:?} {closed}");
        }
    }
}

/// What is open while the tool runs, as seen from outside: it may have nowhere to tell it.
fn state_without(place: &Place, way: Way, closed: &str, report: &str) -> (i32, String) {
    let line = format!("exec pip {closed} pid={report}.pid await={report}.go exit=3");
    let mut command = place.command(way, &["sh", "-c", &line]);
    for name in [".go", ".pid"] {
        let _ = std::fs::remove_file(format!("{report}{name}"));
    }
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let tool = place.await_file("report.pid");
    let mut open: Vec<String> = std::fs::read_dir(format!("/proc/{tool}/fd"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    open.sort();
    crate::harness::touch(Path::new(&format!("{report}.go")));
    let ended = crate::harness::finish(child);
    assert_eq!((ended.stdout, ended.stderr), (String::new(), String::new()));
    (ended.status, open.join(" "))
}

// Contract: other-descriptors
#[test]
fn descriptors_above_2_are_inherited_and_none_of_ours_is() {
    let state = handed_down("exec 3</dev/null 4>>log 7<>log 9>&1");
    for descriptor in ["descriptor 3: character", "descriptor 4: file", "descriptor 7: file", "descriptor 9: pipe"] {
        assert!(state.contains(descriptor), "{state}");
    }
}

// Contract: surroundings
#[test]
fn directory_umask_limits_and_priority_are_the_callers() {
    let state = handed_down(
        "mkdir -p 'a b' && cd 'a b'; umask 027; ulimit -n 99; ulimit -s 4096; exec nice -n 5 pip install state",
    );
    // The tests themselves may be run with a priority that is not 0.
    let priority = (rustix::process::getpriority_process(None).unwrap() + 5).min(19);
    assert!(state.contains(&format!("umask 027, priority {priority}")), "{state}");
    assert!(state.contains("limit 7: 99 99"), "{state}");
    assert!(state.ends_with("work/a b\n"), "{state}");
}

// Contract: surroundings
#[test]
fn a_directory_that_is_gone_is_no_obstacle() {
    let state = handed_down("mkdir gone && cd gone && rmdir ../gone");
    assert!(state.contains("directory No such file or directory"), "{state}");
}

// Contract: surroundings
#[test]
fn with_no_process_to_spare_the_tool_still_runs() {
    let place = Place::new();
    let user = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    if !crate::requires::root() || !crate::requires::program("setpriv") {
        return;
    }
    open_to_all(&place);
    for way in SHIMMED {
        let ended = place.sh(way, &format!("{user} sh -c 'ulimit -u 1; exec pip install out=ran exit=4'"));
        assert_eq!((ended.status, ended.stdout.as_str()), (4 << 8, "ran"), "{way:?}: {}", ended.stderr);
    }
}

fn open_to_all(place: &Place) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(place.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    // The build directory may be closed to others: what is run is copied.
    for (name, program) in [
        ("real/pip", crate::tool::path()),
        ("product/pip", crate::harness::product().into()),
        ("test/pip", crate::harness::test_shim().into()),
    ] {
        std::fs::remove_file(place.path(name)).unwrap();
        std::fs::copy(program, place.path(name)).unwrap();
    }
}

// Contract: environment
#[test]
fn the_environment_gains_the_guard_and_loses_nothing() {
    let place = Place::new();
    // A program of its name is the tool itself, and not what another family of shims has put there.
    let tool = std::fs::canonicalize(place.path("real/pip")).unwrap();
    std::fs::remove_file(place.path("real/pip")).unwrap();
    std::fs::copy(tool, place.path("real/pip")).unwrap();
    let line = "env -i A=1 'B C=2' EMPTY= $'BYTES=\\xff\\xfe' PATH=\"$PATH\" SHIM=\"$SHIM\" WHEELTAP_LOG_DIR=\"$WHEELTAP_LOG_DIR\" pip install env";
    let line = format!("bash -c '{}'", line.replace('\'', "'\\''"));
    let bare = environment(&place.sh(Way::Bare, &line).stdout);
    assert!(bare.contains(&"BYTES=\\xff\\xfe".to_owned()) && bare.contains(&"B C=2".to_owned()), "{bare:?}");
    for way in SHIMMED {
        let shimmed = place.sh(way, &line).stdout;
        assert_eq!(environment(&shimmed), bare, "{way:?}");
        assert_eq!(shimmed.matches("WHEELTAP_GUARD=").count(), 1, "{shimmed}");
    }
}

// Contract: environment
#[test]
fn the_variable_that_a_shell_sets_to_the_command_names_the_real_one() {
    let place = Place::new();
    let shown = |way| {
        let env = place.run(way, &["bash", "-c", "pip install env; true"]).stdout;
        env.lines().find(|line| line.starts_with("_=")).map(str::to_owned)
    };
    assert_eq!(shown(Way::Bare), Some(format!("_={}", place.text("real/pip"))));
    for way in SHIMMED {
        assert_eq!(shown(way), shown(Way::Bare), "{way:?}");
    }
}

/// The environment, but for the variables by which the runs differ.
fn environment(shown: &str) -> Vec<String> {
    let ours = ["SHIM=", "WHEELTAP_GUARD=", "WHEELTAP_LOG_DIR=", "PIP_LOG="];
    let lines = shown.lines().filter(|line| !ours.iter().any(|name| line.starts_with(name)));
    lines.map(str::to_owned).collect()
}

// Contract: argument-bytes
#[test]
fn arguments_are_bytes() {
    let place = Place::new();
    let strange = std::ffi::OsStr::from_bytes(b"\xff\xfe\n\t'\"$()");
    let long = "x".repeat(100_000);
    for way in SHIMMED {
        let run_it = |way| {
            let mut command = place.command(way, &["pip", "install", "args", "", " ", "--", "-c"]);
            command.arg(strange).arg(&long);
            run(command)
        };
        assert_eq!(run_it(way), run_it(Way::Bare), "{way:?}");
    }
}

// Contract: argument-bytes
#[test]
fn paths_are_bytes() {
    let place = Place::new();
    let strange = place.path(std::ffi::OsStr::from_bytes(b"\xff\xfe d"));
    std::fs::create_dir(&strange).unwrap();
    std::fs::rename(place.path("real/pip"), strange.join("pip")).unwrap();
    for way in SHIMMED {
        let run_it = |way| {
            let mut path = std::ffi::OsString::from(format!("PATH={}", place.shims(way)));
            path.push(&strange);
            let mut command = place.command(way, &["env"]);
            command.arg(path).args(["pip", "install", "args", "state"]).current_dir(&strange);
            run(command)
        };
        let bare = run_it(Way::Bare);
        assert!(bare.stdout.contains("\\xff\\xfe d"), "{bare:?}");
        assert_eq!(run_it(way), bare, "{way:?}");
    }
}

// Contract: argument-bytes
#[test]
fn the_tool_gets_the_name_that_a_bare_call_gives_it() {
    let place = Place::new();
    assert_eq!(place.same("pip install args").stdout, "pip\ninstall\nargs\n");
    // Called by the path of the shim, it is called as by the path of the tool.
    for way in SHIMMED {
        let shim = format!("{}pip", place.shims(way).replace(':', "/"));
        let called = place.run(way, &[shim.as_str(), "install", "args"]);
        assert_eq!(called.stdout, format!("{}\ninstall\nargs\n", place.text("real/pip")));
    }
    // A script sees the path under which it was found.
    place.script("scripts/pip", "echo \"$0\"");
    for way in SHIMMED {
        let path = format!("{}{}", place.shims(way), place.text("scripts"));
        let found = run(place.command_on(way, &path, &["pip"]));
        assert_eq!(found.stdout, place.text("scripts/pip") + "\n");
    }
}

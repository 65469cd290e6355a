//! Other shim families above and below us, and calls within calls.

use crate::harness::{ALL, Place, SHIMMED, Way, run};
use crate::requires;

/// A family that works like pyenv: finds the tool of a version, or, for `system`, the first on `PATH` that is not its own
/// shim, puts its directory first on `PATH` if it is a version's, and becomes it.
fn family(place: &Place, directory: &str) {
    let body = r#"#!/bin/bash
own=${0%/*}; name=${0##*/}
echo "family $name" >>"$TRACE"
if [ "$VERSION" != system ]; then
  PATH="$VERSION:$PATH" exec "$VERSION/$name" "$@"
fi
IFS=:
for directory in $PATH; do
  [ "$directory" = "$own" ] || [ ! -x "$directory/$name" ] || exec "$directory/$name" $EXTRA "$@"
done
echo "family: $name: command not found" >&2
exit 127"#;
    for name in ["pip", "pip3.99"] {
        place.script(&format!("{directory}/{name}"), body);
    }
}

/// Runs a line with a `PATH` of these directories, `shim` being the shim of the way; returns output, status, and what the
/// family and the recordings traced.
fn traced(place: &Place, way: Way, path: &[&str], variables: &[&str], line: &str) -> (String, i32, String) {
    let trace = place.path("trace");
    let _ = std::fs::remove_file(&trace);
    let shim = place.shims(way);
    let directories: Vec<String> = path
        .iter()
        .filter_map(|name| match *name {
            "shim" if way == Way::Bare => None,
            "shim" => Some(shim.trim_end_matches(':').to_owned()),
            name => Some(place.text(name)),
        })
        .collect();
    let mut command = place.command_on(way, &directories.join(":"), &["env"]);
    if way == Way::Inherited || way == Way::Interposed {
        let how = if way == Way::Inherited { "inherit" } else { "interpose" };
        command.arg(format!("SHIM={how} mark trace={}", trace.display()));
    }
    command.arg(format!("TRACE={}", trace.display())).args(variables).args(["sh", "-c", line]);
    let ended = run(command);
    (ended.stdout + &ended.stderr, ended.status, std::fs::read_to_string(trace).unwrap_or_default())
}

// Contract: other-shim-families
#[test]
fn another_family_above_or_below_runs_the_tool_that_it_runs_bare() {
    let place = Place::new();
    family(&place, "family");
    place.script("version/pip", "echo \"version $*\"");
    place.script("system/pip", "echo \"system $*\"");
    let version = format!("VERSION={}", place.text("version"));
    for variables in [[version.as_str(), "EXTRA="], ["VERSION=system", "EXTRA="], ["VERSION=system", "EXTRA=--more"]] {
        for path in [
            ["shim", "family", "system", "shim"],
            ["family", "shim", "system", "family"],
            ["shim", "family", "shim", "system"],
        ] {
            let (said, status, _) = traced(&place, Way::Bare, &path, &variables, "pip install x; pip");
            assert!(!said.is_empty() && status == 0, "{said}");
            for way in SHIMMED {
                let (also, also_status, trace) = traced(&place, way, &path, &variables, "pip install x; pip");
                // A shim above another that adds arguments passes by it in the end, but the arguments are there.
                assert_eq!((also, also_status), (said.clone(), status), "{way:?} {path:?} {variables:?}");
                assert!(trace.matches("begin").count() <= 2, "{way:?}: recorded twice: {trace}");
                assert!(trace.matches("family").count() <= 2 + 2, "{way:?}: a loop: {trace}");
            }
        }
    }
}

// Contract: other-shim-families
#[test]
fn a_family_that_finds_nothing_but_us_finds_nothing() {
    let place = Place::new();
    family(&place, "family");
    for way in SHIMMED {
        let path = ["shim", "family"];
        let (said, status, _) = traced(&place, way, &path, &["VERSION=system"], "pip3.99 list");
        assert_eq!((said.as_str(), status), ("wheeltap: pip3.99: command not found\n", 127 << 8), "{way:?}");
    }
}

// Contract: other-shim-families
#[test]
fn two_families_are_no_more_than_one() {
    let place = Place::new();
    family(&place, "family");
    family(&place, "other");
    place.script("system/pip", "echo \"system $*\"");
    for way in SHIMMED {
        // Bare, these two would call each other for ever: it is our shim between them that ends it.
        for path in [["shim", "family", "other", "system"], ["family", "shim", "other", "system"]] {
            let (said, status, trace) = traced(&place, way, &path, &["VERSION=system"], "pip install x");
            assert_eq!((said.as_str(), status), ("system install x\n", 0), "{way:?} {path:?}: {trace}");
        }
    }
}

// Contract: other-shim-families
#[test]
fn pyenv_itself_runs_what_it_runs_bare() {
    let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let root = std::env::var_os("PYENV_ROOT").map_or(home.join(".pyenv"), Into::into);
    if !requires::met("no pyenv with a pip", root.join("shims/pip").exists()) {
        return;
    }
    let place = Place::new();
    place.link(&root.join("shims"), "pyenv");
    let root = root.to_str().unwrap();
    let pyenv = format!("PYENV_ROOT={root}");
    for version in ["", "PYENV_VERSION=system"] {
        let (shims, bin) = (format!("{root}/shims"), format!("{root}/bin"));
        let shown = |way: Way, above: bool| {
            let shim = place.shims(way);
            let path = if above { format!("{shims}:{shim}{bin}") } else { format!("{shim}{shims}:{bin}") };
            let mut command = place.command_on(way, &format!("{path}:{}", place.text("real")), &["env"]);
            command.arg(&pyenv).args((!version.is_empty()).then_some(version)).args([
                "pip",
                "--version",
                "out=system\\n",
            ]);
            run(command)
        };
        for above in [true, false] {
            let bare = shown(Way::Bare, above);
            assert!(bare.status == 0 && !bare.stdout.is_empty(), "{bare:?}");
            for way in SHIMMED {
                assert_eq!(shown(way, above), bare, "{way:?}, pyenv above: {above}, {version:?}");
            }
        }
    }
}

// Contract: loop-guard
#[test]
fn a_loop_ends_with_a_clear_error() {
    let place = Place::new();
    // Goes on looking with other arguments each time, so that no shim can know it for the same search.
    place.script("loop/pip", "exec pip $(($1 + 1))");
    for way in SHIMMED {
        let (said, status, _) = traced(&place, way, &["shim", "loop"], &[], "pip 1");
        assert_eq!(status, 127 << 8, "{way:?}: {said}");
        assert!(said.contains("came back to itself"), "{said}");
    }
}

// Contract: loop-guard
#[test]
fn a_guard_that_is_garbage_is_none() {
    let place = Place::new();
    for garbage in ["", "x", ";;;;;;;", "1;1;=1;;zz;;;", "2;99999;=1;;;;;", "1;4294967295;=0;;;;;x=y z=1"] {
        let variable = format!("WHEELTAP_GUARD={garbage}");
        let (said, status, _) = traced(&place, Way::Recorded, &["shim", "real"], &[&variable], "pip install out=ran");
        let expected = if garbage.starts_with("1;4294967295") { 127 << 8 } else { 0 };
        assert_eq!(status, expected, "{garbage:?}: {said}");
    }
}

// Contract: nested-calls
#[test]
fn a_nested_call_runs_the_same_tool_and_is_recorded_by_the_outer_call() {
    let place = Place::new();
    // Python, as pip is: the tool itself, not something that goes looking for it.
    let body = "#!/usr/bin/env python3\nimport subprocess, sys\nprint('real', *sys.argv[1:], flush=True)\n\
                if sys.argv[1] == 'outer': subprocess.check_call(['pip', 'inner', *sys.argv[1:]])\n";
    place.script("python/pip", body);
    place.script("wrong/pip", "echo wrong");
    for way in ALL {
        let (said, status, trace) = traced(&place, way, &["shim", "python", "wrong"], &[], "pip outer x");
        assert_eq!((said.as_str(), status), ("real outer x\nreal inner outer x\n", 0), "{way:?}");
        assert!(trace.matches("begin").count() <= 1, "{way:?}: {trace}");
    }
}

// Contract: nested-calls
#[test]
fn a_nested_call_of_a_shim_that_lost_the_outer_recording_is_recorded_itself() {
    let place = Place::new();
    let body = "#!/usr/bin/env python3\nimport subprocess, sys\nprint('real', *sys.argv[1:], flush=True)\n\
                if sys.argv[1] == 'outer': subprocess.check_call(['env', '-u', 'MARK', 'SHIM/pip', 'inner'])\n";
    place.script("python/pip", &body.replace("SHIM", place.shims(Way::Inherited).trim_end_matches(':')));
    let (_, status, trace) = traced(&place, Way::Inherited, &["shim", "python"], &[], "pip outer");
    assert_eq!((status, trace.matches("begin").count(), trace.matches("end Ok").count()), (0, 2, 2), "{trace}");
}

// Contract: nested-calls
#[test]
fn calls_one_after_the_other_are_recorded_each() {
    let place = Place::new();
    let (_, _, trace) =
        traced(&place, Way::Interposed, &["shim", "real"], &[], "pip install out=1; pip install out=1; pip3 out=2");
    assert_eq!(trace.matches("begin").count(), 3, "{trace}");
    // The recording of one tool does not cover another that it starts.
    place.script("mixed/apt-get", "pip out=nested");
    let (_, _, trace) = traced(&place, Way::Inherited, &["shim", "mixed", "real"], &[], "apt-get install");
    assert_eq!(trace.matches("begin").count(), 2, "{trace}");
}

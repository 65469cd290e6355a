//! Which tool runs: the one that would run if we were not there.

use std::path::Path;

use crate::harness::{ALL, Place, SHIMMED, Way, product, run};

/// A script that says which one it is, and its arguments.
fn named(place: &Place, name: &str) {
    place.script(name, &format!("echo \"{name}: $0 $*\""));
}

/// Runs `pip x` with this `PATH`, in which `{shim}` is the shim of the way, and bare without it.
fn found(place: &Place, way: Way, path: &str) -> (i32, String) {
    let shim = place.shims(way);
    let path = path.replace("{shim}", shim.trim_end_matches(':')).replace("{place}", &place.text(""));
    let path = if way == Way::Bare { path.trim_start_matches(':').replace("::", ":") } else { path };
    let mut command = place.command(way, &["env"]);
    command.arg(format!("PATH={path}")).args(["/bin/sh", "-c", "pip install x"]);
    let ended = run(command);
    (ended.status, ended.stdout.replace(&place.text(""), "") + &ended.stderr.replace(&place.text(""), ""))
}

// Contract: path-entries
#[test]
fn the_first_tool_behind_the_shim_runs() {
    let place = Place::new();
    named(&place, "a/pip");
    named(&place, "b/pip");
    named(&place, "work/rel/pip");
    std::fs::create_dir_all(place.path("c/pip")).unwrap();
    std::fs::write(place.path("work/not-a-directory"), "").unwrap();
    for (path, expected) in [
        ("{shim}:{place}a:{place}b", "a/pip: a/pip install x\n"),
        ("{place}empty:{shim}:{place}b:{place}a", "b/pip: b/pip install x\n"),
        ("{shim}:{shim}:{place}a:{shim}:{place}a", "a/pip: a/pip install x\n"),
        ("{shim}:rel:{place}a", "work/rel/pip: rel/pip install x\n"),
        ("{shim}:./rel:{place}a", "work/rel/pip: ./rel/pip install x\n"),
        ("{shim}:{place}a/:{place}b", "a/pip: a//pip install x\n"),
        ("{shim}:{place}c:not-a-directory:{place}b", "b/pip: b/pip install x\n"),
    ] {
        for way in ALL {
            assert_eq!(found(&place, way, path), (0, expected.to_owned()), "{way:?} {path}");
        }
    }
}

// Contract: path-entries
#[test]
fn an_empty_entry_is_the_current_directory() {
    let place = Place::new();
    named(&place, "work/pip");
    named(&place, "a/pip");
    for way in SHIMMED {
        for path in ["{shim}::{place}a", "{shim}:", "{place}none::{shim}"] {
            let (status, said) = found(&place, way, path);
            assert_eq!((status, said.as_str()), (0, "work/pip: pip install x\n"), "{way:?} {path}");
        }
    }
}

// Contract: path-entries
#[test]
fn without_a_path_the_usual_places_are_searched() {
    let place = Place::new();
    for way in SHIMMED {
        let shim = format!("{}pip", place.shims(way).replace(':', "/"));
        let mut command = place.command(way, &["env", "-u", "PATH"]);
        // There may or may not be a pip on this machine; whatever a shell finds is what is found.
        let bare = std::process::Command::new("/usr/bin/env").args(["-i", "/bin/sh", "-c", "command -v pip"]).output();
        let exists = bare.unwrap().status.success();
        command.arg(shim).arg("--version");
        assert_eq!(run(command).status != 127 << 8, exists, "{way:?}");
    }
}

// Contract: not-found
#[test]
fn a_tool_that_is_not_there_is_status_127() {
    let place = Place::new();
    for way in SHIMMED {
        assert_eq!(found(&place, way, "{shim}:{place}none"), (127 << 8, "wheeltap: pip: command not found\n".into()));
    }
}

// Contract: not-found
#[test]
fn a_tool_that_cannot_be_executed_is_status_126() {
    let place = Place::new();
    std::fs::create_dir(place.path("a")).unwrap();
    std::fs::write(place.path("a/pip"), "#!/bin/sh\n").unwrap();
    named(&place, "b/pip");
    for way in SHIMMED {
        let denied = (126 << 8, "wheeltap: a/pip: Permission denied\n".to_owned());
        assert_eq!(found(&place, way, "{shim}:{place}a"), denied, "{way:?}");
        // As every shell does, it is passed over if there is another.
        assert_eq!(found(&place, way, "{shim}:{place}a:{place}b"), (0, "b/pip: b/pip install x\n".into()), "{way:?}");
    }
}

// Contract: not-found
#[test]
fn a_tool_whose_interpreter_is_gone_is_not_found() {
    let place = Place::new();
    place.script("a/pip", "#!/nonexistent/python\nprint()");
    let expected = (127 << 8, "wheeltap: a/pip: No such file or directory\n".to_owned());
    for way in SHIMMED {
        assert_eq!(found(&place, way, "{shim}:{place}a"), expected, "{way:?}");
    }
    // The system's shell goes on to the next, and so do we.
    named(&place, "b/pip");
    for way in ALL {
        assert_eq!(found(&place, way, "{shim}:{place}a:{place}b"), (0, "b/pip: b/pip install x\n".into()), "{way:?}");
    }
}

// Contract: not-found
#[test]
fn what_is_not_a_program_is_refused_or_run_by_the_shell() {
    let place = Place::new();
    place.script("a/pip", "");
    std::fs::write(place.path("a/pip"), "echo by the shell $*\n").unwrap();
    place.script("b/pip", "");
    std::fs::write(place.path("b/pip"), b"\x7fELF\x00\x00\x00garbage").unwrap();
    for way in SHIMMED {
        assert_eq!(found(&place, way, "{shim}:{place}a"), (0, "by the shell install x\n".into()), "{way:?}");
        let refused = (126 << 8, "wheeltap: b/pip: Exec format error\n".to_owned());
        assert_eq!(found(&place, way, "{shim}:{place}b"), refused, "{way:?}");
    }
}

// Contract: shim-kinds
#[test]
fn a_shim_in_any_form_and_number_finds_the_tool_behind_it() {
    let place = Place::new();
    named(&place, "real-one/pip");
    for way in SHIMMED {
        let shim = if matches!(way, Way::Exec | Way::Recorded) { product() } else { crate::harness::test_shim() };
        let form = |name: &str, make: &dyn Fn(&Path, &Path)| {
            let path = place.path(name).join("pip");
            let _ = std::fs::remove_dir_all(place.path(name));
            std::fs::create_dir_all(place.path(name)).unwrap();
            make(shim, &path);
        };
        // Hard links need one file system: they are made of a copy in the place.
        form("copy", &|from, to| assert!(std::fs::copy(from, to).is_ok()));
        form("second-copy", &|from, to| assert!(std::fs::copy(from, to).is_ok()));
        form("symbolic", &|from, to| std::os::unix::fs::symlink(from, to).unwrap());
        form("relative", &|_, to| std::os::unix::fs::symlink("../copy/pip", to).unwrap());
        form("hard", &|_, to| std::fs::hard_link(place.path("copy/pip"), to).unwrap());
        let forms = ["copy", "second-copy", "symbolic", "relative", "hard"];
        for first in forms {
            for second in forms {
                for path in [
                    format!("{{place}}{first}:{{place}}{second}:{{place}}real-one"),
                    format!("{{place}}{first}:{{place}}{second}:{{place}}{first}:{{place}}real-one:{{place}}{second}"),
                ] {
                    let said = found(&place, way, &path);
                    assert_eq!(said, (0, "real-one/pip: real-one/pip install x\n".into()), "{way:?} {path}");
                }
                let nothing = found(&place, way, &format!("{{place}}{first}:{{place}}{second}"));
                assert_eq!(nothing, (127 << 8, "wheeltap: pip: command not found\n".into()), "{way:?}");
            }
        }
    }
}

// Contract: shim-kinds
#[test]
fn copies_in_a_row_record_once() {
    let place = Place::new();
    named(&place, "real-one/pip");
    for name in ["one", "two", "three"] {
        std::fs::create_dir(place.path(name)).unwrap();
        std::fs::copy(crate::harness::test_shim(), place.path(name).join("pip")).unwrap();
    }
    let trace = place.text("trace");
    let path = ["one", "two", "three", "real-one"].map(|name| place.text(name)).join(":");
    let mut command = place.command_on(Way::Bare, &path, &["env", &format!("SHIM=inherit trace={trace}")]);
    command.args(["pip", "install", "x"]);
    assert_eq!(run(command).status, 0);
    assert_eq!(place.await_file("trace").matches("begin").count(), 1);
}

// Contract: disable
#[test]
fn disabled_it_is_a_plain_exec() {
    let place = Place::new();
    for (value, recorded) in [("1", 0), ("yes", 0), ("0", 1), ("", 1)] {
        let trace = place.path("trace");
        let _ = std::fs::remove_file(&trace);
        let mut command = place.command(Way::Inherited, &["env"]);
        command.arg(format!("SHIM=interpose trace={}", trace.display())).arg(format!("WHEELTAP_DISABLE={value}"));
        command.args(["sh", "-c", "echo $$; exec pip install pid=number exit=3"]);
        let ended = run(command);
        assert_eq!(ended.status, 3 << 8);
        let traced = std::fs::read_to_string(&trace).unwrap_or_default();
        assert_eq!(traced.matches("begin").count(), recorded, "{value:?}");
        // The tool is in the very process that the caller started.
        let is_same = ended.stdout.trim() == std::fs::read_to_string(place.path("work/number")).unwrap();
        assert_eq!(is_same, recorded == 0, "{value:?}");
    }
}

// Contract: plain-exec
#[test]
fn a_command_that_cannot_download_is_a_plain_exec() {
    let place = Place::new();
    for line in
        ["pip list", "pip --version", "pip show x", "pip", "pip3 freeze", "apt-get --version", "apt-get remove x"]
    {
        let ended = place.sh(Way::Recorded, &format!("echo $$; exec {line} pid=number exit=3"));
        assert_eq!(ended.status, 3 << 8, "{line}: {ended:?}");
        // The tool is in the very process that the caller started, and nothing was written.
        assert_eq!(ended.stdout.trim(), std::fs::read_to_string(place.path("work/number")).unwrap(), "{line}");
        assert!(!place.path("logs").exists(), "{line}");
    }
}

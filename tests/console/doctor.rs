//! `wheeltap doctor` on environments made for the purpose.

use std::process::Command;

use crate::harness::{Place, Said};

fn doctor(place: &Place, path: &str, prepare: impl Fn(&mut Command) -> &mut Command) -> Said {
    let path = path.replace("PLACE", place.path().to_str().unwrap());
    place.of(prepare(place.wheeltap(["doctor"]).env("PATH", path)))
}

#[test]
fn says_what_is_missing_and_what_to_do() {
    let place = Place::new();
    for name in ["pip", "pip3"] {
        place.script(&format!("real/{name}"), "echo 'pip 24.0 from /usr/lib/python3/dist-packages/pip (python 3.11)'");
    }
    place.script("real/apt-get", "echo 'apt 2.6.1 (amd64)'");
    place.script("real/python3", "");
    insta::assert_snapshot!(doctor(&place, "PLACE/real", |command| command), @"
        status: 0
        --- stdout
        ok wheeltap [VERSION], `[WHEELTAP]`
        ok log directory `logs/build`: will be made
        warning `pip`: not recorded; PATH finds `[PLACE]/real/pip`, pip 24.0
          hint: `wheeltap run -- COMMAND` records one command, `wheeltap shims install` records every run
        warning `pip3`: not recorded; PATH finds `[PLACE]/real/pip3`, pip 24.0
          hint: `wheeltap run -- COMMAND` records one command, `wheeltap shims install` records every run
        warning `apt-get`: not recorded; PATH finds `[PLACE]/real/apt-get`, apt 2.6.1
          hint: `wheeltap run -- COMMAND` records one command, `wheeltap shims install` records every run
        note `python -m pip`: passes the shims by
          hint: `wheeltap run` follows it; or `wheeltap shims install --python`
        ok `/proc`: readable; pips that pass the shims by can be followed
        cold pip's cache `[PLACE]/.cache/pip`: empty; the first run that downloads fills it (pip's default)
        --- stderr
        ");
}

#[test]
fn a_machine_where_all_is_well_has_nothing_but_ok() {
    let place = Place::new();
    place.says("shims install --dir links --python");
    for name in ["pip", "pip3", "python", "python3"] {
        place.script(&format!("real/{name}"), "echo 'pip 24.0 from x (python 3.11)'");
    }
    std::fs::create_dir_all(place.join("logs/build")).unwrap();
    place.write(".cache/pip/wheels/aa/bb/a-1-py3-none-any.whl", "");
    let said = doctor(&place, "PLACE/links:PLACE/links-python:PLACE/real", |command| command);
    insta::assert_snapshot!(said, @"
        status: 0
        --- stdout
        ok wheeltap [VERSION], `[WHEELTAP]`
        ok log directory `logs/build`: writable
        ok `pip`: recorded; the shim starts `[PLACE]/real/pip`, pip 24.0
        ok `pip3`: recorded; the shim starts `[PLACE]/real/pip3`, pip 24.0
        ok `python -m pip`: recorded
        ok `/proc`: readable; pips that pass the shims by can be followed
        ok pip's cache `[PLACE]/.cache/pip`: 0 responses, 1 built wheel (pip's default)
        --- stderr
        ");
}

#[test]
fn what_switches_recording_off_is_named() {
    let place = Place::new();
    let variables = [
        ("WHEELTAP_DISABLE", "1"),
        ("WHEELTAP_PIP_LOG", "never"),
        ("WHEELTAP_SESSION", "20260101_000000"),
        ("PIP_LOG", "own.log"),
        ("PIP_NO_CACHE_DIR", "off"),
    ];
    insta::assert_snapshot!(doctor(&place, "PLACE/nowhere", |command| command.envs(variables)), @"
        status: 1
        --- stdout
        ok wheeltap [VERSION], `[WHEELTAP]`
        ok log directory `logs/build`: will be made
        warning `pip`: there is none on PATH
        warning `pip3`: there is none on PATH
        note `python -m pip`: there is no Python on PATH
        warning `WHEELTAP_DISABLE` is set: nothing is recorded
        warning `WHEELTAP_PIP_LOG=never`: pip is asked for no log; URLs and more stay unknown
        note `WHEELTAP_SESSION`: what runs here joins session [STAMP]
        note `PIP_LOG`: pip writes its log to `own.log`, which is read and left as it is
        ok `/proc`: readable; pips that pass the shims by can be followed
        disabled pip's cache: nothing is kept, so that everything is downloaded every time: to pip a no disables it as well (`PIP_NO_CACHE_DIR=off`)
          hint: unset `PIP_NO_CACHE_DIR`
        --- stderr
        ");
}

#[test]
fn a_log_directory_that_cannot_be_written_is_a_finding() {
    let place = Place::new();
    place.write("file", "");
    let said = doctor(&place, "PLACE/nowhere", |command| command.env("WHEELTAP_LOG_DIR", "file/logs"));
    assert_eq!(said.status, Some(1));
    insta::assert_snapshot!(said.stdout.lines().skip(1).take(2).collect::<Vec<_>>().join("\n"), @"
        error log directory `file/logs`: `[PLACE]/file` cannot be written to
          hint: name another directory with `WHEELTAP_LOG_DIR`
        ");
}

#[test]
fn the_dockerfile_at_hand_is_looked_at() {
    let place = Place::new();
    let cache = "--mount=type=cache,target=/root/.cache/pip";
    place.write("Dockerfile", format!("FROM x\nENV PIP_NO_CACHE_DIR=0\nRUN {cache} \\\n  pip install x\n"));
    place.write("other/Dockerfile", format!("FROM x\nRUN {cache} pip install x\n"));
    let said = doctor(&place, "PLACE/nowhere", |command| command);
    assert_eq!(said.status, Some(1));
    insta::assert_snapshot!(said.stdout.lines().skip(7).collect::<Vec<_>>().join("\n"), @"
        disabled `Dockerfile:3`, pip's cache: pip is told to keep no cache (`PIP_NO_CACHE_DIR=0` on line 2, which disables whatever its value)
          hint: take it out of line 2; the step's cache mount then serves
        ");
    let other = doctor(&place, "PLACE/nowhere", |command| command.args(["--dockerfile", "other/Dockerfile"]));
    assert_eq!(other.status, Some(0), "{other}");
    assert!(
        other.stdout.ends_with("ok `other/Dockerfile`: no step of pip or apt-get does without its cache\n"),
        "{other}"
    );
    let absent = doctor(&place, "PLACE/nowhere", |command| command.args(["--dockerfile", "none"]));
    assert_eq!((absent.status, absent.stderr.contains("cannot read `none`")), (Some(2), true), "{absent}");
}

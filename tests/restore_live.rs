//! Real pips fail to build real projects, with a log and without: seen through the restorer both print the same.
//!
//! The restorer gets the streams as they come and the log as it grows, as it does behind a shim. The oldest and the newest
//! pip and one in between are always tested; the others, which print what these do, are when they are asked for.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "restore/projects.rs"]
mod projects;
#[path = "restore/same.rs"]
mod same;
mod support;

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use support::pips::{NEWEST, RealPip};
use support::streams::{self, Streams};
use wheeltap::restore::{Facts, Restorer, Stream};

/// What every version is asked to do; words before a `|` are variables.
const RUNS: [&str; 9] = [
    "install --no-index ./odd",
    "FORCE_COLOR=1 | install --no-index ./odd",
    "install --no-index ./silent",
    "wheel --no-index -w built ./long ./silent",
    "install --no-index ./lacking",
    "install --no-index -v ./lacking",
    "install --no-index -qq ./lacking",
    "download --no-index --find-links links -d got lacking",
    "install --no-index --find-links links ./nested",
];

fn prove(wanted: &str, more: &[&str]) {
    let Some(pip) = RealPip::required(wanted) else { return };
    let place = tempfile::tempdir().unwrap();
    let mut wrong = String::new();
    for run in RUNS.iter().chain(more) {
        for streams in [Streams::Apart, Streams::Together] {
            if let Err(difference) = differs(&pip, place.path(), run, streams) {
                wrong += &format!("== pip {} {run}, {streams:?}\n{difference}", pip.version);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

// Contract: pip-log-gives-back
#[test]
fn pip_20_3() {
    prove("20.3.4", &["install --no-index --no-build-isolation ./setup"]);
}

// Contract: pip-log-gives-back
#[test]
#[ignore = "a minute; `cargo test --test restore_live -- --ignored`"]
fn pip_22_3() {
    prove("22.3.1", &[]);
}

// Contract: pip-log-gives-back
#[test]
#[ignore = "a minute; `cargo test --test restore_live -- --ignored`"]
fn pip_23_0() {
    prove("23.0.1", &[]);
}

// Contract: pip-log-gives-back
#[test]
fn pip_24_0() {
    prove("24.0", &[]);
}

// Contract: pip-log-gives-back
#[test]
#[ignore = "a minute; `cargo test --test restore_live -- --ignored`"]
fn pip_25_3() {
    prove("25.3", &[]);
}

// Contract: pip-log-gives-back
#[test]
fn the_newest_pip() {
    prove(NEWEST, &["install --no-index --find-links links --use-feature=inprocess-build-deps ./needing"]);
}

fn differs(pip: &RealPip, place: &Path, run: &str, streams: Streams) -> Result<(), String> {
    let (variables, arguments) = run.split_once(" | ").unwrap_or(("", run));
    let variables: Vec<(&str, &str)> = variables.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
    let command = || {
        projects::make(&place.join("w"), &pip.python());
        let mut command = Command::new(pip.venv.join("bin/pip"));
        command.args(arguments.split_whitespace()).current_dir(place.join("w")).env_clear();
        if arguments.starts_with("install") {
            command.args(["--target", "installed"]);
        }
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", place.join("w/home"))
            .env("LANG", "C.UTF-8")
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("PIP_NO_CACHE_DIR", "1")
            .env("PYTHONHASHSEED", "0")
            .envs(variables.iter().copied());
        command
    };
    let bare = streams::run(command(), streams);
    let [stdout, stderr] = restored(command(), &place.join("w/pip.log"), streams);
    let same = |bare: &[u8], restored: &[u8]| same::same(&pip.version, bare, restored);
    same(&bare.stdout, &stdout).and_then(|()| same(&bare.stderr, &stderr))
}

/// The output of `command` with a log at `log`, through the restorer as it comes.
fn restored(mut command: Command, log: &Path, streams: Streams) -> [Vec<u8>; 2] {
    let argv: Vec<OsString> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(Into::into).collect();
    let variables: Vec<_> =
        command.get_envs().map(|(name, value)| (name.to_owned(), value.map(OsString::from))).collect();
    let variable =
        |wanted: &str| variables.iter().find(|(name, _)| name == wanted).and_then(|(_, value)| value.clone());
    let mut restorer = Restorer::new(Facts::of(&argv, variable));
    command.env("PIP_LOG", log).stdin(Stdio::null());
    let (chunks, came) = mpsc::channel();
    let listen = |stream: Stream| {
        let (mut read, write) = std::io::pipe().unwrap();
        let chunks = chunks.clone();
        let reader = thread::spawn(move || {
            let mut chunk = [0; 1024];
            while let Ok(count @ 1..) = read.read(&mut chunk) {
                chunks.send((stream, chunk[..count].to_vec())).unwrap();
            }
        });
        (write, reader)
    };
    let mut readers = Vec::new();
    match streams {
        Streams::Together => {
            let (write, reader) = listen(Stream::Both);
            command.stdout(write.try_clone().unwrap()).stderr(write);
            readers.push(reader);
        }
        _ => {
            let (stdout, stderr) = (listen(Stream::Stdout), listen(Stream::Stderr));
            command.stdout(stdout.0).stderr(stderr.0);
            readers.extend([stdout.1, stderr.1]);
        }
    }
    let mut child = command.spawn().unwrap();
    // The command holds the writing ends, and we hold a sender.
    drop((command, chunks));
    let mut written: Option<File> = None;
    let mut drain = |restorer: &mut Restorer| {
        written = written.take().or_else(|| File::open(log).ok());
        let mut more = Vec::new();
        written.iter_mut().for_each(|log| drop(log.read_to_end(&mut more)));
        restorer.log(&more);
    };
    let [mut stdout, mut stderr] = [Vec::new(), Vec::new()];
    for (stream, chunk) in came {
        drain(&mut restorer);
        let output = if stream == Stream::Stderr { &mut stderr } else { &mut stdout };
        restorer.pass(stream, &chunk, output);
    }
    drain(&mut restorer);
    if streams == Streams::Together {
        restorer.close(Stream::Both, &mut stdout);
    } else {
        restorer.close(Stream::Stdout, &mut stdout);
        restorer.close(Stream::Stderr, &mut stderr);
    }
    let leftover = restorer.leftover();
    (if streams == Streams::Together { &mut stdout } else { &mut stderr }).extend(leftover);
    child.wait().unwrap();
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    [stdout, stderr]
}

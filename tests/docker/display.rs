//! The moving display: ours, which looks as docker's own, and docker's, which is asked for by `--progress=tty`.

use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;

use crate::engine::{Project, World, world};
use crate::image::assert_same;
use crate::picture::{picture, shows_cursor};
use crate::streams::{self, Streams};

const DOCKERFILE: &str = "ARG BASE\nFROM ${BASE}\n\
    RUN echo heard; pip download --no-index absent-one || echo no; sleep 0.7; exit 9\n";

/// What tells one build from another: colours, times, sizes, numbers, and the padding that goes with them.
static CHANGING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\x1b\[[0-9;?]*[a-zA-Z]|\d+\.\d+s?|\d+(\.\d+)?k?B|#\d+|\s+").unwrap());

/// What stands on the terminal at the end, without what is ours.
fn remains(shown: &str) -> Vec<String> {
    let (_, last) = shown.rsplit_once("[+] Building").expect("docker draws");
    let lines = last.lines().map(|line| CHANGING.replace_all(line, " ").trim().to_owned());
    // The first of two builds is the first to use its base.
    let lines = lines.map(|line| line.replace("=> CACHED [1/2] FROM", "=> [1/2] FROM"));
    let is_told = |line: &String| !line.starts_with("wheeltap:") && !line.starts_with("=> => transferring");
    let mut lines: Vec<String> = lines.filter(|line| !line.is_empty()).filter(is_told).collect();
    // Those that begin at once have any order.
    lines.sort();
    lines
}

/// Builds on a terminal: the status, and what was written.
fn on_terminal(world: &World, project: &Project<'_>, taps: bool, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = match taps {
        true => Command::new(env!("CARGO_BIN_EXE_wheeltap")),
        false => Command::new(&world.docker),
    };
    if taps {
        command.args(["build", "--inject", "api", "--"]).arg(&world.docker);
    }
    let base = format!("BASE={}", world.base);
    command.args(["build", "--no-cache", "--network=host", "--build-arg", &base]).args(arguments).arg(".");
    command.current_dir(project.path()).env("DOCKER_BUILDKIT", "1").env("TERM", "xterm");
    command.env_remove("WHEELTAP_LOG_DIR").env_remove("BUILDKIT_PROGRESS").env_remove("NO_COLOR");
    let ended = streams::run(command, Streams::Terminal);
    (ended.status.code(), String::from_utf8_lossy(&ended.stdout).into_owned())
}

// Contract: build-display
#[test]
fn a_build_is_drawn_as_docker_draws_it() {
    let Some(world) = world() else { return };
    let steps: String = (1..=25).map(|step| format!("RUN echo heard {step}; echo {step} >>/steps\n")).collect();
    let many = format!("ARG BASE\nFROM ${{BASE}}\n{steps}RUN pip download --no-deps tapped-api==1.0; sleep 0.7\n");
    let fails = "ARG BASE\nFROM ${BASE}\nRUN for i in 1 2 3 4 5 6 7 8; do echo line $i; done; sleep 0.7; exit 9\n";
    for (dockerfile, tags) in [(fails, None), (&*many, Some(["wheeltap-test/bare", "wheeltap-test/injected"]))] {
        let project = Project::new(&world, dockerfile);
        let build = |taps: bool| {
            let tag = tags.map(|tags| ["-t", tags[usize::from(taps)]]);
            on_terminal(&world, &project, taps, tag.as_ref().map_or(&[][..], |tag| tag.as_slice()))
        };
        let ((status, bare), (tapped_status, tapped)) = (build(false), build(true));
        assert_eq!(status, Some(if tags.is_some() { 0 } else { 1 }), "{bare}");
        let without_image = |lines: Vec<String>| {
            let is_told =
                |line: &String| !line.starts_with("=> => writing image") && !line.starts_with("=> => naming to");
            lines.into_iter().filter(is_told).collect::<Vec<_>>()
        };
        assert_eq!(
            (tapped_status, without_image(remains(&tapped))),
            (status, without_image(remains(&bare))),
            "{tapped}"
        );
        assert!(tapped.matches("[+] Building").count() > 5 && tapped.contains(" => => # "), "it moves: {tapped}");
        assert!(shows_cursor(&tapped), "{tapped}");
        for foreign in ["#1 ", "@wheeltap1:", "/dev/.wheeltap", "wheeltap-inject"] {
            assert!(!tapped.contains(foreign), "{foreign}: {tapped}");
        }
        let stands = picture(&tapped, 24);
        assert_eq!(stands.iter().filter(|line| line.contains("[+] Building")).count(), 1, "{stands:?}");
        let (session, log) = (project.session(), project.log());
        assert_eq!(session["summary"]["complete"], true, "{session}");
        assert!(log.contains("Z #1 [internal] load ") && log.contains("] RUN "), "{log}");
        if let Some([bare, tapped]) = tags {
            assert_eq!(session["summary"]["total_downloads"], 1, "{session}");
            assert_same(&world.docker, bare, tapped);
        }
    }
}

// Contract: image-inject
#[test]
fn the_moving_display_is_the_one_of_docker() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, DOCKERFILE);
    let (status, bare) = on_terminal(&world, &project, false, &["--progress=tty"]);
    let (tapped_status, tapped) = on_terminal(&world, &project, true, &["--progress=tty"]);
    assert_eq!((tapped_status, remains(&tapped)), (status, remains(&bare)), "{tapped}");
    assert!(
        status == Some(1) && remains(&bare).iter().any(|line| line.starts_with("=> ERROR [2/2] RUN echo")),
        "{bare}"
    );
    // All frames have what the step prints, as it is printed, and nothing of ours.
    for shown in [&bare, &tapped] {
        assert!(shown.contains("=> => # heard"), "{shown}");
        for ours in ["@wheeltap1:", "/dev/.wheeltap", "wheeltap-inject"] {
            assert!(!shown.contains(ours), "{shown}");
        }
    }
    // What could not be heard is said, and docker's words are not ours to keep.
    assert!(tapped.contains("nothing was injected: `--progress=tty`"), "{tapped}");
    let session = project.session();
    assert_eq!(session["summary"]["complete"], false, "{session}");
    assert!(session["blind_spots"].to_string().contains("its steps are not known"), "{session}");
    assert!(session["finished_at"].is_string() && project.log().is_empty(), "{session}");
}

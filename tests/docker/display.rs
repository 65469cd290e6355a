//! docker's own moving display, which is asked for by `--progress=tty`.

use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;

use crate::engine::{Project, world};
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

// Contract: image-inject
#[test]
fn the_moving_display_is_the_one_of_docker() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, DOCKERFILE);
    let run = |mut command: Command| {
        let base = format!("BASE={}", world.base);
        command.args(["build", "--no-cache", "--progress=tty", "--build-arg", &base, "."]);
        command.current_dir(project.path()).env("DOCKER_BUILDKIT", "1").env_remove("WHEELTAP_LOG_DIR");
        let ended = streams::run(command, Streams::Terminal);
        (ended.status.code(), String::from_utf8_lossy(&ended.stdout).into_owned())
    };
    let (status, bare) = run(Command::new(&world.docker));
    let mut tapped = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    tapped.args(["build", "--inject", "api", "--"]).arg(&world.docker);
    let (tapped_status, tapped) = run(tapped);
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

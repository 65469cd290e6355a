//! Image builds, with the engine's default profile: as root and as another user, cut and not.

use std::path::Path;
use std::process::Command;

use crate::harness::{Place, Said};

const BASE: &str = "wheeltap-test/debian:bookworm";

/// Whether there is an engine with BuildKit and the base image, and our executable runs in that.
fn can_build() -> bool {
    let docker = |arguments: &[&str]| Command::new("/usr/bin/docker").args(arguments).output();
    let has_base = docker(&["image", "inspect", BASE]).is_ok_and(|output| output.status.success());
    crate::requires::met("no docker with the base image of the tests", has_base)
}

/// `wheeltap verify OPTIONS -- docker build --no-cache MORE .` of a Dockerfile.
fn verify(place: &Place, options: &[&str], more: &[&str], steps: &str) -> Said {
    let context = place.path().join("context");
    std::fs::create_dir_all(&context).unwrap();
    std::fs::write(context.join("Dockerfile"), format!("FROM {BASE}\n{steps}\n")).unwrap();
    let mut command = place.wheeltap(&["verify"]);
    command.args(options).args(["--", "/usr/bin/docker", "build"]).args(more).arg(context);
    command.env("DOCKER_BUILDKIT", "1");
    place.said(command.output().unwrap())
}

fn hosts(said: &Said) -> Vec<&str> {
    said.certificate["attempts"].as_array().into_iter().flatten().filter_map(|one| one["host"].as_str()).collect()
}

// Contract: certificate
#[test]
fn every_process_of_every_step_is_watched() {
    if !can_build() || !Path::new("/usr/bin/docker").exists() {
        return;
    }
    let place = Place::new();
    let marker = place.path().display().to_string();
    let clean = format!("RUN echo {marker} >/x\nRUN useradd -m app\nUSER app\nRUN python3 -c 'print(1)'");
    let said = verify(&place, &["--inject"], &["--no-cache"], &clean);
    assert_eq!(said.verdict(), (Some(0), "PASS"), "{}\n{}", said.reasons(), said.stderr);
    let said = verify(&place, &["--inject"], &[], &clean);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "all cached: {}", said.reasons());
    assert!(said.reasons().contains("came from the cache"), "{}", said.reasons());
    let said = verify(&place, &[], &["--no-cache"], &clean);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "without --inject: {}", said.reasons());
    let reaching = format!(
        "RUN echo {marker}\nRUN getent hosts root.invalid; true\nRUN useradd -m app\nUSER app\n\
         RUN python3 -c \"import socket; socket.create_connection(('user.invalid', 80))\" 2>/dev/null || true\n\
         RUN bash -c 'exec 3<>/dev/tcp/192.0.2.9/80' 2>/dev/null || true"
    );
    let said = verify(&place, &["--inject"], &["--no-cache"], &reaching);
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.stderr);
    assert_eq!(hosts(&said), ["root.invalid", "user.invalid"], "{said:?}");
    let attempts = said.certificate["attempts"].as_array().unwrap();
    let literal = attempts.iter().find(|one| one["addr"] == "192.0.2.9:80").expect("named by its address");
    assert!(literal["uid"].as_u64() > Some(0) && literal["step"]["id"].is_string(), "{literal}");
}

/// In a container of the default profile no namespace can be had: with a network the boundary is advisory, without one
/// it is the kernel's, for a user who is not root as well.
// Contract: never-a-false-pass
#[test]
fn in_a_container_the_boundary_is_what_it_is() {
    if !can_build() {
        return;
    }
    let mount = format!("{}:/wheeltap:ro", env!("CARGO_BIN_EXE_wheeltap"));
    for (options, status, boundary) in [
        (&["--network=bridge"][..], 3, "boundary  advisory"),
        (&["--network=none"][..], 0, "boundary  kernel-netns"),
        (&["--network=none", "--user=1000"][..], 0, "boundary  kernel-netns"),
    ] {
        let mut docker = Command::new("/usr/bin/docker");
        docker.args(["run", "--rm", "--volume", &mount, "--workdir=/tmp"]).args(options).arg(BASE);
        let output = docker.args(["/wheeltap", "verify", "--", "true"]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{options:?}: {stderr}");
        assert!(stderr.contains(boundary), "{options:?}: {stderr}");
    }
}

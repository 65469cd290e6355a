//! Injected builds of Dockerfiles that know nothing of us.

use std::process::Command;

use crate::engine::{Project, packages, world};
use crate::image::{assert_same, files, remove};

const SERVICE: &str = r#"ARG BASE
FROM ${BASE} AS builder
ENV WORD=tapped
RUN apt-get update && \
    # why
    apt-get install -y --no-install-recommends "$WORD-tool" && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir -r /requirements.txt
RUN ["/bin/sh", "-c", "echo exec form of $WORD; id -u >/uid; chmod 640 /uid; chown 7:8 /uid; touch -d 2001-02-03 /uid"]
RUN python3 -c "import os, struct; os.setxattr('/uid', 'security.capability', struct.pack('<5I', 0x02000001, 1024, 0, 0, 0))"
FROM builder
WORKDIR /app
USER nobody
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN echo "as $USER" && touch /tmp/mine && [[ -e /tmp/mine ]]
ENTRYPOINT ["/opt/venv/bin/python"]
"#;

// Contract: image-inject
#[test]
fn an_injected_build_is_the_bare_build() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, SERVICE);
    project.write("requirements.txt", "tapped-api==1.0\n");
    world.registry.taken();
    let bare = project.bare(&["--no-cache", "-t", "wheeltap-test/bare"]);
    assert_eq!(bare.status, Some(0), "{}", bare.stderr);
    let expected = world.registry.taken();
    let tapped = project.tapped(&["--inject"], &["--no-cache", "-t", "wheeltap-test/injected"]);
    assert_eq!((tapped.status, &tapped.stdout), (Some(0), &bare.stdout), "{}", tapped.stderr);
    assert_eq!(world.registry.taken(), expected, "the same files were taken");
    assert_eq!(tapped.told(), bare.told(), "{}", tapped.stderr);
    for text in [&tapped.stderr, &project.log()] {
        assert!(!text.contains("@wheeltap1:") && !text.contains("/dev/.wheeltap") && !text.contains("wheeltap-inject"));
    }
    assert_same(&world.docker, "wheeltap-test/bare", "wheeltap-test/injected");
    let marked = &files(&world.docker, "wheeltap-test/injected")["uid"];
    assert!(["640 7:8", "security.capability", " 9811"].iter().all(|told| marked.contains(told)), "{marked}");

    let session = project.session();
    assert_eq!(project.sessions(), 1);
    let downloaded: Vec<(String, String)> =
        expected.iter().map(|name| (name.clone(), "downloaded".to_owned())).collect();
    assert_eq!(packages(&session), downloaded);
    assert_eq!((&session["summary"]["complete"], &session["blind_spots"]), (&true.into(), &serde_json::json!([])));
    let wheel = &session["downloads"]["wheels"][0];
    assert_eq!(wheel["step"]["stage"], "builder");
    assert!(wheel["step"]["instruction"].as_str().unwrap().starts_with("RUN python3 -m venv"), "{wheel}");
    let instruction = wheel["step"]["instruction"].as_str().unwrap().to_owned();
    let line = wheel["step"]["line"].as_u64().expect("its line in the Dockerfile") as usize;
    assert!(SERVICE.lines().nth(line - 1).unwrap().starts_with(instruction.split(" &&").next().unwrap()), "{wheel}");
    assert!(wheel["size_bytes"].is_u64() && wheel["sha256"].is_string(), "{wheel}");
    assert!(tapped.stderr.contains("4 downloaded"), "{}", tapped.stderr);
    let first = project.log().lines().next().unwrap().to_owned();
    assert!(first.starts_with("20") && first.split(' ').next().unwrap().ends_with('Z'), "{first}");

    // The same again, and after a change.
    let again = project.tapped(&["--inject"], &["-t", "wheeltap-test/injected"]);
    let session = project.session();
    assert_eq!(session["summary"]["total_downloads"], 0, "{}", again.stderr);
    assert!(again.stderr.contains("100 % of the steps cached"), "{}", again.stderr);
    assert!(packages(&session).iter().all(|(_, origin)| origin == "layer-cache") && packages(&session).len() == 4);
    let files =
        session["cached"].as_array().unwrap().iter().filter(|one| one["kind"] == "wheel" || one["kind"] == "deb");
    assert!(
        files.clone().count() == 4 && files.clone().all(|one| one["sha256"].is_string() && one["step"].is_object())
    );
    project.write("requirements.txt", "tapped-api==2.0\n");
    let changed = project.tapped(&["--inject"], &["-t", "wheeltap-test/injected"]);
    let origins: Vec<String> = packages(&project.session()).into_iter().map(|(_, origin)| origin).collect();
    assert_eq!(origins.iter().filter(|origin| *origin == "layer-cache").count(), 2, "{}", changed.stderr);
    assert_eq!(origins.iter().filter(|origin| *origin == "downloaded").count(), 2, "{}", changed.stderr);
    assert!(project.path().join("logs/docker_build/build_report.md").is_file());
    remove(&world.docker, &["wheeltap-test/bare", "wheeltap-test/injected"]);
}

// Contract: image-inject
#[test]
fn a_replayed_step_holds_what_its_inputs_brought() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, "");
    // No layer of another test, or of an earlier run of this one, is to serve.
    let own = project.path().display();
    project.write(
        "Dockerfile",
        format!(
            "ARG BASE\nFROM ${{BASE}}\nENV OF={own}\nWORKDIR /app\nCOPY requirements.txt ./\n\
             RUN pip install --break-system-packages -r requirements.txt\nCOPY app.py ./\n"
        ),
    );
    let build = |version: &str, application: &str| {
        project.write("requirements.txt", format!("tapped-api=={version}\n"));
        project.write("app.py", application);
        let built = project.tapped(&["--inject"], &[]);
        let session = project.session();
        assert_eq!(built.status, Some(0), "{}", built.stderr);
        let (summary, files) = (&session["summary"], packages(&session));
        assert_eq!(summary["total_unknown"], 0, "{files:?} {}", built.stderr);
        assert!(files.iter().any(|(name, _)| name.starts_with(&format!("tapped_api-{version}-"))), "{files:?}");
        (files, summary["total_downloads"].clone(), session["blind_spots"].clone())
    };
    let replayed = |files: &[(String, String)]| -> Vec<(String, String)> {
        files.iter().map(|(name, _)| (name.clone(), "layer-cache".to_owned())).collect()
    };
    let nothing = serde_json::json!([]);
    let (first, second) = (build("1.0", "").0, build("2.0", "").0);
    assert_eq!(first.len() + second.len(), 4, "{first:?} {second:?}");
    for (version, application, of) in [("2.0", "", &second), ("2.0", "changed", &second), ("1.0", "", &first)] {
        assert_eq!(build(version, application), (replayed(of), 0.into(), nothing.clone()), "{version} {application}");
    }
}

// Contract: image-inject
#[test]
fn a_step_that_fails_is_recorded_and_fails_as_it_does() {
    let Some(world) = world() else { return };
    let dockerfile = "ARG BASE\nFROM ${BASE}\nRUN apt-get update \\\n && apt-get install -y tapped-library \\\n && pip download absent-one\n";
    let project = Project::new(&world, dockerfile);
    let bare = project.bare(&["--no-cache"]);
    let tapped = project.tapped(&["--inject"], &["--no-cache"]);
    assert_eq!((tapped.status, &tapped.stdout), (bare.status, &bare.stdout));
    assert_ne!(bare.status, Some(0));
    let tail = |stderr: &str| {
        let lines: Vec<&str> = stderr.lines().filter(|line| !line.starts_with("wheeltap:")).collect();
        let start = lines.iter().position(|line| *line == "------").unwrap();
        lines[start..].join("\n")
    };
    assert_eq!(tail(&tapped.stderr), tail(&bare.stderr));
    let session = project.session();
    assert!(packages(&session).contains(&("tapped-library_1.0_all.deb".to_owned(), "downloaded".to_owned())));
    assert!(tapped.stderr.contains("missing: absent-one"), "{}", tapped.stderr);
}

// Contract: image-inject
#[test]
fn what_cannot_be_injected_runs_as_it_stands() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, "ARG BASE\nFROM ${BASE}\nRUN pip download tapped-dep\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    command.args(["build", "--inject", "api", "--"]).arg(&world.docker).args(["build", "--no-cache"]);
    let legacy = project.run(command.env("DOCKER_BUILDKIT", "0"));
    assert_eq!(legacy.status, Some(0), "{}", legacy.stderr);
    assert!(legacy.stderr.contains("nothing was injected: DOCKER_BUILDKIT=0"), "{}", legacy.stderr);
    assert!(legacy.stdout.contains("Step 1/"), "{}", legacy.stdout);
    // Its text tells what was downloaded all the same.
    let packages = packages(&project.session());
    assert_eq!(packages.len(), 1, "{packages:?}");
    assert_eq!(packages[0].1, "downloaded");
}

// Contract: image-inject
#[test]
fn buildkit_is_asked_for_where_no_builder_is_and_a_note_says_so() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, "ARG BASE\nFROM ${BASE}\nRUN exit 42\n");
    let unset = |command: &mut Command| project.run(command.env_remove("DOCKER_BUILDKIT"));
    let bare = unset(Command::new(&world.docker).arg("build"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    let tapped =
        unset(command.args(["build", "--inject", "api", "--"]).arg(&world.docker).args(["build", "--no-cache"]));
    let is_legacy = bare.stdout.contains("Step 1/");
    assert_eq!(bare.status, Some(if is_legacy { 42 } else { 1 }), "{}", bare.stderr);
    assert_eq!((tapped.status, tapped.stdout.as_str()), (Some(1), ""), "{}", tapped.stderr);
    assert!(tapped.stderr.contains("2/2] RUN exit 42\n"), "BuildKit built: {}", tapped.stderr);
    assert!(!tapped.stderr.contains("nothing was heard"), "{}", tapped.stderr);
    assert_eq!(tapped.stderr.contains("DOCKER_BUILDKIT=1, which was unset"), is_legacy, "{}", tapped.stderr);
}

// Contract: image-inject
#[test]
fn a_log_directory_in_the_context_is_warned_about() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, "ARG BASE\nFROM ${BASE}\nCOPY . /src\nRUN true\n");
    assert!(!project.tapped(&["--inject"], &[]).stderr.contains("lies in the context"));
    project.write(".dockerignore", "");
    let warned = project.tapped(&["--inject"], &[]);
    assert!(warned.stderr.contains("`logs/build` lies in the context"), "{}", warned.stderr);
}

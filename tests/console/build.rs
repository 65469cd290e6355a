//! `build` around a client that is a script: what is asked of it, what it is given, and what is said of it.

use crate::harness::{Place, Said};

/// A place with a client `docker` that answers from files there and writes its calls to `calls`: `version`, `builder` if it
/// has buildx, `image` for those images that `images` names, `registry/NAME`. It "builds" by printing `log` to standard
/// error, and keeps the Dockerfile that it was given as `given`. The user's is `dockerfile`.
fn project(dockerfile: &str, log: &str) -> Place {
    let place = Place::new();
    place.write("context/Dockerfile", dockerfile);
    place.write("log", log);
    place.write("version", format!("20.10.24 20.10.24 {OURS}\n"));
    place.write("image", "null null\n");
    place.write("images", "x\n");
    place.script(
        "docker",
        r#"here=${0%/*}
           call() { printf '%s\n' "$*" >>"$here/calls"; }
           call "$@"
           case "$*" in
           version*) cat "$here/version" ;;
           'image inspect '*wheeltap-inject*) ;;
           'image inspect '*) grep -qx "$5" "$here/images" && cat "$here/image" ;;
           'buildx inspect'*) cat "$here/builder" ;;
           'buildx imagetools inspect --raw '*) cat "$here/registry/$5" ;;
           build*) case "$2" in --file) cat "$3" >"$here/given" ;; esac; cat "$here/log" >&2 ;;
           *) exit 1 ;;
           esac"#,
    );
    place
}

/// The platform of this binary, and another.
const OURS: &str = if cfg!(target_arch = "aarch64") { "linux/arm64" } else { "linux/amd64" };
const OTHER: &str = "linux/s390x";

fn calls(place: &Place) -> Vec<String> {
    std::fs::read_to_string(place.join("calls")).unwrap().lines().map(str::to_owned).collect()
}

/// `wheeltap build OPTIONS api -- ./docker build context`.
fn build(place: &Place, options: &[&str]) -> Said {
    let words = [&["build"], options, &["api", "--", "./docker", "build", "context"]].concat();
    place.of(&mut place.wheeltap(words))
}

fn report(place: &Place) -> String {
    std::fs::read_to_string(place.join("logs/docker_build/build_report.md")).unwrap()
}

// Contract: secrets
#[test]
fn secrets_of_a_step_that_is_left_are_in_no_note() {
    let dockerfile =
        "FROM x\nRUN true\nONBUILD RUN pip install --index-url https://user:t0ps3cret@index.example/simple/ six\n";
    let place = project(dockerfile, "#4 [2/2] RUN true\n#4 DONE 0.1s\n");
    place.write("image", "null [\"RUN curl https://us:hush0ne@index.example/x\"]\n");
    let said = build(&place, &["--inject"]);
    for text in [&said.stderr, &report(&place)] {
        assert!(text.contains("ONBUILD RUN pip install") && text.contains("index.example"), "{text}");
        assert!(!text.contains("t0ps3cret") && !text.contains("hush0ne"), "{text}");
    }
}

/// Whether the build was left as it stands, for a reason that has these words.
fn is_left(said: &Said, place: &Place, reason: &str) {
    assert!(said.stderr.contains("nothing was injected: ") && said.stderr.contains(reason), "{}", said.stderr);
    assert_eq!(calls(place).last().unwrap(), "build context");
}

// Contract: image-inject
#[test]
fn a_build_for_another_machine_is_left_as_it_stands() {
    let log = "#4 [2/2] RUN true\n#4 DONE 0.1s\n";
    let place = project("FROM x\nRUN true\n", log);
    let said = build(&place, &["--inject"]);
    assert!(!said.stderr.contains("nothing was injected"), "{}", said.stderr);

    place.write("version", format!("20.10.24 20.10.24 {OTHER}\n"));
    is_left(&build(&place, &["--inject"]), &place, "its builder is of linux/s390x, and this executable is not");

    place.write("version", format!("20.10.24 20.10.24 {OURS}\n"));
    let mut asked = place.wheeltap(["build", "--inject", "api", "--", "./docker", "build", "context"]);
    let said = place.of(asked.env("DOCKER_DEFAULT_PLATFORM", OTHER));
    is_left(&said, &place, "it builds for linux/s390x");

    place.write("version", format!("28.2.2 28.2.2 {OURS}\n"));
    place.write(
        "builder",
        format!("Name: x\nDriver: docker-container\n\nNodes:\nName: x0\nPlatforms: {OTHER}*, {OURS}\n"),
    );
    is_left(&build(&place, &["--inject"]), &place, "its builder is of linux/s390x");
}

/// What a registry has of an image: a list of platforms, a manifest, a configuration.
fn in_registry(place: &Place, configuration: &str) {
    let (os, architecture) = OURS.split_once('/').unwrap();
    let list = format!(
        r#"{{"manifests": [{{"digest": "sha256:ee", "platform": {{"os": "linux", "architecture": "s390x"}}}},
           {{"digest": "sha256:aa", "platform": {{"os": "{os}", "architecture": "{architecture}"}}}},
           {{"digest": "sha256:ff", "platform": {{"os": "unknown", "architecture": "unknown"}}}}]}}"#
    );
    place.write("registry/python:3.12-slim", list);
    place.write("registry/python@sha256:aa", r#"{"config": {"digest": "sha256:cc"}, "layers": []}"#);
    place.write("registry/python@sha256:cc", configuration);
}

// Contract: image-inject
#[test]
fn the_registry_tells_the_shell_of_a_base_that_the_engine_lacks() {
    let log = "#4 [2/2] RUN true\n#4 DONE 0.1s\n";
    let place = project("ARG V=3.12\nARG BASE=python:$V-slim\nFROM $BASE\nRUN true\n", log);
    place.write("version", format!("28.2.2 28.2.2 {OURS}\n"));
    place.write("builder", "Name: default\nDriver: docker\n");
    in_registry(&place, r#"{"config": {"Shell": ["/bin/ash", "-ec"], "OnBuild": ["RUN two"]}, "rootfs": {}}"#);
    let said = build(&place, &["--inject"]);
    let given = std::fs::read_to_string(place.join("given")).unwrap();
    assert!(given.contains(r#""--","/bin/ash","-ec","true"]"#), "{given}\n{}", said.stderr);
    assert!(
        said.stderr.contains("`RUN two` was left as it stands: it comes with `python:3.12-slim`"),
        "{}",
        said.stderr
    );

    // Neither the engine nor the registry has it; and where there is no buildx, nobody can ask.
    std::fs::remove_file(place.join("registry/python@sha256:cc")).unwrap();
    is_left(&build(&place, &["--inject"]), &place, "`docker pull python:3.12-slim`");
    place.write("version", format!("20.10.24 20.10.24 {OURS}\n"));
    std::fs::remove_file(place.join("builder")).unwrap();
    is_left(&build(&place, &["--inject"]), &place, "`docker pull python:3.12-slim`");
    assert!(calls(&place).iter().rev().take_while(|call| *call != "version").count() > 0);
}

// Contract: image-inject
#[test]
fn another_builder_than_the_users_is_named() {
    let log = "#4 [2/2] RUN true\n#4 DONE 0.1s\n";
    let place = project("FROM x\nRUN true\n", log);
    let note = "DOCKER_BUILDKIT=1, which was unset";
    let told = |place: &Place, value: Option<&str>| {
        let mut command = place.wheeltap(["build", "--inject", "api", "--", "./docker", "build", "context"]);
        command.envs(value.map(|value| ("DOCKER_BUILDKIT", value)));
        place.of(&mut command).stderr
    };
    for (value, is_told) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let stderr = told(&place, value);
        assert_eq!(stderr.contains(note), is_told, "{value:?}: {stderr}");
        assert!(!stderr.contains("nothing was injected"), "{stderr}");
    }
    for no in ["0", "false"] {
        let stderr = told(&place, Some(no));
        assert!(stderr.contains(&format!("nothing was injected: DOCKER_BUILDKIT={no}")), "{stderr}");
    }
    place.write("version", format!("28.2.2 28.2.2 {OURS}\n"));
    place.write("builder", "Name: default\nDriver: docker\n");
    assert!(!told(&place, None).contains(note));
}

/// Questions wait for each other: each until all that do not depend on an answer are asked.
#[test]
fn a_client_is_asked_all_at_the_same_time_and_nothing_twice() {
    let place =
        project("FROM x AS a\nRUN true\nFROM y\nRUN true\nFROM x\nRUN true\n", "#4 [2/2] RUN true\n#4 DONE 0.1s\n");
    place.write("images", "x\ny\n");
    let client = std::fs::read_to_string(place.join("docker")).unwrap();
    let waits = r#"call "$@"
        case "$*" in build\ *) ;; *)
            tries=0
            until [ "$(wc -l <"$here/calls")" -ge 5 ]; do
                tries=$((tries + 1)) && [ $tries -lt 100 ] || { echo "$*" >>"$here/alone"; break; }
                sleep 0.05
            done ;;
        esac"#;
    place.script(
        "docker",
        client.trim_start_matches("#!/bin/sh\n").replace("call \"$@\"\n", &format!("{waits}\n")).as_str(),
    );
    let said = build(&place, &["--inject"]);
    let alone = std::fs::read_to_string(place.join("alone")).unwrap_or_default();
    assert_eq!(alone, "", "asked alone: {}", said.stderr);
    let mut calls = calls(&place);
    calls.sort();
    let begins: Vec<&str> = calls.iter().map(|call| call.split_whitespace().next().unwrap()).collect();
    assert_eq!(begins, ["build", "buildx", "image", "image", "image", "version"], "{calls:?}");
    calls.dedup();
    assert_eq!(calls.len(), 6);
}

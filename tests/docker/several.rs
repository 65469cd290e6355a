//! Several images by one command: compose and bake, wrapped and not.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::binary::linked_statically;
use crate::engine::{BASE, Built, Project, World, packages};
use crate::image::assert_same;

const WHEEL: &str = "tapped_dep-1.0-py3-none-any.whl";
const DEB: &str = "tapped-library_1.0_all.deb";

/// Arguments before and in a stage, and a stage that is not to be built.
const API: &str = "\
ARG BASE=nothing
FROM ${BASE} AS builder
ARG WORD=none
COPY wheelhouse /wheelhouse
RUN pip download --no-index --find-links /wheelhouse -d /d tapped-$WORD
FROM builder
RUN exit 3
";

const COMPOSE: &str = "\
name: tapped
services:
  api:
    image: tapped/api:${TAG}
    build: {context: ., target: builder, args: [BASE]}
  other: {image: 'tapped/other:${TAG}', build: other}
  idle: {image: nothing}
  inline:
    image: tapped/inline:${TAG}
    build:
      context: .
      dockerfile_inline: |
        ARG BASE
        FROM $${BASE}
        RUN echo \"inline $$HOME\" >/inline
      args: [BASE]
";

const BAKE: &str = r#"
group "default" { targets = ["api", "other"] }
target "api" {
  args = { BASE = "@BASE@", WORD = "dep" }
  target = "builder"
}
target "other" {
  context = "other"
  dockerfile = "Dockerfile"
}
target "inline" { dockerfile-inline = "FROM @BASE@\nRUN true\n" }
target "failing" { dockerfile = "failing" }
target "fine" { dockerfile-inline = "FROM @BASE@\n" }
"#;

/// A project of a wheel and a package, with one Dockerfile that fails.
fn project(world: &World) -> Project<'_> {
    let project = Project::new(world, API);
    project.take(&format!("files/{WHEEL}"), &format!("wheelhouse/{WHEEL}"));
    project.take(&format!("apt/{DEB}"), &format!("other/{DEB}"));
    let other = format!("FROM {BASE}\nCOPY {DEB} /\nRUN apt-get install \\\n  --yes /{DEB}\n");
    project.write("other/Dockerfile", other);
    project.write("other/Dockerfile.dockerignore", "*\n!*.deb\n");
    project.write("failing", format!("FROM {BASE}\n# why\nRUN echo one && exit 4\n"));
    project
}

/// Runs docker, under us if there is a `service`.
fn run(project: &Project<'_>, service: Option<&str>, arguments: &[&str]) -> Built {
    let mut command = match service {
        Some(service) => {
            let mut command = Command::new(linked_statically());
            command.args(["build", "--inject", service, "--"]).arg(&project.world.docker);
            command
        }
        None => Command::new(&project.world.docker),
    };
    let output = command.args(arguments).current_dir(project.path()).env_remove("WHEELTAP_LOG_DIR").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Built { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The steps of a build and what they printed. Which of several builds a step is shown for that they share is chance.
fn steps(built: &Built) -> Vec<String> {
    let log = Built { stderr: format!("{}{}", built.stdout, built.stderr), stdout: String::new(), status: None };
    let is_shared = |line: &str| line.contains("] FROM ") || line.contains("internal] ");
    log.told().into_iter().filter(|line| !is_shared(line)).collect()
}

/// Asserts that steps were wrapped, and that nothing shows it.
fn assert_unseen(built: &Built) {
    assert!(!built.stderr.contains("nothing was injected"), "{built:?}");
    for ours in ["@wheeltap1:", "/dev/.wheeltap", "wheeltap-inject"] {
        assert!(!built.stdout.contains(ours) && !built.stderr.contains(ours), "{built:?}");
    }
}

/// Asserts that each package is recorded with the step, of the stage and on the line that are expected.
#[track_caller]
fn assert_recorded(session: &Value, origins: [&str; 2]) {
    let expected = [(DEB.to_owned(), origins[0].to_owned()), (WHEEL.to_owned(), origins[1].to_owned())];
    assert_eq!(packages(session), expected, "{session}");
    let (deb, wheel) = (&session["downloads"]["apt"][0], &session["downloads"]["wheels"][0]);
    for of_shims in [deb, wheel] {
        assert!(of_shims["sha256"].is_string() && of_shims["size_bytes"].is_u64(), "{of_shims}");
    }
    let (deb, wheel) = (&deb["step"], &wheel["step"]);
    assert_eq!((&deb["stage"], &deb["line"]), (&"other".into(), &3.into()), "{deb}");
    assert_eq!((&wheel["stage"], &wheel["line"]), (&"api builder".into(), &5.into()), "{wheel}");
    assert_eq!((&session["summary"]["complete"], &session["blind_spots"]), (&true.into(), &json!([])), "{session}");
}

pub(crate) fn compose(world: &World) {
    let project = project(world);
    project.write("compose.yml", COMPOSE);
    project.write("compose.override.yml", "services: {api: {build: {args: {WORD: dep}}}}\n");
    let tag = |tag: &str| project.write(".env", format!("TAG={tag}\nBASE={BASE}\n"));
    tag("bare");
    let bare = run(&project, None, &["compose", "build", "--no-cache"]);
    assert_eq!(bare.status, Some(0), "{bare:?}");
    tag("injected");
    let tapped = run(&project, Some("all"), &["compose", "build", "--no-cache"]);
    assert_eq!((tapped.status, steps(&tapped)), (Some(0), steps(&bare)), "{tapped:?}");
    assert_unseen(&tapped);
    assert_recorded(&project.session(), ["local", "wheelhouse"]);
    for service in ["api", "other", "inline"] {
        assert_same(&world.docker, &format!("tapped/{service}:bare"), &format!("tapped/{service}:injected"));
    }
    // Files that are named, some of the services, from the layer cache.
    let files = ["compose", "-f", "compose.yml", "--file=compose.override.yml"];
    let again = run(&project, Some("all"), &[&files[..], &["build", "api", "other"]].concat());
    assert!(again.stderr.contains("100 % of the steps cached"), "{again:?}");
    assert_recorded(&project.session(), ["layer-cache", "layer-cache"]);

    project.write("failing.yml", "services: {one: {build: {context: ., dockerfile: failing}}}\n");
    project.write(".env", "COMPOSE_FILE=failing.yml\n");
    let arguments = ["compose", "--project-directory", "other/..", "build", "--no-cache"];
    let (bare, tapped) = (run(&project, None, &arguments), run(&project, Some("all"), &arguments));
    assert_eq!((tapped.status, steps(&tapped)), (bare.status, steps(&bare)), "{tapped:?}");
    assert!(
        tapped.status.is_some_and(|status| status != 0) && tapped.stderr.contains(bare.stderr.trim()),
        "{tapped:?}"
    );
    assert_unseen(&tapped);
    // What compose cannot resolve it says itself.
    project.write("odd.yml", "services: 3\n");
    let odd = run(&project, Some("all"), &["compose", "-f", "odd.yml", "build"]);
    assert!(odd.stderr.contains("nothing was injected: "), "{odd:?}");
}

pub(crate) fn bake(world: &World) {
    let project = project(world);
    project.write("docker-bake.hcl", BAKE.replace("@BASE@", BASE));
    let build = |service: Option<&str>, tag: &str, more: &[&str]| {
        let tags = ["api", "other"].map(|target| format!("--set={target}.tags=tapped/{target}:{tag}"));
        let words = ["buildx", "bake", &tags[0], &tags[1]].into_iter().chain(more.iter().copied());
        run(&project, service, &words.collect::<Vec<_>>())
    };
    let bare = build(None, "bare", &["--no-cache"]);
    assert_eq!(bare.status, Some(0), "{bare:?}");
    let tapped = build(Some("all"), "injected", &["--no-cache", "--progress", "plain"]);
    assert_eq!((tapped.status, &tapped.stdout, steps(&tapped)), (Some(0), &bare.stdout, steps(&bare)), "{tapped:?}");
    assert_unseen(&tapped);
    assert_recorded(&project.session(), ["local", "wheelhouse"]);
    for target in ["api", "other"] {
        assert_same(&world.docker, &format!("tapped/{target}:bare"), &format!("tapped/{target}:injected"));
    }
    let again = build(Some("all"), "injected", &[]);
    assert!(again.stderr.contains("100 % of the steps cached"), "{again:?}");

    let excerpt = |built: &Built| {
        let lines: Vec<String> = built.stderr.lines().filter(|line| line.contains(" | ")).map(str::to_owned).collect();
        assert!(!lines.is_empty(), "{built:?}");
        lines
    };
    let arguments = ["buildx", "bake", "--no-cache", "failing", "fine"];
    let (bare, tapped) = (run(&project, None, &arguments), run(&project, Some("all"), &arguments));
    assert_eq!((tapped.status, steps(&tapped)), (bare.status, steps(&bare)), "{tapped:?}");
    assert_eq!(excerpt(&tapped), excerpt(&bare), "{tapped:?}");
    assert_unseen(&tapped);

    let left = run(&project, Some("all"), &["buildx", "bake", "other", "inline"]);
    assert!(left.stderr.contains("`inline` was left as it stands: its Dockerfile stands in"), "{left:?}");
    assert_eq!(left.status, Some(0), "{left:?}");
    assert!(Path::new(&project.path().join("logs/docker_build/build_all.log")).is_file());
}

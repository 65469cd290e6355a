//! An engine and clients of another age than the machine's: here documents, named contexts, compose, JSON.
//!
//! It runs in a container of the machine's engine, and its client is a script that goes in there.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::binary::linked_statically;
use crate::engine::{BASE, Built, Project, World, packages, world};
use crate::image::{assert_same, files};
use crate::registry::Registry;
use crate::{requires, several};

/// The image that `docker/base/engine` makes.
const IMAGE: &str = "wheeltap-test/engine";

/// An engine in a container, gone at the end.
struct Newer {
    outer: std::path::PathBuf,
    container: String,
    world: World,
    _place: tempfile::TempDir,
}

impl Newer {
    fn start(outer: &World) -> Option<Newer> {
        let docker = |arguments: &[&str]| Command::new(&outer.docker).args(arguments).output().unwrap();
        if !requires::met("no image of a newer engine", docker(&["image", "inspect", IMAGE]).status.success()) {
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        let shared = std::env::temp_dir();
        let mount = format!("{0}:{0}", shared.display());
        let mut arguments = vec!["run", "--detach", "--rm", "--cgroupns", "host"];
        for option in ["seccomp=unconfined", "apparmor=unconfined"] {
            arguments.extend(["--security-opt", option]);
        }
        for capability in ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"] {
            arguments.extend(["--cap-add", capability]);
        }
        for mount in ["/sys/fs/cgroup:/sys/fs/cgroup", "/var/lib/docker", &mount] {
            arguments.extend(["--volume", mount]);
        }
        // What it cannot write in a container: its networks have no IPv6 to be turned off.
        arguments.extend(["--env", "DOCKER_ALLOW_IPV6_ON_IPV4_INTERFACE=1", IMAGE]);
        let started = docker(&arguments);
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        let container = String::from_utf8(started.stdout).unwrap().trim().to_owned();
        let script = place.path().join("docker");
        let text = format!(
            "#!/bin/sh\ncase $PWD in {0}*) ;; *) cd {0} ;; esac\nexec '{1}' exec -i -w \"$PWD\" {container} docker \"$@\"\n",
            shared.display(),
            outer.docker.display()
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let world = World { docker: script, registry: Registry::new(), base: BASE.to_owned() };
        let newer = Newer { outer: outer.docker.clone(), container, world, _place: place };
        let deadline = Instant::now() + Duration::from_secs(120);
        while !newer.docker(&["info"]).status.success() {
            let logs = docker(&["logs", &newer.container]);
            assert!(Instant::now() < deadline, "{}", String::from_utf8_lossy(&logs.stderr));
            std::thread::yield_now();
        }
        let load = format!("'{}' save {BASE} | '{}' load", outer.docker.display(), newer.world.docker.display());
        let loaded = Command::new("sh").args(["-c", &load]).output().unwrap();
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        Some(newer)
    }

    fn docker(&self, arguments: &[&str]) -> std::process::Output {
        Command::new(&self.world.docker).args(arguments).output().unwrap()
    }
}

impl Drop for Newer {
    fn drop(&mut self) {
        let _ = Command::new(&self.outer).args(["rm", "--force", "--volumes", &self.container]).output();
    }
}

/// Every kind of here document; a base with triggers; an empty line in a step; a wheelhouse.
const FORMS: &str = r#"ARG BASE
FROM ${BASE} AS base
RUN <<EOF
echo plain
id -u >/plain
EOF
RUN <<'EOF'
#!/usr/bin/env python3
import sys
print("python", sys.argv, sys.executable)
open("/written", "w").write("x")
EOF
RUN cat <<A >/a && cat <<-'B' >/b
one $HOME
A
	two $HOME
	B
RUN --mount=type=tmpfs,target=/t echo \
    # why

    mounted
ONBUILD RUN echo triggered
FROM base
COPY <<X /x
RUN nothing
X
COPY wheelhouse/ /wheelhouse/
USER nobody
WORKDIR /tmp
RUN <<PY
#!/usr/bin/python3 -E
import subprocess
subprocess.run(["pip", "download", "--no-index", "--find-links", "/wheelhouse", "-d", "/tmp/d", "tapped-dep"], check=True)
PY
"#;

const WHEEL: &str = "tapped_dep-1.0-py3-none-any.whl";

fn tail(built: &Built) -> String {
    let lines: Vec<&str> = built.stderr.lines().filter(|line| !line.starts_with("wheeltap:")).collect();
    lines[lines.iter().position(|line| *line == "------").expect("a build that failed")..].join("\n")
}

// Contract: image-inject
#[test]
fn a_newer_engine_builds_what_it_builds() {
    let Some(outer) = world() else { return };
    let Some(newer) = Newer::start(&outer) else { return };
    here_documents(&newer.world);
    failures(&newer.world);
    json(&newer.world);
    several::compose(&newer.world);
    several::bake(&newer.world);
}

fn here_documents(world: &World) {
    let project = Project::new(world, FORMS);
    project.take(&format!("files/{WHEEL}"), &format!("wheelhouse/{WHEEL}"));
    let bare = project.bare(&["--no-cache", "-t", "bare", "--metadata-file", "bare.json", "--iidfile", "bare.id"]);
    assert_eq!(bare.status, Some(0), "{}", bare.stderr);
    let options = ["--no-cache", "-t", "injected", "--metadata-file", "injected.json", "--iidfile", "injected.id"];
    let tapped = project.tapped_by(linked_statically(), &["--inject"], &options);
    assert_eq!((tapped.status, &tapped.stdout), (Some(0), &bare.stdout), "{}", tapped.stderr);
    assert_eq!(tapped.told(), bare.told(), "{}", tapped.stderr);
    assert!(tapped.stderr.contains("`ONBUILD RUN echo triggered`"), "{}", tapped.stderr);
    assert_same(&world.docker, "bare", "injected");
    assert!(files(&world.docker, "injected").contains_key("tmp/d/tapped_dep-1.0-py3-none-any.whl"));
    let session = project.session();
    assert_eq!(packages(&session), [(WHEEL.to_owned(), "wheelhouse".to_owned())], "{}", tapped.stderr);
    let wheel = &session["downloads"]["wheels"][0];
    assert!(wheel["step"]["instruction"].as_str().unwrap().starts_with("RUN <<PY (#!/usr/bin/python3 -E"), "{wheel}");
    let blind = session["blind_spots"].to_string();
    assert!(blind.contains("was left as it stands: it is kept in the image"), "{blind}");
    for name in ["bare", "injected"] {
        let read = |kind: &str| std::fs::read_to_string(project.path().join(format!("{name}.{kind}"))).unwrap();
        assert!(read("id").starts_with("sha256:") && read("json").contains("containerimage"), "{name}");
    }
    // As a file, and from the layer cache.
    let exported = project.tapped_by(linked_statically(), &["--inject"], &["--output", "type=tar,dest=out.tar"]);
    assert_eq!(exported.status, Some(0), "{}", exported.stderr);
    assert!(exported.stderr.contains("100 % of the steps cached"), "{}", exported.stderr);
    assert!(std::fs::metadata(project.path().join("out.tar")).unwrap().len() > 1 << 20);
    // A child of an image with triggers.
    project.write("Dockerfile", "FROM base\nRUN echo own\n");
    project.write("base", "ARG BASE\nFROM ${BASE}\nONBUILD RUN echo triggered\n");
    assert_eq!(project.bare(&["-t", "base", "-f", "base"]).status, Some(0));
    let child = project.tapped_by(linked_statically(), &["--inject"], &["--no-cache"]);
    assert!(
        child.stderr.contains("`RUN echo triggered` was left as it stands: it comes with `base`"),
        "{}",
        child.stderr
    );
    let blind = project.session()["blind_spots"].to_string();
    assert!(blind.contains("it comes with `base` (ONBUILD)") && !blind.contains("nothing was heard"), "{blind}");
}

fn failures(world: &World) {
    let several = "ARG BASE\nFROM ${BASE}\nRUN --mount=type=cache,target=/c echo one && \\\n    # why\n\n    exit 41\nRUN echo c\n";
    let program = "ARG BASE\nFROM ${BASE}\nRUN <<EOF\n#!/bin/sh\necho one\nexit 42\nEOF\n";
    let endless = "ARG BASE\nFROM ${BASE}\nRUN <<EOF\necho one\n";
    for (text, has_tail) in [(several, true), (program, true), (endless, false)] {
        let project = Project::new(world, text);
        let bare = project.bare(&["--no-cache"]);
        let tapped = project.tapped_by(linked_statically(), &["--inject"], &["--no-cache"]);
        assert_eq!((tapped.status, &tapped.stdout), (bare.status, &bare.stdout), "{}", tapped.stderr);
        assert_eq!(tapped.told(), bare.told(), "{}", tapped.stderr);
        if has_tail {
            assert_eq!(untimed(&tail(&tapped)), untimed(&tail(&bare)), "{text}");
        }
    }
}

/// Without the times of the last lines of a step.
fn untimed(tail: &str) -> String {
    let line = |line: &str| match line.split_once(' ') {
        Some((time, rest)) if time.parse::<f64>().is_ok() => rest.to_owned(),
        _ => line.to_owned(),
    };
    tail.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn json(world: &World) {
    let project = Project::new(world, "ARG BASE\nFROM ${BASE}\nRUN pip download --no-index absent-one || echo no\n");
    let built = project.tapped_by(linked_statically(), &["--inject"], &["--no-cache", "--progress=rawjson"]);
    assert_eq!(built.status, Some(0), "{}", built.stderr);
    assert!(built.stderr.contains(r#""[2/2] RUN pip download --no-index absent-one || echo no""#), "{}", built.stderr);
    assert!(!built.stderr.contains("/dev/.wheeltap"), "{}", built.stderr);
    // base64 of `@wheeltap1:` at each of the three places that it can have.
    for mark in ["QHdoZWVsdGFwMT", "B3aGVlbHRhcDE6", "Ad2hlZWx0YXAxO"] {
        assert!(!built.stderr.contains(mark) && !project.log().contains(mark), "{}", built.stderr);
    }
    assert!(built.stderr.contains("missing: absent-one"), "{}", built.stderr);
    let quiet = project.tapped_by(linked_statically(), &["--inject"], &["--quiet"]);
    assert!(quiet.stdout.starts_with("sha256:") && quiet.stdout.lines().count() == 1, "{quiet:?}");
}

//! Dockerfiles at the edges of what can be injected.

use crate::engine::{Project, packages, world};

// Contract: image-inject
#[test]
fn every_form_of_a_step_does_what_it_did() {
    let Some(world) = world() else { return };
    let dockerfile = "ARG BASE\nFROM ${BASE} AS One.Two\nARG WORD=it\\'s\nRUN echo 'single $WORD' \"double $WORD\" \\$WORD ${WORD:-none}\n\
        RUN printf 'a\\tb\\\\n%s\\n' \"x  y\"; printf 'no newline'\nRUN --mount=type=cache,id=tapped-odd,target=/c \\\n  echo mounted && ls -d /c\n\
        ONBUILD RUN echo later\nSHELL [\"/usr/bin/python3\", \"-c\"]\nRUN import os; print('python', os.getuid())\n\
        SHELL [\"/bin/sh\", \"-c\"]\nRUN exit 0; echo never\nRUN test ! -e /dev/.wheeltap/none && cat /proc/self/status | grep -c Seccomp\n";
    let project = Project::new(&world, dockerfile);
    let bare = project.bare(&["--no-cache", "-t", "wheeltap-test/odd-bare"]);
    assert_eq!(bare.status, Some(0), "{}", bare.stderr);
    let tapped = project.tapped(&["--inject"], &["--no-cache", "-t", "wheeltap-test/odd"]);
    assert_eq!(tapped.status, Some(0), "{}", tapped.stderr);
    assert_eq!(tapped.told(), bare.told(), "{}", tapped.stderr);
    assert!(tapped.stderr.contains("`ONBUILD RUN echo later`"), "{}", tapped.stderr);
    crate::image::assert_same(&world.docker, "wheeltap-test/odd-bare", "wheeltap-test/odd");
    crate::image::remove(&world.docker, &["wheeltap-test/odd-bare", "wheeltap-test/odd"]);
}

// Contract: image-inject
#[test]
fn a_dockerfile_may_come_through_standard_input() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, "FROM scratch\n");
    let text = format!("FROM {}\nRUN pip download tapped-dep\n", world.base);
    project.write("elsewhere", text);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    command.args(["build", "--inject", "api", "--"]).arg(&world.docker).args(["build", "--no-cache", "-f", "-"]);
    command.env("DOCKER_BUILDKIT", "1").stdin(std::fs::File::open(project.path().join("elsewhere")).unwrap());
    let built = project.run(&mut command);
    assert_eq!(built.status, Some(0), "{}", built.stderr);
    assert_eq!(packages(&project.session()), [("tapped_dep-1.0-py3-none-any.whl".to_owned(), "downloaded".to_owned())]);
}

// Contract: image-inject
#[test]
fn a_tool_that_a_step_installs_is_seen_in_that_step() {
    let Some(world) = world() else { return };
    // A user who may not write the log directory of the recipe, and a pip that appears in the middle.
    let dockerfile = "ARG BASE\nFROM ${BASE}\nRUN mv /usr/bin/pip3 /opt/kept; rm -f /usr/bin/pip\nUSER nobody\nWORKDIR /tmp\nUSER root\n\
        RUN mv /opt/kept /usr/bin/pip3 && sleep 0.5 && cd /tmp && pip3 download tapped-dep && rm *.whl\n";
    let project = Project::new(&world, dockerfile);
    let built = project.tapped(&["--inject"], &["--no-cache"]);
    assert_eq!(built.status, Some(0), "{}", built.stderr);
    let session = project.session();
    assert_eq!(packages(&session).len(), 1, "{}", built.stderr);
    assert_eq!(session["invocations"][0]["via"], "shim");
}

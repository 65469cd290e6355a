//! Builds: pips inside pips, output that the log swallows, and a wheelhouse as people fill theirs.

use serde_json::json;

use crate::support::pips::{NEWEST, VERSIONS};
use crate::support::requires;
use crate::world::{World, described, each, text};

// Contract: run-follow
#[test]
fn what_was_obtained_for_a_build_is_part_of_its_run() {
    for version in [VERSIONS[0], "23.0.1", NEWEST] {
        let world = World::new(version);
        let (ended, session) = world.recorded("", "../venv/bin/pip install isolated");
        assert!(ended.status.success(), "{version}: {}", text(&ended.stderr));
        assert_eq!(session["invocations"].as_array().unwrap().len(), 1, "{version}: {session:#}");
        let wheels = session["downloads"]["wheels"].as_array().unwrap();
        let backend: Vec<_> = wheels.iter().filter(|wheel| wheel["name"] == "tiny_backend").collect();
        let [backend] = backend.as_slice() else { panic!("{version}: {session:#}") };
        assert_eq!(json!([backend["purpose"], backend["origin"]]), json!(["build", "downloaded"]), "{version}");
        assert_eq!(session["downloads"]["sdists"][0]["origin"], "downloaded", "{version}");
    }
}

// Contract: run-follow
#[test]
fn the_output_of_a_failed_build_is_on_stderr_at_once() {
    for version in ["22.3.1", "24.0", NEWEST] {
        let world = World::new(version);
        let line = "../venv/bin/pip install failing; echo status $?; echo the build went on >&2";
        let bare = world.bare(line);
        assert!(text(&bare.stderr).contains("fatal error: no_such.h"), "{version}");
        let (ended, _) = world.recorded("", line);
        let stderr = text(&ended.stderr);
        assert_eq!(text(&ended.stdout).lines().last(), Some("status 1"));
        assert_eq!(stderr.matches("fatal error: no_such.h").count(), 1, "{version}: {stderr}");
    }
}

const SCRIPT: &str = r#"#!/usr/bin/env bash
set -euo pipefail
mkdir -p logs wheelhouse
exec > >(tee -a logs/wheelhouse.log) 2> >(tee -a logs/wheelhouse.err >&2)
export VIRTUAL_ENV="$PWD/../venv" PATH="$PWD/../venv/bin:$PATH"
failed=0
while read -r requirement; do
  echo "downloading $requirement"
  if ! python3 -m pip download --no-deps --dest wheelhouse "$requirement" 2>"logs/last.err"; then
    echo "failed: $requirement: $(tail -1 logs/last.err)" >&2
    failed=$((failed + 1))
  fi
done < requirements.txt
echo "done, $failed failed"
"#;

/// A Makefile and a script as teams have them: streams through `tee`, pip as a module of an active environment, its
/// errors in a file.
#[test]
fn every_file_of_a_wheelhouse_is_in_the_session_once() {
    if !requires::program("make") || !requires::program("tee") {
        return;
    }
    let world = World::new("24.0");
    let requirements = [
        "alpha==1.0",
        "alpha==1.1",
        "beta",
        "gamma",
        "dotted.name",
        "native",
        "big",
        "bt-root",
        "bt-a==1.0",
        "bt-a==2.0",
        "bt-b",
        "no-such-thing",
        "plain",
    ];
    let write = |name: &str, text: &str| std::fs::write(world.path("app").join(name), text).unwrap();
    write("requirements.txt", &(requirements.join("\n") + "\n"));
    write("download_wheelhouse.sh", SCRIPT);
    write("Makefile", "wheelhouse:\n\t@bash download_wheelhouse.sh\n.PHONY: wheelhouse\n");
    let (ended, session) = world.recorded("", "make wheelhouse");
    assert!(ended.status.success(), "{} {}", text(&ended.stdout), text(&ended.stderr));
    assert!(text(&ended.stdout).ends_with("done, 1 failed\n"), "{}", text(&ended.stdout));
    let directory = std::fs::read_dir(world.path("app/wheelhouse")).unwrap();
    let mut files: Vec<_> = directory.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files.len(), requirements.len() - 1);
    let mut recorded = described(&session["downloads"]["wheels"]);
    recorded.extend(described(&session["downloads"]["sdists"]));
    recorded.sort_by_key(ToString::to_string);
    let expected: Vec<_> = files.iter().map(|name| world.served(name)).collect();
    assert_eq!(recorded, expected, "{session:#}");
    assert_eq!(session["invocations"].as_array().unwrap().len(), requirements.len());
    assert!(each(&session["invocations"], "via").iter().all(|via| **via == "log"));
    assert!(each(&session["downloads"]["wheels"], "origin").iter().all(|origin| **origin == "downloaded"));
}

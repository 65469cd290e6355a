//! What is not seen is said.

use serde_json::json;

use crate::world::{World, text};

// Contract: run-follow
#[test]
fn without_following_the_session_says_so() {
    let world = World::new("24.0");
    for (options, variables) in [("--no-follow", &[][..]), ("", &[("WHEELTAP_PIP_LOG", "never")][..])] {
        let line = "../venv/bin/pip download -d one alpha; echo ${PIP_LOG-none}";
        let (ended, session) = world.recorded_with(options, line, variables);
        assert!(text(&ended.stdout).ends_with("none\n"));
        assert_eq!(session["invocations"], json!([]));
        assert!(session["blind_spots"][0].as_str().unwrap().contains("not seen"), "{session:#}");
        assert_eq!(session["summary"]["complete"], false);
    }
}

// Contract: run-follow
#[test]
fn what_nobody_saw_come_is_named() {
    let world = World::new("24.0");
    let (ended, session) =
        world.recorded("", "../venv/bin/pip install alpha; env -u PIP_LOG ../venv/bin/pip install gamma");
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let [spot] = session["blind_spots"].as_array().unwrap().as_slice() else { panic!("{session:#}") };
    let spot = spot.as_str().unwrap();
    assert!(spot.ends_with("appeared what no recorded pip brought: beta 1.0, gamma 2.0"), "{spot}");
    assert!(spot.contains("/venv/lib/python3"), "{spot}");
}

// Contract: run-follow
#[test]
fn an_environment_made_on_the_way_is_looked_at_too() {
    let world = World::new("24.0");
    let line = "../venv/bin/python -m venv new && new/bin/pip install -q beta";
    let (ended, session) = world.recorded("", line);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    assert_eq!(session["blind_spots"], json!([]), "what ensurepip brings came with the interpreter");
    assert_eq!(session["invocations"].as_array().unwrap().len(), 1, "{session:#}");
    let (_, session) = world.recorded("", "new/bin/pip install -q big; env -u PIP_LOG new/bin/pip install -q gamma");
    assert!(session["blind_spots"].to_string().contains("gamma 2.0"), "{session:#}");
}

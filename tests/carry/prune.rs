//! Files that nothing asks for are removed, and no others.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::Place;
use crate::{Run as _, contents};

const WHEELS: [&str; 3] = ["a-1.0-py3-none-any.whl", "b-1.0-py3-none-any.whl", "b-2.0-py3-none-any.whl"];

fn names(directory: &Path) -> Vec<String> {
    contents(directory).into_keys().collect()
}

fn wheelhouse(place: &Place) {
    WHEELS.iter().for_each(|name| drop(place.write(&format!("wheelhouse/{name}"), name)));
}

#[test]
fn the_manifest_says_what_is_kept() {
    let place = Place::new();
    wheelhouse(&place);
    let said = place.run(&["wheelhouse", "prune"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("it has no manifest") && said.stderr.contains("--requirements"), "{}", said.stderr);
    assert_eq!(place.run(&["wheelhouse", "manifest", "--write"]).status, 0);
    place.write("wheelhouse/c-1.0-py3-none-any.whl", "a newcomer");
    let before = contents(&place.join("wheelhouse"));
    let said = place.run(&["wheelhouse", "prune", "--dry-run"]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(said.stdout.contains("would remove c-1.0-py3-none-any.whl"), "{}", said.stdout);
    assert_eq!(contents(&place.join("wheelhouse")), before);
    let said = place.run(&["wheelhouse", "prune"]);
    assert!(said.stdout.contains("1 file, 10 bytes removed, 3 kept"), "{}", said.stdout);
    assert_eq!(names(&place.join("wheelhouse")), [&WHEELS[..], &["wheelhouse_manifest.json"]].concat());
    assert_eq!(place.run(&["wheelhouse", "check"]).status, 0);
}

/// What a recorded install of two packages, both from the archives, makes a session of.
fn session(place: &Place) -> Value {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/apt/2.6.1/install-qq-cached");
    // No method was started, so there is no message.
    let methods = place.write("methods.log", "").to_str().unwrap().to_owned();
    let hook = data.join("preinstall.log").to_str().unwrap().to_owned();
    let said = place.run(&["ingest", "apt", "--methods", &methods, "--preinstall", &hook]);
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.stderr))
}

#[test]
fn a_session_says_which_packages_are_kept() {
    let place = Place::new();
    let all = ["lab-dep_1.0_all.deb", "lab-hello_0.9_all.deb", "lab-hello_1.0_all.deb", "other_1_amd64.deb"];
    all.iter().for_each(|name| drop(place.write(&format!("archives/{name}"), name)));
    place.write("archives/lock", "");
    let mut session = session(&place);
    let mut prune = |complete: bool, more: &[&str]| {
        session["summary"]["complete"] = complete.into();
        place.write("session.json", session.to_string());
        place.run(&[&["archives", "prune", "--archives", "archives", "--session", "session.json"], more].concat())
    };
    let said = prune(false, &[]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("does not know all that its build took on"), "{}", said.stderr);
    let said = prune(true, &["--dry-run"]);
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    assert_eq!(names(&place.join("archives")).len(), 5);
    let said = prune(true, &[]);
    assert!(said.stdout.contains("removed lab-hello_0.9_all.deb") && said.stdout.contains("2 kept"), "{}", said.stdout);
    assert_eq!(names(&place.join("archives")), ["lab-dep_1.0_all.deb", "lab-hello_1.0_all.deb", "lock"]);
}

#[test]
fn a_session_is_asked_for() {
    let said = Place::new().run(&["archives", "prune", "--dry-run"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("--session"), "{}", said.stderr);
}

#[test]
fn requirements_say_what_is_kept_if_they_are_satisfied() {
    let place = Place::new();
    fs::create_dir(place.join("wheelhouse")).unwrap();
    let made = [
        crate::wheels::Made::new("a", "1.0").requires(&["b>=2"]),
        crate::wheels::Made::new("b", "1.0"),
        crate::wheels::Made::new("b", "2.0"),
    ];
    made.iter().for_each(|made| drop(made.wheel(&place.join("wheelhouse"))));
    assert_eq!(names(&place.join("wheelhouse")), WHEELS);
    let target = ["--python", "3.12", "--platform", "manylinux_2_28_x86_64"];
    let prune = |requirements: &str| {
        place.write("requirements.txt", requirements);
        place.run(&[&["wheelhouse", "prune", "--requirements", "requirements.txt"], &target[..]].concat())
    };
    let said = prune("a\nabsent\n");
    assert_eq!(said.status, 1);
    assert!(said.stderr.contains("nothing was removed"), "{}", said.stderr);
    assert!(said.stdout.contains("absent"), "{}", said.stdout);
    assert_eq!(names(&place.join("wheelhouse")), WHEELS);
    let said = prune("a\n");
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(names(&place.join("wheelhouse")), [WHEELS[0], WHEELS[2]]);
}

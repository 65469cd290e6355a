//! The loopback index is what it says: pip's caches fill from it as they do from PyPI.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::{Value, json};
use support::index::{Index, Request};
use support::pips::RealPip;
use support::place::{Place, Run, Side};

/// A pip, its index and a place.
fn world(wanted: &str) -> (Index, Place) {
    let pip = RealPip::provide(wanted).unwrap();
    let index = Index::start(&pip).unwrap();
    let place = Place::new(&pip);
    (index, place)
}

/// Runs in a new world and returns the requests as `name status`, and stdout.
fn requests(index: &mut Index, place: &Place, rules: Value, arguments: &[&str]) -> (Vec<String>, String) {
    index.begin(&rules);
    let ended = place.run(Side::Bare, &Run::pip(arguments), index);
    let text = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    let shown = |request: &Request| format!("{} {}", request.name(), request.status);
    (index.requests().iter().filter(|request| request.method == "GET").map(shown).collect(), text)
}

#[test]
fn pip_caches_what_it_serves() {
    let (mut index, place) = world("24.0");
    let arguments = ["download", "-d", "{root}/tmp/one", "beta"];
    let cold = [
        "beta 200",
        "beta-1.0-py3-none-any.whl.metadata 200",
        "alpha 200",
        "alpha-1.1-py3-none-any.whl.metadata 200",
        "beta-1.0-py3-none-any.whl 200",
        "alpha-1.1-py3-none-any.whl 200",
    ];
    let (seen, text) = requests(&mut index, &place, json!([]), &arguments);
    assert_eq!(seen, cold, "{text}");
    assert!(text.contains("Downloading beta-1.0-py3-none-any.whl (3.1 kB)"), "{text}");
    let (seen, text) = requests(&mut index, &place, json!([]), &["download", "-d", "{root}/tmp/two", "beta"]);
    assert_eq!(seen, ["beta 304", "alpha 304"], "{text}");
    assert!(text.contains("Using cached beta-1.0-py3-none-any.whl (3.1 kB)"), "{text}");
    place.clear();
    let (seen, text) = requests(&mut index, &place, json!([{"match": "*", "cache": false}]), &arguments);
    assert_eq!(seen, cold, "{text}");
    let (seen, text) = requests(&mut index, &place, json!([]), &["download", "-d", "{root}/tmp/two", "beta"]);
    assert_eq!(seen, cold, "{text}");
}

#[test]
fn it_misbehaves_as_told() {
    let (mut index, place) = world("24.0");
    let wheel = "alpha-1.1-py3-none-any.whl";
    let cases = [
        (json!([{"match": "*.whl", "status": 503, "times": 2}]), vec!["503", "503", "200"], true),
        (json!([{"match": "*/alpha/", "status": 404}]), vec![], false),
        (json!([{"match": "{index}/simple/alpha/", "redirect": "https://index.example"}]), vec!["200"], true),
        (json!([{"match": "*.whl", "cut": 500}]), vec!["200"], false),
        (json!([{"match": "*.whl", "length": false}]), vec!["200"], true),
        (json!([{"match": "*/alpha/", "hashes": "wrong"}]), vec!["200"], false),
        (json!([{"match": "*.whl", "auth": "alice:secret"}]), vec!["401"], false),
        (json!([{"match": "*/alpha/", "files": "https://files.example", "json": false}]), vec!["200"], true),
    ];
    for (rules, statuses, succeeds) in cases {
        place.clear();
        let arguments = ["download", "--no-input", "-d", "{root}/tmp/one", "--retries", "2", "alpha"];
        let (seen, text) = requests(&mut index, &place, rules.clone(), &arguments);
        let wheel_seen: Vec<_> = seen.iter().filter_map(|line| line.strip_prefix(&format!("{wheel} "))).collect();
        assert_eq!(wheel_seen, statuses, "{rules} {seen:?}\n{text}");
        let got = place.tree().contains_key(&format!("tmp/one/{wheel}"));
        assert_eq!(got, succeeds, "{rules}\n{text}");
    }
}

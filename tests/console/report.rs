//! `wheeltap report`: which session is shown, and how.

use serde_json::Value;

use crate::harness::Place;

/// A place with two sessions, the document of the second one by itself, and their stamps.
fn with_sessions() -> (Place, Vec<String>) {
    let place = Place::new();
    place.script("tools/pip", "echo pip ran");
    place.says("run -- true");
    place.says("run -- false");
    let stamps = place.sessions();
    assert_eq!(stamps.len(), 2);
    (place, stamps)
}

#[test]
fn the_latest_session_is_shown_if_none_is_named() {
    let (place, stamps) = with_sessions();
    let said = place.says("report");
    assert!(said.stdout.contains(&format!("session {}", stamps[1])), "{said}");
    let text = said.to_string().replace(&stamps[1], "[STAMP]");
    assert!(text.contains("document  logs/build/downloads_[STAMP].json\n"), "{text}");
    for name in [
        stamps[0].clone(),
        format!("logs/build/downloads_{}.json", stamps[0]),
        format!("logs/build/events_{}.jsonl", stamps[0]),
    ] {
        let said = place.says(&format!("report {name}"));
        assert_eq!(said.status, Some(0), "{said}");
        assert!(said.stdout.contains(&format!("session {}", stamps[0])), "{said}");
    }
    let both = place.says(&format!("report {} {}", stamps[0], stamps[1])).stdout;
    assert!(stamps.iter().all(|stamp| both.contains(&format!("session {stamp}"))), "{both}");
}

#[test]
fn json_is_one_object_for_each_session() {
    let (place, stamps) = with_sessions();
    let said = place.says(&format!("report --format json {} {}", stamps[0], stamps[1]));
    let objects: Vec<Value> =
        serde_json::Deserializer::from_str(&said.stdout).into_iter().map(Result::unwrap).collect();
    assert_eq!(objects.len(), 2);
    assert!(objects.iter().zip(&stamps).all(|(object, stamp)| object["session_id"] == stamp.as_str()), "{objects:?}");
}

/// A session that `ingest` makes of recorded text is reported in both formats.
#[test]
fn a_session_is_reported_as_text_and_as_json() {
    let place = Place::new();
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pip/24.0/backtrack-warm");
    let ingested = place.says(&format!("ingest pip --log {case}/log --stdout {case}/log.stdout"));
    assert_eq!(ingested.status, Some(0), "{}", ingested.stderr);
    let document = place.path().join("downloads_20261120_153600.json");
    std::fs::write(&document, &ingested.stdout).unwrap();
    let text = place.says(&format!("report {}", document.display()));
    assert_eq!((text.status, text.stderr.as_str()), (Some(0), ""));
    assert!(text.stdout.to_lowercase().contains("cache"), "{}", text.stdout);
    let json = place.says(&format!("report {} --format json", document.display()));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["summary"]["total_downloads"], 0);
    assert_eq!(json["summary"]["total_cached"], 6);
}

/// No session at all says what to run.
#[test]
fn no_session_is_bad_input_with_a_hint() {
    let place = Place::new();
    for wanted in ["", "20261120_153600", "absent.json"] {
        let said = place.says(&format!("report {wanted}"));
        assert_eq!((said.status, said.stdout.as_str()), (Some(2), ""), "{wanted}");
        assert!(said.stderr.contains("hint:") && said.stderr.contains("wheeltap run"), "{}", said.stderr);
    }
}

#[test]
fn what_is_no_session_is_said_with_what_to_do() {
    let place = Place::new();
    place.write("text.json", "no JSON");
    place.write("other.json", "{\"schema\": 1}");
    place.write("newer.json", "{\"schema\": 99}");
    place.write("torn.jsonl", "{\"event\":\"sess");
    insta::assert_snapshot!(place.says("report"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot list `logs/build`: No such file or directory (os error 2)
        hint: `wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one
        ");
    insta::assert_snapshot!(place.says("report 20200101_000000"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot find session [STAMP] in `logs/build`: it holds no file of that stamp
        hint: `wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one
        ");
    insta::assert_snapshot!(place.says("report text.json"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot read `text.json` as a session document: expected ident at line 1 column 2; give a `downloads_<stamp>.json`
        hint: `wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one
        ");
    insta::assert_snapshot!(place.says("report other.json"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot read `other.json` as a session document: missing field `session_id` at line 1 column 13; give a `downloads_<stamp>.json`
        hint: `wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one
        ");
    insta::assert_snapshot!(place.says("report newer.json"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot read `newer.json`: its schema is 99, this wheeltap knows up to 1; use a newer wheeltap
        hint: `wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one
        ");
    insta::assert_snapshot!(place.says("report torn.jsonl"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot read `torn.jsonl` as a journal: no line of it is an event; give an `events_<stamp>.jsonl`
        hint: `wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one
        ");
    insta::assert_snapshot!(place.says("report nothing"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot open `nothing`: No such file or directory (os error 2)
        hint: `wheeltap run -- COMMAND` records a session; `WHEELTAP_LOG_DIR` names the directory of another one
        ");
}

#[test]
fn a_summary_is_shown_to_whoever_asks() {
    let place = Place::new();
    let silent = place.says("run -- true");
    assert_eq!((silent.stdout.as_str(), silent.stderr.as_str()), ("", ""));
    let asked = place.says("run --summary -- true");
    assert!(asked.stdout.is_empty() && asked.stderr.contains("document"), "{asked}");
    let asked = place.of(place.wheeltap(["run", "true"]).env("WHEELTAP_SUMMARY", "1"));
    assert!(asked.stdout.is_empty() && asked.stderr.contains("document"), "{asked}");
}

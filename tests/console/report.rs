//! `wheeltap report`.

use crate::harness::Place;

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

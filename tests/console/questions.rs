//! `wheeltap diff`, `duplicates`, `trend`, and sessions that cannot be read.

use crate::harness::Place;

/// Sessions of an imagined build in `logs`, and their stamps.
fn sessions(place: &Place, directory: &str, wishes: &str) -> Vec<String> {
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/example-sessions");
    let mut make = place.command("python3");
    make.arg(tool).arg(place.join(directory)).args(wishes.split_whitespace());
    let made = place.of(&mut make);
    assert_eq!(made.status, Some(0), "{}", made.stderr);
    let names = std::fs::read_dir(place.join(directory)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut stamps: Vec<_> = names.map(|name| name.to_str().unwrap()[10..25].to_owned()).collect();
    stamps.sort();
    stamps
}

fn edited(place: &Place, stamp: &str, edit: impl FnOnce(&mut serde_json::Value)) {
    let path = place.join(format!("logs/downloads_{stamp}.json"));
    let mut session = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    edit(&mut session);
    std::fs::write(path, session.to_string()).unwrap();
}

#[test]
fn a_second_build_is_compared_with_the_first() {
    let place = Place::new();
    let stamps = sessions(&place, "logs", "--sessions 2 --artifacts 30");
    let line = format!("diff logs/downloads_{}.json logs/downloads_{}.json", stamps[0], stamps[1]);
    let text = place.says(&line);
    assert_eq!((text.status, text.stderr.as_str()), (Some(0), ""), "{}", text.stdout);
    let json: serde_json::Value = serde_json::from_str(&place.says(&format!("{line} --format json")).stdout).unwrap();
    assert_eq!((&json["added"][0]["package"], json["added"].as_array().unwrap().len()), (&"torch".into(), 1));
    assert!(json["removed"].as_array().unwrap().iter().all(|change| change["package"] == "package-2"), "{json}");
    let fetched_then_kept = |change: &serde_json::Value| {
        change["package"] == "gcc-12:amd64" && change["after"]["origins"][0] == "layer-cache"
    };
    assert!(json["changed_origin"].as_array().unwrap().iter().any(fetched_then_kept), "{json}");
    // The same file name with other bytes.
    edited(&place, &stamps[1], |session| session["downloads"]["wheels"][0]["sha256"] = "0".repeat(64).into());
    let alarm = place.says(&line);
    assert_eq!(alarm.status, Some(1), "{}", alarm.stdout);
    assert!(alarm.stdout.contains("other bytes under the same name\n  numpy-2.1.3"), "{}", alarm.stdout);
    assert_eq!(place.says("diff logs/downloads_20260101_000000.json logs").status, Some(2));
}

#[test]
fn what_was_downloaded_more_than_once_is_counted_in_bytes() {
    let place = Place::new();
    let stamps = sessions(&place, "logs", "--sessions 3 --artifacts 30");
    let found = place.says("duplicates logs --format json");
    assert_eq!(found.status, Some(1));
    let json: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let scipy = json["files"].as_array().unwrap().iter().find(|file| file["package"] == "numpy").unwrap();
    assert_eq!((&scipy["occurrences"], &scipy["wasted_bytes"]), (&3.into(), &32_600_000.into()), "{scipy}");
    assert_eq!(scipy["sessions"].as_array().unwrap().len(), 3);
    edited(&place, &stamps[0], |session| session["downloads"]["wheels"][0]["version"] = "1.0".into());
    let one = place.says(&format!("duplicates logs/downloads_{}.json", stamps[0]));
    assert_eq!((one.status, one.stdout.as_str()), (Some(0), "nothing is there more than once\n"));
    for file in ["six-1.15.0-py3-none-any.whl", "Six-1.16.0-py3-none-any.whl", "idna-3-py3-none-any.whl", "readme.txt"]
    {
        place.write(&format!("wheelhouse/{file}"), "1234");
    }
    let json = place.says("duplicates --wheelhouse wheelhouse --format json");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["wheelhouse"].as_array().unwrap().len(), 1);
    let six = &json["wheelhouse"][0];
    assert_eq!((&six["package"], &six["occurrences"], &six["bytes"]), (&"six".into(), &2.into(), &8.into()));
    assert_eq!(six["versions"], serde_json::json!(["1.15.0", "1.16.0"]));
}

#[test]
fn the_history_of_a_directory_marks_what_rose() {
    let place = Place::new();
    let stamps = sessions(&place, "logs", "--sessions 9 --artifacts 30");
    edited(&place, &stamps[8], |session| session["summary"]["total_downloads"] = 900.into());
    let text = place.says("trend logs --last 2");
    assert_eq!((text.status, text.stdout.lines().filter(|line| line.starts_with("202611")).count()), (Some(0), 2));
    assert!(text.stdout.contains("  rose: downloads"), "{}", text.stdout);
    assert!(text.stderr.contains("the last 2 of 9 sessions"), "{}", text.stderr);
    let json = place.says("trend logs --format json").stdout;
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().filter(|line| line.get("session_id").is_some()).count(), 9);
}

/// Foreign, truncated, newer and doubled documents: what can be read is reported, the rest is named.
#[test]
fn what_cannot_be_read_is_named_and_passed_over() {
    let place = Place::new();
    let stamps = sessions(&place, "logs", "--sessions 2 --artifacts 30");
    let whole = std::fs::read(place.join(format!("logs/downloads_{}.json", stamps[0]))).unwrap();
    place.write("logs/downloads_20260101_000000.json", &whole[..whole.len() / 2]);
    place.write("logs/downloads_20260101_000001.json", "[1, 2]");
    place.write("logs/downloads_20260101_000002.json", "{\"schema\": 99, \"session_id\": \"20260101_000002\"}");
    place.write("logs/downloads_20260101_000003.json", &whole);
    place.write("logs/notes.txt", "not a session");
    for verb in [
        "report --all logs",
        "report --all --format html logs",
        "trend logs",
        "duplicates logs/downloads_20260101_000001.json logs/downloads_20260101_000003.json",
    ] {
        let said = place.says(verb);
        assert_eq!(said.status, Some(3), "{verb}: {}", said.stderr);
        assert!(
            said.stderr.contains("downloads_20260101_000001.json` as a session document"),
            "{verb}: {}",
            said.stderr
        );
        if !verb.starts_with("duplicates") {
            assert!(said.stderr.contains("its schema is 99"), "{verb}: {}", said.stderr);
            assert!(said.stderr.contains("read already"), "{verb}: {}", said.stderr);
            assert!(!said.stderr.contains("notes.txt"), "{}", said.stderr);
            assert_eq!(said.stderr.lines().count(), 4, "{}", said.stderr);
        }
        assert!(!said.stdout.is_empty(), "{verb}");
    }
    let none = place.says("report logs/downloads_20260101_000000.json logs/downloads_20260101_000001.json");
    assert_eq!((none.status, none.stdout.as_str()), (Some(2), ""));
    assert!(none.stderr.contains("hint: `wheeltap run -- COMMAND`"), "{}", none.stderr);
}

/// Nor does a damaged latest session hide the one before it.
#[test]
fn the_latest_session_is_the_latest_that_can_be_read() {
    let place = Place::new();
    let stamps = sessions(&place, "logs", "--sessions 2 --artifacts 30");
    place.write("logs/downloads_20991231_000000.json", "{\"schema\": 1, \"session_id\"");
    let said = place.says("report logs");
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("20991231_000000.json` as a session document"), "{}", said.stderr);
    assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
    assert!(said.stdout.contains(&stamps[1]) && !said.stdout.contains(&stamps[0]), "{}", said.stdout);
}

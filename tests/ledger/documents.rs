//! The session document as others read it: by query, by table, by schema, by a version that does not know its words.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use wheeltap::event::{
    Artifact, Attempt, AttemptKind, Ecosystem, Event, Evidence, InvocationId, Kind, Origin, Purpose, Step,
};
use wheeltap::ledger::{Directory, Error, Journal, load, read_document};

use super::events::{artifact, at, build_info, finished, invocation, started, wheel};
use super::requires;
use super::schema::Validator;

/// A session in which every field of the document is filled somewhere and empty somewhere else.
fn rich(directory: &Path) -> PathBuf {
    let directory = Directory::new(directory);
    let mut journal = Journal::open(&directory, at(0.0), &build_info()).unwrap();
    let deb = Artifact {
        ecosystem: Ecosystem::Deb,
        arch: Some("amd64".into()),
        filename: Some("jq_1.6_amd64.deb".into()),
        destination: Some("/var/cache/apt/archives/jq_1.6_amd64.deb".into()),
        size_bytes: None,
        step: Some(Step {
            id: "#9".into(),
            stage: Some("build".into()),
            index: Some(2),
            total: Some(5),
            instruction: Some("RUN apt-get install jq".into()),
            line: Some(3),
        }),
        ..Artifact { kind: Kind::Deb, ..wheel("jq", Origin::ArchiveCache) }
    };
    let page = Artifact {
        index: Some("https://index.example/simple/".into()),
        sha256: None,
        version: None,
        ..Artifact { kind: Kind::Index, ..wheel("six", Origin::HttpCache) }
    };
    let failed =
        Artifact { reason: Some("cut".into()), size_bytes: None, sha256: None, ..wheel("cut", Origin::Failed) };
    let sdist = Artifact { kind: Kind::Sdist, purpose: Purpose::Build, ..wheel("built", Origin::Unknown) };
    let attempt = Attempt {
        invocation: Some(InvocationId("a".into())),
        host: Some("index.example".into()),
        wanted: Some("/simple/six/".into()),
        count: 5,
        reason: None,
        ..Attempt::new("pip", AttemptKind::Retry)
    };
    journal
        .append(&[
            started("a"),
            artifact("a", 0, wheel("six", Origin::Unknown)),
            artifact("a", 1, wheel("idna", Origin::HttpCache)),
            artifact("a", 2, page),
            artifact("a", 3, failed),
            artifact("a", 4, sdist),
            Event::Attempt { at: at(1.0), record: Box::new(attempt) },
            Event::Degraded { at: at(1.0), invocation: Some(InvocationId("a".into())), reason: "disk full".into() },
            Event::BlindSpot { at: at(1.0), invocation: Some(InvocationId("a".into())), reason: "uv ran".into() },
            // What was known first is replaced by what is known last, at its place.
            artifact("a", 0, wheel("six", Origin::Downloaded)),
            finished("a"),
            Event::InvocationStarted {
                at: at(4.0),
                record: Box::new(wheeltap::event::Invocation { tool: "apt-get".into(), ..invocation("b") }),
            },
            artifact("b", 0, deb),
            artifact("b", 1, wheel("six", Origin::Downloaded)),
            Event::BlindSpot { at: at(12.345), invocation: None, reason: "a pip by absolute path".into() },
        ])
        .unwrap();
    journal.finish().unwrap();
    journal.files().document
}

fn jq(query: &str, document: &Path) -> Vec<Value> {
    let output = Command::new("jq").args(["-c", query]).arg(document).output().unwrap();
    assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::Deserializer::from_slice(&output.stdout).into_iter().map(Result::unwrap).collect()
}

#[test]
fn the_promised_queries_work_as_they_stand() {
    if !requires::program("jq") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let document = rich(place.path());
    let summary = json!({
        "total_artifacts": 7, "total_downloads": 2, "total_cached": 2, "total_unknown": 1, "total_failed": 1,
        "bytes_downloaded": 2000, "bytes_cached": 2000, "cache_hit_rate": 0.5, "network_attempts": 5,
        "duplicate_downloads": 1, "install_method": "mixed", "complete": false,
    });
    assert_eq!(jq(".summary", &document), [summary]);
    assert_eq!(
        jq(".downloads.wheels[] | select(.cached == false) | .source", &document),
        [
            json!("https://files.example/six-1.0-py3-none-any.whl"),
            json!("https://files.example/six-1.0-py3-none-any.whl")
        ]
    );
    assert_eq!(
        jq(".cached | map([.kind, .name])", &document),
        [json!([["wheel", "idna"], ["deb", "jq"], ["index", "six"]])]
    );
    assert_eq!(jq(".duration_seconds", &document), [json!(12.345)]);
    assert_eq!(
        jq(".downloads | map_values(length)", &document),
        [json!({"wheels": 4, "sdists": 1, "apt": 1, "other": 1})]
    );
    assert_eq!(
        jq(".invocations | map([.exit_code, .install_method])", &document),
        [json!([[0, "pypi"], [null, "mixed"]])]
    );
    assert_eq!(jq(".invocations[0] | [.degraded, .blind_spots]", &document), [json!([["disk full"], ["uv ran"]])]);
    assert_eq!(jq("[.degraded, .blind_spots]", &document), [json!([[], ["a pip by absolute path"]])]);
    assert_eq!(jq(".downloads.wheels[0].origin", &document), [json!("downloaded")]);
}

#[test]
fn every_field_is_always_there_with_one_type() {
    let place = tempfile::tempdir().unwrap();
    let mut empty = Journal::open(&Directory::new(place.path()), at(0.0), &build_info()).unwrap();
    let empty = serde_json::to_value(empty.finish().unwrap().unwrap()).unwrap();
    let rich: Value = serde_json::from_slice(&fs::read(rich(place.path())).unwrap()).unwrap();
    // Written by hand from the description of the document: name and type, `?` where null is a value.
    let session = "schema:number session_id:string started_at:string? finished_at:string? duration_seconds:number? \
        build_info:object invocations:array downloads:object cached:array network:object degraded:array \
        blind_spots:array summary:object";
    let artifact = "ecosystem:string kind:string name:string? version:string? arch:string? filename:string? source:string? \
        index:string? destination:string? size_bytes:number? sha256:string? cached:boolean? origin:string evidence:array \
        purpose:string reason:string? invocation:string? step:object? at:string?";
    let invocation = "id:string tool:string tool_version:string? tool_path:string? argv:array cwd:string? \
        started_at:string? duration_seconds:number? exit_code:number? exit_signal:number? install_method:string? \
        via:string degraded:array blind_spots:array step:object?";
    let summary = "total_artifacts:number total_downloads:number total_cached:number total_unknown:number \
        total_failed:number bytes_downloaded:number bytes_cached:number cache_hit_rate:number? network_attempts:number \
        duplicate_downloads:number install_method:string? complete:boolean";
    for document in [&empty, &rich] {
        check("", document, session);
        check(
            "build_info",
            &document["build_info"],
            "wheeltap_version:string platform:string hostname:string? build_args:object",
        );
        check("downloads", &document["downloads"], "wheels:array sdists:array apt:array other:array");
        check("network", &document["network"], "attempts:array connections:array counters:object completeness:object");
        check("summary", &document["summary"], summary);
        for list in ["wheels", "sdists", "apt", "other"] {
            document["downloads"][list].as_array().unwrap().iter().for_each(|entry| check(list, entry, artifact));
        }
        document["cached"].as_array().unwrap().iter().for_each(|entry| check("cached", entry, artifact));
        document["invocations"].as_array().unwrap().iter().for_each(|entry| check("invocations", entry, invocation));
    }
    let step = &rich["downloads"]["apt"][0]["step"];
    check("step", step, "id:string stage:string? index:number? total:number? instruction:string? line:number?");
    assert_eq!(empty["summary"]["cache_hit_rate"], Value::Null);
    assert_eq!(empty["summary"]["complete"], json!(true));
}

fn check(place: &str, value: &Value, fields: &str) {
    let object = value.as_object().unwrap_or_else(|| panic!("{place} is no object"));
    let expected: Vec<_> = fields.split_whitespace().map(|field| field.split_once(':').unwrap()).collect();
    assert_eq!(object.keys().collect::<Vec<_>>(), expected.iter().map(|(name, _)| name).collect::<Vec<_>>(), "{place}");
    for (name, kind) in expected {
        let found = match &object[name] {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let fits = kind.strip_suffix('?').map_or(found == kind, |kind| found == kind || found == "null");
        assert!(fits, "{place}.{name} is {found}, not {kind}");
    }
}

#[test]
fn documents_of_other_versions_load() {
    let place = tempfile::tempdir().unwrap();
    let path = rich(place.path());
    let known = read_document(&path).unwrap();
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    document["telepathy"] = json!({"seen": [1, 2]});
    document["summary"]["joy"] = json!(1);
    for (field, word) in [("origin", "teleported"), ("kind", "hologram"), ("ecosystem", "moon"), ("purpose", "fun")] {
        document["downloads"]["wheels"][0][field] = json!(word);
    }
    document["downloads"]["wheels"][0]["evidence"] = json!(["seventh-sense"]);
    document["network"]["attempts"][0]["kind"] = json!("prayer");
    document["downloads"]["crates"] = json!([{"name": "serde"}]);
    // An older one had less.
    for field in ["degraded", "blind_spots", "network", "cached"] {
        document.as_object_mut().unwrap().remove(field);
    }
    document["invocations"][0].as_object_mut().unwrap().remove("via");
    document["downloads"]["wheels"][1].as_object_mut().unwrap().remove("arch");
    fs::write(&path, serde_json::to_vec(&document).unwrap()).unwrap();
    let session = read_document(&path).unwrap();
    let wheel = &session.downloads.wheels[0];
    assert_eq!((wheel.origin, wheel.kind, wheel.ecosystem), (Origin::Unknown, Kind::Other, Ecosystem::Other));
    assert_eq!((wheel.purpose, wheel.evidence[0].as_str()), (Purpose::Other, "seventh-sense"));
    assert_eq!(session.downloads.wheels[1..], known.downloads.wheels[1..]);
    assert_eq!(session.cached().count(), 3);
}

#[test]
fn what_is_no_document_is_named_with_what_to_do() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("downloads_20261120_153600.json");
    let message = |content: &[u8]| {
        fs::write(&path, content).unwrap();
        read_document(&path).unwrap_err().to_string()
    };
    let errors = [
        message(b""),
        message(b"{"),
        message(b"[1]"),
        message(b"{\"schema\":1}"),
        message(b"{\"schema\":\"one\"}"),
        message(b"\xff\0"),
        message(br#"{"schema":1,"session_id":"../../x","summary":{}}"#),
        message(b"{\"schema\":2,\"everything\":\"else\"}"),
    ];
    for error in &errors {
        assert!(error.starts_with(&format!("read `{}`", path.display())), "{error}");
    }
    assert!(
        errors[0].contains("line 1 column 0") && errors[0].contains("give a `downloads_<stamp>.json`"),
        "{}",
        errors[0]
    );
    assert!(errors[6].contains("is not a stamp"), "{}", errors[6]);
    assert!(errors[7].contains("its schema is 2") && errors[7].contains("use a newer wheeltap"), "{}", errors[7]);
    assert!(matches!(read_document(place.path()), Err(Error::Io { .. })));
}

#[test]
fn a_session_is_found_by_path_stamp_and_age() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::new(place.path().join("logs"));
    let first = rich(directory.path());
    let second = rich(directory.path());
    fs::write(directory.path().join("downloads_29991399_000000.json"), "no stamp").unwrap();
    let stamp = |wanted: Option<&Path>| load(&directory, wanted).map(|loaded| loaded.session.session_id.to_string());
    assert_eq!(stamp(None).unwrap(), "20261120_153601");
    assert_eq!(stamp(Some(Path::new("20261120_153600"))).unwrap(), "20261120_153600");
    assert_eq!(stamp(Some(&first)).unwrap(), "20261120_153600");
    assert_eq!(stamp(Some(directory.path())).unwrap(), "20261120_153601");
    let journal = first.with_file_name("events_20261120_153600.jsonl");
    let elsewhere = place.path().join("mine.jsonl");
    fs::copy(&journal, &elsewhere).unwrap();
    assert_eq!(stamp(Some(&elsewhere)).unwrap(), "20261120_153600");
    assert_eq!(load(&directory, Some(&elsewhere)).unwrap().files.journal, elsewhere);
    // The journal is the truth; the document alone is as good as it is.
    fs::remove_file(&first).unwrap();
    assert_eq!(stamp(Some(Path::new("20261120_153600"))).unwrap(), "20261120_153600");
    fs::remove_file(second.with_file_name("events_20261120_153601.jsonl")).unwrap();
    assert_eq!(load(&directory, None).unwrap().session, read_document(&second).unwrap());
    assert!(matches!(stamp(Some(Path::new("20200101_000000"))), Err(Error::NoSuchSession { .. })));
    assert!(matches!(load(&Directory::new(place.path()), None), Err(Error::NoSession { .. })));
    assert!(matches!(load(&Directory::new("/nowhere"), None), Err(Error::Io { .. })));
}

#[test]
fn the_logs_say_the_same_for_people() {
    let place = tempfile::tempdir().unwrap();
    let document = rich(place.path());
    let read = |name: &str| fs::read_to_string(document.with_file_name(format!("{name}_20261120_153600.log"))).unwrap();
    let (session, wheels, apt) = (read("build_session"), read("wheel_downloads"), read("apt_downloads"));
    insta::assert_snapshot!("build_session", session);
    let of =
        |log: &str, word: &str| log.lines().filter(|line| line.contains(word)).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(of(&session, " kind=deb "), of(&apt, ""));
    assert_eq!(
        of(&wheels, ""),
        of(&session, "[").into_iter().filter(|line| !line.contains(" kind=deb ")).collect::<Vec<_>>()
    );
}

// Contract: session-files
#[test]
fn nothing_that_a_terminal_obeys_is_in_any_file() {
    let place = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(&Directory::new(place.path()), at(0.0), &build_info()).unwrap();
    let evil = "x\u{1b}]0;owned\u{7}\r\n[CACHED] forged 1.0\u{9b}31m\u{202e}\u{7f}";
    let mut forged = wheel(evil, Origin::Failed);
    (forged.version, forged.source, forged.destination) = (Some(evil.into()), Some(evil.into()), Some(evil.into()));
    (forged.reason, forged.arch) = (Some(evil.into()), Some(evil.into()));
    forged.add_evidence(Evidence::STDOUT);
    let mut run = invocation(evil);
    (run.tool, run.tool_version, run.argv, run.cwd) =
        (evil.into(), Some(evil.into()), vec![evil.into()], Some(evil.into()));
    run.degraded = vec![evil.into()];
    let info = wheeltap::event::BuildInfo { hostname: Some(evil.into()), ..build_info() };
    journal
        .append(&[
            Event::SessionStarted { at: at(0.0), schema: 1, session: journal.id().clone(), build_info: info },
            Event::InvocationStarted { at: at(0.0), record: Box::new(run) },
            artifact(evil, 0, forged),
            Event::Degraded { at: at(0.0), invocation: None, reason: evil.into() },
        ])
        .unwrap();
    let session = journal.finish().unwrap().unwrap();
    assert_eq!(session.downloads.wheels[0].name.as_deref(), Some(evil));
    for entry in fs::read_dir(place.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let obeyed = text.chars().find(|&c| c != '\n' && (c.is_control() || c == '\u{202e}'));
        assert_eq!(obeyed, None, "{}", path.display());
        assert!(!text.lines().any(|line| line.starts_with("[CACHED]")), "{}", path.display());
    }
}

#[test]
fn documents_are_valid_by_their_schema() {
    let Some(validator) = Validator::installed() else { return };
    let place = tempfile::tempdir().unwrap();
    let document = rich(place.path());
    assert_eq!(validator.faults("session", &fs::read(&document).unwrap()), "");
    // And it is a schema that says something.
    let mut broken: Value = serde_json::from_slice(&fs::read(&document).unwrap()).unwrap();
    broken["downloads"]["wheels"][0]["cached"] = json!("no");
    broken["downloads"]["wheels"][1]["sha256"] = json!("abc");
    broken["summary"].as_object_mut().unwrap().remove("complete");
    broken["session_id"] = json!("../x");
    let found = validator.faults("session", broken.to_string().as_bytes());
    for place in ["$.downloads.wheels[0].cached", "$.downloads.wheels[1].sha256", "$.summary", "$.session_id"] {
        assert!(found.lines().any(|line| line.split(' ').next() == Some(place)), "{place}: {found}");
    }
}

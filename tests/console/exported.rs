//! `build` with `--output`: the journals that the build put there, by a docker that is none.

use serde_json::{Value, json};

use super::harness::Place;

const LOG: &str = "#5 [build 2/2] RUN pip install six==1.0\n#5 0.5 Collecting six\n#5 0.6   Downloading six-1.0-py3-none-any.whl (9 kB)\n\
    #5 0.7 Successfully installed six-1.0\n#5 DONE 1.0s\n\n#6 exporting to client\n#6 DONE 0.1s\n";

/// A journal of one pip that downloaded one wheel, and tried to.
fn journal(id: &str, name: &str, at: &str) -> String {
    let artifact = json!({"ecosystem": "pypi", "kind": "wheel", "name": name, "version": "1.0",
        "filename": format!("{name}-1.0-py3-none-any.whl"), "size_bytes": 9, "cached": false, "origin": "downloaded",
        "evidence": ["pip-log"], "purpose": "runtime"});
    let pip = json!({"id": id, "tool": "pip", "argv": ["pip", "install", name], "started_at": at, "duration_seconds": 1.0,
        "exit_code": 0, "via": "shim"});
    let attempt = json!({"invocation": id, "tool": "pip", "kind": "fetch", "host": "a.example", "count": 1});
    let events = [
        json!({"event": "session-started", "at": at, "schema": 1, "session": "20261120_153600",
            "build_info": {"wheeltap_version": "1", "platform": "linux/amd64", "hostname": null, "build_args": {}}}),
        json!({"event": "invocation-started", "at": at, "record": pip}),
        json!({"event": "artifact", "at": at, "invocation": id, "number": 0, "record": artifact}),
        json!({"event": "attempt", "at": at, "record": attempt}),
        json!({"event": "invocation-finished", "at": at, "record": pip}),
    ];
    events.map(|event| format!("{event}\n")).concat()
}

/// Builds with `output`, where docker copies `exports` into `out`; the session's wheels with their origins.
fn build(place: &Place, output: &str) -> (Value, Vec<(String, String)>) {
    place.write("log", LOG);
    place.write("context/Dockerfile", "FROM scratch\n");
    place.script("bin/docker", "cat log >&2\nmkdir -p out && cp -r exports/. out/");
    let mut command = place.wheeltap(["build", "api", "--", "docker", "build"]);
    command.args(output.split_whitespace()).arg("context");
    command.env("PATH", format!("{}:/usr/bin:/bin", place.join("bin").display()));
    let said = place.of(&mut command);
    assert_eq!(said.status, Some(0), "{said}");
    let stamp = place.sessions().pop().unwrap();
    let document = std::fs::read(place.join(format!("logs/build/downloads_{stamp}.json"))).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let wheels = document["downloads"]["wheels"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut wheels: Vec<_> = wheels.iter().map(|one| (text(&one["name"]), text(&one["origin"]))).collect();
    wheels.sort();
    (document, wheels)
}

fn named(wheels: &[(&str, &str)]) -> Vec<(String, String)> {
    wheels.iter().map(|(name, origin)| ((*name).to_owned(), (*origin).to_owned())).collect()
}

const LATER: &str = "2099-01-01T00:00:00.000000Z";
const EARLIER: &str = "2020-01-01T00:00:00.000000Z";

// Contract: image-recipe
#[test]
fn what_the_build_exported_is_in_its_session() {
    let place = Place::new();
    place.write("exports/events_20990101_000000.jsonl", journal("a", "six", LATER));
    place.write("exports/linux_amd64/var/log/wheeltap/events_20200101_000000.jsonl", journal("b", "attrs", EARLIER));
    place.write("out/events_20200101_000001.jsonl", journal("c", "stale", EARLIER));
    for output in ["--target logs --output out", "-o type=local,dest=out"] {
        let (document, wheels) = build(&place, output);
        // The printed text tells of six as well.
        assert_eq!(wheels, named(&[("attrs", "layer-cache"), ("six", "downloaded")]), "{output}: {document}");
        let summary = &document["summary"];
        assert_eq!((&summary["total_downloads"], &summary["network_attempts"]), (&1.into(), &1.into()), "{summary}");
        let ids: Vec<_> = document["invocations"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, ["a", "b"], "{document}");
    }
    let (_, wheels) = build(&place, "-o type=tar,dest=out");
    assert_eq!(wheels, named(&[("six", "downloaded")]), "no directory was exported");
}

// Contract: image-recipe
#[test]
fn an_exported_journal_that_cannot_be_read_is_named() {
    let place = Place::new();
    place.write("exports/events_20990101_000000.jsonl", "no journal\n");
    let (document, _) = build(&place, "-o out");
    let degraded = document["degraded"].as_array().unwrap();
    assert!(
        degraded.iter().any(|one| one.as_str().unwrap().contains("an exported journal was not read")),
        "{document}"
    );
}

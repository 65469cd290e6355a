//! What each verb writes as JSON, held against its schema in `docs/schema`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::harness::Place;
use crate::support::schema::Validator;

/// Example sessions, real runs and sessions of recorded texts, by the directory that holds them.
fn sessions(place: &Place) -> Vec<String> {
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/example-sessions");
    for (directory, wishes) in [("imagined", "--sessions 3"), ("hostile", "--hostile")] {
        let mut make = place.command("python3");
        let made = place.of(make.arg(tool).arg(place.join(directory)).args(wishes.split(' ')));
        assert_eq!(made.status, Some(0), "{}", made.stderr);
    }
    place.script("tools/pip", "echo Collecting six; exit 1");
    place.of(place.wheeltap(["run", "--", "tools/pip", "install", "six"]).env("WHEELTAP_LOG_DIR", place.join("ran")));
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    for (stamp, line) in [
        ("20261120_153600", format!("ingest pip --log {data}/pip/24.0/backtrack-warm/log")),
        (
            "20261120_153601",
            format!("ingest buildkit --stderr {data}/buildkit/docker20.10-buildkit0.8/multi-cold/stderr"),
        ),
    ] {
        let said = place.says(&line);
        assert_eq!(said.status, Some(0), "{line}: {}", said.stderr);
        place.write(&format!("ingested/downloads_{stamp}.json"), said.stdout);
    }
    ["imagined", "hostile", "ran", "ingested"].map(str::to_owned).into()
}

/// Documents by their schema.
#[derive(Default)]
struct Written(BTreeMap<&'static str, Vec<String>>);

impl Written {
    /// What a verb prints, one document a session or all of them one after the other.
    fn by(&mut self, place: &Place, schema: &'static str, line: &str) {
        let said = place.says(line);
        assert!(matches!(said.status, Some(0 | 1 | 3)) && !said.stdout.is_empty(), "{line}: {said}");
        self.0.entry(schema).or_default().push(said.stdout);
    }

    fn file(&mut self, schema: &'static str, path: &Path) {
        self.0.entry(schema).or_default().push(std::fs::read_to_string(path).unwrap());
    }
}

#[test]
fn what_is_written_as_json_is_valid_by_its_schema() {
    let Some(validator) = Validator::installed() else { return };
    let (place, mut written) = (Place::new(), Written::default());
    for directory in sessions(&place) {
        for entry in std::fs::read_dir(place.join(&directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                written.file("session", &path);
            }
        }
        written.by(&place, "report", &format!("report --all --format json {directory}"));
        written.by(&place, "report", &format!("export --format build-report {directory}"));
        written.by(&place, "dependency-manifest", &format!("export --format dependency-manifest {directory}"));
        written.by(&place, "duplicates", &format!("duplicates --format json {directory}"));
        written.by(&place, "trend", &format!("trend --format json {directory}"));
        written.by(&place, "diff", &format!("diff imagined {directory} --format json"));
    }
    place.write("wheelhouse/six-1.15.0-py3-none-any.whl", "1");
    place.write("wheelhouse/six-1.16.0-py3-none-any.whl", "1");
    written.by(&place, "duplicates", "duplicates --wheelhouse wheelhouse --format json");
    place.write("budget.toml", "[growth]\nbytes = \"10 %\"\n");
    assert_eq!(place.says("report imagined --budget budget.toml --accept").status, Some(0));
    written.file("accepted", &place.join("budget.toml.accepted.json"));
    for log in ["docker20.10-buildkit0.8/multi-cached/stderr", "docker20.10-buildx0.13.1/parallel-rawjson/stderr"] {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/buildkit");
        written.by(&place, "profile", &format!("profile --format json {data}/{log}"));
    }
    for (schema, mut documents) in written.0 {
        // The last one is wrong, so that a schema which says nothing is found out.
        documents.push("{\"schema\": \"1\"}".to_owned());
        let faults = validator.faults(schema, documents.concat().as_bytes());
        let numbers: BTreeSet<_> = faults.lines().filter_map(|fault| fault.split(' ').nth(2)).collect();
        assert_eq!(numbers.len(), 1, "{schema}: only the wrong one: {faults}");
    }
}

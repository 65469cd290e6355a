//! Runs the scenarios.
//!
//! `LIVE_PIP=text cargo test --test live_pip` runs only those whose name contains `text`.

use std::io::Write;

use super::alike::{self, Outcome};
use super::scenario::Scenario;
use super::scenarios;
use super::support::index::Index;
use super::support::pips::RealPip;
use super::support::place::{Place, Side};
use super::support::requires;
use super::support::streams::Streams;
use super::truth::{self, Tally};

// Contract: pip-alike
// Contract: pip-truth
/// All scenarios that concern pip `wanted`; fails when any of them shows a difference or a record that is not true.
fn live(wanted: &str) {
    let pip = match RealPip::provide(wanted) {
        Ok(pip) => pip,
        Err(lack) => return assert!(!requires::met(&lack, false)),
    };
    let mut index = Index::start(&pip).unwrap();
    let place = Place::new(&pip);
    let only = std::env::var("LIVE_PIP").unwrap_or_default();
    let (mut total, mut count, mut faults) = (Tally::default(), 0, Vec::new());
    for scenario in scenarios::all() {
        if !scenario.name.contains(&only) || !(scenario.concerns)(wanted, pip.release()) {
            continue;
        }
        count += 1;
        let (tally, differences) = play(&scenario, &pip, &mut index, &place);
        let remarks = differences.into_iter().chain(tally.remarks);
        faults.extend(remarks.map(|remark| format!("{}: {remark}", scenario.name)));
        total.right += tally.right;
        total.wrong += tally.wrong;
        total.missed += tally.missed;
        total.unknown += tally.unknown;
    }
    // Past the capture of the test harness: the table is for whoever runs the tests.
    let row = format!(
        "pip {:<7} {count:>4} scenarios: {:>4} right {:>3} wrong {:>3} missed {:>3} unknown\n",
        pip.version, total.right, total.wrong, total.missed, total.unknown
    );
    std::io::stderr().write_all(row.as_bytes()).unwrap();
    assert!(faults.is_empty(), "pip {}:\n{}", pip.version, faults.join("\n"));
}

/// One scenario, bare and shimmed from the same state: the record's tally, and the differences.
fn play(scenario: &Scenario, pip: &RealPip, index: &mut Index, place: &Place) -> (Tally, Vec<String>) {
    place.clear();
    index.begin(&serde_json::json!([]));
    (scenario.prepare)(place, index);
    for run in &scenario.before {
        let ended = place.run(Side::Bare, run, index);
        assert!(ended.status.success(), "{}: {}", scenario.name, String::from_utf8_lossy(&ended.stderr));
    }
    if !scenario.before.is_empty() && !scenario.installed {
        place.renew_environment();
    }
    place.keep();
    let before = place.tree();
    let bare = outcome(scenario, Side::Bare, index, place);
    place.restore();
    let shimmed = outcome(scenario, Side::Shimmed, index, place);
    let late = scenario.run.streams == Streams::Terminal && scenario.succeeds == Some(false);
    let mut differences = alike::differences(&bare, &shimmed, late);
    let succeeded = bare.ended.status.success();
    if scenario.succeeds.is_some_and(|succeeds| succeeds != succeeded) {
        differences.push(format!("bare pip: {}: {}", bare.ended.status, String::from_utf8_lossy(&bare.ended.stderr)));
    }
    let documents = place.sessions();
    let tally = match &documents[..] {
        [] if !scenario.recorded => Tally::default(),
        [document] if scenario.recorded => {
            differences.extend(invocation(scenario, pip, document, &shimmed));
            truth::judge(scenario, document, &shimmed.requests, index, &before, &shimmed.tree)
        }
        _ => {
            differences.push(format!("{} documents", documents.len()));
            Tally::default()
        }
    };
    (tally, differences)
}

fn outcome(scenario: &Scenario, side: Side, index: &mut Index, place: &Place) -> Outcome {
    index.begin(&scenario.rules);
    let ended = place.run(side, &scenario.run, index);
    alike::outcome(ended, place, index.requests())
}

/// What the document says of the run itself and should not.
fn invocation(scenario: &Scenario, pip: &RealPip, document: &serde_json::Value, outcome: &Outcome) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |field: &str, is: &serde_json::Value, expected: serde_json::Value| {
        if *is != expected {
            faults.push(format!("{field} is {is} instead of {expected}"));
        }
    };
    let Some([invocation]) = document["invocations"].as_array().map(Vec::as_slice) else {
        return vec!["not one invocation".to_owned()];
    };
    compare("exit_code", &invocation["exit_code"], outcome.ended.status.code().into());
    compare("tool_version", &invocation["tool_version"], pip.version.as_str().into());
    compare("via", &invocation["via"], "shim".into());
    compare("degraded", &invocation["degraded"], serde_json::json!([]));
    let attempts = document["network"]["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let unanswered = attempts.iter().any(|attempt| attempt["kind"] == "retry" || attempt["kind"] == "unanswered");
    if scenario.unanswered && !unanswered {
        faults.push(format!("no attempt among {attempts:?}"));
    }
    faults
}

macro_rules! versions {
    ($($test:ident: $wanted:literal),* $(,)?) => {
        $(#[test]
        #[ignore = "not every scenario agrees yet: `cargo test --test live_pip -- --ignored` names those that do not"]
        fn $test() {
            live($wanted);
        })*

        #[test]
        fn every_version_has_its_test() {
            assert_eq!(super::support::pips::VERSIONS, [$($wanted),*]);
        }
    };
}

versions! {
    pip_20_3_4: "20.3.4",
    pip_22_3_1: "22.3.1",
    pip_23_0_1: "23.0.1",
    pip_24_0: "24.0",
    pip_25_3: "25.3",
    pip_newest: "newest",
}

//! Runs the scenarios.
//!
//! The core runs with every pip; the others are dealt to pip 24.0 and the newest. `LIVE_PIP=text cargo test --test
//! live_pip` runs those whose name contains `text`, undealt: `LIVE_PIP=` runs them all.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, OnceLock};

use super::alike::{self, Outcome};
use super::scenario::Scenario;
use super::scenarios;
use super::support::index::Index;
use super::support::pips::{NEWEST, RealPip, VERSIONS};
use super::support::place::{Place, Side};
use super::support::streams::Streams;
use super::truth::{self, Tally};

/// How many scenarios of one pip are played at a time. The tests of two pips usually run at the same time.
const AT_ONCE: usize = 2;

/// What came of all scenarios of one pip.
struct Report {
    version: String,
    count: usize,
    tally: Tally,
    /// How runs through the shim differ from bare ones.
    differences: Vec<String>,
}

/// The report of the pip `wanted`, made by whichever test needs it first; `None` if there is no such pip here.
fn report(wanted: &str) -> Option<&'static Report> {
    static REPORTS: [OnceLock<Option<Report>>; VERSIONS.len()] = [const { OnceLock::new() }; VERSIONS.len()];
    let number = VERSIONS.iter().position(|version| *version == wanted).unwrap();
    let report = REPORTS[number].get_or_init(|| RealPip::required(wanted).map(|pip| play_all(wanted, &pip)));
    if REPORTS.iter().all(|report| report.get().is_some()) {
        static SHOWN: Once = Once::new();
        SHOWN.call_once(|| show(REPORTS.iter().filter_map(|report| report.get()?.as_ref())));
    }
    report.as_ref()
}

/// Plays all scenarios that concern a pip, some at a time, each time in a place of its own.
fn play_all(wanted: &str, pip: &RealPip) -> Report {
    let only = std::env::var("LIVE_PIP").ok();
    let mut scenarios = scenarios::all();
    scenarios.retain(|scenario| (scenario.concerns)(wanted, pip.release()));
    match only {
        Some(only) => scenarios.retain(|scenario| scenario.name.contains(&only)),
        None => {
            let mut number = 0;
            scenarios.retain(|scenario| {
                number += usize::from(scenario.dealt);
                !scenario.dealt || (number % 2 == 0) == (wanted == NEWEST)
            });
        }
    }
    let (next, played) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(scenarios.len()) {
            scope.spawn(|| {
                let (mut index, place) = (Index::start(pip).unwrap(), Place::new(pip));
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = play(scenario, pip, &mut index, &place);
                    played.lock().unwrap().insert(scenario.name, result);
                }
            });
        }
    });
    let played = played.into_inner().unwrap();
    assert_eq!(played.len(), scenarios.len(), "each scenario has a name of its own");
    let count = scenarios.len();
    let mut report = Report { version: pip.version.clone(), count, tally: Tally::default(), differences: Vec::new() };
    for (name, (tally, differences)) in played {
        report.differences.extend(differences.into_iter().map(|difference| format!("{name}: {difference}")));
        report.tally.add(name, tally);
    }
    report
}

/// Shows the table past the capture of the test harness: it is for whoever runs the tests.
fn show<'a>(reports: impl Iterator<Item = &'a Report>) {
    let mut text = "table: pip against the truth, live\n".to_owned();
    let heads = ["version", "scenarios", "right", "wrong", "missed", "phantom", "unknown"];
    text += &heads.map(|head| format!("{head:>10}")).concat();
    for Report { version, count, tally, .. } in reports {
        let figures = [*count, tally.right, tally.wrong, tally.missed, tally.phantom, tally.unknown];
        text += &format!("\n{version:>10}{}", figures.map(|figure| format!("{figure:>10}")).concat());
    }
    std::io::stderr().write_all((text + "\nend of table\n").as_bytes()).unwrap();
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
    let mut tally = match &documents[..] {
        [document] if scenario.recorded => {
            let world = truth::World {
                root: &place.root(),
                requests: &shimmed.requests,
                index,
                before: &before,
                after: &shimmed.tree,
            };
            let mut tally = truth::judge(scenario, pip, document, &world);
            tally.remarks.extend(invocation(scenario, pip, document, &shimmed));
            tally
        }
        _ => Tally::default(),
    };
    if documents.len() != usize::from(scenario.recorded) {
        tally.remarks.push(format!("{} documents", documents.len()));
    }
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

// Contract: pip-truth
fn truth(wanted: &str) {
    let Some(report) = report(wanted) else { return };
    let faults = &report.tally.remarks;
    assert!(faults.is_empty(), "pip {}:\n{}", report.version, faults.join("\n"));
    assert!(report.tally.right > 0 || std::env::var_os("LIVE_PIP").is_some(), "nothing was recorded");
}

// Contract: pip-alike
fn alike(wanted: &str) {
    let Some(report) = report(wanted) else { return };
    assert!(report.differences.is_empty(), "pip {}:\n{}", report.version, report.differences.join("\n"));
}

macro_rules! versions {
    ($($module:ident: $wanted:literal),* $(,)?) => {
        $(mod $module {
            #[test]
            fn truth() {
                super::truth($wanted);
            }

            #[test]
            fn alike() {
                super::alike($wanted);
            }
        })*

        #[test]
        fn every_version_has_its_tests() {
            assert_eq!(VERSIONS, [$($wanted),*]);
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

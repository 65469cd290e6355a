//! apt in chroots of Debian suites, bare and through the shim: the same to its caller and to the disk, and recorded as
//! the server saw it.

use serde_json::Value;

use crate::chroot::{Chroot, Root, Side};
use crate::lab::{Lab, Request};
use crate::scenarios::{SCENARIOS, Scenario};
use crate::state::{self, Said};

// Contract: apt-transparent
// Contract: apt-configurations
#[test]
fn bullseye() {
    suite("bullseye");
}

// Contract: apt-transparent
// Contract: apt-configurations
#[test]
fn bookworm() {
    suite("bookworm");
}

// Contract: apt-transparent
// Contract: apt-configurations
#[test]
fn trixie() {
    suite("trixie");
}

/// All scenarios in one suite; every difference is told before the test fails.
fn suite(name: &str) {
    let Some(root) = Root::provide(name) else { return };
    let lab = Lab::start();
    let only = std::env::var("WHEELTAP_SCENARIO").ok();
    let mut faults = Vec::new();
    for scenario in SCENARIOS.iter().filter(|scenario| only.as_deref().is_none_or(|only| scenario.name.contains(only)))
    {
        for fault in play(scenario, &root, &lab) {
            faults.push(format!("{name}/{}: {fault}", scenario.name));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Plays a scenario on both sides; what is wrong.
fn play(scenario: &Scenario, root: &Root, lab: &Lab) -> Vec<String> {
    let setup = lab.expand(&scenario.setup());
    let command = lab.expand(scenario.command);
    let run = |side| {
        lab.reset();
        let chroot = Chroot::new(root, &lab.files());
        let went = chroot.run(side, &setup, &command, scenario.streams);
        (chroot, went)
    };
    let (chroot, went) = run(Side::Shimmed);
    let shimmed = (Said::of(&went.ended), state::of(&chroot.changes()));
    let requests = lab.requests(went.began);
    let mut faults = Vec::new();
    // apt itself does not always print its lines in the same order.
    let mut differences = Vec::new();
    for _ in 0..3 {
        let (chroot, went) = run(Side::Bare);
        differences = differences_between(&(Said::of(&went.ended), state::of(&chroot.changes())), &shimmed);
        if differences.is_empty() {
            break;
        }
    }
    faults.extend(differences);
    faults.extend(judge(scenario, &chroot.sessions(), &requests));
    faults
}

type Left = (Said, std::collections::BTreeMap<String, String>);

fn differences_between(bare: &Left, shimmed: &Left) -> Vec<String> {
    let mut found = Vec::new();
    if bare.0 != shimmed.0 {
        found.push(format!("said differently:\nbare {:#?}\nshimmed {:#?}", bare.0, shimmed.0));
    }
    let paths = bare.1.keys().chain(shimmed.1.keys()).collect::<std::collections::BTreeSet<_>>();
    for path in paths {
        let (bare, shimmed) = (bare.1.get(path), shimmed.1.get(path));
        if bare != shimmed {
            found.push(format!("{path}: {bare:?} became {shimmed:?}"));
        }
    }
    found
}

/// Holds the sessions against the server's log and what the scenario expects.
fn judge(scenario: &Scenario, sessions: &[Value], requests: &[Request]) -> Vec<String> {
    let mut faults = Vec::new();
    let Some(expected) = scenario.expected else {
        if !sessions.is_empty() {
            faults.push("recorded, although nothing can be fetched".to_owned());
        }
        return faults;
    };
    let all = |pointer: &str| -> Vec<Value> {
        sessions.iter().flat_map(|session| session.pointer(pointer).unwrap().as_array().unwrap().clone()).collect()
    };
    let text = |artifact: &Value, field: &str| artifact[field].as_str().unwrap_or("-").to_owned();
    let mut found: Vec<_> =
        all("/downloads/apt").iter().map(|a| format!("{} {}", text(a, "name"), text(a, "origin"))).collect();
    let mut wanted: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    found.sort();
    wanted.sort();
    if found != wanted {
        faults.push(format!("packages: {found:?} instead of {wanted:?}"));
    }
    // What the server sent was downloaded, and nothing else was.
    for artifact in all("/downloads/apt").iter().chain(&all("/downloads/other")) {
        let source = text(artifact, "source");
        if source == "-" {
            // Of what only the disk tells the origin of, the server is not asked by URL.
            continue;
        }
        let answers: Vec<_> = requests.iter().filter(|request| source.ends_with(&request.path)).collect();
        let sent = answers.iter().any(|request| matches!(request.status, 200 | 206) && request.sent > 0);
        let current = answers.iter().any(|request| request.status == 304);
        let consistent = match text(artifact, "origin").as_str() {
            "downloaded" => sent,
            "list-cache" => current,
            "failed" => true,
            "unknown" => artifact["reason"].is_string(),
            _ => !sent,
        };
        let sized =
            artifact["origin"] != "downloaded" || artifact["size_bytes"].is_u64() && artifact["sha256"].is_string();
        if !consistent || !sized {
            faults.push(format!("the server says otherwise of {artifact}: {answers:?}"));
        }
    }
    let attempts: u64 = all("/network/attempts").iter().map(|attempt| attempt["count"].as_u64().unwrap()).sum();
    if attempts != requests.len() as u64 && !scenario.unanswered {
        faults.push(format!("{attempts} attempts, and the server answered {requests:#?}"));
    }
    let complete = sessions.iter().all(|session| session["summary"]["complete"] == true);
    if complete == scenario.incomplete {
        let invocations = all("/invocations");
        faults.push(format!("complete is {complete}: {invocations:?}"));
    }
    faults
}

//! apt in chroots of Debian suites, bare and through the shim: the same to its caller and to the disk, and recorded as
//! the server saw it.
//!
//! Each scenario runs in two of the three suites. `WHEELTAP_SCENARIO=text[,text]... cargo test --test apt` runs those whose
//! name contains a text, in all of them: `WHEELTAP_SCENARIO=` runs all.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::chroot::{Chroot, Root, Side};
use crate::lab::{Lab, Request};
use crate::scenarios::{SCENARIOS, Scenario};
use crate::score::{self, Score};
use crate::state::{self, Said};

// Contract: apt-transparent
// Contract: apt-configurations
#[test]
fn bullseye() {
    suite("bullseye", 0);
}

// Contract: apt-transparent
// Contract: apt-configurations
#[test]
fn bookworm() {
    suite("bookworm", 1);
}

// Contract: apt-transparent
// Contract: apt-configurations
#[test]
fn trixie() {
    suite("trixie", 2);
}

/// The scenarios of one suite, but every third; every difference is told before the test fails.
fn suite(name: &'static str, spared: usize) {
    let Some(root) = Root::provide(name) else { return score::note(name, None) };
    let lab = Lab::start();
    let only = std::env::var("WHEELTAP_SCENARIO").ok();
    let (mut faults, mut score) = (Vec::new(), Score::default());
    let is_played = |(number, scenario): &(usize, &Scenario)| match &only {
        Some(only) => only.split(',').any(|text| scenario.name.contains(text)),
        None => number % 3 != spared,
    };
    for (_, scenario) in SCENARIOS.iter().enumerate().filter(is_played) {
        for fault in play(scenario, &root, &lab, &mut score) {
            faults.push(format!("{name}/{}: {fault}", scenario.name));
        }
    }
    score::note(name, Some(score));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Plays a scenario on both sides; what is wrong.
fn play(scenario: &Scenario, root: &Root, lab: &Lab, score: &mut Score) -> Vec<String> {
    let setup = lab.expand(&scenario.setup());
    let command = lab.expand(scenario.command);
    let run = |side| {
        lab.reset();
        let chroot = Chroot::new(root, &lab.files());
        let went = chroot.run(side, &setup, &command, scenario.streams);
        let requests = lab.requests(went.began);
        let users: BTreeSet<_> = requests.iter().map(|request| request.user).collect();
        let left = Left { said: Said::of(&went.ended), state: state::of(&chroot.changes()), users };
        (chroot, left, requests)
    };
    let (chroot, shimmed, requests) = run(Side::Shimmed);
    // apt itself does not always print its lines in the same order.
    let mut faults = Vec::new();
    for _ in 0..3 {
        faults = differences_between(&run(Side::Bare).1, &shimmed);
        if faults.is_empty() {
            break;
        }
    }
    score.scenarios += 1;
    faults.extend(judge(scenario, &chroot.sessions(), &requests, score));
    faults
}

/// What a run said, what it changed, and as whom it asked the server.
struct Left {
    said: Said,
    state: BTreeMap<String, String>,
    users: BTreeSet<Option<u32>>,
}

fn differences_between(bare: &Left, shimmed: &Left) -> Vec<String> {
    let mut found = Vec::new();
    if bare.said != shimmed.said {
        found.push(format!("said differently:\nbare {:#?}\nshimmed {:#?}", bare.said, shimmed.said));
    }
    if bare.users != shimmed.users {
        found.push(format!("asked the server as {:?}, became {:?}", bare.users, shimmed.users));
    }
    for path in bare.state.keys().chain(shimmed.state.keys()).collect::<BTreeSet<_>>() {
        let (bare, shimmed) = (bare.state.get(path), shimmed.state.get(path));
        if bare != shimmed {
            found.push(format!("{path}: {bare:?} became {shimmed:?}"));
        }
    }
    found
}

/// Holds the sessions against the server's log and what the scenario expects.
fn judge(scenario: &Scenario, sessions: &[Value], requests: &[Request], score: &mut Score) -> Vec<String> {
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
    let mut wanted = expected.to_vec();
    let mut strangers = Vec::new();
    // What the server sent was downloaded, and nothing else was.
    for artifact in all("/downloads/apt").iter().chain(&all("/downloads/other")) {
        let fault = at_odds(artifact, requests);
        let package = artifact["kind"] != "index" && artifact["kind"] != "other";
        let line = format!("{} {}", text(artifact, "name"), text(artifact, "origin"));
        let place = wanted.iter().position(|wanted| *wanted == line);
        match place {
            _ if fault.is_some() => score.wrong += 1,
            None if package => {}
            _ if artifact["origin"] == "unknown" => score.unknown += 1,
            _ => score.right += 1,
        }
        match place {
            Some(at) if package => drop(wanted.remove(at)),
            None if package => strangers.push(line),
            _ => {}
        }
        faults.extend(fault);
    }
    score.wrong += strangers.len();
    score.missed += wanted.len().saturating_sub(strangers.len());
    if !strangers.is_empty() || !wanted.is_empty() {
        faults.push(format!("packages: {strangers:?} in the place of {wanted:?}, of {:?}", all("/downloads/apt")));
    }
    let missing = all("/network/completeness/missing");
    let missing: Vec<_> = missing.iter().map(|one| one["requirement"].as_str().unwrap()).collect();
    if missing != scenario.missing {
        faults.push(format!("missing: {missing:?} in the place of {:?}", scenario.missing));
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

/// What the server's log has against an artifact, if anything.
fn at_odds(artifact: &Value, requests: &[Request]) -> Option<String> {
    // Of what only the disk tells the origin of, the server is not asked by URL.
    let source = artifact["source"].as_str()?;
    let answers: Vec<_> = requests.iter().filter(|request| source.ends_with(&request.path)).collect();
    let sent = answers.iter().any(|request| matches!(request.status, 200 | 206) && request.sent > 0);
    let current = answers.iter().any(|request| request.status == 304);
    let consistent = match artifact["origin"].as_str().unwrap() {
        "downloaded" => sent,
        "list-cache" => current,
        "failed" => true,
        "unknown" => artifact["reason"].is_string(),
        _ => !sent,
    };
    let sized = artifact["origin"] != "downloaded" || artifact["size_bytes"].is_u64() && artifact["sha256"].is_string();
    (!consistent || !sized).then(|| format!("the server says otherwise of {artifact}: {answers:?}"))
}

//! What a build's log tells, as events of its session: what shims in the steps recorded, and where there were none, what
//! the tools printed.
//!
//! Refuses to count anything twice: a step that was recorded by a wrapper is not read as text, and of what shims in a
//! step recorded, the text adds only what they did not see.

use std::collections::{BTreeMap, BTreeSet};

use crate::classify::Finding;
use crate::classify::buildkit::{Build, State, Vertex};
use crate::dockerfile::Places;
use crate::event::{
    Artifact, Attempt, Event, Evidence, Invocation, InvocationId, Missing, Moment, Redactor, Step, canonical_name,
};
use crate::ledger::invocation_id;

/// The events of a build. `at` is when its log was read.
pub(crate) fn events(build: &Build, redactor: &Redactor, at: Moment) -> Vec<Event> {
    let mut events = build.events.clone();
    for step in events.iter_mut().filter_map(step_of) {
        step.instruction = step.instruction.take().map(|instruction| redactor.text(&instruction));
    }
    let mut finished = BTreeSet::<&InvocationId>::new();
    finished.extend(build.events.iter().filter_map(finished_invocation));
    for vertex in &build.steps {
        // A wrapper of the whole step sends under a name of its own.
        let is_wrapped = vertex.senders.iter().any(|sender| !finished.contains(sender));
        if !is_wrapped {
            let known = recorded(&build.events, vertex);
            events.extend(told(vertex, &known, redactor, at));
        }
        if vertex.senders.iter().any(|sender| build.lost.contains(sender)) {
            let reason = format!("step {}: a part of what was recorded was lost on its way through the log", vertex.id);
            events.push(Event::Degraded { at, invocation: None, reason });
        } else if vertex.clipped && !is_wrapped {
            let reason = format!("step {}: the builder held a part of its output back", vertex.id);
            events.push(Event::BlindSpot { at, invocation: None, reason });
        }
    }
    events
}

/// Says of each step on which line of the Dockerfile it stands.
pub(in crate::cli) fn locate(events: &mut [Event], places: &Places) {
    for step in events.iter_mut().filter_map(step_of) {
        let line = step.instruction.as_deref().and_then(|text| places.line(step.stage.as_deref(), text));
        step.line = line.and_then(|line| line.try_into().ok());
    }
}

fn step_of(event: &mut Event) -> Option<&mut Step> {
    match event {
        Event::InvocationStarted { record, .. } | Event::InvocationFinished { record, .. } => record.step.as_mut(),
        Event::Artifact { record, .. } => record.step.as_mut(),
        Event::Attempt { record, .. } => record.step.as_mut(),
        Event::Watched { record, .. } => record.watch.step.as_mut(),
        _ => None,
    }
}

/// The step as records name it.
fn redacted(vertex: &Vertex, redactor: &Redactor) -> Option<Step> {
    let step = vertex.step();
    Some(Step { instruction: step.instruction.map(|instruction| redactor.text(&instruction)), ..step })
}

fn finished_invocation(event: &Event) -> Option<&InvocationId> {
    match event {
        Event::InvocationFinished { record, .. } => Some(&record.id),
        _ => None,
    }
}

/// The names and versions of what shims recorded in a step.
fn recorded(events: &[Event], vertex: &Vertex) -> BTreeSet<(String, Option<String>)> {
    let artifacts = events.iter().filter_map(|event| match event {
        Event::Artifact { record, .. } => Some(record),
        _ => None,
    });
    let of_step = artifacts.filter(|record| record.step.as_ref().is_some_and(|step| step.id == vertex.id));
    of_step.filter_map(|record| key(record)).collect()
}

/// What an artifact is known by to whoever has seen it otherwise.
pub(super) fn key(artifact: &Artifact) -> Option<(String, Option<String>)> {
    Some((canonical_name(artifact.name.as_deref()?), artifact.version.as_deref().map(str::to_owned)))
}

/// What the tools in a step printed, one invocation for each tool.
fn told(vertex: &Vertex, known: &BTreeSet<(String, Option<String>)>, redactor: &Redactor, at: Moment) -> Vec<Event> {
    let mut events = Vec::new();
    let shimmed = !vertex.senders.is_empty();
    for (tool, findings) in &vertex.findings {
        let mut invocation = Invocation::new(invocation_id(), *tool, "text");
        invocation.step = redacted(vertex, redactor);
        let id = invocation.id.clone();
        let mut artifacts: BTreeMap<u64, &Artifact> = BTreeMap::new();
        let mut said = Vec::new();
        for finding in findings {
            match finding {
                Finding::Version(version) => invocation.tool_version = Some(redactor.text(version)),
                Finding::Artifact { number, record, .. } => drop(artifacts.insert(*number, record)),
                Finding::Attempt(attempt) if !shimmed => {
                    let step = redacted(vertex, redactor);
                    let record = Attempt { invocation: Some(id.clone()), step, ..redactor.attempt(attempt) };
                    said.push(Event::Attempt { at, record: Box::new(record) });
                }
                Finding::Missing { requirement } if !shimmed => {
                    let requirement = redactor.text(requirement);
                    let record = Missing { tool: (*tool).to_owned(), requirement, invocation: Some(id.clone()) };
                    said.push(Event::Missing { at, record: Box::new(record) });
                }
                Finding::BlindSpot(reason) => invocation.blind_spots.push(redactor.text(reason)),
                Finding::Attempt(_) | Finding::Missing { .. } | Finding::Installed { .. } => {}
            }
        }
        artifacts.retain(|_, record| !shimmed || key(record).is_some_and(|key| !known.contains(&key)));
        if artifacts.is_empty() && said.is_empty() {
            continue;
        }
        // How each of several runs of the tool ended is not known, but that all did, and the step's time bounds theirs.
        invocation.duration_seconds = vertex.seconds.filter(|_| vertex.state != State::Unfinished);
        for (number, artifact) in artifacts {
            let mut record = redactor.artifact(artifact);
            record.add_evidence(Evidence::TEXT);
            record.step = redacted(vertex, redactor);
            events.push(Event::Artifact { at, invocation: id.clone(), number, record: Box::new(record) });
        }
        events.append(&mut said);
        events.push(Event::InvocationFinished { at, record: Box::new(invocation) });
    }
    events
}

//! What each step of a service took on when it last ran, so that a later build whose layer cache replays the step can
//! say what is in it: `logs/docker_build/layers_<service>.json`.
//!
//! A step is known by its platform, its stage, what wraps it and its instruction, which does not tell what it was run on: what each
//! different run took on is kept, with the fingerprints of its inputs. Where these do not tell which one the builder
//! has, only what all that it may be have in common is said to be there. Refuses to guess: a replayed step of which nothing is known is a blind spot, and what was not seen
//! when a step ran is not seen in its layer either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::classify::buildkit::{Build, State, Vertex};
use crate::event::{Artifact, Ecosystem, Event, Invocation, InvocationId, Moment, Origin, Sha256, Step};
use crate::ledger::{self, invocation_id};

/// What is known of the steps of a service.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Layers {
    /// The version of this file's format.
    schema: u32,
    /// By [`key`]; the latest run last.
    steps: BTreeMap<String, Vec<Layer>>,
}

/// The steps of a build.
#[derive(Clone, Copy)]
pub(super) struct Steps<'a> {
    pub(super) build: &'a Build,
    /// What a step is wrapped in: to the builder it is another step than the bare one.
    pub(super) wrapping: &'a dyn Fn(&Vertex) -> Option<&'a str>,
    /// The fingerprint of what a step is made of, where there is one.
    pub(super) inputs: &'a dyn Fn(&Vertex) -> Option<Sha256>,
}

/// One run of a step.
#[derive(Debug, Serialize, Deserialize)]
struct Layer {
    at: Moment,
    /// The builder's digest of the step and of all that it stands on, where its log has that.
    digest: Option<String>,
    /// The fingerprints of the inputs on which it took on just this, the latest last: none is another run's, too.
    inputs: Vec<Sha256>,
    artifacts: Vec<Artifact>,
    /// What was not seen of it.
    unseen: BTreeSet<String>,
}

/// The version of the file's format.
const SCHEMA: u32 = 3;

/// How many different runs of one step are kept.
const MOST_RUNS: usize = 16;

/// How many fingerprints of one run are kept.
const MOST_INPUTS: usize = 64;

impl Layers {
    /// Where the layers of a service are written down.
    pub(super) fn path(directory: &Path, service: &str) -> PathBuf {
        directory.join(format!("layers_{service}.json"))
    }

    /// Reads them; what is not there or cannot be read is nothing known.
    pub(super) fn read(path: &Path) -> Layers {
        let known = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Layers>(&bytes).ok());
        known.filter(|layers| layers.schema == SCHEMA).unwrap_or(Layers { schema: SCHEMA, steps: BTreeMap::new() })
    }

    /// What is in the steps that the layer cache replayed.
    pub(super) fn replayed(&self, steps: &Steps<'_>, at: Moment) -> Vec<Event> {
        let mut events = Vec::new();
        let is_replayed = |vertex: &&Vertex| vertex.state == State::Cached && vertex.name.is_run();
        for vertex in steps.build.steps.iter().filter(is_replayed) {
            let candidates = self.candidates(steps, vertex);
            let mut blind = |reason: String| events.push(Event::BlindSpot { at, invocation: None, reason });
            let Some(latest) = candidates.last() else {
                blind(format!("step {} was cached, and no earlier build recorded what is in it", vertex.id));
                continue;
            };
            if candidates.len() > 1 {
                blind(format!("step {} was cached: {UNDECIDED}", vertex.id));
            }
            let mut unseen = BTreeSet::<&String>::new();
            unseen.extend(candidates.iter().flat_map(|layer| &layer.unseen));
            unseen.iter().for_each(|reason| blind(format!("step {} was cached: when it ran, {reason}", vertex.id)));
            let mut artifacts: Vec<&Artifact> = latest.artifacts.iter().collect();
            for artifact in candidates.iter().rev().flat_map(|layer| &layer.artifacts) {
                if !artifacts.iter().any(|known| is_same(known, artifact)) {
                    artifacts.push(artifact);
                }
            }
            let replayed = |artifact: &Artifact| {
                let mut record = artifact.clone();
                if !candidates.iter().all(|layer| layer.has(artifact)) {
                    (record.origin, record.reason) = (Origin::Unknown, Some(UNDECIDED.into()));
                } else if record.origin != Origin::Unknown {
                    record.origin = Origin::LayerCache;
                }
                record
            };
            let artifacts: Vec<Artifact> = artifacts.into_iter().map(replayed).collect();
            events.extend(invocations(vertex, &artifacts, at));
        }
        events
    }

    /// The runs of which one made the layer that the builder has. Its digest tells them apart if it is that of the files
    /// below, too: if each image that the build stands on is named by its own digest. So do their inputs: of the latest
    /// run on the present ones the builder has the layer.
    fn candidates(&self, steps: &Steps<'_>, vertex: &Vertex) -> Vec<&Layer> {
        let runs = self.steps.get(&key(steps, vertex)).map_or(&[][..], Vec::as_slice);
        let of_same: Vec<&Layer> =
            runs.iter().filter(|run| run.digest.is_some() && run.digest == vertex.digest).collect();
        let is_base = |vertex: &&Vertex| vertex.name.index.is_some() && !vertex.name.counts();
        let are_pinned =
            steps.build.steps.iter().filter(is_base).all(|base| base.name.instruction.contains("@sha256:"));
        let possible = if are_pinned && !of_same.is_empty() { of_same } else { runs.iter().collect() };
        let inputs = (steps.inputs)(vertex);
        match inputs.and_then(|inputs| possible.iter().find(|run| run.inputs.contains(&inputs))) {
            Some(run) => vec![run],
            None => possible,
        }
    }

    /// Those who recorded what is in the steps that the layer cache replayed.
    pub(super) fn invocations(&self, steps: &Steps<'_>) -> BTreeSet<InvocationId> {
        let replayed = steps.build.steps.iter().filter(|vertex| vertex.state == State::Cached);
        let layers = replayed.flat_map(|vertex| self.candidates(steps, vertex));
        layers.flat_map(|layer| &layer.artifacts).filter_map(|artifact| artifact.invocation.clone()).collect()
    }

    /// Remembers what the steps that ran took on, as `events` tell it.
    pub(super) fn learn(&mut self, steps: &Steps<'_>, events: &[Event], at: Moment) {
        // A step that failed left no layer.
        let has_run = |vertex: &&Vertex| vertex.name.is_run() && vertex.state == State::Done;
        for vertex in steps.build.steps.iter().filter(has_run) {
            let mut layer = Layer::of(vertex, events, at);
            let inputs = (steps.inputs)(vertex);
            let runs = self.steps.entry(key(steps, vertex)).or_default();
            let same = runs.iter().position(|run| run.is_same(&layer));
            layer.inputs.extend(same.map(|same| runs.remove(same).inputs).into_iter().flatten());
            layer.inputs.retain(|known| Some(*known) != inputs);
            layer.inputs.extend(inputs);
            // Inputs that are not known may be those of any other run.
            runs.iter_mut().for_each(|run| run.inputs.retain(|known| inputs.is_some_and(|inputs| *known != inputs)));
            layer.inputs.drain(..layer.inputs.len().saturating_sub(MOST_INPUTS));
            runs.drain(..(runs.len() + 1).saturating_sub(MOST_RUNS));
            runs.push(layer);
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// When that fails; what was there stays.
    pub(super) fn write(&self, path: &Path) -> Result<(), ledger::Error> {
        let mut text = Vec::new();
        if ledger::document(&mut text, self).is_ok() {
            ledger::replace(path, &text)?;
        }
        Ok(())
    }
}

/// Why it is not known which files are in a layer.
const UNDECIDED: &str = "earlier runs of it took on different files, and which of them its layer holds is not known";

impl Layer {
    /// The run of a step that has just ended.
    fn of(vertex: &Vertex, events: &[Event], at: Moment) -> Layer {
        let mut artifacts: BTreeMap<(&InvocationId, u64), &Artifact> = BTreeMap::new();
        let mut invocations = BTreeSet::new();
        let is_of_step = |step: &Option<Step>| step.as_ref().is_some_and(|step| step.id == vertex.id);
        let mut unseen = BTreeSet::new();
        for event in events {
            match event {
                Event::Artifact { invocation, number, record, .. } if is_of_step(&record.step) => {
                    artifacts.insert((invocation, *number), record);
                }
                Event::InvocationStarted { record, .. } | Event::InvocationFinished { record, .. }
                    if is_of_step(&record.step) =>
                {
                    invocations.insert(&record.id);
                    unseen.extend(record.degraded.iter().chain(&record.blind_spots).cloned());
                }
                _ => {}
            }
        }
        for event in events {
            if let Event::Degraded { invocation, reason, .. } | Event::BlindSpot { invocation, reason, .. } = event {
                // What concerns no invocation but a step begins with the step.
                let of_step = || reason.strip_prefix(&format!("step {}: ", vertex.id));
                match invocation {
                    Some(invocation) => unseen.extend(invocations.contains(invocation).then(|| reason.clone())),
                    None => unseen.extend(of_step().map(str::to_owned)),
                }
            }
        }
        if vertex.clipped && unseen.is_empty() {
            unseen.insert("the builder held a part of its output back".to_owned());
        }
        let in_layer = artifacts.into_iter().filter(|(_, record)| is_in_layer(record));
        let named = |(id, record): ((&InvocationId, u64), &Artifact)| Artifact {
            invocation: Some(id.0.clone()),
            ..record.clone()
        };
        let artifacts = in_layer.map(named).collect();
        Layer { at, digest: vertex.digest.clone(), inputs: Vec::new(), artifacts, unseen }
    }

    fn has(&self, artifact: &Artifact) -> bool {
        self.artifacts.iter().any(|own| is_same(own, artifact))
    }

    /// Whether another run took on the same, and as much was seen of it.
    fn is_same(&self, other: &Layer) -> bool {
        let holds = |one: &Layer, all: &Layer| all.artifacts.iter().all(|artifact| one.has(artifact));
        self.unseen == other.unseen && holds(self, other) && holds(other, self)
    }
}

/// What stands for the tools of a step that did not run.
fn invocations(vertex: &Vertex, artifacts: &[Artifact], at: Moment) -> Vec<Event> {
    let mut events = Vec::new();
    for (tool, ecosystem) in [("pip", Ecosystem::Pypi), ("apt-get", Ecosystem::Deb)] {
        let mut invocation = Invocation::new(invocation_id(), tool, "layer-cache");
        invocation.step = Some(vertex.step());
        invocation.duration_seconds = Some(0.0);
        let of_tool = artifacts.iter().filter(|artifact| artifact.ecosystem == ecosystem);
        for (number, artifact) in (0..).zip(of_tool) {
            let mut record = artifact.clone();
            (record.step, record.at) = (Some(vertex.step()), Some(at));
            record.invocation = Some(invocation.id.clone());
            events.push(Event::Artifact { at, invocation: invocation.id.clone(), number, record: Box::new(record) });
        }
        if artifacts.iter().any(|artifact| artifact.ecosystem == ecosystem) {
            events.push(Event::InvocationFinished { at, record: Box::new(invocation) });
        }
    }
    events
}

/// What failed, or was only made in the step, did not come into its layer from elsewhere.
fn is_in_layer(artifact: &Artifact) -> bool {
    !matches!(artifact.origin, Origin::Failed | Origin::Built)
}

/// Whether two records are of the same file, wherever it came from.
fn is_same(one: &Artifact, other: &Artifact) -> bool {
    let file = |of: &Artifact| (of.kind, of.ecosystem, of.size_bytes, of.sha256, of.origin == Origin::Unknown);
    let named = one.name == other.name && one.version == other.version && one.arch == other.arch;
    named && one.filename == other.filename && file(one) == file(other)
}

fn key(steps: &Steps<'_>, vertex: &Vertex) -> String {
    let name = &vertex.name;
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let place = format!("{} {}", part(&name.platform), part(&name.stage));
    (steps.wrapping)(vertex)
        .map_or(format!("{place} {}", name.instruction), |by| format!("{place} {by} {}", name.instruction))
}

#[cfg(test)]
mod tests;

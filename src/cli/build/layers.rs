//! What each step of a service took on when it last ran, so that a later build whose layer cache replays the step can
//! say what is in it: `logs/docker_build/layers_<service>.json`.
//!
//! A step is known by its platform, its stage and its instruction. Refuses to guess: a replayed step of which nothing is
//! known is a blind spot, and a step that failed, was clipped or was not recorded whole is not remembered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::classify::buildkit::{Build, State, Vertex};
use crate::event::{Artifact, Ecosystem, Event, Invocation, Moment, Origin};
use crate::ledger::{self, invocation_id};

/// What is known of the steps of a service.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Layers {
    /// The version of this file's format.
    schema: u32,
    /// By [`key`].
    steps: BTreeMap<String, Layer>,
}

/// One step when it last ran.
#[derive(Debug, Serialize, Deserialize)]
struct Layer {
    at: Moment,
    artifacts: Vec<Artifact>,
}

/// The version of the file's format.
const SCHEMA: u32 = 1;

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
    pub(super) fn replayed(&self, build: &Build, at: Moment) -> Vec<Event> {
        let mut events = Vec::new();
        for vertex in build.steps.iter().filter(|vertex| vertex.state == State::Cached && vertex.name.is_run()) {
            let Some(layer) = self.steps.get(&key(vertex)) else {
                let reason = format!("step {} was cached, and no earlier build recorded what is in it", vertex.id);
                events.push(Event::BlindSpot { at, invocation: None, reason });
                continue;
            };
            for (tool, ecosystem) in [("pip", Ecosystem::Pypi), ("apt-get", Ecosystem::Deb)] {
                let artifacts: Vec<&Artifact> =
                    layer.artifacts.iter().filter(|artifact| artifact.ecosystem == ecosystem).collect();
                if artifacts.is_empty() {
                    continue;
                }
                let mut invocation = Invocation::new(invocation_id(), tool, "layer-cache");
                invocation.step = Some(vertex.step());
                invocation.duration_seconds = Some(0.0);
                for (number, artifact) in (0..).zip(artifacts) {
                    let mut record = artifact.clone();
                    record.origin = Origin::LayerCache;
                    (record.step, record.at) = (Some(vertex.step()), Some(at));
                    let invocation = invocation.id.clone();
                    record.invocation = Some(invocation.clone());
                    events.push(Event::Artifact { at, invocation, number, record: Box::new(record) });
                }
                events.push(Event::InvocationFinished { at, record: Box::new(invocation) });
            }
        }
        events
    }

    /// Remembers what the steps that ran took on, as `events` tell it.
    pub(super) fn learn(&mut self, build: &Build, events: &[Event], at: Moment) {
        for vertex in build.steps.iter().filter(|vertex| vertex.name.is_run()) {
            let is_whole = !vertex.clipped && !vertex.senders.iter().any(|sender| build.lost.contains(sender));
            if vertex.state == State::Cached {
                continue;
            }
            if vertex.state != State::Done || !is_whole {
                self.steps.remove(&key(vertex));
                continue;
            }
            let mut artifacts: BTreeMap<(&str, u64), &Artifact> = BTreeMap::new();
            for event in events {
                if let Event::Artifact { invocation, number, record, .. } = event
                    && record.step.as_ref().is_some_and(|step| step.id == vertex.id)
                {
                    artifacts.insert((&invocation.0, *number), record);
                }
            }
            let obtained = artifacts.into_values().filter(|record| is_in_layer(record)).cloned().collect();
            self.steps.insert(key(vertex), Layer { at, artifacts: obtained });
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

/// What failed, or was only made in the step, did not come into its layer from elsewhere.
fn is_in_layer(artifact: &Artifact) -> bool {
    !matches!(artifact.origin, Origin::Failed | Origin::Built)
}

fn key(vertex: &Vertex) -> String {
    let name = &vertex.name;
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{} {} {}", part(&name.platform), part(&name.stage), name.instruction)
}

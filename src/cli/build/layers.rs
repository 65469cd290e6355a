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
                    (record.origin, record.reason) = (Origin::Unknown, Some(UNDECIDED.to_owned()));
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
mod tests {
    use super::*;
    use crate::classify::buildkit::Reader;
    use crate::cli::build::told;
    use crate::event::Redactor;

    const AT: Moment = Moment::EPOCH;

    fn read(log: &str) -> Build {
        let mut reader = Reader::default();
        reader.feed(log.as_bytes());
        reader.finish().expect("a log")
    }

    /// The log of a build whose only step has this name and these lines.
    fn log(base: &str, digest: &str, lines: &str) -> Build {
        let lines: String = lines.lines().map(|line| format!("#5 {line}\n")).collect();
        read(&format!("#4 [1/3] FROM {base}\n#4 DONE 0.0s\n\n#5 [3/3] RUN pip download -r r\n{digest}{lines}"))
    }

    fn took(versions: &[&str]) -> String {
        let line = |version: &&str| {
            format!(
                "0.5 Downloading one-{version}-py3-none-any.whl (2 kB)\n0.5 Saved ./one-{version}-py3-none-any.whl\n"
            )
        };
        versions.iter().map(line).collect::<String>() + "DONE 0.9s\n"
    }

    /// Steps that nothing wraps, and whose inputs are not known.
    fn bare(build: &Build) -> Steps<'_> {
        Steps { build, wrapping: &|_| None, inputs: &|_| None }
    }

    impl Layers {
        /// Builds, with what else is known of it.
        fn built(&mut self, build: &Build, more: &[Event]) {
            let events = [told::events(build, &Redactor::default(), AT).as_slice(), more].concat();
            self.learn(&bare(build), &events, AT);
        }

        /// What a build replays: version and origin of each file, and the blind spots.
        fn replays(&self, build: &Build) -> (Vec<(String, Origin)>, Vec<String>) {
            self.replays_on(&bare(build))
        }

        fn replays_on(&self, steps: &Steps<'_>) -> (Vec<(String, Origin)>, Vec<String>) {
            let (mut files, mut blind) = (Vec::new(), Vec::new());
            for event in self.replayed(steps, AT) {
                match event {
                    Event::Artifact { record, .. } => files.push((record.version.unwrap_or_default(), record.origin)),
                    Event::BlindSpot { reason, .. } => blind.push(reason),
                    _ => {}
                }
            }
            files.sort();
            (files, blind)
        }
    }

    fn file(version: &str, origin: Origin) -> (String, Origin) {
        (version.to_owned(), origin)
    }

    #[test]
    fn of_several_runs_only_what_they_have_in_common_is_in_a_layer() {
        let mut layers = Layers::default();
        let (first, second) = (log("x", "", &took(&["1.0", "9.0"])), log("x", "", &took(&["2.0", "9.0"])));
        let cached = log("x", "", "CACHED");
        layers.built(&first, &[]);
        layers.built(&first, &[]);
        assert_eq!(layers.replays(&cached).0, [file("1.0", Origin::LayerCache), file("9.0", Origin::LayerCache)]);
        assert!(layers.replays(&cached).1.is_empty());
        layers.built(&second, &[]);
        layers.built(&cached, &[]);
        let (files, blind) = layers.replays(&cached);
        let expected = [file("1.0", Origin::Unknown), file("2.0", Origin::Unknown), file("9.0", Origin::LayerCache)];
        assert_eq!(files, expected);
        assert!(matches!(&blind[..], [one] if one.contains("step #5 was cached: earlier runs of it")), "{blind:?}");
        // A run that fails makes no layer.
        layers.built(&log("x", "", "0.5 Downloading one-3.0-py3-none-any.whl (2 kB)\nERROR: x"), &[]);
        assert_eq!(layers.replays(&cached).0, expected);
        for version in 3..40 {
            layers.built(&log("x", "", &took(&[&format!("{version}.0")])), &[]);
        }
        assert_eq!(layers.replays(&cached).0.len(), MOST_RUNS);
    }

    #[test]
    fn the_inputs_of_a_run_tell_it_apart() {
        let (first, second) = (log("x", "", &took(&["1.0"])), log("x", "", &took(&["2.0"])));
        let cached = log("x", "", "CACHED");
        let mut layers = Layers::default();
        let learn = |layers: &mut Layers, build: &Build, inputs: Option<u8>| {
            let inputs = |_: &Vertex| inputs.map(|inputs| Sha256([inputs; 32]));
            layers.learn(&Steps { inputs: &inputs, ..bare(build) }, &told::events(build, &Redactor::default(), AT), AT);
        };
        let replays = |layers: &Layers, inputs: u8| {
            let inputs = |_: &Vertex| Some(Sha256([inputs; 32]));
            layers.replays_on(&Steps { inputs: &inputs, ..bare(&cached) }).0
        };
        let (v1, v2) = ([file("1.0", Origin::LayerCache)], [file("2.0", Origin::LayerCache)]);
        let undecided = [file("1.0", Origin::Unknown), file("2.0", Origin::Unknown)];
        learn(&mut layers, &first, Some(1));
        learn(&mut layers, &second, Some(2));
        assert_eq!((replays(&layers, 2), replays(&layers, 1)), (v2.to_vec(), v1.to_vec()));
        assert_eq!((replays(&layers, 3), layers.replays(&cached).0), (undecided.to_vec(), undecided.to_vec()));
        // The same files on other inputs, and the same inputs with other files: the latest holds.
        learn(&mut layers, &first, Some(3));
        assert_eq!((replays(&layers, 1), replays(&layers, 3)), (v1.to_vec(), v1.to_vec()));
        learn(&mut layers, &second, Some(3));
        assert_eq!((replays(&layers, 1), replays(&layers, 3)), (v1.to_vec(), v2.to_vec()));
        // What ran last may have been the latter.
        learn(&mut layers, &first, None);
        assert_eq!((replays(&layers, 1), replays(&layers, 3)), (v1.to_vec(), undecided.to_vec()));
    }

    #[test]
    fn a_wrapped_step_is_not_the_bare_one() {
        let (unwrapped, wrapped, cached) =
            (log("x", "", &took(&["1.0"])), log("x", "", &took(&["2.0"])), log("x", "", "CACHED"));
        let mut layers = Layers::default();
        layers.built(&unwrapped, &[]);
        let in_w = |build| Steps { wrapping: &|_| Some("w"), ..bare(build) };
        layers.learn(&in_w(&wrapped), &told::events(&wrapped, &Redactor::default(), AT), AT);
        assert_eq!(layers.replays(&cached).0, [file("1.0", Origin::LayerCache)]);
        let replayed = layers.replayed(&in_w(&cached), AT);
        let versions: Vec<_> = replayed
            .iter()
            .filter_map(|event| match event {
                Event::Artifact { record, .. } => record.version.as_deref(),
                _ => None,
            })
            .collect();
        assert_eq!(versions, ["2.0"]);
    }

    #[test]
    fn the_builders_digest_tells_runs_apart_where_it_is_that_of_the_files_below() {
        let hex = |digit: &str| format!("#5 sha256:{}\n", digit.repeat(64));
        let pinned = format!("docker.io/library/x@sha256:{}", "0".repeat(64));
        for (base, expected) in [
            (pinned.as_str(), vec![file("1.0", Origin::LayerCache)]),
            ("x", vec![file("1.0", Origin::Unknown), file("2.0", Origin::Unknown)]),
        ] {
            let mut layers = Layers::default();
            layers.built(&log(base, &hex("a"), &took(&["1.0"])), &[]);
            layers.built(&log(base, &hex("b"), &took(&["2.0"])), &[]);
            assert_eq!(layers.replays(&log(base, &hex("a"), "CACHED")).0, expected, "{base}");
            assert_eq!(layers.replays(&log(base, &hex("c"), "CACHED")).0.len(), 2, "{base}");
        }
    }

    #[test]
    fn what_is_unknown_or_unseen_stays_so() {
        let build = log("x", "", &took(&["1.0"]));
        let mut events = told::events(&build, &Redactor::default(), AT);
        for event in &mut events {
            if let Event::Artifact { record, .. } = event {
                record.origin = Origin::Unknown;
            }
        }
        let mut layers = Layers::default();
        layers.learn(&bare(&build), &events, AT);
        assert_eq!(layers.replays(&log("x", "", "CACHED")).0, [file("1.0", Origin::Unknown)]);

        let reason = "step #5: nothing was heard from it".to_owned();
        let unheard = [Event::BlindSpot { at: AT, invocation: None, reason }];
        let mut layers = Layers::default();
        layers.built(&log("x", "", "DONE 0.1s"), &unheard);
        let (files, blind) = layers.replays(&log("x", "", "CACHED"));
        assert_eq!(
            (files.len(), blind),
            (0, vec!["step #5 was cached: when it ran, nothing was heard from it".to_owned()])
        );

        let mut invocation = Invocation::new(invocation_id(), "pip", "shim");
        invocation.step = Some(build.steps[1].step());
        invocation.blind_spots.push("a part of it".to_owned());
        let id = Some(invocation.id.clone());
        let told = [
            Event::InvocationFinished { at: AT, record: Box::new(invocation) },
            Event::Degraded { at: AT, invocation: id, reason: "no log".to_owned() },
        ];
        let mut layers = Layers::default();
        layers.built(&build, &told);
        let said = layers.replays(&log("x", "", "CACHED")).1.join("\n");
        assert!(said.contains("when it ran, a part of it") && said.contains("when it ran, no log"), "{said}");
    }
}

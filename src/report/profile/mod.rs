//! Where the time of an image build went, what came from the layer cache, and what could be done about it.
//!
//! Refuses to add up what ran side by side, and to sound surer than the log: a time that it does not tell stays unknown.

mod advice;
mod layers;
mod path;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::classify::Finding;
use crate::classify::buildkit::{Build, Builder, State, Vertex};
use crate::event::{Event, Kind, Origin, Redactor};
pub use advice::Advice;
pub use layers::{Layer, layers};
pub use text::{Part, text as profile_text};

/// The version of the profile's format.
const SCHEMA: u32 = 1;

/// A step that takes longer is slow, in seconds.
pub const SLOW: f64 = 30.0;

/// A layer that is larger is large, in bytes.
pub const LARGE: u64 = 100_000_000;

/// A build as its log tells it.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// The version of this document.
    pub schema: u32,
    /// `buildkit` or `legacy`.
    pub builder: &'static str,
    /// Cached steps over all numbered steps but `FROM`, 0 to 1.
    pub cached_rate: Option<f64>,
    /// From the first word to the last, in seconds, where the log holds absolute times.
    pub wall_seconds: Option<f64>,
    /// Everything that the builder did, in the order of the log.
    pub steps: Vec<ProfileStep>,
    /// What to change.
    pub advice: Vec<Advice>,
    /// The steps that nothing could have been faster without, first to last; empty where the log does not tell.
    pub critical_path: Vec<String>,
    /// The layers of the image, oldest first, where it was named.
    pub layers: Vec<Layer>,
}

/// One vertex of a build.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileStep {
    /// `#9`, or the legacy builder's number.
    pub id: String,
    /// The platform, where a build is for several.
    pub platform: Option<String>,
    /// The stage, where the log names one.
    pub stage: Option<String>,
    /// The number of the step in its stage; `null` for what is no step.
    pub index: Option<u32>,
    /// How many steps the stage has.
    pub total: Option<u32>,
    /// The instruction as printed.
    pub instruction: String,
    /// `done`, `cached`, `canceled`, `error`, `unfinished`.
    pub state: &'static str,
    /// How long it took; `null` for a cached step, or where the log does not tell.
    pub seconds: Option<f64>,
    /// Whether the builder held a part of its output back.
    pub clipped: bool,
    /// Visible tries to reach the network.
    pub network_operations: u64,
    /// Package files that were downloaded.
    pub downloads: u64,
    /// Those of them that are apt's.
    #[serde(skip)]
    pub debs: u64,
    /// What most of its time may have gone into, for a slow step: `network`, `build`, `unknown`.
    pub slow_because: Option<&'static str>,
}

impl Profile {
    /// Of a build; with its Dockerfile the advice knows lines.
    pub fn of(build: &Build, dockerfile: Option<&str>, layers: Vec<Layer>) -> Profile {
        let recorded = recorded(build);
        let steps: Vec<ProfileStep> = build.steps.iter().map(|vertex| step(build, vertex, &recorded)).collect();
        let cached_rate = build.cached_rate();
        let advice = advice::of(&steps, cached_rate, dockerfile, &layers);
        Profile {
            schema: SCHEMA,
            builder: match build.builder {
                Builder::BuildKit => "buildkit",
                Builder::Legacy => "legacy",
            },
            cached_rate,
            wall_seconds: build.wall_seconds,
            steps,
            advice,
            critical_path: path::critical(build),
            layers,
        }
    }
}

/// What is known of a step from one source.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    attempts: u64,
    downloads: u64,
    debs: u64,
    /// Whether something was built.
    built: bool,
}

impl Counts {
    fn artifact(&mut self, kind: Kind, origin: &Origin) {
        let is_download = kind.is_package() && *origin == Origin::Downloaded;
        self.downloads += u64::from(is_download);
        self.debs += u64::from(is_download && kind == Kind::Deb);
        self.built |= *origin == Origin::Built;
    }
}

/// What shims in each step recorded.
fn recorded(build: &Build) -> BTreeMap<&str, Counts> {
    let mut steps: BTreeMap<&str, Counts> = BTreeMap::new();
    for event in &build.events {
        match event {
            Event::Attempt { record, .. } if let Some(step) = &record.step => {
                steps.entry(&step.id).or_default().attempts += record.count;
            }
            Event::Artifact { record, .. } if let Some(step) = &record.step => {
                steps.entry(&step.id).or_default().artifact(record.kind, &record.origin);
            }
            _ => {}
        }
    }
    steps
}

fn step(build: &Build, vertex: &Vertex, recorded: &BTreeMap<&str, Counts>) -> ProfileStep {
    let told = told(vertex);
    let recorded = recorded.get(vertex.id.as_str()).copied().unwrap_or_default();
    let network_operations = told.attempts.max(recorded.attempts);
    // The builder before BuildKit tells no times; where lines bear those of their arrival, they are the step's.
    let by_arrival = vertex.interval.filter(|_| build.builder == Builder::Legacy).map(|(start, end)| end - start);
    let seconds = vertex.seconds.or(by_arrival).filter(|_| vertex.state != State::Cached);
    let slow = seconds.is_some_and(|seconds| seconds > SLOW);
    ProfileStep {
        id: vertex.id.clone(),
        platform: vertex.name.platform.clone(),
        stage: vertex.name.stage.clone(),
        index: vertex.name.index,
        total: vertex.name.total,
        instruction: Redactor::default().text(&vertex.name.instruction),
        state: vertex.state.as_str(),
        seconds,
        clipped: vertex.clipped,
        network_operations,
        downloads: told.downloads.max(recorded.downloads),
        debs: told.debs.max(recorded.debs),
        slow_because: slow.then_some(match network_operations {
            _ if told.built || recorded.built => "build",
            1.. => "network",
            0 => "unknown",
        }),
    }
}

/// What the text of a step tells.
fn told(vertex: &Vertex) -> Counts {
    let mut counts = Counts::default();
    for (_, findings) in &vertex.findings {
        let mut artifacts: BTreeMap<u64, (Kind, &Origin)> = BTreeMap::new();
        for finding in findings {
            match finding {
                Finding::Attempt(attempt) => counts.attempts += attempt.count,
                Finding::Artifact { number, record, .. } => {
                    artifacts.insert(*number, (record.kind, &record.origin));
                }
                _ => {}
            }
        }
        artifacts.values().for_each(|(kind, origin)| counts.artifact(*kind, origin));
    }
    counts
}

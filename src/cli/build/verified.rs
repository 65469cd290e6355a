//! What a verification adds to an image build: the cut, and what is known of steps that nobody watched.

use std::ffi::OsString;

use super::command::{Command, Kind};
use crate::classify::buildkit::{Build, State, Vertex};
use crate::cli::Hint as _;
use crate::event::{Attempt, AttemptKind, Event, Moment, Redactor, Unavailable, Watch, Watched, host_of};
use crate::shim::watch;
use crate::supervise::End;

/// The command line of a build whose steps have no network.
pub(super) fn cut_off(words: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    let command = Command::parse(words);
    if !matches!(command.kind, Kind::Build | Kind::Buildx) {
        return Err(anyhow::anyhow!("cannot cut the network off from several builds at once"))
            .hint("verify each with `docker build`");
    }
    match command.cut_off() {
        Ok(command) => Ok(command.words),
        Err(network) => Err(anyhow::anyhow!("cannot verify with `--network {}`", network.display()))
            .hint("leave it out: an offline build has `--network=none`"),
    }
}

/// What is to be said of a verified build beside what its steps told: `told` has their witnesses.
pub(super) fn events(
    build: Option<&Build>,
    told: &[Event],
    command: &Command,
    end: Option<End>,
    redactor: &Redactor,
    at: Moment,
) -> Vec<Event> {
    let heard = |vertex: &Vertex| {
        told.iter().any(|event| match event {
            Event::InvocationStarted { record, .. } => record.step.as_ref().is_some_and(|step| step.id == vertex.id),
            _ => false,
        })
    };
    let watched = |vertex: &Vertex| {
        told.iter().any(|event| match event {
            // Of the other processes of a step whoever watched one of its tools says nothing.
            Event::Watched { record, .. } if record.watch.invocation.is_none() => {
                record.watch.step.as_ref().is_some_and(|step| step.id == vertex.id)
            }
            _ => false,
        })
    };
    let steps = build.map(|build| build.steps.as_slice()).unwrap_or_default();
    let mut events = Vec::new();
    for vertex in steps {
        let instruction = vertex.name.instruction.as_str();
        if instruction.starts_with("RUN ") && !watched(vertex) {
            events.push(unwatched(vertex, heard(vertex), at));
        }
        let fetched = instruction.strip_prefix("ADD ").filter(|_| vertex.state != State::Cached);
        for url in fetched.into_iter().flat_map(str::split_whitespace).filter(|word| word.contains("://")) {
            let host = host_of(url).map(str::to_owned);
            let record = Attempt { host, wanted: Some(url.to_owned()), ..Attempt::new("docker", AttemptKind::Fetch) };
            let record = Attempt { step: Some(vertex.step()), ..redactor.attempt(&record) };
            events.push(Event::Attempt { at, record: Box::new(record) });
        }
        if vertex.clipped && instruction.starts_with("RUN ") {
            let doubts = vec!["the builder held a part of its output back".to_owned()];
            let step = Some(vertex.step());
            events.push(Event::Watched { at, record: whole(Watch { step, doubts, ..of_steps() }) });
        }
    }
    let command = Some(watch::command(&command.words, end, redactor));
    let doubts = match build {
        Some(_) => Vec::new(),
        None => vec!["docker printed no log of a build: its steps are not known".to_owned()],
    };
    events.push(Event::Watched { at, record: whole(Watch { command, doubts, ..of_steps() }) });
    events
}

fn whole(watch: Watch) -> Box<Watched> {
    Box::new(Watched { watch, ..Watched::default() })
}

/// A statement about steps that watched for themselves.
fn of_steps() -> Watch {
    let word = |word: &str| word.to_owned();
    Watch { mode: word("observe"), method: word("steps"), boundary: word("kernel-netns"), ..Watch::default() }
}

fn unwatched(vertex: &Vertex, heard: bool, at: Moment) -> Event {
    let reason = match vertex.state {
        State::Cached => "its layer came from the cache, so that nothing ran: `docker build --no-cache` runs it",
        State::Done | State::Error if heard => {
            "only its pips and apts were heard, not every process: `verify --inject` watches every step"
        }
        State::Done | State::Error => "nothing was heard from it: `verify --inject` watches every step",
        _ => "it did not run to its end",
    };
    let unavailable = vec![Unavailable { method: "seccomp-notify".to_owned(), reason: reason.to_owned() }];
    let watch = Watch { step: Some(vertex.step()), method: "none".to_owned(), unavailable, ..of_steps() };
    Event::Watched { at, record: Box::new(Watched { watch, ..Watched::default() }) }
}

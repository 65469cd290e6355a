//! What shims recorded in files that the build exported (`--output DIR`): journals of the log directory in the image.
//!
//! Refuses to count anything twice: what came by marked lines is known, and so is what the layer memory replays; and to
//! take over what lay in the directory before. What was recorded before this build is in its layers: `layer-cache`.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::command::Command;
use super::told::key;
use crate::event::{Artifact, Event, InvocationId, Moment, Origin};
use crate::ledger::read_journal;

/// How deep journals lie in a directory: `linux_amd64/var/log/wheeltap/events_*.jsonl`.
const DEEPEST: usize = 4;

/// Where a build puts its results.
#[derive(Debug)]
pub(super) struct Exports {
    directories: Vec<PathBuf>,
    /// Where this build's own session lies.
    own: Option<PathBuf>,
    /// What lay there before the build.
    before: Journals,
}

/// Journals, each with what shows whether it is another one later.
type Journals = BTreeMap<PathBuf, (u64, i64, i64)>;

impl Exports {
    /// Of a build that has not begun, whose session lies in `own`.
    pub(super) fn new(command: &Command, own: &Path) -> Exports {
        let own = own.canonicalize().ok();
        let mut exports = Exports { directories: directories(command), own, before: Journals::new() };
        exports.before = exports.journals();
        exports
    }

    /// The events of the invocations in what has come since, but for those of `known` ones.
    pub(super) fn events(&self, known: &BTreeSet<InvocationId>, began: Moment) -> Vec<Event> {
        let mut events = Vec::new();
        for (path, _) in self.journals().iter().filter(|(path, state)| self.before.get(*path) != Some(state)) {
            match read_journal(path) {
                Ok(recorded) => events.extend(taken(recorded.events, known, began)),
                Err(error) => {
                    let reason = format!("an exported journal was not read: cannot {error}");
                    events.push(Event::Degraded { at: began, invocation: None, reason });
                }
            }
        }
        events
    }

    fn journals(&self) -> Journals {
        let mut journals = Journals::new();
        self.directories.iter().for_each(|directory| self.find(directory, DEEPEST, &mut journals));
        journals
    }

    /// Looks below a directory, following no link.
    fn find(&self, directory: &Path, deep: usize, journals: &mut Journals) {
        if self.own.is_some() && directory.canonicalize().ok() == self.own {
            return;
        }
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(file) = entry.metadata() else { continue };
            let name = entry.file_name();
            let is_journal = name.to_str().is_some_and(|name| name.starts_with("events_") && name.ends_with(".jsonl"));
            if file.is_file() && is_journal {
                journals.insert(entry.path(), (file.ino(), file.ctime(), file.ctime_nsec()));
            } else if file.is_dir() && deep > 0 {
                self.find(&entry.path(), deep - 1, journals);
            }
        }
    }
}

/// Of a journal's events those that belong to an invocation which is not known, and what its reader had to say.
fn taken(events: Vec<Event>, known: &BTreeSet<InvocationId>, began: Moment) -> Vec<Event> {
    let tells_more = invocations(&events).iter().any(|id| !known.contains(id));
    let mut taken = Vec::new();
    for mut event in events {
        let is_old = event.at().is_none_or(|at| at < began);
        let invocation = match &mut event {
            Event::InvocationStarted { at, record } | Event::InvocationFinished { at, record } => {
                if is_old {
                    record.via = "layer-cache".to_owned();
                    (*at, record.started_at, record.duration_seconds) = (began, None, Some(0.0));
                }
                Some(record.id.clone())
            }
            Event::Artifact { at, invocation, record, .. } => {
                // What failed, or was only made in the step, is not what its layer spares.
                if is_old && matches!(record.origin, Origin::Failed | Origin::Built) {
                    continue;
                }
                if is_old {
                    (*at, record.at, record.origin) = (began, None, Origin::LayerCache);
                }
                Some(invocation.clone())
            }
            Event::Attempt { record, .. } if !is_old => record.invocation.clone(),
            Event::Missing { record, .. } if !is_old => record.invocation.clone(),
            Event::Degraded { at, invocation, .. } | Event::BlindSpot { at, invocation, .. } => {
                *at = (*at).max(began);
                invocation.clone()
            }
            _ => None,
        };
        let is_news = match (&event, invocation) {
            (_, Some(id)) => !known.contains(&id),
            (Event::Degraded { .. } | Event::BlindSpot { .. }, None) => tells_more,
            _ => false,
        };
        if is_news {
            taken.push(event);
        }
    }
    taken
}

/// Takes out of `told`, which was read from what the tools printed, what `exported` knows better, all but the step.
pub(super) fn supersede(told: &mut Vec<Event>, exported: &mut [Event]) {
    let printed = told.iter().filter_map(|event| match event {
        Event::InvocationFinished { record, .. } if record.via == "text" => Some(record.id.clone()),
        _ => None,
    });
    let printed: BTreeSet<InvocationId> = printed.collect();
    let mut steps = BTreeMap::new();
    for event in exported.iter_mut() {
        let Event::Artifact { invocation, record, .. } = event else { continue };
        let same = |other: &Artifact| key(other).is_some() && key(other) == key(record);
        let at = told.iter().position(|event| match event {
            Event::Artifact { invocation, record, .. } => printed.contains(invocation) && same(record),
            _ => false,
        });
        if let Some(at) = at.filter(|_| record.origin != Origin::LayerCache)
            && let Event::Artifact { invocation: by_text, record: text, .. } = told.remove(at)
        {
            record.step = record.step.take().or(text.step);
            steps.insert(invocation.clone(), record.step.clone());
            steps.insert(by_text, None);
        }
    }
    for event in exported.iter_mut() {
        match event {
            Event::InvocationStarted { record, .. } | Event::InvocationFinished { record, .. } => {
                record.step = record.step.take().or_else(|| steps.get(&record.id).cloned().flatten());
            }
            _ => {}
        }
    }
    let left: BTreeSet<InvocationId> = told.iter().filter_map(artifact_of).cloned().collect();
    told.retain(|event| match event {
        Event::Attempt { record, .. } => record.invocation.as_ref().is_none_or(|id| !steps.contains_key(id)),
        Event::InvocationFinished { record, .. } => !steps.contains_key(&record.id) || left.contains(&record.id),
        _ => true,
    });
}

fn artifact_of(event: &Event) -> Option<&InvocationId> {
    match event {
        Event::Artifact { invocation, .. } => Some(invocation),
        _ => None,
    }
}

/// The invocations that events tell of.
pub(super) fn invocations(events: &[Event]) -> BTreeSet<InvocationId> {
    let id = |event: &Event| match event {
        Event::InvocationStarted { record, .. } | Event::InvocationFinished { record, .. } => Some(record.id.clone()),
        _ => None,
    };
    events.iter().filter_map(id).collect()
}

/// The directories that the build was to fill: `-o DIR`, `--output type=local,dest=DIR`.
fn directories(command: &Command) -> Vec<PathBuf> {
    let directory = |value: &String| {
        let fields: Vec<_> = value.split(',').filter_map(|field| field.split_once('=')).collect();
        let field = |wanted: &str| fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        match fields.is_empty() {
            true => Some(value.as_str()).filter(|value| *value != "-"),
            false => field("dest").filter(|_| field("type") == Some("local")),
        }
        .map(PathBuf::from)
    };
    command.outputs.iter().filter_map(directory).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_those_of_the_local_exporter() {
        for (line, expected) in [
            ("docker build .", &[][..]),
            ("docker build -o out .", &["out"]),
            ("docker build --output=logs/api --target logs .", &["logs/api"]),
            ("docker buildx build -o type=local,dest=a -o dest=b,type=local .", &["a", "b"]),
            ("docker build -o - .", &[]),
            ("docker build -o type=tar,dest=x.tar -o type=docker .", &[]),
        ] {
            let command = Command::parse(line.split(' ').map(Into::into).collect());
            assert_eq!(directories(&command), expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{line}");
        }
    }
}

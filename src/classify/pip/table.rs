//! Everything that the texts mention, each once, with what either text says of it.
//!
//! The log and the streams are read apart and speak of the same files; here they meet. Refuses to let one text overrule
//! what the other saw: the log is believed first, the streams where the log is silent or undecided.

use std::collections::HashMap;

use super::super::Clues;
use crate::event::{Artifact, Kind, Origin, Purpose};

/// Which text speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Log,
    Streams,
}

/// What one text says of an artifact.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub(super) artifact: Artifact,
    pub(super) clues: Clues,
    /// A transfer was announced and nothing confirms its end yet: the origin that its end would give.
    pub(super) open: Option<Origin>,
}

/// All that was mentioned, in the order of first mention.
#[derive(Debug, Default)]
pub(super) struct Table {
    items: Vec<Item>,
    numbers: HashMap<(Kind, Vec<u8>), usize>,
    touched: Vec<usize>,
    full: bool,
}

#[derive(Debug, Default)]
struct Item {
    views: [Option<View>; 2],
    discarded: bool,
    told: Option<(Artifact, Clues)>,
}

/// How many artifacts are kept apart; a text that mentions more is no pip's.
const ITEMS: usize = 1 << 17;

impl Table {
    /// The number of what `key` identifies, noted down as `artifact` if it is new to this side. `None` when the table
    /// is full.
    pub(super) fn mention(
        &mut self,
        side: Side,
        key: &[u8],
        artifact: impl FnOnce() -> Artifact,
        kind: Kind,
    ) -> Option<usize> {
        let number = match self.numbers.get(&(kind, key.to_vec())) {
            Some(&number) => number,
            None if self.items.len() >= ITEMS => {
                self.full = true;
                return None;
            }
            None => {
                self.numbers.insert((kind, key.to_vec()), self.items.len());
                self.items.push(Item::default());
                self.items.len() - 1
            }
        };
        self.items[number].views[side as usize].get_or_insert_with(|| View {
            artifact: artifact(),
            clues: Clues::default(),
            open: None,
        });
        Some(number)
    }

    /// The number of what this side mentioned before.
    pub(super) fn known(&self, side: Side, kind: Kind, key: &[u8]) -> Option<usize> {
        let number = *self.numbers.get(&(kind, key.to_vec()))?;
        self.items[number].views[side as usize].is_some().then_some(number)
    }

    /// What a side says of an item that it mentioned, to be changed.
    pub(super) fn view(&mut self, side: Side, number: usize) -> Option<&mut View> {
        if self.touched.last() != Some(&number) {
            self.touched.push(number);
        }
        self.items.get_mut(number)?.views[side as usize].as_mut()
    }

    /// All views of a side.
    pub(super) fn views(&mut self, side: Side) -> impl Iterator<Item = &mut View> {
        self.items.iter_mut().filter_map(move |item| item.views[side as usize].as_mut())
    }

    /// Marks what the resolver gave up among the artifacts that `given_up` picks.
    pub(super) fn discard(&mut self, given_up: impl Fn(&Artifact) -> bool) {
        for item in &mut self.items {
            item.discarded = item.merged().is_some_and(|(artifact, _)| given_up(&artifact));
        }
    }

    /// Whether something had to be left out.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Gives each item that changed since it was last given.
    pub(super) fn changed(&mut self, mut tell: impl FnMut(usize, Artifact, Clues)) {
        for number in std::mem::take(&mut self.touched) {
            self.tell(number, &mut tell);
        }
    }

    /// Gives each item that changed since it was last given, looking at all of them.
    pub(super) fn all_changed(&mut self, mut tell: impl FnMut(usize, Artifact, Clues)) {
        for number in 0..self.items.len() {
            self.tell(number, &mut tell);
        }
    }

    fn tell(&mut self, number: usize, tell: &mut impl FnMut(usize, Artifact, Clues)) {
        let item = &mut self.items[number];
        if let Some(merged) = item.merged().filter(|merged| item.told.as_ref() != Some(merged)) {
            item.told = Some(merged.clone());
            tell(number, merged.0, merged.1);
        }
    }
}

impl Item {
    /// Both views as one.
    fn merged(&self) -> Option<(Artifact, Clues)> {
        let [log, streams] = &self.views;
        let (first, second) = match (log, streams) {
            (Some(log), Some(streams)) if !log.is_decided() && streams.is_decided() => (streams, Some(log)),
            (Some(log), streams) => (log, streams.as_ref()),
            (None, Some(streams)) => (streams, None),
            (None, None) => return None,
        };
        let (mut artifact, mut clues) = (first.artifact.clone(), first.clues.clone());
        if let Some(second) = second {
            complete(&mut artifact, &second.artifact);
            let Clues { url, answered, read, path, temporary, promised, doubt } = second.clues.clone();
            clues.url = clues.url.or(url);
            clues.answered = clues.answered.or(answered);
            clues.read = clues.read.or(read);
            clues.path = clues.path.or(path);
            clues.temporary = clues.temporary.or(temporary);
            clues.promised = clues.promised.or(promised);
            clues.doubt = clues.doubt.or(doubt);
        }
        if self.discarded {
            artifact.purpose = Purpose::ResolverDiscarded;
        }
        Some((artifact, clues))
    }
}

impl View {
    fn is_decided(&self) -> bool {
        self.artifact.origin != Origin::Unknown
    }
}

/// Takes over what only `other` knows, and its evidence where it agrees.
fn complete(artifact: &mut Artifact, other: &Artifact) {
    artifact.name = artifact.name.take().or_else(|| other.name.clone());
    artifact.version = artifact.version.take().or_else(|| other.version.clone());
    artifact.source = artifact.source.take().or_else(|| other.source.clone());
    artifact.index = artifact.index.take().or_else(|| other.index.clone());
    artifact.destination = artifact.destination.take().or_else(|| other.destination.clone());
    artifact.size_bytes = artifact.size_bytes.or(other.size_bytes);
    artifact.sha256 = artifact.sha256.or(other.sha256);
    if artifact.origin == other.origin {
        other.evidence.iter().for_each(|evidence| artifact.add_evidence(evidence.clone()));
    }
}

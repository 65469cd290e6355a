//! What the events of a journal amount to: a pure function, the only maker of session documents.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::event::{
    Artifact, Attempt, BuildInfo, Downloads, Event, Invocation, InvocationId, Moment, Network, SCHEMA, Session,
    SessionId, Summary, install_method,
};

/// Folds the events of the session `id`, in the order of its journal.
///
/// A later artifact with the same invocation and number replaces the earlier one at its place; a later record of an
/// invocation replaces the earlier one; what degrades an invocation that was never recorded degrades the session.
pub fn fold(id: &SessionId, events: impl IntoIterator<Item = Event>) -> Session {
    let mut fold = Fold::default();
    for event in events {
        fold.take(event);
    }
    fold.session(id)
}

/// A session that is being made of its events.
#[derive(Default)]
pub(super) struct Fold {
    started_at: Option<Moment>,
    finished_at: Option<Moment>,
    build_info: Option<BuildInfo>,
    invocations: Vec<Invocation>,
    place: FxHashMap<InvocationId, usize>,
    #[allow(clippy::vec_box, reason = "an artifact is large, and came in a box")]
    artifacts: Vec<Box<Artifact>>,
    /// Where the artifacts of each invocation are, by their number.
    numbers: FxHashMap<InvocationId, BTreeMap<u64, usize>>,
    network: Network,
    /// What was tried, and when: witnesses of several steps tell one after the other of what happened in turn.
    attempts: Vec<(Moment, Attempt)>,
    /// Reasons with their invocation; those of a kind in the order of the journal.
    degraded: Vec<(Option<InvocationId>, String)>,
    blind_spots: Vec<(Option<InvocationId>, String)>,
}

impl Fold {
    /// Takes the next event.
    pub(super) fn take(&mut self, event: Event) {
        let at = event.at();
        self.finished_at = self.finished_at.max(at);
        match event {
            Event::SessionStarted { at, build_info, .. } => {
                // Two processes that begin the same session at once agree on the first.
                if self.build_info.is_none() {
                    self.started_at = Some(at);
                    self.build_info = Some(build_info);
                }
            }
            Event::InvocationStarted { record, .. } | Event::InvocationFinished { record, .. } => {
                match self.place.get(&record.id) {
                    // A start that arrives after its end says nothing new.
                    Some(&place) if self.invocations[place].has_ended() && !record.has_ended() => {}
                    Some(&place) => self.invocations[place] = *record,
                    None => {
                        self.place.insert(record.id.clone(), self.invocations.len());
                        self.invocations.push(*record);
                    }
                }
            }
            Event::Artifact { at, invocation, number, mut record } => {
                let next = self.artifacts.len();
                let place = match self.numbers.get_mut(&invocation) {
                    Some(numbers) => *numbers.entry(number).or_insert(next),
                    None => {
                        self.numbers.insert(invocation.clone(), BTreeMap::from([(number, next)]));
                        next
                    }
                };
                record.at.get_or_insert(at);
                record.invocation.get_or_insert(invocation);
                match self.artifacts.get_mut(place) {
                    Some(earlier) => *earlier = record,
                    None => self.artifacts.push(record),
                }
            }
            Event::Attempt { at, record, .. } => self.attempts.push((at, *record)),
            Event::Missing { record, .. } => {
                if !self.network.completeness.missing.contains(&record) {
                    self.network.completeness.missing.push(*record);
                }
            }
            Event::Watched { record, .. } => self.network.take(*record),
            Event::Degraded { invocation, reason, .. } => self.degraded.push((invocation, reason)),
            Event::BlindSpot { invocation, reason, .. } => self.blind_spots.push((invocation, reason)),
            Event::Unknown => {}
        }
        // A journal whose first line was lost still knows when it began.
        self.started_at = self.started_at.or(at);
    }

    /// What it has come to.
    pub(super) fn session(self, id: &SessionId) -> Session {
        let Fold { mut invocations, place, artifacts, .. } = self;
        let degraded = attach(self.degraded, &mut invocations, &place, |invocation| &mut invocation.degraded);
        let blind_spots = attach(self.blind_spots, &mut invocations, &place, |invocation| &mut invocation.blind_spots);
        let mut obtained: Vec<Vec<&Artifact>> = vec![Vec::new(); invocations.len()];
        for artifact in &artifacts {
            if let Some(&place) = artifact.invocation.as_ref().and_then(|id| place.get(id)) {
                obtained[place].push(artifact);
            }
        }
        for (invocation, artifacts) in invocations.iter_mut().zip(obtained) {
            if invocation.install_method.is_none() {
                invocation.install_method = install_method(artifacts).map(str::to_owned);
            }
        }
        let mut downloads = Downloads::default();
        for artifact in artifacts {
            downloads.push(artifact);
        }
        let (mut network, mut attempts) = (self.network, self.attempts);
        attempts.sort_by_key(|(at, _)| *at);
        network.attempts = attempts.into_iter().map(|(_, attempt)| attempt).collect();
        network.reckon(&downloads, &invocations);
        let mut session = Session {
            schema: SCHEMA,
            session_id: id.clone(),
            started_at: self.started_at,
            finished_at: self.finished_at,
            duration_seconds: self
                .finished_at
                .zip(self.started_at)
                .map(|(end, start)| end.seconds_since(start).max(0.0)),
            build_info: self.build_info.unwrap_or_default(),
            invocations,
            downloads,
            network,
            degraded,
            blind_spots,
            summary: Summary::default(),
        };
        session.summary = Summary::of(&session);
        session
    }
}

/// Gives each reason to its invocation, once, and returns those that concern the session, each once.
fn attach(
    reasons: Vec<(Option<InvocationId>, String)>,
    invocations: &mut [Invocation],
    place: &FxHashMap<InvocationId, usize>,
    list: impl Fn(&mut Invocation) -> &mut Vec<String>,
) -> Vec<String> {
    let mut others = Vec::new();
    for (invocation, reason) in reasons {
        let reasons = match invocation.and_then(|id| place.get(&id)) {
            Some(&place) => list(&mut invocations[place]),
            None => &mut others,
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    others
}

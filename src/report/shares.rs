//! What each step of an image build, and each run of a tool, has of a session.
//!
//! Refuses to add up times that overlap: runs of one step may be parallel, so its time is the length of the union.

use std::collections::HashSet;

use super::figures::Tally;
use crate::event::{Artifact, Invocation, InvocationId, Origin, Session, Step};

/// Files and time of a part of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Share {
    /// Package files that came over the network.
    pub downloaded: Tally,
    /// Package files that a cache or a local file spared.
    pub cached: Tally,
    /// Package files made here.
    pub built: Tally,
    /// Package files that were tried and not obtained.
    pub failed: Tally,
    /// Package files of which the evidence does not decide.
    pub unknown: Tally,
    /// Index pages, lists and metadata that came over the network.
    pub indexes: Tally,
    /// How long its runs took, in seconds, overlaps counted once; `None` if the time of none is known.
    pub seconds: Option<f64>,
    /// How many runs there were.
    pub runs: u64,
}

impl Share {
    fn count(&mut self, artifact: &Artifact) {
        let tally = match (artifact.kind.is_package(), artifact.cached(), artifact.origin) {
            (true, Some(false), _) => &mut self.downloaded,
            (true, Some(true), _) => &mut self.cached,
            (true, None, Origin::Built) => &mut self.built,
            (true, None, Origin::Failed) => &mut self.failed,
            (true, None, _) => &mut self.unknown,
            (false, Some(false), _) => &mut self.indexes,
            (false, _, _) => return,
        };
        tally.count(artifact);
    }
}

/// The share of each step of the image build, stage by stage in the order of the Dockerfile; `None` is what belongs to no
/// step. Empty where no step is known at all.
pub fn by_step(session: &Session) -> Vec<(Option<&Step>, Share)> {
    let mut shares: Vec<Parts> = Vec::new();
    for invocation in &session.invocations {
        part(&mut shares, invocation.step.as_ref()).2.push(invocation);
    }
    for artifact in session.downloads.all() {
        part(&mut shares, artifact.step.as_ref()).1.count(artifact);
    }
    if shares.iter().all(|(step, ..)| step.is_none()) {
        return Vec::new();
    }
    let mut stages: Vec<Option<&str>> = shares.iter().map(|(step, ..)| stage_of(*step)).collect();
    let mut seen = HashSet::new();
    stages.retain(|stage| seen.insert(*stage));
    let place = |step| stages.iter().position(|stage| *stage == stage_of(step));
    // What belongs to no step stands last; where a builder numbers nothing, its order stays.
    shares.sort_by_key(|(step, ..)| (step.is_none(), place(*step), step.and_then(|step| step.index)));
    let timed = shares.into_iter().map(|(step, share, runs)| {
        (step, Share { seconds: covered(runs.iter().copied()), runs: runs.len() as u64, ..share })
    });
    timed.collect()
}

fn stage_of(step: Option<&Step>) -> Option<&str> {
    step?.stage.as_deref()
}

/// A step with its share and its runs, while they are counted.
type Parts<'a> = (Option<&'a Step>, Share, Vec<&'a Invocation>);

fn part<'a, 's>(shares: &'s mut Vec<Parts<'a>>, step: Option<&'a Step>) -> &'s mut Parts<'a> {
    let place = shares.iter().position(|(known, ..)| *known == step).unwrap_or_else(|| {
        shares.push((step, Share::default(), Vec::new()));
        shares.len() - 1
    });
    &mut shares[place]
}

/// The share of each run, in the order in which they started.
pub fn by_invocation(session: &Session) -> Vec<(&Invocation, Share)> {
    let place: std::collections::HashMap<&InvocationId, usize> =
        session.invocations.iter().enumerate().map(|(place, run)| (&run.id, place)).collect();
    let share = |run: &Invocation| Share { seconds: covered(std::iter::once(run)), runs: 1, ..Share::default() };
    let mut shares: Vec<_> = session.invocations.iter().map(|run| (run, share(run))).collect();
    for artifact in session.downloads.all() {
        if let Some(&place) = artifact.invocation.as_ref().and_then(|id| place.get(id)) {
            shares[place].1.count(artifact);
        }
    }
    shares
}

/// How long at least one of the runs was under way, in seconds. A run whose start is unknown stands beside the others.
fn covered<'a>(runs: impl Iterator<Item = &'a Invocation>) -> Option<f64> {
    let (mut spans, mut loose) = (Vec::new(), None);
    for run in runs.filter(|run| !run.is_replayed()) {
        match (run.started_at, run.duration_seconds) {
            (Some(start), Some(seconds)) => {
                let start = start.microseconds() as f64 / 1e6;
                spans.push((start, start + seconds));
            }
            (None, Some(seconds)) => *loose.get_or_insert(0.0) += seconds,
            _ => {}
        }
    }
    union(spans).map_or(loose, |seconds| Some(seconds + loose.unwrap_or(0.0)))
}

/// The length of the union of intervals; `None` for no interval.
pub(super) fn union(mut spans: Vec<(f64, f64)>) -> Option<f64> {
    spans.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let (first, rest) = spans.split_first()?;
    let (mut length, mut open) = (0.0, *first);
    for &(start, end) in rest {
        if start > open.1 {
            length += open.1 - open.0;
            open = (start, end);
        } else {
            open.1 = open.1.max(end);
        }
    }
    Some(length + open.1 - open.0)
}

#[cfg(test)]
mod tests {
    use super::union;

    #[test]
    fn overlaps_are_counted_once() {
        assert_eq!(union(vec![]), None);
        assert_eq!(union(vec![(5.0, 6.0), (0.0, 2.0), (1.0, 3.0), (1.5, 1.6)]), Some(4.0));
    }
}

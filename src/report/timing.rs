//! The time in which bytes moved, as far as the record tells.
//!
//! Refuses to invent a transfer time: the record has the moment at which each file was there, so a file's time is what
//! passed since the one before it in the same run. That is an upper bound, and a speed from it a lower one.

use std::collections::HashMap;

use super::shares::union;
use crate::event::{Artifact, InvocationId, Moment, Session};

/// How fast what was downloaded came.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transfer {
    /// The seconds in which downloads were waited for, at most; overlaps of parallel runs counted once. `None` where the
    /// record has no times.
    pub seconds: Option<f64>,
    /// Known bytes of the downloads that have a time.
    pub bytes: u64,
}

impl Transfer {
    /// Over all downloads of a session, of any kind.
    pub fn of(session: &Session) -> Self {
        let (mut spans, mut bytes) = (Vec::new(), 0);
        for (artifact, span) in session.downloads.all().zip(spans_of(session)) {
            if artifact.cached() == Some(false)
                && let Some(span) = span
            {
                spans.push(span);
                bytes += artifact.size_bytes.unwrap_or(0);
            }
        }
        Transfer { seconds: union(spans), bytes }
    }

    /// Bytes a second, at least; `None` where nothing moved or no time is known.
    pub fn speed(self) -> Option<f64> {
        self.seconds.filter(|&seconds| seconds > 0.0 && self.bytes > 0).map(|seconds| self.bytes as f64 / seconds)
    }
}

/// When each artifact was waited for, in seconds since the epoch, in the order of [`crate::event::Downloads::all`].
pub(super) fn spans_of(session: &Session) -> Vec<Option<(f64, f64)>> {
    let mut arrivals: HashMap<&InvocationId, Vec<Moment>> = HashMap::new();
    for run in &session.invocations {
        // A text that was classified after the fact has the time of its reading, not of the run.
        if run.via != "text" {
            arrivals.entry(&run.id).or_default().extend(run.started_at);
        }
    }
    let key = |artifact: &Artifact| Some((artifact.at?, artifact.invocation.clone()?));
    for artifact in session.downloads.all() {
        if let (Some(at), Some(run)) = (artifact.at, &artifact.invocation)
            && let Some(moments) = arrivals.get_mut(run)
        {
            moments.push(at);
        }
    }
    arrivals.values_mut().for_each(|moments| moments.sort_unstable());
    let span = |artifact: &Artifact| {
        let (at, run) = key(artifact)?;
        let moments = arrivals.get(&run)?;
        let before = moments.partition_point(|&moment| moment < at).checked_sub(1)?;
        let seconds = |moment: Moment| moment.microseconds() as f64 / 1e6;
        Some((seconds(moments[before]), seconds(at)))
    };
    session.downloads.all().map(span).collect()
}

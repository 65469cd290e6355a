//! The time of a build, for logs that hold absolute times. Refuses to read a clock of this machine.

use crate::event::Moment;

/// Absolute times, in seconds since the first.
#[derive(Debug, Default)]
pub(super) struct Clock {
    first: Option<Moment>,
    /// The latest moment heard of.
    pub(super) last: Option<f64>,
}

impl Clock {
    /// Seconds since the first moment.
    pub(super) fn at(&mut self, moment: Moment) -> f64 {
        let since = moment.seconds_since(*self.first.get_or_insert(moment));
        self.last = Some(self.last.map_or(since, |last| last.max(since)));
        since
    }
}

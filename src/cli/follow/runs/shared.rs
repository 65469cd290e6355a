//! One log that many runs write, since it is the user's own, with all that it has been rotated to: cut by when its lines
//! were written and when its writers came.
//!
//! pip says which pip it is only for some commands, and not at all for others, so that no line begins a run for sure.
//! A process, however, opens the log only after it has started, and after it was last seen without it. Refuses to cut between runs that were there at once.

use super::{Heard, Run, Runs, merge};
use crate::cli::follow::intake::Log;
use crate::event::Moment;

/// No two time zones differ by less, in microseconds.
const ZONE: i64 = 15 * 60 * 1_000_000;

/// The start of a process is known to the hundredth of a second, and never too late. An interpreter takes longer to
/// come to its first line.
const TICK: i64 = 10_000;

/// The length of `2026-11-20T16:27:36,471`.
const STAMP: usize = 23;

impl Runs {
    pub(super) fn split_logs(&mut self, logs: &mut [Log], now: Moment, last: bool, heard: &mut Vec<Heard>) {
        self.met.resize(logs.len(), 0);
        for (at, log) in logs.iter().enumerate() {
            self.meet_writers(at, log, logs, heard);
        }
        let latest = logs.iter().filter_map(|log| log.looked_at).max();
        for run in self.runs.iter_mut().filter(|run| is_going_on(run, logs)) {
            run.alive_at = latest;
        }
        let mut lines = merge(&logs.iter_mut().map(Log::lines).collect::<Vec<_>>());
        let nothing_more = lines.is_empty();
        if nothing_more && (last || logs.iter().all(|log| log.writing.is_empty())) {
            lines = merge(&logs.iter_mut().map(Log::rest).collect::<Vec<_>>());
        }
        self.give(&lines, now, heard);
        for (number, run) in self.runs.iter_mut().enumerate().filter(|(_, run)| nothing_more && !run.over) {
            run.over = last || !is_going_on(run, logs);
            if run.over {
                heard.push(Heard::Ended(number));
            }
        }
    }

    /// Begins a run for each new writer that is not part of one.
    fn meet_writers(&mut self, at: usize, log: &Log, logs: &[Log], heard: &mut Vec<Heard>) {
        for writer in log.writers.iter().skip(self.met[at]) {
            if self.outer(writer).is_none() {
                let next = self.begin(Some(writer), heard);
                // A shell that becomes its last command started long before that one: what was seen gone is gone.
                let was_there = |run: &Run| run.alive_at >= writer.absent_at;
                let outlived = |run: &Run| run.alive_at > writer.started_at.map(after_tick);
                let overlaps = |run: &Run| is_going_on(run, logs) || was_there(run) && outlived(run);
                let at_once: Vec<usize> = (0..next).filter(|&run| overlaps(&self.runs[run])).collect();
                for &run in at_once.iter().chain((!at_once.is_empty()).then_some(&next)) {
                    self.mix(run, heard);
                }
            }
        }
        self.met[at] = log.writers.len();
    }

    /// Gives each line to the run that started last before it was written; to one of an unknown process, if none had.
    fn give(&mut self, lines: &[u8], now: Moment, heard: &mut Vec<Heard>) {
        let mut given = 0;
        let mut current = None;
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', lines).map(|end| end + 1));
        for start in starts.filter(|&start| start < lines.len()) {
            let Some(at) = written_at(&lines[start..], now) else { continue };
            let owner = self.owner(at);
            if current != Some(owner) {
                self.push(current, &lines[given..start], heard);
                (given, current) = (start, Some(owner));
            }
        }
        let last = current.unwrap_or_else(|| self.runs.iter().rposition(|run| !run.over));
        self.push(Some(last), &lines[given..], heard);
    }

    /// The run that came last before that time.
    fn owner(&self, at: Moment) -> Option<usize> {
        let began = |run: &Run| run.writer.as_ref()?.started_at.map(after_tick);
        self.runs.iter().rposition(|run| !run.over && began(run).is_some_and(|began| began <= at))
    }

    fn push(&mut self, owner: Option<Option<usize>>, lines: &[u8], heard: &mut Vec<Heard>) {
        if lines.is_empty() {
            return;
        }
        let unknown = |run: &Run| !run.over && run.writer.is_none();
        let run = owner.flatten().or_else(|| self.runs.iter().rposition(unknown));
        let run = run.unwrap_or_else(|| self.begin(None, heard));
        heard.push(Heard::Lines(run, lines.to_vec()));
    }
}

fn is_going_on(run: &Run, logs: &[Log]) -> bool {
    run.writer.as_ref().is_some_and(|writer| logs.iter().any(|log| log.writing.contains(&writer.pid)))
}

/// The latest moment that a start within the tick of `moment` may have been.
fn after_tick(moment: Moment) -> Moment {
    Moment::from_microseconds(moment.microseconds() + TICK)
}

/// When a line was written: its stamp is local time, of which the zone is found by comparison with `now`, since a line
/// is read soon after it was written.
fn written_at(line: &[u8], now: Moment) -> Option<Moment> {
    let stamp = std::str::from_utf8(line.get(..STAMP)?).ok()?;
    let (seconds, milliseconds) = stamp.split_once(',')?;
    let local: Moment = serde_json::from_value(format!("{seconds}.{milliseconds}Z").into()).ok()?;
    let difference = local.microseconds() - now.microseconds();
    let zone = (difference + ZONE / 2).div_euclid(ZONE) * ZONE;
    Some(Moment::from_microseconds(local.microseconds() - zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_zone_of_a_stamp() {
        let moment = |text: &str| serde_json::from_value::<Moment>(text.into()).unwrap();
        let now = moment("2026-11-20T16:00:01Z");
        for local in ["2026-11-20T16:00:00,471", "2026-11-20T21:30:00,471", "2026-11-20T06:15:00,471"] {
            assert_eq!(written_at(local.as_bytes(), now), Some(moment("2026-11-20T16:00:00.471Z")), "{local}");
        }
        assert_eq!(written_at(b"2026-11-20T16:00:00,4", now), None);
        assert_eq!(written_at(b"no stamp stands at the beginning of this", now), None);
    }
}

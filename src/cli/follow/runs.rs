//! Which lines belong to which run of pip.
//!
//! A run is a pip that no other followed pip started, together with all pips that it starts itself. Refuses to guess
//! where lines cannot be told apart: then the run says so.

mod shared;

use super::intake::{Intake, Log};
use super::merge::merge;
use super::writer::Writer;
use crate::event::Moment;

/// What has become known of the runs; a run is named by its number.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A run has begun, and was written by this process if that was found.
    Began(usize, Option<Box<Writer>>),
    /// The run has written these lines.
    Lines(usize, Vec<u8>),
    /// Not all lines of the run can be told from those of another.
    Mixed(usize),
    /// The run is over.
    Ended(usize),
}

/// One run.
#[derive(Debug)]
struct Run {
    writer: Option<Writer>,
    /// The logs that it writes, its own first; none if it shares one with other runs.
    logs: Vec<usize>,
    over: bool,
    mixed: bool,
    /// When it was seen to go on.
    alive_at: Option<Moment>,
}

/// Sorts logs into runs.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    runs: Vec<Run>,
    /// The run of each log that has no name any more.
    owners: Vec<Option<usize>>,
    /// How many writers of each log that is shared were looked at.
    met: Vec<usize>,
}

impl Runs {
    /// Takes what has come in, a piece of each log; to be called until it answers with nothing. `now` is when the intake
    /// was looked at. With `last`, nothing more will come.
    pub(crate) fn hear(&mut self, intake: &mut Intake, now: Moment, last: bool) -> Vec<Heard> {
        let mut heard = Vec::new();
        if intake.takes {
            self.sort_logs(intake, last, &mut heard);
            self.read_logs(intake, last, &mut heard);
        } else {
            self.split_logs(&mut intake.logs, now, last, &mut heard);
        }
        let runs = &self.runs;
        heard.retain(|heard| {
            let (Heard::Began(run, _) | Heard::Lines(run, _) | Heard::Mixed(run) | Heard::Ended(run)) = heard;
            // What a shim records is not recorded again.
            runs[*run].writer.as_ref().is_none_or(|writer| !writer.has_shim)
        });
        heard
    }

    /// Finds the run of each log that has none, once its writer is found or is known to be gone.
    fn sort_logs(&mut self, intake: &Intake, last: bool, heard: &mut Vec<Heard>) {
        self.owners.resize(intake.logs.len(), None);
        for (at, log) in intake.logs.iter().enumerate() {
            if self.owners[at].is_none() && (last || !log.writers.is_empty() || log.is_orphan()) {
                let writer = log.writers.first();
                let run = writer.and_then(|writer| self.outer(writer)).unwrap_or_else(|| self.begin(writer, heard));
                self.runs[run].logs.push(at);
                self.owners[at] = Some(run);
            }
            if let Some(run) = self.owners[at]
                && has_strangers(log)
            {
                self.mix(run, heard);
            }
        }
    }

    fn read_logs(&mut self, intake: &mut Intake, last: bool, heard: &mut Vec<Heard>) {
        for (number, run) in self.runs.iter_mut().enumerate().filter(|(_, run)| !run.over) {
            // Looked at before reading: what was over then has nothing more to say afterwards.
            let over = last || run.logs.iter().all(|&at| intake.logs[at].writing.is_empty());
            let mut lines = merge(&run.logs.iter().map(|&at| intake.logs[at].lines()).collect::<Vec<_>>());
            run.over = over && lines.is_empty();
            if run.over {
                lines = merge(&run.logs.iter().map(|&at| intake.logs[at].rest()).collect::<Vec<_>>());
            }
            if !lines.is_empty() {
                heard.push(Heard::Lines(number, lines));
            }
            if run.over {
                heard.push(Heard::Ended(number));
            }
        }
    }

    /// The run that is going on and started this process.
    fn outer(&self, writer: &Writer) -> Option<usize> {
        let is_outer = |run: &Run| run.writer.as_ref().is_some_and(|outer| writer.ancestors.contains(&outer.pid));
        self.runs.iter().position(|run| !run.over && is_outer(run))
    }

    fn begin(&mut self, writer: Option<&Writer>, heard: &mut Vec<Heard>) -> usize {
        let run = Run { writer: writer.cloned(), logs: Vec::new(), over: false, mixed: false, alive_at: None };
        self.runs.push(run);
        let number = self.runs.len() - 1;
        heard.push(Heard::Began(number, writer.cloned().map(Box::new)));
        number
    }

    fn mix(&mut self, run: usize, heard: &mut Vec<Heard>) {
        if !std::mem::replace(&mut self.runs[run].mixed, true) {
            heard.push(Heard::Mixed(run));
        }
    }
}

/// Whether a log has a writer that neither is nor descends from its first.
fn has_strangers(log: &Log) -> bool {
    let Some((first, others)) = log.writers.split_first() else { return false };
    others.iter().any(|other| !other.ancestors.contains(&first.pid) && !first.ancestors.contains(&other.pid))
}

#[cfg(test)]
mod tests;

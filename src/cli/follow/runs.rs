//! Which lines belong to which run of pip.
//!
//! A run is a pip that no other followed pip started, together with all pips that it starts itself. Refuses to guess
//! where lines cannot be told apart: then the run says so.

use super::intake::{Intake, Log};
use super::merge::merge;
use super::writer::Writer;

/// Names the invocation that a process belongs to: a shim sets it, and records what it names.
const INVOCATION_VARIABLE: &str = "WHEELTAP_INVOCATION";

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
    /// The logs that it writes, its own first; not of a log that is shared with other runs.
    logs: Vec<usize>,
    over: bool,
    mixed: bool,
    /// A shim records it: it is not to be heard of.
    recorded: bool,
}

/// Sorts logs into runs.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    runs: Vec<Run>,
    /// The run of each log that was moved aside.
    owners: Vec<Option<usize>>,
    /// The processes whose turn came in a log that is shared.
    turned: Vec<Writer>,
}

impl Runs {
    /// Takes what has come in, a piece of each log; to be called until it answers with nothing. With `last`, nothing more
    /// will come.
    pub(crate) fn hear(&mut self, intake: &mut Intake, last: bool) -> Vec<Heard> {
        let mut heard = Vec::new();
        if intake.moves {
            self.sort_logs(intake, last, &mut heard);
            self.read_logs(intake, last, &mut heard);
        } else if let Some(log) = intake.logs.first_mut() {
            self.split_log(log, last, &mut heard);
        }
        heard.retain(|heard| {
            let (Heard::Began(run, _) | Heard::Lines(run, _) | Heard::Mixed(run) | Heard::Ended(run)) = heard;
            !self.runs[*run].recorded
        });
        heard
    }

    /// Finds the run of each log that has none. Its writer is looked for twice before it is given up.
    fn sort_logs(&mut self, intake: &Intake, last: bool, heard: &mut Vec<Heard>) {
        self.owners.resize(intake.logs.len(), None);
        for (at, log) in intake.logs.iter().enumerate() {
            if self.owners[at].is_none() && (last || !log.writers.is_empty() || !intake.has_looks_due()) {
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

    /// The run that is going on and started this process.
    fn outer(&self, writer: &Writer) -> Option<usize> {
        let is_outer = |run: &Run| run.writer.as_ref().is_some_and(|outer| writer.ancestors.contains(&outer.pid));
        self.runs.iter().position(|run| !run.over && is_outer(run))
    }

    fn begin(&mut self, writer: Option<&Writer>, heard: &mut Vec<Heard>) -> usize {
        let number = self.runs.len();
        let recorded = writer.is_some_and(|writer| writer.variable(INVOCATION_VARIABLE).is_some());
        self.runs.push(Run { writer: writer.cloned(), logs: Vec::new(), over: false, mixed: false, recorded });
        heard.push(Heard::Began(number, writer.cloned().map(Box::new)));
        number
    }

    fn mix(&mut self, run: usize, heard: &mut Vec<Heard>) {
        if !std::mem::replace(&mut self.runs[run].mixed, true) {
            heard.push(Heard::Mixed(run));
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

    /// Cuts a log that runs write one after the other where each tells its version, which it does first.
    fn split_log(&mut self, log: &mut Log, last: bool, heard: &mut Vec<Heard>) {
        let mut lines = log.lines();
        let over = lines.is_empty() && (last || log.writing.is_empty());
        if over {
            lines = log.rest();
        }
        let mut given = 0;
        let turns: Vec<usize> = turns(&lines).collect();
        for (at, &turn) in turns.iter().enumerate() {
            self.give(&lines[given..turn], heard);
            self.turn(log, turns.len() - at, heard);
            given = turn;
        }
        self.give(&lines[given..], heard);
        if over {
            self.end_all(heard);
        }
    }

    /// A pip has told its version: it is part of the run that is going on, or another run begins. `turns` pips have
    /// told theirs since the last look, of which this is the first; if fewer writers were found, it was too fast.
    fn turn(&mut self, log: &Log, turns: usize, heard: &mut Vec<Heard>) {
        let waiting = || log.writers.iter().filter(|writer| !self.turned.iter().any(|turned| turned.is(writer)));
        let alive = waiting().find(|writer| log.writing.contains(&writer.pid));
        let writer = alive.or_else(|| waiting().next()).filter(|_| waiting().count() >= turns);
        self.turned.extend(writer.cloned());
        if writer.is_some_and(|writer| self.outer(writer).is_some()) {
            return;
        }
        let is_alive = |run: &Run| run.writer.as_ref().is_some_and(|writer| log.writing.contains(&writer.pid));
        match self.current().filter(|&run| is_alive(&self.runs[run])) {
            Some(current) => {
                self.mix(current, heard);
                let next = self.begin(writer, heard);
                self.mix(next, heard);
            }
            None => {
                self.end_all(heard);
                self.begin(writer, heard);
            }
        }
    }

    fn current(&self) -> Option<usize> {
        self.runs.iter().rposition(|run| !run.over)
    }

    /// Gives lines to the run that is going on; those before any run, to nobody.
    fn give(&self, lines: &[u8], heard: &mut Vec<Heard>) {
        if let Some(current) = self.current().filter(|_| !lines.is_empty()) {
            heard.push(Heard::Lines(current, lines.to_vec()));
        }
    }

    fn end_all(&mut self, heard: &mut Vec<Heard>) {
        for (number, run) in self.runs.iter_mut().enumerate().filter(|(_, run)| !run.over) {
            run.over = true;
            heard.push(Heard::Ended(number));
        }
    }
}

/// Whether a log has a writer that neither is nor descends from its first.
fn has_strangers(log: &Log) -> bool {
    let Some((first, others)) = log.writers.split_first() else { return false };
    others.iter().any(|other| !other.ancestors.contains(&first.pid) && !first.ancestors.contains(&other.pid))
}

/// Where the lines `STAMP Using pip 24.0 from ...` begin; a pip's copy of what another says is indented.
fn turns(lines: &[u8]) -> impl Iterator<Item = usize> {
    const STAMP: usize = 24;
    memchr::memmem::find_iter(lines, b" Using pip ").filter_map(|at| {
        let start = (at + 1).checked_sub(STAMP)?;
        let begins_line = start == 0 || lines[start - 1] == b'\n';
        (begins_line && lines[start + 10] == b'T' && lines[start + 19] == b',').then_some(start)
    })
}

#[cfg(test)]
mod tests;

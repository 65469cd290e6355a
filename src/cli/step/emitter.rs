//! The events of a step's journal on their way out, as marked lines on standard error.
//!
//! A message goes out whenever no invocation is going on any more, since then a line of its output has ended, too, and
//! what follows may be killed; the last one, without events, says that nothing is lost. Refuses to write so fast that the builder
//! holds lines back: BuildKit takes 200 KiB in a second of one stream.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::cli::now;
use crate::event::{Event, InvocationId, marked};
use crate::ledger::invocation_id;

/// How many bytes are written at a stretch, and how long the pause after that is.
const STRETCH: usize = 100 << 10;
const PAUSE: Duration = Duration::from_millis(700);

/// After this time events go out although an invocation is going on.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends events out.
pub(super) struct Emitter {
    sender: InvocationId,
    message: u32,
    journal: Option<File>,
    offset: u64,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
    waiting: Vec<Event>,
    /// The invocations that are going on.
    running: BTreeSet<InvocationId>,
    since: Instant,
}

impl Emitter {
    /// With nothing to send yet.
    pub(super) fn new() -> Emitter {
        Emitter {
            sender: invocation_id(),
            message: 0,
            journal: None,
            offset: 0,
            begun: Vec::new(),
            waiting: Vec::new(),
            running: BTreeSet::new(),
            since: Instant::now(),
        }
    }

    /// Sends what comes into this journal.
    pub(super) fn follow(&mut self, journal: PathBuf) {
        match File::open(&journal) {
            Ok(file) => self.journal = Some(file),
            Err(error) => self.degraded(&format!("the journal of the step cannot be read: {error}")),
        }
    }

    /// Sends why there is less to send than there should be.
    pub(super) fn degraded(&mut self, reason: &str) {
        self.send(&[Event::Degraded { at: now(), invocation: None, reason: reason.to_owned() }]);
    }

    /// Sends what is new, if it is time.
    pub(super) fn look(&mut self) {
        self.read();
        if !self.waiting.is_empty() && (self.running.is_empty() || self.since.elapsed() > PATIENCE) {
            self.send_waiting();
        }
    }

    /// Sends the rest, and that it is the rest.
    pub(super) fn finish(&mut self) {
        self.read();
        if !self.waiting.is_empty() {
            self.send_waiting();
        }
        self.send(&[]);
    }

    fn send_waiting(&mut self) {
        let events = std::mem::take(&mut self.waiting);
        self.send(&events);
        self.since = Instant::now();
    }

    fn read(&mut self) {
        let Some(journal) = &self.journal else { return };
        let mut piece = [0; 8 << 10];
        while let Ok(count @ 1..) = journal.read_at(&mut piece, self.offset) {
            self.offset += count as u64;
            self.begun.extend_from_slice(&piece[..count]);
        }
        let whole = self.begun.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.begun.drain(..whole).collect();
        for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                // The session is the build's, not the step's.
                Ok(Event::SessionStarted { .. }) => {}
                Ok(event) => {
                    match &event {
                        Event::InvocationStarted { record, .. } => drop(self.running.insert(record.id.clone())),
                        Event::InvocationFinished { record, .. } => drop(self.running.remove(&record.id)),
                        _ => {}
                    }
                    self.waiting.push(event);
                }
                Err(_) => self.waiting.push(Event::Degraded {
                    at: now(),
                    invocation: None,
                    reason: "1 line of a step's journal could not be read: torn".to_owned(),
                }),
            }
        }
    }

    fn send(&mut self, events: &[Event]) {
        let lines = marked::mark(&self.sender, self.message, events);
        self.message += 1;
        let mut written = 0;
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            if written + line.len() > STRETCH {
                std::thread::sleep(PAUSE);
                written = 0;
            }
            written += line.len();
            // Each line by a single write, which a pipe keeps whole among others. Where nobody reads any more, nobody
            // misses it.
            let _ = std::io::stderr().write_all(line);
        }
    }
}

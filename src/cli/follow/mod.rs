//! Follows the pips that pass the shims by (`.venv/bin/pip`, an interpreter by its absolute path).
//!
//! `PIP_LOG` leads every pip of a session to one place; here its log is read as it grows, cut into the runs that wrote
//! it, classified and recorded. A thread of its own does that, so that nothing waits for it. Refuses to influence a run:
//! it reads and never writes, and what it cannot tell apart it says.

mod destination;
mod installed;
mod intake;
mod merge;
mod pip;
mod runs;
mod writer;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

pub(crate) use destination::Destination;
pub(crate) use installed::{Before, prefix_of, prefixes_in_use, present, unexplained};

use super::now;
use crate::event::{BuildInfo, Event, Redactor, SessionId};
use crate::ledger::{Directory, Journal};
use crate::shim::pip::LOG_WAS_CUT;
use crate::shim::quietly;
use crate::supervise::Tap;
use intake::Intake;
use pip::Pip;
use runs::{Heard, Runs};

/// How often open logs are read: rarely enough to cost the build nothing, often enough that a temporary file is still
/// there when its line is read.
const PERIOD: Duration = Duration::from_millis(20);

/// Where what is heard is written down.
pub(crate) struct Books {
    /// The log directory.
    pub(crate) directory: Directory,
    /// The session.
    pub(crate) session: SessionId,
    /// What it says of this machine.
    pub(crate) build_info: BuildInfo,
    /// Knows the secrets of the session's own environment and command.
    pub(crate) redactor: Redactor,
    /// Whether pips write a log because of us, so that what it takes from their output is given back.
    pub(crate) gives_back: bool,
}

impl Books {
    /// A journal to append to; `None` where there is none any more.
    fn journal(&self) -> Option<Journal> {
        Journal::join(&self.directory, &self.session, now(), &self.build_info).ok()
    }
}

/// Follows pips from the moment when the command runs until it is told that the command has ended.
pub(crate) struct Follower {
    /// What the thread will need; gone when it has started.
    due: Option<Work>,
    /// Readable when the command has ended.
    end: Arc<OwnedFd>,
    thread: Option<JoinHandle<Vec<PathBuf>>>,
}

/// What the thread works with.
struct Work {
    intake: Intake,
    books: Books,
    end: Arc<OwnedFd>,
    pips: BTreeMap<usize, Pip>,
    prefixes: Vec<PathBuf>,
}

impl Follower {
    /// Gets ready to follow what comes in at `destination`.
    ///
    /// # Errors
    /// When the kernel gives no event to wait for.
    pub(crate) fn new(destination: &Destination, books: Books) -> io::Result<Self> {
        let intake = Intake::open(destination.log().to_owned(), destination.is_ours());
        let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let work = Work { intake, books, end: Arc::clone(&end), pips: BTreeMap::new(), prefixes: Vec::new() };
        Ok(Follower { due: Some(work), end, thread: None })
    }

    /// The command has ended: reads what is left, and answers with the prefixes of the environments that the followed
    /// pips may have installed into.
    pub(crate) fn finish(mut self) -> Vec<PathBuf> {
        let told = rustix::io::write(&*self.end, &1u64.to_ne_bytes());
        // A command that was faster than the first tick may have left a log all the same.
        if let Some(work) = self.due.take() {
            return work.follow();
        }
        // A thread that was not told would be waited for in vain.
        self.thread.filter(|_| told.is_ok()).and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

/// The thread begins with the first tick: by then the command runs, so that it inherits nothing of the thread's, and all
/// signals are blocked, so that none is delivered to the thread instead of to the command.
impl Tap for Follower {
    fn tick(&mut self) {
        if let Some(work) = self.due.take() {
            self.thread = std::thread::Builder::new().name("follow".to_owned()).spawn(move || work.follow()).ok();
        }
    }

    fn period(&self) -> Option<Duration> {
        self.due.is_some().then_some(Duration::ZERO)
    }
}

impl Work {
    fn follow(mut self) -> Vec<PathBuf> {
        if let Err(panic) = quietly(|| self.listen()) {
            self.tell(&format!("following pips broke off: {panic}"));
            // What each of them has said so far is recorded.
            for pip in std::mem::take(&mut self.pips).into_values() {
                self.prefixes.extend(quietly(|| pip.end()).unwrap_or_default());
            }
        }
        self.prefixes
    }

    fn listen(&mut self) {
        let mut runs = Runs::default();
        let (mut looked, mut told) = (Instant::now(), false);
        loop {
            let ended = self.wait();
            if !self.intake.take_up() && !ended && looked.elapsed() < PERIOD {
                continue;
            }
            looked = Instant::now();
            let now = now();
            self.intake.look(now);
            if self.intake.was_cut && !std::mem::replace(&mut told, true) {
                self.tell(LOG_WAS_CUT);
            }
            loop {
                let heard = runs.hear(&mut self.intake, now, ended);
                if heard.is_empty() {
                    break;
                }
                heard.into_iter().for_each(|heard| self.take(heard));
            }
            if ended {
                return;
            }
        }
    }

    fn take(&mut self, heard: Heard) {
        match heard {
            Heard::Began(run, writer) => {
                self.pips.insert(run, Pip::begin(writer.as_deref(), &self.books));
            }
            Heard::Lines(run, lines) => {
                if let Some(pip) = self.pips.get_mut(&run) {
                    pip.hear(&lines);
                }
            }
            Heard::Mixed(run) => {
                if let Some(pip) = self.pips.get_mut(&run) {
                    pip.mixed();
                }
            }
            Heard::Ended(run) => {
                self.prefixes.extend(self.pips.remove(&run).into_iter().flat_map(Pip::end));
            }
        }
    }

    fn tell(&self, reason: &str) {
        let event = Event::BlindSpot { at: now(), invocation: None, reason: self.books.redactor.text(reason) };
        // What cannot be written now is lost with the disk.
        let _ = self.books.journal().map(|mut journal| journal.append(&[event]));
    }

    /// Waits for a while, or for the command's end; whether it is that.
    fn wait(&self) -> bool {
        let end: &OwnedFd = &self.end;
        let mut descriptor = [PollFd::new(end, PollFlags::IN)];
        let patience = self.intake.patience().try_into().ok();
        // An interrupted wait is a short one.
        let _ = poll(&mut descriptor, patience.as_ref());
        descriptor[0].revents().contains(PollFlags::IN)
    }
}

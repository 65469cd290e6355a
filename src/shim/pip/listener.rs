//! What is heard of one pip, whoever reads its texts: classified, completed from the disk, recorded.
//!
//! Refuses to know where the bytes come from: a shim's streams and log, or a log that is followed. And to take anybody
//! along who goes on: whatever panics here ends the listening, and is why the session is degraded.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

use super::{Files, doubt};
use crate::classify::{Channel, Clues, End, Finding, pip};
use crate::event::Artifact;
use crate::shim::fault::may_break;
use crate::shim::session::Session;
use crate::supervise;
use crate::witness::{Mode, Sighting};

/// Listens to one pip.
pub(crate) struct Listener {
    session: Session,
    /// `None` where none could be made.
    ear: Option<Ear>,
    /// It has panicked, and is not asked to listen from then on.
    is_broken: bool,
}

/// What listens, and what it has heard.
struct Ear {
    classifier: pip::Classifier,
    files: Files,
    found: Found,
}

impl Listener {
    /// For a pip of which this much is known; without anything it hears nothing.
    pub(crate) fn new(mut session: Session, known: impl FnOnce(&mut Session) -> Option<(pip::Options, Files)>) -> Self {
        let ear = session.endure(|session| known(session).map(|(options, files)| Ear::new(options, files)));
        Listener { session, ear: ear.flatten(), is_broken: false }
    }

    /// pip has said this.
    pub(crate) fn hear(&mut self, channel: Channel, bytes: &[u8]) {
        self.part(|session, ear| ear.hear(session, channel, bytes));
    }

    /// Whether anything that pip has said was pip's without doubt, or that cannot be told any more.
    pub(crate) fn has_understood(&self) -> bool {
        self.is_broken || self.ear.as_ref().is_none_or(|ear| ear.classifier.has_understood())
    }

    /// What tells that files have appeared where pip keeps them while it works.
    pub(crate) fn watched(&self) -> Option<BorrowedFd<'_>> {
        self.ear.as_ref().filter(|_| !self.is_broken)?.files.temporaries().descriptor()
    }

    /// Takes hold of files that have appeared.
    pub(crate) fn look(&mut self) {
        self.part(|_, ear| ear.files.look());
    }

    /// Writes down what was heard, so that it outlives this process.
    pub(crate) fn flush(&mut self) {
        self.session.endure(Session::flush);
    }

    /// Something could not be seen.
    pub(crate) fn blind_spot(&mut self, reason: &str) {
        self.session.endure(|session| session.blind_spot(reason));
    }

    /// Something else than the listening has panicked, and said this.
    pub(crate) fn broke_off(&mut self, panic: &str) {
        self.session.broke_off(panic);
    }

    /// What a witness saw of pip and of all that it started.
    pub(crate) fn witnessed(&mut self, mode: Mode, sighting: &Sighting) {
        self.session.endure(|session| session.watched(mode, sighting));
    }

    /// pip has ended, as far as is known: settles what is still open and completes it from the disk.
    pub(crate) fn end(self, end: Option<supervise::End>) {
        let Listener { mut session, ear, is_broken } = self;
        if let Some(Ear { classifier, mut files, mut found }) = ear {
            if !is_broken {
                session.endure(|session| {
                    classifier.finish(known(end), &mut |finding| note(finding, session, &mut files, &mut found));
                });
            }
            session.endure(|session| complete(session, files, found));
        }
        session.end(end);
    }

    fn part(&mut self, part: impl FnOnce(&mut Session, &mut Ear)) {
        if let Some(ear) = self.ear.as_mut().filter(|_| !self.is_broken) {
            self.is_broken = self.session.endure(|session| part(session, ear)).is_none();
        }
    }
}

impl Ear {
    fn new(options: pip::Options, mut files: Files) -> Ear {
        options.version.iter().for_each(|version| files.version(version));
        Ear { classifier: pip::Classifier::new(options), files, found: BTreeMap::new() }
    }

    fn hear(&mut self, session: &mut Session, channel: Channel, bytes: &[u8]) {
        may_break("hear");
        let Ear { classifier, files, found } = self;
        classifier.feed(channel, bytes, &mut |finding| note(finding, session, files, found));
    }
}

/// What was found of each artifact, by its number.
type Found = BTreeMap<u64, (Box<Artifact>, Box<Clues>)>;

fn known(end: Option<supervise::End>) -> End {
    match end {
        Some(supervise::End::Code(code)) => End::Code(code),
        Some(supervise::End::Signal(signal)) => End::Signal(signal),
        None => End::Unknown,
    }
}

/// Completes what was found from the disk.
fn complete(session: &mut Session, mut files: Files, mut found: Found) {
    may_break("complete");
    let mut measured = files.ended();
    for (number, (artifact, clues)) in &mut found {
        files.complete(*number, artifact, clues, &mut measured);
    }
    doubt::settle(&mut found);
    files.settle(&mut found);
    for (number, (artifact, _)) in found {
        session.artifact(number, &artifact);
    }
}

fn note(finding: Finding, session: &mut Session, files: &mut Files, found: &mut Found) {
    match finding {
        Finding::Version(version) => {
            files.version(&version);
            session.version(version);
        }
        Finding::Artifact { number, record, clues } => {
            files.named(number, &record, &clues);
            session.artifact(number, &record);
            found.insert(number, (record, clues));
        }
        Finding::Attempt(attempt) => session.attempt(&attempt),
        Finding::Missing { requirement } => session.missing(&requirement),
        Finding::BlindSpot(reason) => session.blind_spot(&reason),
        Finding::Installed { .. } => {}
    }
}

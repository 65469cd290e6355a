//! What is heard of one pip, whoever reads its texts: classified, completed from the disk, recorded.
//!
//! Refuses to know where the bytes come from: a shim's streams and log, or a log that is followed.

use std::collections::BTreeMap;

use super::temporaries::Temporaries;
use super::{Files, doubt};
use crate::classify::{Channel, Clues, End, Finding, pip};
use crate::event::Artifact;
use crate::shim::session::Session;
use crate::supervise;

/// Listens to one pip.
pub(crate) struct Listener {
    pub(crate) session: Session,
    classifier: pip::Classifier,
    files: Files,
    found: BTreeMap<u64, (Box<Artifact>, Box<Clues>)>,
}

impl Listener {
    /// For a pip whose files are looked for by `files`.
    pub(crate) fn new(session: Session, options: pip::Options, mut files: Files) -> Self {
        options.version.iter().for_each(|version| files.version(version));
        Listener { session, classifier: pip::Classifier::new(options), files, found: BTreeMap::new() }
    }

    /// pip has said this.
    pub(crate) fn hear(&mut self, channel: Channel, bytes: &[u8]) {
        let Listener { session, classifier, files, found } = self;
        classifier.feed(channel, bytes, &mut |finding| note(finding, session, files, found));
    }

    /// Whether anything that pip has said was pip's without doubt.
    pub(crate) fn has_understood(&self) -> bool {
        self.classifier.has_understood()
    }

    /// Where pip keeps files while it works.
    pub(crate) fn temporaries(&self) -> &Temporaries {
        self.files.temporaries()
    }

    /// Takes hold of files that have appeared.
    pub(crate) fn look(&mut self) {
        self.files.look();
    }

    /// pip has ended, as far as is known: settles what is still open and completes it from the disk.
    pub(crate) fn end(self, end: Option<supervise::End>) {
        let Listener { mut session, classifier, mut files, mut found } = self;
        let known = match end {
            Some(supervise::End::Code(code)) => End::Code(code),
            Some(supervise::End::Signal(signal)) => End::Signal(signal),
            None => End::Unknown,
        };
        classifier.finish(known, &mut |finding| note(finding, &mut session, &mut files, &mut found));
        let mut measured = files.ended();
        for (number, (artifact, clues)) in &mut found {
            files.complete(*number, artifact, clues, &mut measured);
        }
        doubt::settle(&mut found);
        files.settle(&mut found);
        for (number, (artifact, _)) in found {
            session.artifact(number, &artifact);
        }
        session.end(end);
    }
}

fn note(
    finding: Finding,
    session: &mut Session,
    files: &mut Files,
    found: &mut BTreeMap<u64, (Box<Artifact>, Box<Clues>)>,
) {
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

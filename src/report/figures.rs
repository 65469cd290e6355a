//! What a session comes to, by origin. The formulas are described in `docs/figures.md`; those of the summary are
//! [`Summary`](crate::event::Summary)'s.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::event::{Artifact, Origin, Session};

/// Files of one sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many files.
    pub files: u64,
    /// Their bytes, of those whose exact size is known.
    pub bytes: u64,
    /// How many of the files have no known size.
    pub unsized_files: u64,
}

impl Tally {
    pub(super) fn count(&mut self, artifact: &Artifact) {
        self.files += 1;
        match artifact.size_bytes {
            Some(bytes) => self.bytes = self.bytes.saturating_add(bytes),
            None => self.unsized_files += 1,
        }
    }

    pub(super) fn add(&mut self, other: Tally) {
        self.files += other.files;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.unsized_files += other.unsized_files;
    }
}

/// The files of a session by origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Package files: wheels, sdists, Debian packages, source package files.
    pub packages: BTreeMap<Origin, Tally>,
    /// Index pages, index files, metadata and the rest.
    pub others: BTreeMap<Origin, Tally>,
}

impl Figures {
    /// Counts the artifacts of `session`.
    pub fn of(session: &Session) -> Self {
        let mut figures = Figures::default();
        for artifact in session.downloads.all() {
            let origins = if artifact.kind.is_package() { &mut figures.packages } else { &mut figures.others };
            origins.entry(artifact.origin).or_default().count(artifact);
        }
        figures
    }

    /// The sum over the origins of `tallies` for which [`Origin::cached`] says `cached`.
    pub fn sum(tallies: &BTreeMap<Origin, Tally>, cached: bool) -> Tally {
        let mut sum = Tally::default();
        for (_, tally) in tallies.iter().filter(|(origin, _)| origin.cached() == Some(cached)) {
            sum.add(*tally);
        }
        sum
    }
}

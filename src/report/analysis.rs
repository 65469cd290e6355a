//! Everything that a report says of one session, reckoned once; each figure has its formula in `docs/figures.md`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::figures::{Figures, Tally};
use super::history::{History, package};
use super::reasons::{Explained, Reason, explain};
use super::shares::{Share, by_invocation, by_step};
use super::timing::Transfer;
use crate::event::{Artifact, Ecosystem, Invocation, Origin, Purpose, Session, Step};

/// A session with all its figures.
#[derive(Clone, Debug)]
pub struct Analysis<'a> {
    /// The session.
    pub session: &'a Session,
    /// Files by origin.
    pub figures: Figures,
    /// The time in which bytes moved.
    pub transfer: Transfer,
    /// Each step of the image build; empty outside of one.
    pub steps: Vec<(Option<&'a Step>, Share)>,
    /// Each run of a tool.
    pub runs: Vec<(&'a Invocation, Share)>,
    /// Each downloaded package file with its reason.
    pub downloads: Vec<Explained<'a>>,
    /// Those that a further run would download again although it need not, by reason and package world.
    pub avoidable: BTreeMap<(Reason, Ecosystem), Tally>,
    /// How many earlier sessions the reasons were judged against.
    pub earlier_sessions: usize,
}

impl<'a> Analysis<'a> {
    /// Reckons; `earlier` holds the sessions before this one.
    pub fn of(session: &'a Session, earlier: &History) -> Self {
        let downloads = explain(session, earlier);
        let mut avoidable: BTreeMap<_, Tally> = BTreeMap::new();
        for download in downloads.iter().filter(|download| download.reason.is_avoidable()) {
            avoidable.entry((download.reason, download.artifact.ecosystem)).or_default().count(download.artifact);
        }
        Analysis {
            session,
            figures: Figures::of(session),
            transfer: Transfer::of(session),
            steps: by_step(session),
            runs: by_invocation(session),
            downloads,
            avoidable,
            earlier_sessions: earlier.sessions(),
        }
    }

    /// Package files that came over the network.
    pub fn downloaded(&self) -> Tally {
        Figures::sum(&self.figures.packages, false)
    }

    /// Package files that were spared a download.
    pub fn cached(&self) -> Tally {
        Figures::sum(&self.figures.packages, true)
    }

    /// What was avoidable, for each reason and ecosystem, the largest part first.
    pub(super) fn avoidable_largest_first(&self) -> Vec<(&(Reason, Ecosystem), &Tally)> {
        let mut avoidable: Vec<_> = self.avoidable.iter().collect();
        avoidable.sort_by_key(|(_, tally)| Reverse((tally.bytes, tally.files)));
        avoidable
    }

    /// All avoidable downloads.
    pub fn avoidable(&self) -> Tally {
        let mut sum = Tally::default();
        self.avoidable.values().for_each(|tally| sum.add(*tally));
        sum
    }

    /// Downloads of a file that this session had downloaded already: how many, and their bytes.
    pub fn repeated(&self) -> Tally {
        let mut sum = Tally::default();
        let repeated = self.downloads.iter().filter(|download| download.is_repeated);
        repeated.for_each(|download| sum.count(download.artifact));
        sum
    }

    /// Cached bytes over cached and downloaded ones, of package files with a known size; `None` if there are none.
    pub fn hit_rate_by_bytes(&self) -> Option<f64> {
        let (cached, downloaded) = (self.cached().bytes, self.downloaded().bytes);
        (cached + downloaded > 0).then(|| cached as f64 / (cached + downloaded) as f64)
    }

    /// The share of the downloaded bytes that was not avoidable, 0 to 100; 100 where nothing avoidable was downloaded.
    /// Where sizes are unknown, by count. Evidence that is missing can only lower it: see [`Analysis::is_bound`].
    pub fn optimization_score(&self) -> u64 {
        let (avoidable, all) = (self.avoidable(), self.downloaded());
        let (part, whole) = match all.unsized_files {
            0 => (avoidable.bytes, all.bytes),
            _ => (avoidable.files, all.files),
        };
        if part == 0 || whole == 0 {
            return if avoidable.files == 0 { 100 } else { 0 };
        }
        // Rounded down: only a build without avoidable bytes scores 100.
        ((whole - part.min(whole)) as f64 / whole as f64 * 100.0).floor() as u64
    }

    /// Whether the record has gaps, so that counts of what was obtained are "at least" and the score is "at most".
    pub fn is_bound(&self) -> bool {
        !self.session.summary.complete
    }

    /// How many distributions and packages were obtained to be used, whatever their versions.
    pub fn packages(&self) -> u64 {
        let mut names = BTreeSet::new();
        names.extend(self.obtained().filter_map(package));
        names.len() as u64
    }

    /// How many of them by runs that installed and ended well.
    pub fn packages_installed(&self) -> u64 {
        let installs = |run: &Invocation| run.exit_code == Some(0) && run.argv.iter().any(|word| word == "install");
        let mut ids = BTreeSet::new();
        ids.extend(self.session.invocations.iter().filter(|run| installs(run)).map(|run| &run.id));
        let by_these = |artifact: &&Artifact| artifact.invocation.as_ref().is_some_and(|id| ids.contains(id));
        let mut names = BTreeSet::new();
        names.extend(self.obtained().filter(by_these).filter_map(package));
        names.len() as u64
    }

    fn obtained(&self) -> impl Iterator<Item = &Artifact> {
        self.session.downloads.all().filter(|artifact| {
            artifact.kind.is_package()
                && artifact.purpose == Purpose::Runtime
                && !matches!(artifact.origin, Origin::Failed | Origin::Unknown)
        })
    }
}

/// Files with the largest first; those of unknown size come last.
pub(super) fn largest_first<'a>(files: impl Iterator<Item = &'a Artifact>) -> Vec<&'a Artifact> {
    let mut files: Vec<_> = files.collect();
    files.sort_by_key(|artifact| Reverse(artifact.size_bytes));
    files
}

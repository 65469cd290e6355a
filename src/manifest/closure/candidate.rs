//! A file that may serve a requirement, and the order in which pip prefers such files.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::ExtraName;

use super::super::target::Target;
use super::{Controls, Wish};
use crate::event::{Sha256, Tags, canonical_name};

/// A distribution file with what its metadata say.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The distribution, in canonical form.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// The file.
    pub filename: String,
    /// The digest of the file.
    pub sha256: Option<Sha256>,
    /// The tags of a wheel.
    pub tags: Option<Tags>,
    /// The build number of a wheel.
    pub build_number: Option<String>,
    /// What it needs.
    pub requires: Vec<Wish>,
    /// The extras that it has; pip passes over others.
    pub extras: Vec<ExtraName>,
    /// The Pythons that it accepts.
    pub requires_python: Option<VersionSpecifiers>,
    /// How a source distribution is built.
    pub build: Option<Build>,
    /// What is not known of what it needs.
    pub doubts: Vec<String>,
    /// Why it cannot be read.
    pub broken: Option<String>,
    /// The URL or path of a requirement that means just this file.
    pub location: Option<String>,
}

impl Candidate {
    /// A file of which nothing but its name is known.
    pub fn new(name: &str, version: Version, filename: String) -> Self {
        Candidate {
            name: canonical_name(name),
            version,
            filename,
            sha256: None,
            tags: None,
            build_number: None,
            requires: Vec::new(),
            extras: Vec::new(),
            requires_python: None,
            build: None,
            doubts: Vec::new(),
            broken: None,
            location: None,
        }
    }
}

/// How a source distribution is built.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    /// What must be there.
    pub requires: Vec<Wish>,
    /// The source says nothing of its build: pip decides what must be there.
    pub is_default: bool,
    /// The backend is setuptools, which before 70.1 needs `wheel` too.
    pub is_setuptools: bool,
}

/// All candidates.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    by_name: HashMap<String, Vec<Candidate>>,
}

impl Pool {
    /// Adds a candidate.
    pub fn add(&mut self, candidate: Candidate) {
        self.by_name.entry(candidate.name.clone()).or_default().push(candidate);
    }

    /// Every candidate of a distribution.
    pub fn named(&self, name: &str) -> &[Candidate] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The candidates of a distribution that serve all `wishes`, the one that pip prefers first.
    pub(super) fn serving<'a>(
        &'a self,
        name: &str,
        wishes: &[&Wish],
        target: &Target,
        controls: &Controls,
    ) -> Vec<&'a Candidate> {
        let fits = |candidate: &&Candidate| unfit_by_name(candidate, wishes, target, controls).is_none();
        let mut serving: Vec<&Candidate> = self.named(name).iter().filter(fits).collect();
        // A pre-release is taken where it is asked for by name or where there is nothing else.
        let choice = controls.takes_prereleases(name);
        let asked_for = choice.unwrap_or_else(|| wishes.iter().any(|wish| wish.names_prerelease()));
        let is_final = |candidate: &&Candidate| !candidate.version.any_prerelease() || candidate.location.is_some();
        if choice == Some(false) || (!asked_for && serving.iter().any(is_final)) {
            serving.retain(is_final);
        }
        serving.sort_by_cached_key(|candidate| {
            let rank = candidate.tags.as_ref().map_or(usize::MAX, |tags| target.rank(tags).unwrap_or(usize::MAX - 1));
            let number = candidate.build_number.as_deref().map(numbered);
            let preferred = controls.prefers_binary() && candidate.tags.is_some();
            (Reverse(preferred), Reverse(candidate.version.clone()), rank, Reverse(number), candidate.filename.clone())
        });
        // pip looks into one file of each version, whatever it finds there.
        let mut versions = HashSet::new();
        serving.retain(|candidate| versions.insert(&candidate.version));
        serving.retain(|candidate| takes_python(candidate, target));
        serving
    }
}

/// A build number as it is ordered: its digits as a number, then the rest.
fn numbered(build: &str) -> (u64, String) {
    let digits = build.find(|c: char| !c.is_ascii_digit()).unwrap_or(build.len());
    (build[..digits].parse().unwrap_or(u64::MAX), build[digits..].to_owned())
}

/// Why a candidate does not serve; `None` if it does, or if another file is looked into in its place.
pub(super) fn unfit(
    candidate: &Candidate,
    wishes: &[&Wish],
    target: &Target,
    controls: &Controls,
) -> Option<&'static str> {
    let by_content = || (!takes_python(candidate, target)).then_some("it does not accept this Python");
    unfit_by_name(candidate, wishes, target, controls).or_else(by_content)
}

/// Why a candidate does not serve, as far as its name tells.
fn unfit_by_name(
    candidate: &Candidate,
    wishes: &[&Wish],
    target: &Target,
    controls: &Controls,
) -> Option<&'static str> {
    let meant: Vec<_> = wishes.iter().filter_map(|wish| wish.location.as_deref()).collect();
    let is_wheel = candidate.tags.is_some();
    if candidate.location.as_deref() != meant.first().copied() || meant.iter().any(|one| *one != meant[0]) {
        Some("another place is asked for")
    } else if !wishes.iter().all(|wish| wish.takes(&candidate.version)) {
        Some("the version does not fit")
    } else if candidate.tags.as_ref().is_some_and(|tags| target.rank(tags).is_none()) {
        Some("it is for another Python or platform")
    } else if candidate.location.is_none() && !controls.takes(&candidate.name, is_wheel) {
        Some(if is_wheel { "--no-binary excludes it" } else { "--only-binary excludes it" })
    } else {
        None
    }
}

fn takes_python(candidate: &Candidate, target: &Target) -> bool {
    candidate.requires_python.as_ref().is_none_or(|specifiers| target.takes_python(specifiers))
}

//! Several requirements files held against each other, and against what sessions obtained.
//!
//! Versions are compared as sets by PEP 440 (`version-ranges`, by way of `pep440_rs`), markers by PEP 508. Refuses to
//! resolve: what the requirements of requirements exclude, pip alone knows.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Operator, Version, VersionSpecifiers};
use pep508_rs::MarkerTree;
use serde::Serialize;
use version_ranges::Ranges;

use super::{Entry, Requirements, Source};
use crate::event::{Redactor, canonical_name};

/// A distribution that a session obtained.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Obtained {
    /// Its name, in canonical form.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

/// What there is to say of requirements files as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Requirements that no version can meet at once.
    pub contradictions: Vec<Contradiction>,
    /// Those that more than one version meets, constraints taken into account.
    pub unpinned: Vec<Mention>,
    /// Those whose bytes may be any.
    pub unhashed: Vec<Mention>,
    /// Those that no session obtained; `null` where no session was asked for.
    pub in_no_session: Option<Vec<Mention>>,
    /// What sessions obtained and no file names: dependencies of dependencies, most often.
    pub in_no_file: Option<Vec<Obtained>>,
}

/// Requirements that exclude each other wherever all of them count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// The distribution, in canonical form.
    pub name: String,
    /// When all of them count; `null` for always.
    pub marker: Option<String>,
    /// The requirements.
    pub between: Vec<Mention>,
}

/// A requirement and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mention {
    /// The distribution, in canonical form.
    pub name: String,
    /// The requirement as a record shows it.
    pub requirement: String,
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
}

impl Review {
    /// Looks through `readings`; `obtained` is what sessions obtained, `redactor` knows the secrets of the environment.
    pub fn new(readings: &[Requirements], obtained: Option<&BTreeSet<Obtained>>, redactor: &Redactor) -> Self {
        let mut by_name: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
        for entry in readings.iter().flat_map(|reading| &reading.entries) {
            if let Some(name) = &entry.requirement.name {
                by_name.entry(canonical_name(name)).or_default().push(entry);
            }
        }
        let mention = |name: &str, entry: &Entry| Mention {
            name: name.to_owned(),
            requirement: redactor.text(&entry.shown()),
            file: crate::event::text(entry.place.file.as_os_str().as_encoded_bytes()),
            line: entry.place.line,
        };
        let mut review = Review::default();
        let mut unseen = Vec::new();
        for (name, entries) in &by_name {
            for (between, marker) in contradictions(entries) {
                let between = between.into_iter().map(|entry| mention(name, entry)).collect();
                review.contradictions.push(Contradiction { name: name.clone(), marker, between });
            }
            for entry in entries.iter().filter(|entry| !entry.constraint && !entry.editable) {
                if !entries.iter().any(|other| pins(other, entry)) {
                    review.unpinned.push(mention(name, entry));
                }
                if !entries.iter().any(|other| counts_with(other, entry) && is_hashed(other)) {
                    review.unhashed.push(mention(name, entry));
                }
                if obtained.is_some_and(|obtained| !obtained.iter().any(|one| one.name == *name && meets(one, entry))) {
                    unseen.push(mention(name, entry));
                }
            }
        }
        review.in_no_session = obtained.map(|_| unseen);
        review.in_no_file =
            obtained.map(|obtained| obtained.iter().filter(|one| !by_name.contains_key(&one.name)).cloned().collect());
        review
    }
}

/// Whether `one` is the requirement `other`, or a constraint on it that counts wherever it does.
fn counts_with(one: &Entry, other: &Entry) -> bool {
    std::ptr::eq(one, other) || (one.constraint && one.requirement.marker.is_none())
}

/// Whether `one` leaves a single version of what `other` asks for.
fn pins(one: &Entry, other: &Entry) -> bool {
    let exact = |operator: &Operator| matches!(operator, Operator::Equal | Operator::ExactEqual);
    let is_exact = match &one.requirement.source {
        Source::Index => one.requirement.specifiers.iter().any(|specifier| exact(specifier.operator())),
        Source::Url(_) | Source::Path(_) => true,
        // A branch or tag may move, a commit cannot.
        Source::Repository(url) => url.rsplit_once('@').is_some_and(|(_, revision)| {
            let revision = revision.split('#').next().unwrap_or_default();
            revision.len() == 40 && revision.bytes().all(|digit| digit.is_ascii_hexdigit())
        }),
    };
    is_exact && counts_with(one, other)
}

/// Whether the bytes of what a requirement obtains are known: by a digest, or because they lie here.
fn is_hashed(entry: &Entry) -> bool {
    let in_url =
        |location: &str| ["#sha256=", "&sha256=", "#sha512=", "#sha384="].iter().any(|key| location.contains(key));
    !entry.hashes.is_empty()
        || matches!(entry.requirement.source, Source::Path(_))
        || entry.requirement.source.location().is_some_and(in_url)
}

/// Whether what was obtained is what is asked for, as far as its version tells.
fn meets(obtained: &Obtained, entry: &Entry) -> bool {
    let version = obtained.version.as_deref().and_then(|version| version.parse::<Version>().ok());
    version.is_none_or(|version| entry.requirement.specifiers.contains(&version))
}

/// The requirements of one distribution that cannot be met at once: each two of them, else all that count together.
fn contradictions<'a>(entries: &[&'a Entry]) -> Vec<(Vec<&'a Entry>, Option<String>)> {
    let mut found: Vec<(Vec<&Entry>, Option<String>)> = Vec::new();
    for (place, one) in entries.iter().enumerate() {
        for other in &entries[place + 1..] {
            let Some(marker) = both(marker_of(one), marker_of(other)) else { continue };
            let same = one.requirement == other.requirement;
            if !same && (are_apart(&[one, other]) || in_two_places(one, other)) {
                found.push((vec![one, other], marker.try_to_string()));
            }
        }
    }
    // Intervals that meet two by two all meet; with `!=` among them they need not.
    let all = entries.iter().try_fold(MarkerTree::TRUE, |all, entry| both(all, marker_of(entry)));
    if let (true, Some(marker)) = (found.is_empty() && entries.len() > 2, all)
        && are_apart(entries)
    {
        found.push((entries.to_vec(), marker.try_to_string()));
    }
    found
}

fn marker_of(entry: &Entry) -> MarkerTree {
    entry.requirement.marker.as_ref().map_or(MarkerTree::TRUE, |marker| marker.tree.clone())
}

/// When both count; `None` for never.
fn both(one: MarkerTree, other: MarkerTree) -> Option<MarkerTree> {
    if one.is_disjoint(&other) {
        return None;
    }
    let mut both = one;
    both.and(other);
    (!both.is_false()).then_some(both)
}

/// Whether no version is in all of the sets.
fn are_apart(entries: &[&Entry]) -> bool {
    let specifiers = || entries.iter().map(|entry| &entry.requirement.specifiers);
    let range = |specifiers: &VersionSpecifiers| Ranges::<Version>::from(specifiers.clone());
    let common = specifiers().fold(Ranges::full(), |common, one| common.intersection(&range(one)));
    // `==1.0` takes `1.0+local` as well, which is no member of its range.
    let named = || specifiers().flat_map(|specifiers| specifiers.iter().map(|one| one.version()));
    common.is_empty() && !named().any(|version| specifiers().all(|one| one.contains(version)))
}

/// Whether two requirements name two places to come from, which pip refuses.
fn in_two_places(one: &Entry, other: &Entry) -> bool {
    let place = |entry: &Entry| entry.requirement.source.location().map(str::to_owned);
    let is_constraint = one.constraint || other.constraint;
    matches!((place(one), place(other)), (Some(one), Some(other)) if one != other) && !is_constraint
}

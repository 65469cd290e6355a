//! One run of apt as its text tells it, and what follows from that.
//!
//! `Get` is the start of a fetch; the last line about a file decides. That a started fetch brought bytes is borne out by
//! the total that apt prints at the end: where it is smaller than the files together, part of them was there before,
//! and a file counts as downloaded only if the others cannot make up the total. That a package lay in the archives is
//! borne out by `Need to get a/b`: the fetches make up `a`, so whatever else was used was not fetched.

use std::collections::HashMap;

use super::dpkg::{Dpkg, Unpacked};
use super::error::FetchError;
use super::figure::Figure;
use super::item::{Item, Subject, Word};
use super::outcome::{Outcome, Taken};
use super::plan::{Need, Plan};
use crate::event::{Evidence, Origin, Sha256};

/// What was seen of a run.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) plan: Plan,
    entries: Vec<Entry>,
    by_key: HashMap<(u64, String), usize>,
    /// The total that apt counted at the end.
    pub(super) fetched: Option<Figure>,
    /// The fetches are over, as a line said that comes after them.
    pub(super) fetches_over: bool,
    pub(super) dpkg: Option<Dpkg>,
    /// `Download complete and in download only mode`.
    pub(super) download_only: bool,
    /// Names of source files that lay where they were to go.
    pub(super) skipped: Vec<String>,
    /// Some word of apt was not English.
    pub(super) translated: bool,
}

#[derive(Debug)]
struct Entry {
    last: Item,
    /// The size that any `Get` of it announced.
    size: Option<Figure>,
    lines: u64,
    /// The indented lines beneath its last line.
    details: Vec<String>,
    error: Option<FetchError>,
}

/// Text that nobody should need: the hashes of a mismatch and a sentence.
const MOST_DETAILS: usize = 24;

impl Run {
    /// A line about a file; gives its number among the entries.
    pub(super) fn item(&mut self, item: Item) -> usize {
        self.translated |= !item.english;
        let key = (item.number, item.description.clone());
        let next = self.entries.len();
        let at = *self.by_key.entry(key).or_insert(next);
        if at == next {
            self.entries.push(Entry { size: None, lines: 0, details: Vec::new(), error: None, last: item.clone() });
        }
        let entry = &mut self.entries[at];
        entry.lines += 1;
        entry.size = item.size.or(entry.size);
        entry.details.clear();
        entry.last = item;
        at
    }

    /// An indented line beneath a line about a file.
    pub(super) fn detail(&mut self, at: usize, line: &str) {
        let details = &mut self.entries[at].details;
        if details.len() < MOST_DETAILS {
            details.push(line.trim().to_owned());
        }
    }

    /// Whether there are lines about files.
    pub(super) fn has_items(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Whether the last line about some file is a failure.
    pub(super) fn has_failures(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.last.word, Word::Err | Word::Ign))
    }

    /// Gives an error the file that it is about, if there is one.
    pub(super) fn explain(&mut self, error: &FetchError) -> bool {
        let entry = self.entries.iter_mut().find(|entry| entry.error.is_none() && entry.is_about(error));
        entry.map(|entry| entry.error = Some(error.clone())).is_some()
    }

    /// What became of the files with lines. `ended` says that apt is known to have come to its end.
    pub(super) fn outcomes(&self, ended: bool, evidence: &Evidence) -> Vec<Outcome> {
        let over = ended || self.fetches_over || self.dpkg.is_some() || self.download_only;
        self.entries.iter().enumerate().map(|(at, entry)| self.outcome(at, entry, over, evidence)).collect()
    }

    fn outcome(&self, at: usize, entry: &Entry, over: bool, evidence: &Evidence) -> Outcome {
        let (origin, reason) = self.origin(at, entry, over);
        let failed = origin == Origin::Failed;
        let details = entry.error.as_ref().map(|error| &error.details).filter(|details| !details.is_empty());
        let received = if failed { Received::of(details.unwrap_or(&entry.details)) } else { Received::default() };
        Outcome {
            subject: entry.last.subject.clone(),
            description: entry.last.description.clone(),
            unanswered: failed && reason.as_deref().is_some_and(is_unanswered),
            reason,
            origin,
            size: if failed { received.size } else { entry.size.and_then(Figure::exact) },
            sha256: received.sha256,
            url: entry.error.as_ref().map(|error| error.url.clone()),
            lines: entry.lines,
            evidence: evidence.clone(),
        }
    }

    fn origin(&self, at: usize, entry: &Entry, over: bool) -> (Origin, Option<String>) {
        let unknown = |reason: &str| (Origin::Unknown, Some(reason.to_owned()));
        let subject = &entry.last.subject;
        match entry.last.word {
            Word::Err if entry.size.is_some() && is_about_signature(&entry.failure()) => (Origin::Downloaded, None),
            Word::Err => (Origin::Failed, Some(entry.failure())),
            Word::Ign if over => (Origin::Failed, Some(entry.failure())),
            Word::Ign => unknown("the text ends where apt may have tried again"),
            Word::Foreign if !entry.details.is_empty() => (Origin::Failed, Some(entry.failure())),
            Word::Foreign => unknown("the text is in a language in which a current file and an ignored one look alike"),
            Word::Hit | Word::Get if subject.is_local() => (Origin::Local, None),
            Word::Hit if matches!(subject, Subject::Index { .. }) => (Origin::ListCache, None),
            Word::Hit => unknown("apt says that it is current, and this is no index"),
            Word::Get if !over => unknown("the text ends before the fetch did"),
            Word::Get if !subject.is_package() => (Origin::Downloaded, None),
            Word::Get => match self.brought(at) {
                Ok(()) => (Origin::Downloaded, None),
                Err(reason) => unknown(reason),
            },
        }
    }

    /// Whether the fetch of this package file brought bytes over the network.
    fn brought(&self, at: usize) -> Result<(), &'static str> {
        let Some(total) = self.fetched else {
            return Err("its fetch began, and apt counted no bytes: it may have been complete in a partial file");
        };
        let sizes = |of: &mut dyn Iterator<Item = &Entry>| of.filter_map(|entry| entry.size).sum::<Figure>();
        let mut remote = self.entries.iter().filter(|entry| !entry.last.subject.is_local());
        let mut others =
            self.entries.iter().enumerate().filter(|(n, entry)| *n != at && !entry.last.subject.is_local());
        let all = sizes(&mut remote);
        let rest = sizes(&mut others.by_ref().map(|(_, entry)| entry));
        if total.high >= all.low || total.low > rest.high {
            Ok(())
        } else {
            Err(
                "fewer bytes were fetched than the files together have, and it may have been complete in a partial file",
            )
        }
    }

    /// Everything that dpkg unpacked, in the form of [`Run::taken`].
    pub(super) fn unpacked_packages(&self) -> impl Iterator<Item = Taken> {
        let spared = self.spared();
        self.unpacked().map(move |package| package.taken(spared))
    }

    /// Packages that were used without a line about a fetch.
    pub(super) fn taken(&self) -> Vec<Taken> {
        let spared = self.spared();
        let fetched = |name: &str| {
            self.entries.iter().any(|entry| match &entry.last.subject {
                Subject::Package { name: fetched, .. } | Subject::LocalPackage { name: fetched, .. } => fetched == name,
                _ => false,
            })
        };
        let mut taken: Vec<Taken> = Vec::new();
        taken.extend(self.unpacked().filter(|package| !fetched(&package.name)).map(|package| package.taken(spared)));
        // What was planned and not unpacked was at least ready, if apt went as far as to fetch the rest.
        let ready = self.download_only || self.dpkg.is_some() || self.has_items();
        for name in self.plan.packages.iter().filter(|name| ready && !fetched(name)) {
            if taken.iter().all(|package| package.name != *name) && (spared.is_ok() || self.download_only) {
                taken.push(Taken { name: name.clone(), version: None, arch: None, filename: None, spared });
            }
        }
        taken
    }

    /// What dpkg unpacked, without what apt had not announced: a maintainer script can print anything.
    fn unpacked(&self) -> impl Iterator<Item = &Unpacked> {
        let announced = |package: &&Unpacked| {
            let plan = &self.plan;
            plan.packages.is_empty() || plan.reinstalled > 0 || plan.packages.contains(&package.name)
        };
        self.dpkg.iter().flat_map(|dpkg| &dpkg.unpacked).filter(announced)
    }

    /// What dpkg set up of what it unpacked.
    pub(super) fn installed(&self) -> impl Iterator<Item = (&String, &String)> {
        let unpacked: Vec<_> = self.unpacked().map(|package| &package.name).collect();
        let set_up = self.dpkg.iter().flat_map(|dpkg| &dpkg.set_up);
        set_up.filter(move |(name, _)| unpacked.contains(&name)).map(|(name, version)| (name, version))
    }

    /// Whether apt's figures prove that what it used without a line about it was in its archives.
    fn spared(&self) -> Result<(), &'static str> {
        let remote = || {
            let packages = self.entries.iter().filter(|entry| entry.last.subject.is_package());
            packages.filter(|entry| !entry.last.subject.is_local())
        };
        match self.plan.need {
            Need::Unseen if self.translated => Err("the text is not in English, so apt's figures are not read"),
            Need::Unseen => Err("no line of apt's own tells how much it had to get (so with -qq)"),
            Need::All => Err("apt announced that it had to get every package, and no line tells that it got this one"),
            Need::Omitted if remote().next().is_none() => Ok(()),
            Need::Omitted => Err("apt fetched without having announced how much"),
            Need::Part(needed) => {
                let sum: Figure = remote().filter_map(|entry| entry.size).sum();
                let unsized_failure = remote().any(|entry| entry.size.is_none());
                let agrees = sum.low <= needed.high && (unsized_failure || sum.high >= needed.low);
                agrees.then_some(()).ok_or("the lines about fetches do not make up what apt announced to get")
            }
        }
    }
}

impl Unpacked {
    fn taken(&self, spared: Result<(), &'static str>) -> Taken {
        Taken {
            name: self.name.clone(),
            version: Some(self.version.clone()),
            arch: self.arch.clone(),
            filename: Some(self.filename.clone()),
            spared,
        }
    }
}

impl Entry {
    fn failure(&self) -> String {
        let error = self.error.as_ref().map(|error| error.reason.as_str());
        let printed = self.details.first().map(String::as_str);
        printed.or(error).unwrap_or("apt gave no reason").to_owned()
    }

    /// Whether an error's URL is that of this file.
    fn is_about(&self, error: &FetchError) -> bool {
        let decoded = super::super::target::unquote(error.filename());
        let begins = self.last.subject.site().is_some_and(|site| error.url.starts_with(site));
        match &self.last.subject {
            Subject::Package { name, version, arch, .. } => {
                // The name of a file in the pool has no epoch.
                let version = version.split_once(':').map_or(version.as_str(), |(_, version)| version);
                let stem = format!("{name}_{version}_");
                decoded.starts_with(&stem)
                    && arch.as_ref().is_none_or(|arch| decoded[stem.len()..].starts_with(arch.as_str()))
            }
            Subject::LocalPackage { path, .. } => error.url.ends_with(path.as_str()),
            Subject::Source { name, .. } => begins && decoded.starts_with(&format!("{name}_")),
            Subject::Index { words, .. } => {
                let mut words = words.split(' ');
                let place = words.next().unwrap_or_default();
                let arch = words.clone().next().unwrap_or_default();
                let base = words.next_back().unwrap_or_default();
                let in_place = place.split('/').all(|part| part == "." || error.url.contains(part));
                begins && in_place && decoded.starts_with(base) && (arch == base || error.url.contains(arch))
            }
            Subject::Other { .. } => begins,
        }
    }
}

/// What apt says that it received instead of what it expected.
#[derive(Default)]
struct Received {
    size: Option<u64>,
    sha256: Option<Sha256>,
}

impl Received {
    fn of(details: &[String]) -> Self {
        let mut received = Received::default();
        let after = details.iter().skip_while(|line| !line.starts_with("Hashes of received file"));
        for line in after {
            let value = |name: &str| line.strip_prefix(name).map(|rest| rest.split(' ').next().unwrap_or_default());
            if let Some(size) = value("- Filesize:") {
                received.size = size.parse().ok();
            } else if let Some(digest) = value("- SHA256:") {
                received.sha256 = Sha256::from_hex(digest.as_bytes());
            }
        }
        received
    }
}

/// Whether the words are about the signature of a file: then all of it was received, as expected, and read.
fn is_about_signature(reason: &str) -> bool {
    ["signature", "NO_PUBKEY", "EXPKEYSIG", "gpgv", "sqv", "Clearsigned", "is not signed"]
        .iter()
        .any(|words| reason.contains(words))
}

/// Whether a method's words say that there was no answer at all (untranslated, from its sources).
fn is_unanswered(reason: &str) -> bool {
    ["resolving", "Could not resolve", "Could not connect", "Unable to connect", "Cannot initiate the connection"]
        .iter()
        .any(|words| reason.contains(words))
}

//! Joins what the channels say of one run.
//!
//! The messages of the methods rank first: they know all of a fetch. What was unpacked (by the hook's list, else by
//! dpkg's lines) and is not among them lay in a cache, provided that the messages are complete; without them, only
//! where apt's printed figures prove it. Text that tells of a fetch which the messages do not know shows that they are
//! not complete.

use super::attempts::host;
use super::draft::Draft;
use super::hook::{File, Hook, Package};
use super::lines::Lines;
use super::planned::Found;
use super::target::{PackageFile, Target};
use super::text::{Outcome, Subject, Summary, Taken, Text};
use super::traffic::{Traffic, UNANSWERED};
use crate::classify::{Channel, Finding};
use crate::event::{Attempt, AttemptKind, Evidence, Kind, Origin, text};

/// How many runs of apt a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// One, or several none of which follows another one's dpkg.
    One,
    /// A script's: `apt-get update` may follow `apt-get install`.
    Several,
}

/// Told everything that was recorded of a run, says at the end what it took on.
#[derive(Debug)]
pub struct Classifier {
    methods: Option<(Lines, Traffic)>,
    hook: Option<(Lines, Hook)>,
    text: Text,
    found: Vec<Found>,
    missing: Vec<String>,
    surveyed: bool,
    recorder: Option<Vec<u8>>,
    began: Option<i64>,
    lacking: Vec<String>,
    interrupted: bool,
}

impl Classifier {
    /// Knows nothing yet.
    pub fn new(runs: Runs) -> Self {
        Classifier {
            methods: None,
            hook: None,
            text: Text::new(runs == Runs::Several),
            found: Vec::new(),
            missing: Vec::new(),
            surveyed: false,
            recorder: None,
            began: None,
            lacking: Vec::new(),
            interrupted: false,
        }
    }

    /// Takes bytes of the log of the messages, [`entry`](super::entry) by entry. To give none is to say that there were
    /// no messages: an empty log proves that nothing was fetched.
    pub fn methods(&mut self, bytes: &[u8]) {
        let (lines, traffic) = self.methods.get_or_insert_with(|| (Lines::of_log(), Traffic::default()));
        lines.feed(bytes, |line| traffic.line(line));
    }

    /// Takes bytes of what the hook read and added.
    pub fn hook(&mut self, bytes: &[u8]) {
        let (lines, hook) = self.hook.get_or_insert_with(|| (Lines::of_log(), Hook::default()));
        lines.feed(bytes, |line| hook.line(line));
    }

    /// Takes bytes of apt's text.
    pub fn text(&mut self, channel: Channel, bytes: &[u8]) {
        self.text.feed(channel, bytes);
    }

    /// Takes a file of the transaction, in the order of the transaction. It counts where nothing else tells of it.
    pub fn found(&mut self, file: Found) {
        self.found.push(file);
    }

    /// Takes what the run asked for in vain.
    pub fn missing(&mut self, requirement: String) {
        self.missing.push(requirement);
    }

    /// Whoever calls this has looked for all such files.
    pub fn surveyed(&mut self) {
        self.surveyed = true;
    }

    /// The messages were recorded by the program at `path`: where apt's configuration names another one as the method,
    /// they are not complete.
    pub fn recorded_by(&mut self, path: &[u8]) {
        self.recorder = Some(path.to_vec());
    }

    /// When the run began, in microseconds since the epoch, by the clock of the file system.
    pub fn began(&mut self, microseconds: i64) {
        self.began = Some(microseconds);
    }

    /// apt was ended by a signal: what it had not been answered by then it did not get.
    pub fn interrupted(&mut self) {
        self.interrupted = true;
    }

    /// The messages are not complete, for the reason that is given.
    pub fn incomplete(&mut self, why: &str) {
        self.lacking.push(why.to_owned());
    }

    /// Whether the messages are known to be complete by now.
    pub fn is_complete(&self) -> bool {
        self.methods.is_some() && self.lacking.is_empty() && self.other_program().is_none()
    }

    /// A scheme whose method is not the program that recorded.
    fn other_program(&self) -> Option<&str> {
        let recorder = self.recorder.as_ref()?;
        let told = [
            self.methods.as_ref().map(|(_, traffic)| traffic.programs()),
            self.hook.as_ref().map(|(_, hook)| hook.programs()),
        ];
        told.into_iter().flatten().find_map(|programs| programs.other_than(recorder))
    }

    /// Whether what was given as the log of the messages is one, or is empty.
    pub fn understands_methods(&self) -> bool {
        self.methods.as_ref().is_none_or(|(_, traffic)| traffic.understood())
    }

    /// Whether what was given as the hook's is, or is empty.
    pub fn understands_hook(&self) -> bool {
        self.hook.as_ref().is_none_or(|(_, hook)| hook.understood())
    }

    /// Everything that follows. Artifacts come once each.
    pub fn finish(mut self) -> Vec<Finding> {
        if let Some((lines, traffic)) = &mut self.methods {
            lines.finish(|line| traffic.line(line));
        }
        if let Some((lines, hook)) = &mut self.hook {
            lines.finish(|line| hook.line(line));
        }
        let said = self.text.given();
        let mut lacking = std::mem::take(&mut self.lacking);
        if let Some(scheme) = self.other_program() {
            lacking.push(format!("the configuration names another program as the method of `{scheme}:`"));
        }
        let hook = self.hook.take().map(|(_, hook)| hook);
        let mut join = Join {
            drafts: Vec::new(),
            attempts: Vec::new(),
            complete: self.methods.is_some(),
            blind_spots: Vec::new(),
            summary: self.text.finish(),
            began: self.began,
        };
        lacking.iter().for_each(|why| join.incomplete(why));
        match self.methods.take() {
            Some((_, traffic)) => {
                let (drafts, attempts) = traffic.finish();
                (join.drafts, join.attempts) = (drafts, attempts.collect());
                if self.interrupted {
                    join.interrupted();
                }
                join.compare();
            }
            None => join.outcomes(),
        }
        let packages = hook.as_ref().map_or(&[][..], Hook::packages);
        for package in packages {
            join.package(package, hook.as_ref().and_then(|hook| hook.file_at(&package.path)));
        }
        join.taken();
        self.found.into_iter().for_each(|file| join.found(file));
        let unheard = self.missing.into_iter().filter(|name| !join.summary.missing.contains(name));
        join.summary.missing.extend(unheard.collect::<Vec<_>>());
        let archived = |draft: &Draft| draft.record.kind == Kind::Deb && draft.record.origin == Origin::Downloaded;
        let unpacked = !packages.is_empty() || said;
        if join.complete && !unpacked && !self.surveyed && join.drafts.iter().any(archived) {
            join.blind("the transaction did not reach dpkg: what it had in the archives already is not known");
        }
        join.findings()
    }
}

/// What is known so far.
struct Join {
    drafts: Vec<Draft>,
    attempts: Vec<Attempt>,
    /// Whether a fetch cannot have happened without being among the drafts.
    complete: bool,
    blind_spots: Vec<String>,
    summary: Summary,
    began: Option<i64>,
}

const UNSEEN: &str = "whether it was fetched is not known without the messages of apt's methods";

impl Join {
    fn blind(&mut self, what: &str) {
        self.blind_spots.push(what.to_owned());
    }

    fn incomplete(&mut self, why: &str) {
        self.complete = false;
        self.blind(&format!("the messages of apt's methods are not complete: {why}"));
    }

    fn interrupted(&mut self) {
        let open = |draft: &&mut Draft| draft.record.reason.as_deref() == Some(UNANSWERED);
        for draft in self.drafts.iter_mut().filter(open) {
            draft.record.origin = Origin::Failed;
            draft.record.reason = Some("apt was ended by a signal before the answer".into());
        }
    }

    /// Text alone: its outcomes are what there is.
    fn outcomes(&mut self) {
        for outcome in &self.summary.outcomes {
            let mut draft = draft_of(outcome);
            if let Some(unpacked) = self.summary.unpacked.iter().find(|package| package.is(&draft)) {
                draft.record.arch = draft.record.arch.take().or_else(|| unpacked.arch.clone().map(Into::into));
                draft.record.filename =
                    draft.record.filename.take().or_else(|| unpacked.filename.clone().map(Into::into));
            }
            self.drafts.push(draft);
            self.attempts.extend(attempt_of(outcome));
        }
        for (url, reason) in &self.summary.failures {
            let filename = url.rsplit('/').next().unwrap_or_default();
            let mut draft = Draft::of(&Target::named(filename), &[Evidence::STDERR, Evidence::TEXT]);
            draft.record.source = Some(url.clone().into());
            self.drafts.push(draft.origin(Origin::Failed, Some(reason.clone())));
        }
    }

    /// Text beside the messages: packages of which only the text knows show that messages are missing.
    fn compare(&mut self) {
        let nothing_fetched = self.drafts.is_empty();
        let mut missed = Vec::new();
        for outcome in &self.summary.outcomes {
            let draft = draft_of(outcome);
            let known = match &outcome.subject {
                Subject::Package { name, version, arch, .. } => {
                    self.drafts.iter().any(|known| known.is_package(name, Some(version), arch.as_deref()))
                }
                Subject::LocalPackage { name, version, arch, .. } => {
                    self.drafts.iter().any(|known| known.is_package(name, Some(version), Some(arch)))
                }
                Subject::Source { name, .. } => self
                    .drafts
                    .iter()
                    .any(|known| known.record.kind == Kind::Source && known.record.name.as_deref() == Some(name)),
                _ => !nothing_fetched,
            };
            if !known {
                missed.push((draft, attempt_of(outcome)));
            }
        }
        if missed.iter().any(|(_, attempt)| attempt.is_some()) {
            self.incomplete("apt printed lines about fetches that are not among them");
        }
        for (draft, attempt) in missed {
            self.drafts.push(draft);
            self.attempts.extend(attempt);
        }
    }

    /// A package that dpkg was about to be given.
    fn package(&mut self, package: &Package, file: Option<File>) {
        let same = |draft: &&mut Draft| {
            draft.clues.path.as_ref() == Some(&package.path)
                || draft.is_package(&package.name, Some(&package.version), package.arch.as_deref())
        };
        let known = self.drafts.iter_mut().find(same);
        let draft = match known {
            Some(draft) => {
                if draft.record.origin == Origin::Failed {
                    draft.record.origin = Origin::Unknown;
                    draft.record.reason = Some("its fetch failed, and yet dpkg was given it".into());
                }
                draft
            }
            None => {
                let mut draft = Draft::new(Kind::Deb, &[]);
                draft.record.name = Some(package.name.clone().into());
                draft.record.version = Some(package.version.clone().into());
                let (origin, reason) = self.unfetched(package, file, &mut draft);
                self.drafts.push(draft.origin(origin, reason));
                self.drafts.last_mut().expect("it was pushed just now")
            }
        };
        draft.record.add_evidence(Evidence::PRE_INSTALL_HOOK);
        draft.record.arch = draft.record.arch.take().or_else(|| package.arch.clone().map(Into::into));
        draft.record.destination = Some(text(&package.path).into());
        draft.clues.path = Some(package.path.clone());
        let filename = package.path.rsplit(|byte| *byte == b'/').next().map(text);
        draft.record.filename = draft.record.filename.take().or(filename.map(Into::into));
        if let Some(file) = file {
            draft.record.size_bytes = Some(file.size);
            draft.record.sha256 = file.sha256.or(draft.record.sha256);
        }
    }

    /// Where a package came from that no fetch is known of.
    fn unfetched(&self, package: &Package, file: Option<File>, draft: &mut Draft) -> (Origin, Option<String>) {
        let filename = text(package.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default());
        let archive = PackageFile::parse(&filename)
            .is_some_and(|file| file.name == package.name && file.version == package.version);
        let origin = if archive { Origin::ArchiveCache } else { Origin::Local };
        if self.complete {
            draft.record.add_evidence(Evidence::ACQUIRE_METHOD);
            return (origin, None);
        }
        if let (Some(file), Some(began)) = (file, self.began) {
            if file.changed <= began {
                draft.record.add_evidence(Evidence::LISTING);
                return (origin, None);
            }
            return (
                Origin::Unknown,
                Some("it was put there during the run, by a method that was not heard".to_owned()),
            );
        }
        let printed = self.summary.taken.iter().find(|taken| taken.name == package.name);
        match printed.map(|taken| taken.spared) {
            Some(Ok(())) => {
                draft.record.add_evidence(Evidence::STDOUT);
                draft.record.add_evidence(Evidence::TEXT);
                (origin, None)
            }
            Some(Err(reason)) => (Origin::Unknown, Some(reason.to_owned())),
            None => (Origin::Unknown, Some(UNSEEN.to_owned())),
        }
    }

    /// Packages that the text says were used, without a line about a fetch.
    fn taken(&mut self) {
        for taken in std::mem::take(&mut self.summary.taken) {
            if self.drafts.iter().any(|draft| taken.is(draft)) {
                continue;
            }
            let mut draft = Draft::new(Kind::Deb, &[Evidence::STDOUT, Evidence::TEXT]);
            let (origin, reason) = match taken.spared {
                _ if self.complete => (Origin::ArchiveCache, None),
                Ok(()) => (Origin::ArchiveCache, None),
                Err(reason) => (Origin::Unknown, Some(reason.to_owned())),
            };
            if self.complete {
                draft.record.evidence.insert(0, Evidence::ACQUIRE_METHOD);
            }
            draft.record.name = Some(taken.name.into());
            draft.record.version = taken.version.map(Into::into);
            draft.record.arch = taken.arch.map(Into::into);
            draft.record.filename = taken.filename.map(Into::into);
            self.drafts.push(draft.origin(origin, reason));
        }
        for filename in std::mem::take(&mut self.summary.skipped) {
            let draft = Draft::of(&Target::named(&filename), &[Evidence::STDOUT, Evidence::TEXT]);
            self.drafts.push(draft.origin(Origin::Destination, None));
        }
    }

    fn found(&mut self, file: Found) {
        let target = Target::named(&file.filename());
        let same = |draft: &Draft| {
            draft.record.filename.as_deref().is_some_and(|filename| file.is(filename))
                || draft.record.kind == Kind::Deb
                    && target
                        .name
                        .as_deref()
                        .is_some_and(|name| draft.is_package(name, target.version.as_deref(), target.arch.as_deref()))
        };
        let at = self.drafts.iter().position(same);
        if at.is_some_and(|at| self.drafts[at].record.origin != Origin::Unknown) {
            return;
        }
        let mut draft = Draft::of(&target, &file.evidence);
        draft.record.source = file.url.as_deref().map(|url| text(url).into());
        draft.record.destination = Some(text(&file.path).into());
        (draft.record.size_bytes, draft.record.sha256) = (Some(file.size), file.sha256);
        (draft.clues.url, draft.clues.path) = (file.url, Some(file.path));
        let draft = draft.origin(file.origin, file.reason);
        match at {
            Some(at) => self.drafts[at] = draft,
            None => self.drafts.push(draft),
        }
    }

    /// Whether it came after all, as with a second try in one text.
    fn came(&self, requirement: &str) -> bool {
        let (name, version) = requirement.split_once('=').unwrap_or((requirement, ""));
        let version = Some(version).filter(|version| !version.is_empty());
        let taken_on = |draft: &&Draft| !matches!(draft.record.origin, Origin::Failed | Origin::Unknown);
        self.drafts.iter().filter(taken_on).any(|draft| draft.is_package(name, version, None))
    }

    fn findings(mut self) -> Vec<Finding> {
        let mut missing = std::mem::take(&mut self.summary.missing);
        missing.retain(|requirement| !self.came(requirement));
        let artifacts = self.drafts.into_iter().enumerate().map(|(number, draft)| draft.finding(number as u64));
        let attempts = self.attempts.into_iter().map(|attempt| Finding::Attempt(Box::new(attempt)));
        let installed = self.summary.installed.into_iter().map(|(name, version)| Finding::Installed { name, version });
        let blind_spots = self.summary.blind_spots.into_iter().chain(self.blind_spots).map(Finding::BlindSpot);
        let missing = missing.into_iter().map(|requirement| Finding::Missing { requirement });
        artifacts.chain(attempts).chain(installed).chain(missing).chain(blind_spots).collect()
    }
}

impl Taken {
    fn is(&self, draft: &Draft) -> bool {
        draft.is_package(&self.name, self.version.as_deref(), self.arch.as_deref())
    }
}

fn draft_of(outcome: &Outcome) -> Draft {
    let kind = match &outcome.subject {
        Subject::Package { .. } | Subject::LocalPackage { .. } => Kind::Deb,
        Subject::Source { .. } => Kind::Source,
        Subject::Index { .. } => Kind::Index,
        Subject::Other { .. } => Kind::Other,
    };
    let mut draft = Draft::new(kind, std::slice::from_ref(&outcome.evidence));
    draft.record.add_evidence(Evidence::TEXT);
    draft.record.source = outcome.url.clone().map(Into::into);
    draft.record.index = outcome.subject.site().map(|site| site.trim_end_matches('/').into());
    draft.record.size_bytes = outcome.size;
    draft.record.sha256 = outcome.sha256;
    match &outcome.subject {
        Subject::Package { name, version, arch, .. } => {
            (draft.record.name, draft.record.version) = (Some(name.clone().into()), Some(version.clone().into()));
            draft.record.arch = arch.clone().map(Into::into);
        }
        Subject::LocalPackage { path, name, version, arch } => {
            (draft.record.name, draft.record.version) = (Some(name.clone().into()), Some(version.clone().into()));
            draft.record.arch = Some(arch.clone().into());
            (draft.record.source, draft.record.destination) = (Some(path.clone().into()), Some(path.clone().into()));
            draft.record.filename = path.rsplit('/').next().map(Into::into);
            draft.clues.path = Some(path.clone().into_bytes());
        }
        Subject::Source { name, version, .. } => {
            (draft.record.name, draft.record.version) = (Some(name.clone().into()), Some(version.clone().into()));
        }
        Subject::Index { words, .. } => {
            draft.record.name = Some(words.clone().into());
            let words: Vec<_> = words.split(' ').collect();
            draft.record.arch = (words.len() == 3).then(|| words[1].into());
        }
        Subject::Other { words, .. } => draft.record.name = Some(words.clone().into()),
    }
    draft.origin(outcome.origin, outcome.reason.clone())
}

/// The tries that the lines about a file of the network stand for.
fn attempt_of(outcome: &Outcome) -> Option<Attempt> {
    let remote = !outcome.subject.is_local();
    remote.then(|| Attempt {
        host: outcome.subject.site().and_then(host),
        wanted: Some(outcome.url.clone().unwrap_or_else(|| outcome.description.clone())),
        count: outcome.lines,
        reason: (outcome.origin == Origin::Failed).then(|| outcome.reason.clone()).flatten(),
        ..Attempt::new("apt-get", if outcome.unanswered { AttemptKind::Unanswered } else { AttemptKind::Fetch })
    })
}

//! Asking afterwards: files that apt had or got, and of which neither messages nor the hook told.
//!
//! In a run that goes no further than the archives (`--download-only`, `download`, `source`, a fetch that failed) what
//! lay there already is mentioned to nobody. apt itself tells it when it is asked again (`--print-uris`, with archives
//! that do not exist), because the state that the answer depends on is still the same. And where the messages are not
//! complete, the difference that the run made to the disk is what is left. A run that failed before it fetched anything is
//! asked what it wanted in vain. All this is only asked where it is needed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::command::{Command, Verb};
use super::disk::{Disk, names};
use super::dpkg::Packages;
use super::hook::digest;
use super::question::Question;
use crate::classify::apt::{Classifier, Found, PackageFile, Planned};
use crate::event::{Evidence, Origin};
use crate::supervise::End;

/// A run that has ended.
pub(super) struct Survey<'a> {
    pub(super) command: Command,
    pub(super) question: Question<'a>,
    pub(super) disk: &'a Disk,
    pub(super) end: End,
    /// Whether our hook would have been called.
    pub(super) hooked: bool,
}

/// A directory without packages, in which apt cannot find what the run found.
const EMPTY: &str = "/proc";

const BY_THE_DISK: [Evidence; 1] = [Evidence::LISTING];
const BY_THE_PLAN: [Evidence; 2] = [Evidence::PRINT_URIS, Evidence::LISTING];

impl Survey<'_> {
    /// Tells the classifier of the files that nothing else tells of; whether it could.
    pub(super) fn tell(&self, classifier: &mut Classifier, messages: &[u8], handed_over: &[u8]) -> bool {
        classifier.surveyed();
        let whole = classifier.is_complete();
        let fetched = memchr::memmem::find(messages, b" 600 URI Acquire").is_some();
        let here = self.disk.directory();
        let answered = match self.command.verb {
            Verb::Download | Verb::Source => self.planned(classifier, here, Path::new(EMPTY), !whole),
            Verb::Install if self.hooked && handed_over.is_empty() && self.fell_short(fetched) => {
                self.planned(classifier, &self.question.directory("Dir::Cache::archives"), here, !whole)
            }
            verb => {
                match verb {
                    Verb::Update if !whole => self.lists(classifier),
                    Verb::Install if !whole || !self.hooked => self.archives(classifier),
                    _ => {}
                }
                true
            }
        };
        if fetched || self.end == End::Code(0) {
            return answered;
        }
        // A run that failed before it fetched anything had no plan either.
        if self.end == End::Code(100) && handed_over.is_empty() && !matches!(self.command.verb, Verb::Update) {
            self.question.missing(here).into_iter().for_each(|requirement| classifier.missing(requirement));
        }
        true
    }

    /// Whether the run ended after the fetches, if it is one that did not reach dpkg.
    fn fell_short(&self, fetched: bool) -> bool {
        let ended = matches!(self.end, End::Code(0 | 100));
        ended && (self.command.download_only || fetched || self.command.no_download)
    }

    /// Files of apt's plan in `directory`: those that were there before, and with `new` also those that were not.
    /// apt is asked for it in `place`; false if it does not say.
    fn planned(&self, classifier: &mut Classifier, directory: &Path, place: &Path, new: bool) -> bool {
        let wanted = |path: &Path| self.disk.was_there(path).is_some_and(|there| there || new);
        let candidates = names(directory);
        let lacks = self.command.no_download && self.end != End::Code(0);
        if !lacks && !candidates.iter().any(|name| is_of_package(name) && wanted(&directory.join(name))) {
            return true;
        }
        let Some(plan) = self.question.plan(place) else { return false };
        for Planned { url, filename, size, .. } in plan {
            let path = directory.join(&filename);
            if let Some(file) = PackageFile::parse(&filename).filter(|_| lacks && !path.exists()) {
                classifier.missing(format!("{}={}", file.name, file.version));
            }
            if !wanted(&path) || std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() != size) {
                continue;
            }
            let cached = match self.command.verb {
                Verb::Download | Verb::Source => Origin::Destination,
                _ => Origin::ArchiveCache,
            };
            let local = ["file:", "copy:", "cdrom:"].iter().any(|scheme| url.starts_with(scheme.as_bytes()));
            let origin =
                if self.disk.was_there(&path) == Some(true) { Ok(cached) } else { self.arrived(&filename, local) };
            classifier.found(found(&path, origin, &BY_THE_PLAN, Some(url)));
        }
        true
    }

    /// Packages in the archives that dpkg unpacked in this run, and those that came there.
    fn archives(&self, classifier: &mut Classifier) {
        let directory = self.question.directory("Dir::Cache::archives");
        let (packages, mut local) = (Packages::read(), None);
        for name in names(&directory) {
            let (Some(name), path) = (name.to_str(), directory.join(&name)) else { continue };
            let Some(package) = PackageFile::parse(name) else { continue };
            let origin = match self.disk.was_there(&path) {
                Some(true) if packages.unpacked(&package, self.disk) => Ok(Origin::ArchiveCache),
                Some(false) => {
                    let local = *local.get_or_insert_with(|| self.question.has_local_repositories());
                    self.arrived(name, local)
                }
                _ => continue,
            };
            classifier.found(found(&path, origin, &BY_THE_DISK, None));
        }
    }

    /// Where a file came from that was not there before, `local` if it may be from this machine.
    fn arrived(&self, filename: &str, local: bool) -> Result<Origin, &'static str> {
        if local {
            return Err("it came during the run, from the network or from a repository on this machine");
        }
        if self.disk.was_partial(filename) {
            return Err("a part of it had been fetched before, and no message about the rest was heard");
        }
        Ok(Origin::Downloaded)
    }

    /// Indexes, those that the run put in their places and those that it left.
    fn lists(&self, classifier: &mut Classifier) {
        let directory = self.question.directory("Dir::State::lists");
        for name in names(&directory) {
            let path = directory.join(&name);
            // The name is the URI without its scheme: that of a local repository begins with its path's first slash.
            let local = name.as_bytes().starts_with(b"_");
            let origin = match self.disk.was_there(&path) {
                Some(true) => Err("it was not replaced: whether it was current or could not be had was not heard"),
                Some(false) if local => Ok(Origin::Local),
                Some(false) => Ok(Origin::Downloaded),
                None => continue,
            };
            if path.is_file() && name != "lock" {
                classifier.found(found(&path, origin, &BY_THE_DISK, None));
            }
        }
    }
}

fn is_of_package(name: &OsString) -> bool {
    let parts: [&[u8]; 7] = [b".deb", b".udeb", b".ddeb", b".dsc", b".tar.", b".diff.", b".asc"];
    parts.iter().any(|part| memchr::memmem::find(name.as_bytes(), part).is_some())
}

fn found(path: &PathBuf, origin: Result<Origin, &str>, evidence: &[Evidence], url: Option<Vec<u8>>) -> Found {
    let (origin, reason) = match origin {
        Ok(origin) => (origin, None),
        Err(reason) => (Origin::Unknown, Some(reason.to_owned())),
    };
    Found {
        path: path.as_os_str().as_bytes().to_vec(),
        url,
        size: std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
        sha256: digest(path),
        origin,
        reason,
        evidence: evidence.to_vec(),
    }
}

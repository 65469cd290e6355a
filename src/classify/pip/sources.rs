//! Files that lie on this machine, version control, and wheels that pip builds.
//!
//! Refuses to list directories: a project that the user names is no artifact, the wheel built from it is one.

use super::names::{self, Release};
use super::place::Place;
use super::run::Run;
use super::transfers::UNDER_WAY;
use super::url;
use super::voice::Voice;
use crate::event::{Artifact, Ecosystem, Kind, Origin, Purpose, Sha256, text};

/// Why the origin of a saved file is unknown.
const SAVED_ONLY: &str = "the text tells that pip saved it, and not where from";

impl Voice {
    /// `Processing PATH`: a local file, or a directory.
    pub(super) fn process(&mut self, run: &mut Run, place: Place, path: &[u8]) {
        let filename = url::filename(path);
        if !names::is_distribution(&filename) {
            self.doubtful = None;
            return;
        }
        let Some(number) = self.mention(run, place, path) else { return };
        let facts = run.facts(self.side);
        let by_text = facts.is_in_directory(path);
        let indexes = facts.indexes.clone();
        let Some(view) = run.table.view(self.side, number) else { return };
        let link = self.links.of_file(&filename, view.artifact.name.as_deref());
        let of_index = |page: &[u8]| indexes.iter().any(|index| page.starts_with(index));
        let found = match &link {
            Some(link) => !link.page.as_deref().is_some_and(of_index),
            None => by_text && !self.is_debug,
        };
        if view.artifact.origin != Origin::Downloaded {
            let path = link.as_ref().and_then(|link| url::file_path(&link.url)).unwrap_or_else(|| path.to_vec());
            view.settle(if found { Origin::Wheelhouse } else { Origin::Local }, None);
            view.artifact.source = Some(text(&path).into());
            view.artifact.index = link.as_ref().and_then(|link| link.page.as_deref()).map(|page| text(page).into());
            view.clues.promised = link.and_then(|link| link.promised);
            view.clues.path = Some(path);
        }
    }

    /// `File was already downloaded PATH`: it lies where it was to go.
    pub(super) fn present(&mut self, run: &mut Run, place: Place, path: &[u8]) {
        let Some(number) = self.mention(run, place, path) else { return };
        let Some(view) = run.table.view(self.side, number) else { return };
        let link = self.links.of_name(&url::filename(path), view.artifact.name.as_deref());
        if view.artifact.origin != Origin::Downloaded {
            view.settle(Origin::Destination, None);
        }
        if let Some(link) = link {
            view.artifact.source = Some(text(&link.url).into());
            view.artifact.index = link.page.as_deref().map(|page| text(page).into());
            view.clues.promised = link.promised;
        }
        view.artifact.destination = Some(text(path).into());
        view.clues.path = Some(path.to_vec());
        let release = Release::of(&view.artifact);
        run.facts(self.side).used.extend(release);
    }

    /// `Saved PATH`.
    pub(super) fn saved(&mut self, run: &mut Run, place: Place, path: &[u8]) {
        let Some(number) = self.mention(run, place, path) else { return };
        let Some(view) = run.table.view(self.side, number) else { return };
        view.artifact.destination = Some(text(path).into());
        view.clues.path = Some(path.to_vec());
        if view.artifact.origin == Origin::Unknown && view.artifact.reason.is_none() {
            view.artifact.reason = Some(SAVED_ONLY.into());
        }
        let release = Release::of(&view.artifact);
        let facts = run.facts(self.side);
        facts.used.extend(release);
        facts.saved = true;
    }

    /// Version control begins to fetch a repository.
    pub(super) fn clone_repository(&mut self, run: &mut Run, place: Place, url: &[u8], path: &[u8]) {
        let name = self.collecting.clone();
        let repository = || {
            let mut repository = Artifact::new(Ecosystem::Pypi, Kind::Sdist);
            repository.name = name.map(Into::into);
            repository.purpose = if place == Place::Build { Purpose::Build } else { Purpose::Runtime };
            repository.source = Some(text(url).into());
            repository
        };
        let Some(number) = run.table.mention(self.side, url, repository, Kind::Sdist) else { return };
        if url::is_url(url) && !url.starts_with(b"file:") {
            run.attempts.fetch(self.side, url::host(url), url);
        }
        let evidence = self.evidence.clone();
        let Some(view) = run.table.view(self.side, number) else { return };
        view.artifact.add_evidence(evidence);
        view.artifact.reason = Some(UNDER_WAY.into());
        view.open = Some(Origin::Vcs);
        view.clues.temporary = Some(path.to_vec());
        self.open = Some(number);
        self.cloned = Some(number);
    }

    /// The revision that was asked for is this commit.
    pub(super) fn resolved(&mut self, run: &mut Run, commit: &[u8]) {
        let last = self.cloned.take().and_then(|number| run.table.view(self.side, number));
        if let Some(source) = last.and_then(|view| view.artifact.source.as_mut()) {
            *source = format!("{source}@{}", text(commit)).into();
        }
    }

    /// `Created wheel for ...`: size and digest are exact.
    pub(super) fn build(&mut self, run: &mut Run, place: Place, filename: &[u8], size: Option<u64>, sha256: &[u8]) {
        let Some(number) = self.mention(run, place, filename) else { return };
        self.built = Some(number);
        let Some(view) = run.table.view(self.side, number) else { return };
        view.settle(Origin::Built, None);
        view.artifact.source = None;
        view.artifact.index = None;
        view.artifact.size_bytes = size;
        view.artifact.sha256 = Sha256::from_hex(sha256);
        view.clues = Default::default();
        let release = Release::of(&view.artifact);
        run.facts(self.side).used.extend(release);
    }

    /// `Stored in directory: PATH`: where the wheel just built lies, while pip runs at least.
    pub(super) fn stored(&mut self, run: &mut Run, directory: &[u8]) {
        let Some(view) = self.built.take().and_then(|number| run.table.view(self.side, number)) else { return };
        let filename = view.artifact.filename.clone().unwrap_or_default();
        let path = [directory, b"/", filename.as_bytes()].concat();
        let passing = memchr::memmem::find(directory, b"pip-ephem-wheel-cache-").is_some();
        if passing { view.clues.temporary = Some(path) } else { view.clues.path = Some(path) }
    }
}

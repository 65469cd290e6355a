//! Files that pip fetches, or takes from one of its caches.
//!
//! `Downloading` stands before the body: the transfer is open until a line shows that pip went on. Refuses to call a file
//! downloaded before that, and to call one cached that this run downloaded.

use super::grammar::{Amount, Line};
use super::names::{self, Release};
use super::place::Place;
use super::run::Run;
use super::table::{Side, View};
use super::url;
use super::voice::Voice;
use crate::event::{Kind, Origin, Purpose, text};

/// Why the origin of a transfer under way is unknown.
pub(super) const UNDER_WAY: &str = "the transfer was announced; nothing tells yet that it ended";
/// Why a cached wheel's origin is unknown.
const WHICH_CACHE: &str =
    "the text does not tell pip's cache of responses without a length from its cache of built wheels";
/// What becomes of a wheel built earlier from a source that is not the one asked for.
const NOT_USED: &str = "pip built it earlier from a source whose hash is not the one asked for, and did not use it";

impl Voice {
    pub(super) fn collect(&mut self, run: &mut Run, requirement: &[u8]) {
        self.doubtful = None;
        self.collecting = names::project(requirement);
        let start = memchr::memmem::find(requirement, b"://").map(|at| {
            memchr::memrchr(b' ', &requirement[..at])
                .or_else(|| memchr::memrchr(b'@', &requirement[..at]))
                .map_or(0, |at| at + 1)
        });
        self.direct = start.is_some();
        if let Some(start) = start {
            let url = requirement[start..].split(|&byte| byte == b' ' || byte == b';').next().unwrap_or_default();
            self.links.chose(url);
            // A repository is not kept in the cache of responses.
            run.facts(self.side).direct |= url.starts_with(b"http");
        }
    }

    pub(super) fn download(&mut self, run: &mut Run, place: Place, target: &[u8], amount: Option<Amount>) {
        run.facts(self.side).whole_urls |= url::is_url(target);
        let Some(number) = self.mention(run, place, target) else { return };
        let size = self.announced(target, amount);
        let host = self.locate(run, number, target);
        let wanted = run.table.view(self.side, number).and_then(|view| view.clues.url.clone());
        run.attempts.fetch(self.side, host.as_deref(), wanted.as_deref().unwrap_or(target));
        if self.side == Side::Log {
            run.facts(self.side).errors.clear();
        }
        let Some(view) = run.table.view(self.side, number) else { return };
        if view.artifact.origin != Origin::Downloaded {
            view.open = Some(Origin::Downloaded);
            view.artifact.origin = Origin::Unknown;
            view.artifact.reason = Some(UNDER_WAY.into());
            view.artifact.size_bytes = size;
        }
        self.open = Some(number);
    }

    /// The rest of a body after a cut. The transfer is open already, unless the text begins here.
    pub(super) fn resume(&mut self, run: &mut Run, place: Place, target: &[u8]) {
        let known = self.open.is_some_and(|number| self.is_open_file(run, number, target));
        if !known {
            self.download(run, place, target, None);
        }
    }

    pub(super) fn cached(&mut self, run: &mut Run, place: Place, target: &[u8], amount: Option<Amount>) {
        run.facts(self.side).whole_urls |= url::is_url(target);
        let filename = url::filename(target);
        let built = self.built_earlier.take().filter(|path| url::last_component(path) == filename);
        let Some(number) = self.mention(run, place, target) else { return };
        let size = self.announced(target, amount);
        let bare = amount.is_none() && !url::is_url(target) && filename.ends_with(b".whl");
        let origin = match (&built, bare) {
            (Some(_), _) => Origin::WheelCache,
            (None, true) => self.which_cache(run),
            (None, false) => Origin::HttpCache,
        };
        if origin == Origin::HttpCache {
            self.locate(run, number, target);
        }
        let Some(view) = run.table.view(self.side, number) else { return };
        if view.artifact.origin == Origin::Downloaded {
            return;
        }
        view.settle(origin, (origin == Origin::Unknown).then_some(WHICH_CACHE));
        view.artifact.size_bytes = size;
        if let Some(path) = built {
            view.artifact.source = Some(text(&path).into());
            view.clues.path = Some(path);
        }
        let release = Release::of(&view.artifact);
        self.doubtful = release.filter(|_| bare).map(|release| (number, release));
    }

    /// Which cache a wheel of no stated size came from, where the log does not say that pip built it earlier.
    fn which_cache(&self, run: &mut Run) -> Origin {
        let whole = match self.side {
            Side::Log => self.places.is_whole(),
            Side::Streams => self.is_debug && self.places.is_whole(),
        };
        let hides_urls = run.hides_urls();
        let facts = run.facts(self.side);
        // PyPI states the length of every file, and pip up to 26.0 names the files of other hosts by their whole URL.
        let built = facts.whole_urls || hides_urls == Some(false) || !facts.may_be_elsewhere();
        match (whole, built) {
            (true, _) => Origin::HttpCache,
            (false, true) => Origin::WheelCache,
            (false, false) => Origin::Unknown,
        }
    }

    /// The transfer under way has ended well.
    pub(super) fn confirm(&mut self, run: &mut Run) {
        let view = self.open.take().and_then(|number| run.table.view(self.side, number));
        if let Some(view) = view {
            view.confirm();
        }
    }

    /// Whether a line is about the very transfer under way: a restart, not a step onward.
    pub(super) fn repeats_open(&self, run: &mut Run, line: &Line<'_>) -> bool {
        let Line::Downloading { target, .. } = line else { return false };
        self.open.is_some_and(|number| self.is_open_file(run, number, target))
    }

    fn is_open_file(&self, run: &mut Run, number: usize, target: &[u8]) -> bool {
        let filename = text(&url::filename(target));
        let view = run.table.view(self.side, number);
        view.is_some_and(|view| view.artifact.filename.as_deref() == Some(&*filename))
    }

    /// A server said no to a file.
    pub(super) fn refused(&mut self, run: &mut Run, place: Place, status: u16, url: &[u8]) {
        let bare = url::without_fragment(url);
        run.facts(self.side).note_error(format!("HTTP status {status}").as_bytes());
        if !names::is_distribution(&url::filename(bare)) && !bare.ends_with(b".metadata") {
            return;
        }
        let Some(number) = self.mention(run, place, bare) else { return };
        self.locate(run, number, bare);
        if let Some(view) = run.table.view(self.side, number).filter(|view| view.artifact.origin != Origin::Downloaded)
        {
            view.settle(Origin::Failed, Some(&format!("HTTP status {status}")));
        }
    }

    /// A URL that pip chose: of the file that it is about to fetch, or has just fetched.
    pub(super) fn chosen(&mut self, run: &mut Run, url: &[u8]) {
        let url = url.strip_suffix(b".metadata").unwrap_or(url);
        if !url.starts_with(b"http") {
            return;
        }
        self.links.chose(url);
        self.relocate(run, url);
    }

    /// `Downloading link URL to PATH`: the file is whole.
    pub(super) fn fetched(&mut self, run: &mut Run, url: &[u8], path: &[u8]) {
        self.links.chose(url);
        let number = self.relocate(run, url);
        if let Some(view) = number.and_then(|number| run.table.view(self.side, number)) {
            view.clues.temporary = Some(path.to_vec());
            view.confirm();
        }
    }

    /// Gives the URL of a file that was mentioned already, if it has none.
    pub(super) fn relocate(&mut self, run: &mut Run, url: &[u8]) -> Option<usize> {
        let filename = url::filename(url::without_fragment(url));
        let kind = if filename.ends_with(b".whl") { Kind::Wheel } else { Kind::Sdist };
        let number = run.table.known(self.side, kind, &filename)?;
        let view = run.table.view(self.side, number)?;
        if view.clues.url.is_none() && !matches!(view.artifact.origin, Origin::Built | Origin::WheelCache) {
            self.locate(run, number, url);
        }
        Some(number)
    }

    /// Where pip puts files while it works.
    pub(super) fn temporary(&mut self, place: Place, path: &[u8]) {
        self.is_debug |= place == Place::Main;
        self.unpack = url::last_component(path).starts_with(b"pip-unpack-").then(|| path.to_vec());
    }

    /// Notes down a file that pip names, by its URL, its path or its bare name.
    pub(super) fn mention(&mut self, run: &mut Run, place: Place, target: &[u8]) -> Option<usize> {
        let filename = url::filename(target);
        if filename.is_empty() || filename.len() > 255 {
            return None;
        }
        let artifact = self.artifact_of(&filename);
        let kind = artifact.kind;
        let sdist = Release::of(&artifact).filter(|_| kind == Kind::Sdist);
        let number = run.table.mention(self.side, &filename, || artifact, kind)?;
        let facts = run.facts(self.side);
        facts.last_file = Some(number);
        facts.has_build |= place == Place::Build;
        let evidence = self.evidence.clone();
        let view = run.table.view(self.side, number)?;
        match place {
            Place::Build if view.artifact.evidence.is_empty() => view.artifact.purpose = Purpose::Build,
            Place::Main => view.artifact.purpose = Purpose::Runtime,
            _ => {}
        }
        view.artifact.add_evidence(evidence);
        // A source right after a wheel built from it earlier: pip thought better of the wheel.
        let given_up = self.doubtful.take().filter(|(_, release)| sdist.as_ref() == Some(release));
        if let Some(view) = given_up.and_then(|(wheel, _)| run.table.view(self.side, wheel)) {
            view.settle(Origin::Failed, Some(NOT_USED));
        }
        Some(number)
    }

    /// Where a file comes from and where it goes, as far as the text knows. Returns the host.
    fn locate(&mut self, run: &mut Run, number: usize, target: &[u8]) -> Option<Vec<u8>> {
        let view = run.table.view(self.side, number)?;
        let filename = url::filename(target);
        view.clues.temporary = self.unpack.as_ref().map(|directory| [directory, &b"/"[..], &filename].concat());
        let (of_metadata, name) = (view.artifact.kind == Kind::Metadata, view.artifact.name.as_deref());
        let file = |target: &[u8]| target.strip_suffix(b".metadata").filter(|_| of_metadata).unwrap_or(target).to_vec();
        let link = match url::is_url(target) {
            true => self.links.of_url(&file(target), name),
            false => self.links.of_name(&file(&filename), name)?,
        };
        let url = if of_metadata { [&link.url[..], b".metadata"].concat() } else { link.url };
        view.artifact.source = Some(text(&url).into());
        view.artifact.index = link.page.as_deref().map(|page| text(page).into());
        view.clues.promised = link.promised.filter(|_| !of_metadata);
        view.clues.url = Some(url::without_user(&url));
        url::host(&url).map(<[u8]>::to_vec)
    }

    /// The exact size of what was announced, where the text has it: beside the name, or in the answer.
    fn announced(&mut self, target: &[u8], amount: Option<Amount>) -> Option<u64> {
        let answer = self.answer.take().filter(|(path, status, _)| {
            *status == 200 && url::last_component(path).ends_with(&url::encoded(&url::filename(target)))
        });
        match amount {
            Some(Amount::Exact(size)) => Some(size),
            _ => answer.and_then(|(_, _, size)| size),
        }
    }

    fn artifact_of(&self, filename: &[u8]) -> crate::event::Artifact {
        let hints = [self.collecting.as_deref(), Some(self.links.project())];
        let mut artifact = names::artifact(filename, hints[0]);
        if artifact.name.is_none() {
            artifact = names::artifact(filename, hints[1]);
        }
        if artifact.name.is_none() && self.direct {
            artifact.name = self.collecting.clone().map(Into::into);
        }
        artifact
    }
}

impl View {
    /// The transfer that was announced has ended well.
    pub(super) fn confirm(&mut self) {
        if let Some(origin) = self.open.take() {
            self.settle(origin, None);
        }
    }

    /// Decides the origin.
    pub(super) fn settle(&mut self, origin: Origin, reason: Option<&str>) {
        self.open = None;
        self.artifact.origin = origin;
        self.artifact.reason = reason.map(Into::into);
        if origin == Origin::Failed {
            self.artifact.size_bytes = None;
        }
    }
}

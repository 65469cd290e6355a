//! Index pages: asked for, answered, listed.
//!
//! pip's text tells that a page came, seldom from where: the same line stands for a page fetched whole, one that the
//! server confirmed (304) and one taken from the cache unasked. Refuses to guess between them; the answers' own lines,
//! where the text has them, decide. Pages of `file:` URLs are no artifacts.

use super::grammar::{answered, between};
use super::log::local_time;
use super::place::Place;
use super::run::Run;
use super::url;
use super::voice::Voice;
use crate::classify::LocalTime;
use crate::event::{Artifact, Ecosystem, Kind, Origin, Purpose, canonical_name, text};

/// Why a page's origin is unknown.
pub(super) const UNDECIDED: &str =
    "the text does not tell a page that was fetched from one that was confirmed or cached";

/// A page that pip asked for and that has not come yet.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) url: Vec<u8>,
    place: Place,
    asked: Option<LocalTime>,
    /// The last answer's status and length.
    answer: Option<(u16, Option<u64>)>,
    /// pip said that its cache answered.
    unasked: bool,
}

impl Voice {
    pub(super) fn want_page(&mut self, place: Place, url: &[u8]) {
        self.listing = None;
        let asked = self.now();
        self.page = (!url.starts_with(b"file:")).then(|| Page {
            url: url.to_vec(),
            place,
            asked,
            answer: None,
            unasked: false,
        });
    }

    /// An answer to whatever pip asked last.
    pub(super) fn answered(&mut self, path: &[u8], status: u16, size: Option<u64>) {
        match &mut self.page {
            Some(page) => page.answer = Some((status, size)),
            None => self.answer = Some((path.to_vec(), status, size)),
        }
    }

    /// The cache answered without a request.
    pub(super) fn unasked(&mut self) {
        if let Some(page) = &mut self.page {
            page.unasked = page.answer.is_none();
        }
    }

    /// The page that was asked for has come.
    pub(super) fn page_arrived(&mut self, run: &mut Run) {
        let Some(page) = self.page.take() else { return };
        let (origin, size) = match (page.answer, page.unasked) {
            (Some((304, _)), _) | (None, true) => (Origin::HttpCache, None),
            (Some((200, size)), _) => (Origin::Downloaded, size),
            _ if self.no_cache => (Origin::Downloaded, None),
            _ => (Origin::Unknown, None),
        };
        let reason = (origin == Origin::Unknown).then_some(UNDECIDED);
        self.listing = self.note_page(run, &page.url, page.place, origin, reason.map(str::to_owned), size);
        if let Some(view) = self.listing.and_then(|number| run.table.view(self.side, number))
            && let Some((asked, come)) = page.asked.zip(self.now())
        {
            // A nested pip's words are there twice, its parent's later than its own.
            let (first, last) = view.clues.read.unwrap_or((asked, come));
            view.clues.read = Some((first.min(asked), last.max(come)));
        }
    }

    /// When the record was written that is being read.
    fn now(&self) -> Option<LocalTime> {
        self.stamp.as_ref().map(local_time)
    }

    /// The first link of a page: `... (from PAGE)` is where the page came from, which is not where it was asked for if
    /// the server redirected.
    pub(super) fn page_answered(&mut self, run: &mut Run, number: usize, link: &[u8]) {
        let Some(page) = between(link, b" (from ", b")").filter(|page| page.starts_with(b"http")) else { return };
        let Some(view) = run.table.view(self.side, number) else { return };
        let bare = url::without_user(url::without_fragment(page));
        if view.clues.url.as_ref() != Some(&bare) {
            view.artifact.source = Some(text(page).into());
        }
        view.clues.answered = Some(bare);
    }

    /// The page did not come. It is an artifact if a server answered, else an attempt and nothing more.
    pub(super) fn page_failed(&mut self, run: &mut Run, place: Place, url: &[u8], reason: &[u8]) {
        self.page = None;
        let status = answered(reason);
        if status.is_none_or(|status| status >= 500) {
            run.attempts.unanswered(self.side, url::host(url), url, reason);
        }
        if let Some(status) = status.filter(|_| place != Place::Foreign) {
            self.note_page(run, url, place, Origin::Failed, Some(format!("HTTP status {status}")), None);
        }
    }

    fn note_page(
        &mut self,
        run: &mut Run,
        url: &[u8],
        place: Place,
        origin: Origin,
        reason: Option<String>,
        size: Option<u64>,
    ) -> Option<usize> {
        let name = self.project_of(url);
        let page = || {
            let mut page = Artifact::new(Ecosystem::Pypi, Kind::Index);
            page.name = name.map(Into::into);
            page.source = Some(text(url).into());
            page.purpose = if place == Place::Build { Purpose::Build } else { Purpose::Runtime };
            page
        };
        let number = run.table.mention(self.side, url, page, Kind::Index)?;
        let evidence = self.evidence.clone();
        let view = run.table.view(self.side, number)?;
        view.clues.url = Some(url::without_user(url::without_fragment(url)));
        view.artifact.add_evidence(evidence);
        if place == Place::Main {
            view.artifact.purpose = Purpose::Runtime;
        }
        let known = matches!(view.artifact.origin, Origin::Downloaded | Origin::HttpCache);
        if view.artifact.origin != Origin::Downloaded && (origin != Origin::Unknown || !known) {
            view.artifact.origin = origin;
            view.artifact.reason = reason.map(Into::into);
            view.artifact.size_bytes = size.or(view.artifact.size_bytes);
        }
        Some(number)
    }

    /// The project that a page lists, as its URL spells it: the last component, if that is what pip looks for or if the
    /// URL has the form of an index.
    fn project_of(&self, url: &[u8]) -> Option<String> {
        let last = url::filename(url);
        let name = text(&last);
        let searched = canonical_name(&name) == self.links.project();
        (searched || url.ends_with(b"/")).then_some(name).filter(|name| !name.is_empty())
    }
}

//! Reads the lines of one channel in their order.
//!
//! Each channel keeps what only its own order can tell: whose text this is, which transfer is under way, which page was
//! asked for. Refuses to relate its lines to those of another channel in time: that order is lost.

use super::grammar::{Line, quoted_host};
use super::links::Links;
use super::log::STAMP;
use super::names;
use super::pages::Page;
use super::place::{Place, Places};
use super::run::Run;
use super::table::Side;
use super::{url, verdict};
use crate::event::{Evidence, Sha256};

/// One channel's reader.
#[derive(Debug)]
pub(super) struct Voice {
    pub(super) side: Side,
    pub(super) evidence: Evidence,
    /// The stamp of the record that is being read.
    pub(super) stamp: Option<[u8; STAMP]>,
    pub(super) places: Places,
    pub(super) links: Links,
    /// The artifact whose transfer was announced last and is not known to have ended.
    pub(super) open: Option<usize>,
    pub(super) page: Option<Page>,
    /// The page that has come and whose links follow.
    pub(super) listing: Option<usize>,
    /// The last answer: its path, status and length.
    pub(super) answer: Option<(Vec<u8>, u16, Option<u64>)>,
    /// The wheel that pip is about to take from its cache of built wheels.
    pub(super) built_earlier: Option<Vec<u8>>,
    /// A wheel from that cache of which pip may yet think better.
    pub(super) doubtful: Option<(usize, names::Release)>,
    /// Where pip puts the files that it fetches next.
    pub(super) unpack: Option<Vec<u8>>,
    /// The repository cloned last.
    pub(super) cloned: Option<usize>,
    /// The wheel built last.
    pub(super) built: Option<usize>,
    /// The project that is being collected.
    pub(super) collecting: Option<String>,
    /// It is collected from a URL that the user gave.
    pub(super) direct: bool,
    /// The text holds what pip only logs, and does not show by default.
    pub(super) is_debug: bool,
    /// pip's HTTP cache is known to be off.
    pub(super) no_cache: bool,
    mismatches: bool,
    /// The digests that follow are of a file that pip does not name.
    unnamed: bool,
    /// A line was pip's without doubt.
    pub(super) has_understood: bool,
}

/// A path, a URL or a message longer than this is none of pip's.
const LONGEST: usize = 8192;

impl Voice {
    pub(super) fn new(side: Side, evidence: Evidence, no_cache: bool, named: &[Vec<u8>]) -> Self {
        Voice {
            side,
            evidence,
            stamp: None,
            places: Places::default(),
            links: Links::naming(named),
            open: None,
            page: None,
            listing: None,
            answer: None,
            built_earlier: None,
            doubtful: None,
            unpack: None,
            cloned: None,
            built: None,
            collecting: None,
            direct: false,
            is_debug: false,
            no_cache,
            mismatches: false,
            unnamed: false,
            has_understood: false,
        }
    }

    /// Reads a line of `indent` spaces and then `text`.
    pub(super) fn read(&mut self, run: &mut Run, indent: usize, text: &[u8]) {
        let link = text.strip_prefix(b"Found link ");
        if (link.is_some() || text.starts_with(b"Skipping link")) && !self.places.is_quoting() {
            self.has_understood = true;
            self.list_link(run, link, text);
            return;
        }
        let text = &text[..text.len().min(LONGEST)];
        let line = Line::parse(text);
        self.has_understood |= line.is_pips(text);
        let Some(place) = self.places.place(indent, text, &line) else { return };
        if self.try_network(run, place, &line) || place == Place::Foreign {
            return;
        }
        if line.is_onward() {
            self.go_on(run, &line);
        }
        self.take(run, place, line);
    }

    /// A link of the page that was asked for: by far the most frequent line of a log.
    pub(super) fn list_link(&mut self, run: &mut Run, link: Option<&[u8]>, text: &[u8]) {
        if let Some(link) = link {
            self.links.found(link);
        }
        if self.page.is_some() {
            self.page_arrived(run);
        }
        if let Some(page) = self.listing.take() {
            self.page_answered(run, page, text);
        }
    }

    /// What went before this line has ended well.
    fn go_on(&mut self, run: &mut Run, line: &Line<'_>) {
        if self.page.is_some() {
            self.page_arrived(run);
        }
        if self.open.is_some() && !self.repeats_open(run, line) {
            self.confirm(run);
        }
        if self.side == Side::Log {
            run.facts(self.side).errors.clear();
        }
    }

    fn take(&mut self, run: &mut Run, place: Place, line: Line<'_>) {
        match line {
            Line::Version { version, begins } if place == Place::Main || !begins => run.tell_version(version),
            Line::Collecting { requirement } => self.collect(run, requirement),
            Line::Downloading { target, amount } => self.download(run, place, target, amount),
            Line::Resuming { target } => self.resume(run, place, target),
            Line::Cached { target, amount } => self.cached(run, place, target, amount),
            Line::CachedWheel { url } => self.built_earlier = url::file_path(url),
            Line::Processing { path } => self.process(run, place, path),
            Line::Present { path } => self.present(run, place, path),
            Line::PresentWrong { path } => run.facts(self.side).note_present_wrong(url::filename(path)),
            Line::Chosen { url } => self.chosen(run, url),
            Line::Fetched { url, path } => self.fetched(run, url, path),
            Line::Saved { path } => self.saved(run, place, path),
            Line::Temporary { path } => self.temporary(place, path),
            Line::Search { project } => self.links.search(&crate::event::text(project)),
            Line::PageWanted { url } => self.want_page(place, url),
            Line::PageFetched { .. } => self.page_arrived(run),
            Line::Answer { path, status, size, .. } => self.answered(path, status, size),
            Line::Unasked => self.unasked(),
            Line::Refused { status, url } => self.refused(run, place, status, url),
            Line::Mismatches => {
                self.mismatches = true;
                run.facts(self.side).note_error(b"THESE PACKAGES DO NOT MATCH THE HASHES");
            }
            Line::Unnamed => self.unnamed = self.mismatches,
            Line::Expected { digest } if self.unnamed => note(&mut run.facts(self.side).expected, digest),
            Line::Got { digest } if self.unnamed => note(&mut run.facts(self.side).refused, digest),
            Line::FromUrl { url } => {
                self.unnamed = false;
                self.relocate(run, url);
                if self.mismatches {
                    run.facts(self.side).note_wrong(url::filename(url::without_fragment(url)), verdict::WRONG_HASH);
                }
            }
            Line::OutputOf { description } => run.facts(self.side).explain_error(description),
            Line::Spoiled { path: Some(path) } => {
                run.facts(self.side).note_wrong(url::filename(path), verdict::NO_ARCHIVE);
            }
            Line::Spoiled { path: None } => run.facts(self.side).spoiled = true,
            Line::Dependencies => run.facts(self.side).needs_build = true,
            Line::Installing => run.facts(self.side).last_file = None,
            Line::Clone { url, path } => self.clone_repository(run, place, url, path),
            Line::Resolved { commit } => self.resolved(run, commit),
            Line::Built { filename, size, sha256 } => self.build(run, place, filename, size, sha256),
            Line::Stored { path } => self.stored(run, path),
            Line::Installed { list } if place == Place::Main => run.tell_installed(self.side, list),
            Line::WouldInstall { list } if place == Place::Main => {
                let facts = run.facts(self.side);
                list.split(|&byte| byte == b' ')
                    .filter_map(names::listed)
                    .for_each(|(name, version)| facts.use_release(names::Release::new(&name, &version)));
                facts.concluded = true;
            }
            Line::Indexes { list } => run.facts(self.side).look_in_indexes(list),
            Line::Directories { list } => run.facts(self.side).look_in_directories(list),
            Line::Error { text } => run.facts(self.side).note_error(text),
            _ => {}
        }
    }

    /// Reads what a try to reach the network left in the text, whoever's text it is.
    fn try_network(&mut self, run: &mut Run, place: Place, line: &Line<'_>) -> bool {
        match *line {
            Line::Retrying { error, path } => {
                let host = quoted_host(error).map(<[u8]>::to_vec).or_else(|| self.host_of(run, path));
                run.attempts.retry(self.side, host.as_deref(), path, error);
            }
            Line::Unreachable { host, wanted, reason } => {
                run.facts(self.side).note_error(reason);
                run.attempts.unanswered(self.side, Some(host), wanted, reason);
            }
            Line::PageFailed { url, reason } => self.page_failed(run, place, url, reason),
            _ => return false,
        }
        true
    }

    /// The host of which pip wants this path: that of the page it asked for, of the link it chose, or of its only index.
    fn host_of(&self, run: &mut Run, path: &[u8]) -> Option<Vec<u8>> {
        if let Some(page) = self.page.as_ref().filter(|page| url::path(&page.url) == path) {
            return url::host(&page.url).map(<[u8]>::to_vec);
        }
        let link = self.links.of_name(&url::filename(path), None).filter(|link| url::path(&link.url) == path);
        if let Some(link) = link {
            return url::host(&link.url).map(<[u8]>::to_vec);
        }
        match run.facts(self.side).indexes.as_slice() {
            [index] if path.starts_with(url::path(index)) => url::host(index).map(<[u8]>::to_vec),
            _ => None,
        }
    }
}

/// Adds a digest to a list; pip tells an error once more in its log.
fn note(digests: &mut Vec<Sha256>, digest: &[u8]) {
    if let Some(digest) = Sha256::from_hex(digest).filter(|digest| digests.len() < 64 && !digests.contains(digest)) {
        digests.push(digest);
    }
}

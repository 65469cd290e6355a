//! Index pages: whether one that pip says it has read came over the network this time, by what reading it did to pip's
//! cache.
//!
//! Refuses to take what another pip wrote into the same cache for this one's: what was written outside the time between
//! pip's asking for the page and having it, by pip's own log, is not.

use std::cmp::Ordering;

use super::cache::{Body, Cache, NoCache, present};
use crate::classify::{Clues, LocalTime};
use crate::event::{Artifact, Evidence, Origin};

/// Why a page's origin stays unknown that pip before 23.3 wrote into its cache.
const REWRITTEN: &str =
    "pip's cache was written anew: its record does not tell a page that was fetched from one that was confirmed";

/// Why it does where no cache could be looked at.
const UNLOCATED: &str =
    "where pip's cache is cannot be known: it would tell a page that was fetched from one that was confirmed or cached";

/// Why it does of what another process wrote.
const FOREIGN: &str = "the page was written into pip's cache when this pip was not reading it: another pip did";

/// By how much a file's time may lie before the clock's: the kernel stamps files with the last tick.
const TICK: i128 = 20_000_000;

/// What is known of the reading of a page; times are those of [`Body::written`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// When the invocation began: what was written later is new.
    pub(super) began: i128,
    /// Between which times pip read the page, as its log says.
    pub(super) window: Option<(i128, i128)>,
    /// Whether this pip reads a page that it has cached without asking while the page is fresh.
    pub(super) trusts_fresh: Option<bool>,
}

/// Decides where a page came from that is in the cache as `cached`.
pub(super) fn decide(
    page: &mut Artifact,
    clues: &Clues,
    cached: Option<&Body>,
    cache: &Result<Cache, NoCache>,
    reading: Option<Reading>,
) {
    let url = page.source.as_deref().unwrap_or_default();
    let origin = match (cached, reading) {
        (Some(body), Some(reading)) => reading.origin(body),
        (_, None) => None,
        // pip keeps pages of https only: a page of a plain-text index, or one that was read without a cache, was
        // fetched. With a cache, a page may be kept under the name to which its URL redirects, which its links tell.
        (None, Some(_)) => {
            let kept_nowhere = match cache {
                _ if url.starts_with("http://") => true,
                Ok(_) => clues.answered.is_some(),
                Err(NoCache::Disabled) => true,
                Err(NoCache::Unknown) => false,
            };
            kept_nowhere.then_some(Origin::Downloaded)
        }
    };
    if let Some(origin) = origin {
        page.origin = origin;
        page.reason = None;
        page.add_evidence(Evidence::HTTP_CACHE_FILE);
    } else if let (Some(body), Some(reading)) = (cached, reading)
        && body.written > reading.began
        && !reading.is_own(body.written)
    {
        page.reason = Some(FOREIGN.into());
    } else if cached.and_then(|body| body.record).is_some_and(|record| !record.apart) {
        page.reason = Some(REWRITTEN.into());
    } else if matches!(cache, Err(NoCache::Unknown)) {
        page.reason = Some(UNLOCATED.into());
    }
}

impl Reading {
    /// A page that arrives is written; of one that is confirmed the record is; and an answer that is not to be kept leaves
    /// what was kept before as it is.
    fn origin(&self, body: &Body) -> Option<Origin> {
        let record = body.record?;
        if record.written > self.began {
            return match (record.apart, body.written.cmp(&self.began)) {
                (true, Ordering::Greater) if self.is_own(body.written) => Some(Origin::Downloaded),
                // Another wrote it, and this pip had it confirmed.
                (true, Ordering::Greater) => self.confirmed(body.written, record.written).then_some(Origin::HttpCache),
                (true, Ordering::Less) => Some(Origin::HttpCache),
                // Before 23.3 body and record are one: it tells something only where nothing was kept before.
                (false, _) if record.born.is_some_and(|born| born > self.began && self.is_own(born)) => {
                    Some(Origin::Downloaded)
                }
                _ => None,
            };
        }
        let untouched = record.written < self.began && body.written < self.began && record.status == 200;
        match (self.trusts_fresh.filter(|_| untouched)?, record.fresh_until) {
            (false, _) => Some(Origin::Downloaded),
            (true, Some(until)) if until > present() => Some(Origin::HttpCache),
            (true, Some(until)) if until < self.began => Some(Origin::Downloaded),
            (true, _) => None,
        }
    }

    /// Whether what was written then may be this pip's; where its log does not tell, whatever is new may be.
    fn is_own(&self, written: i128) -> bool {
        self.window.is_none_or(|(asked, come)| (asked - TICK..=come).contains(&written))
    }

    fn confirmed(&self, body: i128, record: i128) -> bool {
        self.window.is_some_and(|(asked, _)| body < asked - TICK) && self.is_own(record)
    }
}

/// The times that pip's log gives, which it has just given: its clock is the local one, which differs from that of files by
/// quarters of an hour, wherever it is.
pub(super) fn window((asked, come): (LocalTime, LocalTime)) -> (i128, i128) {
    const QUARTER: i128 = 15 * 60 * 1_000_000_000;
    const MILLISECOND: i128 = 1_000_000;
    let nanoseconds = |time: LocalTime| i128::from(time.0) * MILLISECOND;
    let ahead = nanoseconds(come) - present();
    let offset = (ahead + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    // What is written at the end of a millisecond belongs to it.
    (nanoseconds(asked) - offset, nanoseconds(come) - offset + MILLISECOND)
}

#[cfg(test)]
mod tests {
    use super::super::cache::Record;
    use super::*;
    use crate::event::{Ecosystem, Kind, Sha256};

    const SECOND: i128 = 1_000_000_000;

    fn body(written: i128, record: i128, apart: bool, born: i128) -> Body {
        let record = Record { written: record, apart, born: Some(born), status: 200, fresh_until: None };
        Body { size: 1, sha256: Sha256([0; 32]), written, record: Some(record) }
    }

    /// Of an invocation that began in second 10 and read the page from second 20 to 21.
    fn origin(body: &Body, window: Option<(i128, i128)>) -> Option<Origin> {
        Reading { began: 10 * SECOND, window, trusts_fresh: Some(false) }.origin(body)
    }

    #[test]
    fn what_was_written_while_the_page_was_read_is_this_pips() {
        let window = Some((20 * SECOND, 21 * SECOND));
        let second = |tenths: i128| tenths * SECOND / 10;
        for (written, record, apart, born, expected, without_window) in [
            (205, 205, true, 205, Some(Origin::Downloaded), Some(Origin::Downloaded)),
            (205, 205, false, 205, Some(Origin::Downloaded), Some(Origin::Downloaded)),
            (50, 205, true, 50, Some(Origin::HttpCache), Some(Origin::HttpCache)),
            (205, 205, false, 50, None, None),
            // Another pip's, confirmed by this one; taken unasked; written when this one had it.
            (150, 205, true, 150, Some(Origin::HttpCache), Some(Origin::Downloaded)),
            (150, 150, true, 150, None, Some(Origin::Downloaded)),
            (215, 215, true, 50, None, Some(Origin::Downloaded)),
            (205, 205, false, 150, None, Some(Origin::Downloaded)),
            (150, 150, false, 150, None, Some(Origin::Downloaded)),
        ] {
            let body = body(second(written), second(record), apart, second(born));
            assert_eq!(origin(&body, window), expected, "{body:?}");
            assert_eq!(origin(&body, None), without_window, "{body:?}");
        }
        // The clock of files is behind by up to a tick.
        let early = 20 * SECOND - TICK / 2;
        assert_eq!(origin(&body(early, early, true, early), window), Some(Origin::Downloaded));
    }

    #[test]
    fn the_logs_clock_may_be_that_of_any_zone() {
        let now = present();
        for quarters in [-48, -14, 0, 1, 23, 56] {
            let local = |at: i128| LocalTime(i64::try_from((at + quarters * 15 * 60 * SECOND) / 1_000_000).unwrap());
            let (asked, come) = window((local(now - 2 * SECOND), local(now - SECOND)));
            assert!((now - 2 * SECOND - asked).abs() < 2_000_000 && (now - SECOND - come).abs() < 2_000_000);
        }
    }

    #[test]
    fn a_page_that_no_cache_was_asked_for_is_fetched_only_without_tls() {
        use NoCache::{Disabled, Unknown};
        for (cache, url, expected) in [
            (Disabled, "https://index.example/simple/six/", Origin::Downloaded),
            (Disabled, "http://index.example/simple/six/", Origin::Downloaded),
            (Unknown, "http://index.example/simple/six/", Origin::Downloaded),
            (Unknown, "https://index.example/simple/six/", Origin::Unknown),
        ] {
            let mut page = Artifact::new(Ecosystem::Pypi, Kind::Index);
            (page.source, page.origin) = (Some(url.into()), Origin::Unknown);
            page.reason = Some("the text does not tell".into());
            let clues = Clues { answered: Some(url.as_bytes().to_vec()), ..Clues::default() };
            let reading = Reading { began: present(), window: None, trusts_fresh: None };
            decide(&mut page, &clues, None, &Err(cache), Some(reading));
            assert_eq!(page.origin, expected, "{cache:?} {:?}", page.source);
            assert_eq!(page.reason.is_some(), expected == Origin::Unknown);
        }
    }
}

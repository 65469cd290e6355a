//! Tries to reach the network, as pip tells them.
//!
//! A try that both texts tell is one try. Refuses to count what a server answered with a plain no (4xx).

use std::collections::{HashMap, HashSet};

use super::table::Side;
use super::url;
use crate::event::{Attempt, AttemptKind, text};

/// How many different tries are held back or remembered.
const HELD: usize = 1 << 14;

/// Collects the tries of one run.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// The log is to be believed: what the streams tell waits for the end.
    hold_streams: bool,
    held: Vec<(Attempt, Vec<u8>)>,
    told_by_log: HashMap<(AttemptKind, Vec<u8>), u64>,
    unanswered: HashSet<(bool, Vec<u8>)>,
    ready: Vec<Attempt>,
}

impl Attempts {
    pub(super) fn new(hold_streams: bool) -> Self {
        Attempts { hold_streams, ..Attempts::default() }
    }

    /// A fetch that pip announced.
    pub(super) fn fetch(&mut self, side: Side, host: Option<&[u8]>, wanted: &[u8]) {
        self.tell(side, AttemptKind::Fetch, host, wanted, None);
    }

    /// A try that failed and will be repeated.
    pub(super) fn retry(&mut self, side: Side, host: Option<&[u8]>, wanted: &[u8], reason: &[u8]) {
        self.tell(side, AttemptKind::Retry, host, wanted, Some(reason));
    }

    /// A try that failed for good; pip may say so more than once.
    pub(super) fn unanswered(&mut self, side: Side, host: Option<&[u8]>, wanted: &[u8], reason: &[u8]) {
        let path = if url::is_url(wanted) { url::path(wanted) } else { wanted };
        let key = (side == Side::Log, [host.unwrap_or_default(), path].concat());
        if self.unanswered.len() < HELD && self.unanswered.insert(key) {
            self.tell(side, AttemptKind::Unanswered, host, wanted, Some(reason));
        }
    }

    /// What is to be told now.
    pub(super) fn ready(&mut self) -> impl Iterator<Item = Attempt> {
        self.ready.drain(..)
    }

    /// The texts have ended: what the log did not tell, the streams do.
    pub(super) fn finish(&mut self) {
        for (attempt, key) in std::mem::take(&mut self.held) {
            match self.told_by_log.get_mut(&(attempt.kind, key)) {
                Some(count) if *count > 0 => *count -= 1,
                _ => self.ready.push(attempt),
            }
        }
    }

    fn tell(&mut self, side: Side, kind: AttemptKind, host: Option<&[u8]>, wanted: &[u8], reason: Option<&[u8]>) {
        let key = match kind {
            AttemptKind::Fetch => url::filename(wanted),
            _ if url::is_url(wanted) => url::path(wanted).to_vec(),
            _ => wanted.to_vec(),
        };
        let attempt = Attempt {
            host: host.map(text),
            wanted: Some(text(wanted)),
            count: 1,
            reason: reason.map(text),
            ..Attempt::new("pip", kind)
        };
        match side {
            Side::Streams if self.hold_streams => {
                if self.held.len() < HELD {
                    self.held.push((attempt, key));
                }
            }
            Side::Log => {
                if self.hold_streams
                    && (self.told_by_log.len() < HELD || self.told_by_log.contains_key(&(kind, key.clone())))
                {
                    *self.told_by_log.entry((kind, key)).or_default() += 1;
                }
                self.ready.push(attempt);
            }
            Side::Streams => self.ready.push(attempt),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_once_what_both_texts_tell() {
        let mut attempts = Attempts::new(true);
        attempts.fetch(Side::Streams, None, b"six-1.0.tar.gz");
        attempts.retry(Side::Streams, None, b"/simple/six/", b"refused");
        attempts.fetch(Side::Log, Some(b"f.example"), b"https://f.example/six-1.0.tar.gz");
        attempts.unanswered(Side::Log, Some(b"f.example"), b"https://f.example/x", b"no route");
        attempts.unanswered(Side::Log, Some(b"f.example"), b"/x", b"no route");
        let mut all: Vec<_> = attempts.ready().collect();
        attempts.finish();
        all.extend(attempts.ready());
        let told: Vec<_> = all.iter().map(|one| (one.kind, one.wanted.as_deref().unwrap())).collect();
        assert_eq!(
            told,
            [
                (AttemptKind::Fetch, "https://f.example/six-1.0.tar.gz"),
                (AttemptKind::Unanswered, "https://f.example/x"),
                (AttemptKind::Retry, "/simple/six/"),
            ]
        );
    }
}

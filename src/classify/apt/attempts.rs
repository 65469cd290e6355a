//! Tries to reach the network, counted by what was wanted.

use std::collections::HashMap;

use crate::event::{Attempt, AttemptKind, text};

/// Counts tries by URI, in the order in which the URIs were first tried.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    tries: Vec<Tries>,
    by_uri: HashMap<Vec<u8>, usize>,
}

#[derive(Debug)]
struct Tries {
    uri: Vec<u8>,
    count: u64,
    answered: bool,
    /// Why the last one failed, if it did.
    failure: Option<String>,
}

impl Attempts {
    /// A try begins; gives the number by which to tell how it goes on.
    pub(super) fn begin(&mut self, uri: &[u8]) -> usize {
        let next = self.tries.len();
        let number = *self.by_uri.entry(uri.to_vec()).or_insert(next);
        if number == next {
            self.tries.push(Tries { uri: uri.to_vec(), count: 0, answered: false, failure: None });
        }
        self.tries[number].count += 1;
        number
    }

    /// The other side has answered.
    pub(super) fn answered(&mut self, number: usize) {
        self.tries[number].answered = true;
        self.tries[number].failure = None;
    }

    /// The try has failed.
    pub(super) fn failed(&mut self, number: usize, reason: &str, answered: bool) {
        self.tries[number].answered |= answered;
        self.tries[number].failure = Some(reason.to_owned());
    }

    /// As records; `invocation` and `tool` are the caller's to correct.
    pub(super) fn records(self) -> impl Iterator<Item = Attempt> {
        self.tries.into_iter().map(|tries| Attempt {
            host: host(&text(&tries.uri)),
            wanted: Some(text(&tries.uri)),
            count: tries.count,
            reason: tries.failure,
            ..Attempt::new("apt-get", if tries.answered { AttemptKind::Fetch } else { AttemptKind::Unanswered })
        })
    }
}

/// `HOST[:PORT]` of a URI, without user information.
pub(super) fn host(uri: &str) -> Option<String> {
    let authority = uri.split_once("://")?.1.split(['/', '?', '#', ' ']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_of_uris() {
        assert_eq!(host("http://user:secret@repo.example:8080/a").as_deref(), Some("repo.example:8080"));
        assert_eq!(host("http://[::1]:80/a").as_deref(), Some("[::1]:80"));
        assert_eq!(host("file:/srv/repo"), None);
    }
}

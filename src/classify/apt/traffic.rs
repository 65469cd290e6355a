//! What was fetched, as the messages between apt and its acquire methods tell it.
//!
//! A file is known by its destination: a redirect, another mirror and a further try all write to the same one. The last
//! answer decides. apt itself judges a file after its method has handed it over, without a message, so the digests are
//! compared here as apt compares them. Where the last answer says that the file was complete before the transfer
//! (`Resume-Point` at its end), the bytes came over the network in this run only if an earlier try of this run began
//! below that point; else the partial file of an earlier run was all there was, and it counts as lying in the cache of
//! its destination, although the method had connected.

use std::collections::HashMap;

use super::attempts::Attempts;
use super::draft::Draft;
use super::message::{Direction, Entry, Message};
use super::programs::Programs;
use super::target::{Target, uncompressed};
use crate::event::{Attempt, Evidence, Kind, Origin, Sha256, text};

/// Why a request without an answer is unknown.
pub(super) const UNANSWERED: &str = "the record ends before the answer";

/// Methods that work on files which are here already: no file comes through them.
const INTERNAL: [&[u8]; 8] = [b"store", b"gpgv", b"sqv", b"rred", b"gzip", b"bzip2", b"lzma", b"xz"];

/// Methods that take files from this machine.
const LOCAL: [&[u8]; 3] = [b"file", b"copy", b"cdrom"];

/// Follows the traffic.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    fetches: Vec<Fetch>,
    by_destination: HashMap<Vec<u8>, usize>,
    /// Requests without an answer.
    open: HashMap<Request, Open>,
    attempts: Attempts,
    programs: Programs,
    /// Whether some line was an entry of the log, and some was none.
    known: bool,
    foreign: bool,
}

/// The process that was asked, and the URI.
type Request = (Vec<u8>, Vec<u8>);

/// The number of a fetch, and of the try to reach the network if it is one.
type Open = (usize, Option<usize>);

#[derive(Debug)]
struct Fetch {
    target: Target,
    destination: Vec<u8>,
    uri: Vec<u8>,
    local: bool,
    /// `Expected-*` fields: the name of the digest, and the digest.
    expected: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the first transfer of this run began.
    began_at: Option<u64>,
    state: State,
}

#[derive(Debug)]
enum State {
    Asked,
    Redirected(Vec<u8>),
    Abandoned,
    Failed(String),
    Done(Done),
}

#[derive(Debug)]
struct Done {
    origin: Origin,
    size: Option<u64>,
    sha256: Option<Sha256>,
    path: Vec<u8>,
    /// Which digest is not the expected one.
    mismatch: Option<String>,
}

impl Traffic {
    /// One line of the log.
    pub(super) fn line(&mut self, line: &[u8]) {
        let Some(entry) = Entry::parse(line) else {
            self.foreign |= !line.trim_ascii().is_empty();
            return;
        };
        self.known = true;
        if INTERNAL.contains(&entry.method) {
            return;
        }
        match entry.direction {
            Direction::Started => {}
            Direction::Configured => self.programs.line(entry.message),
            Direction::Ended => self.settle(entry.process, |_| State::Abandoned),
            Direction::ToMethod => {
                if let Some(message) = Message::parse(entry.message).filter(|message| message.code == 600) {
                    self.asked(&entry, &message);
                }
            }
            Direction::FromMethod => {
                if let Some(message) = Message::parse(entry.message) {
                    self.told(&entry, &message);
                }
            }
        }
    }

    fn asked(&mut self, entry: &Entry<'_>, request: &Message) {
        let (Some(uri), Some(destination)) = (request.field("URI"), request.field("Filename")) else { return };
        let mirror = entry.method.starts_with(b"mirror");
        if mirror && !uri.starts_with(b"mirror") {
            // The list of mirrors, which the method had asked for (351), is handed to it in the form of a request.
            return;
        }
        let local = LOCAL.contains(&entry.method);
        let number = match self.by_destination.get(destination) {
            Some(known) if !self.fetches[*known].obtained() => *known,
            _ => {
                self.by_destination.insert(destination.to_vec(), self.fetches.len());
                self.fetches.push(Fetch {
                    target: Target::of(request, destination),
                    destination: destination.to_vec(),
                    uri: Vec::new(),
                    local,
                    expected: Vec::new(),
                    began_at: None,
                    state: State::Asked,
                });
                self.fetches.len() - 1
            }
        };
        let fetch = &mut self.fetches[number];
        (fetch.uri, fetch.local, fetch.state) = (uri.to_vec(), local, State::Asked);
        fetch.expected = request
            .fields()
            .filter_map(|(name, value)| Some((name.strip_prefix(b"Expected-")?.to_vec(), value.to_vec())))
            .collect();
        let attempt = (!local && !mirror).then(|| self.attempts.begin(uri));
        self.open.insert((entry.process.to_vec(), uri.to_vec()), (number, attempt));
    }

    fn told(&mut self, entry: &Entry<'_>, answer: &Message) {
        if answer.code == 401 {
            let reason = failure(answer);
            return self.settle(entry.process, |_| State::Failed(reason.clone()));
        }
        let Some(uri) = answer.field("URI") else { return };
        let key = (entry.process.to_vec(), uri.to_vec());
        let Some(&(number, attempt)) = self.open.get(&key) else { return };
        let fetch = &mut self.fetches[number];
        match answer.code {
            200 => {
                fetch.began_at.get_or_insert(answer.number("Resume-Point").unwrap_or(0));
            }
            201 => fetch.state = State::Done(fetch.done(answer)),
            103 => fetch.state = State::Redirected(answer.field("New-URI").unwrap_or_default().to_vec()),
            400 | 402 | 403 => fetch.state = State::Failed(failure(answer)),
            _ => return,
        }
        if let Some(attempt) = attempt {
            match &fetch.state {
                State::Failed(reason) => {
                    let answered = answer.field("FailReason").is_some_and(|word| word.starts_with(b"HttpError"));
                    self.attempts.failed(attempt, reason, answered);
                }
                _ => self.attempts.answered(attempt),
            }
        }
        if answer.code != 200 {
            self.open.remove(&key);
        }
    }

    /// What a process had not answered when it ended will not be answered.
    fn settle(&mut self, process: &[u8], state: impl Fn(&Fetch) -> State) {
        let ended: Vec<_> = self.open.extract_if(|(asked, _), _| asked == process).map(|(_, open)| open).collect();
        for (number, attempt) in ended {
            let fetch = &mut self.fetches[number];
            fetch.state = state(fetch);
            if let (Some(attempt), State::Failed(reason)) = (attempt, &fetch.state) {
                self.attempts.failed(attempt, reason, false);
            }
        }
    }

    /// Whether this is a log of messages, or nothing at all.
    pub(super) fn understood(&self) -> bool {
        self.known || !self.foreign
    }

    /// The programs that apt was configured to use as methods.
    pub(super) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Everything that was asked for, in the order of the first requests, and the tries.
    pub(super) fn finish(self) -> (Vec<Draft>, impl Iterator<Item = Attempt>) {
        (self.fetches.iter().map(Fetch::draft).collect(), self.attempts.records())
    }
}

impl Fetch {
    /// Whether the file is here as expected: a further request for the same destination is another fetch then.
    fn obtained(&self) -> bool {
        matches!(&self.state, State::Done(done) if done.mismatch.is_none())
    }

    fn done(&self, answer: &Message) -> Done {
        let resumed_at = answer.number("Resume-Point").unwrap_or(0);
        let size = answer.number("Size").or_else(|| answer.number("Checksum-FileSize-Hash"));
        // Without a size there was no response either: the file ends where the transfer would have begun.
        let size = size.or((resumed_at > 0).then_some(resumed_at));
        let began_at = self.began_at.unwrap_or(resumed_at).min(resumed_at);
        let complete_before = resumed_at > 0 && size == Some(began_at);
        let origin = match () {
            () if self.local => Origin::Local,
            () if answer.says("IMS-Hit") || complete_before => cache_of(&self.destination, self.target.kind),
            () => Origin::Downloaded,
        };
        let hash = |name: &[u8]| answer.field(&format!("{}-Hash", String::from_utf8_lossy(name)));
        let mismatch = self.expected.iter().find_map(|(name, expected)| {
            let received = hash(name)?;
            (!received.eq_ignore_ascii_case(expected))
                .then(|| format!("{} is {} instead of {}", text(name), text(received), text(expected)))
        });
        let path = answer.field("Filename").unwrap_or(&self.destination);
        let sha256 = hash(b"SHA256").and_then(Sha256::from_hex);
        Done { origin, size, sha256, path: settled(path), mismatch }
    }

    fn draft(&self) -> Draft {
        let mut draft = Draft::of(&self.target, &[Evidence::ACQUIRE_METHOD]);
        draft.record.source = Some(text(&self.uri).into());
        draft.clues.url = Some(self.uri.clone());
        let sha256 = self.expected.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"SHA256"));
        draft.clues.promised = sha256.and_then(|(_, digest)| Sha256::from_hex(digest));
        match &self.state {
            State::Done(done) => {
                draft.record.size_bytes = done.size;
                draft.record.sha256 = done.sha256;
                if let Some(mismatch) = &done.mismatch {
                    return draft.origin(Origin::Failed, Some(format!("hash sum mismatch: {mismatch}")));
                }
                // An index is unpacked after it was received, under a name that the configuration decides.
                let unpacked = self.target.kind == Kind::Index
                    && !self.local
                    && uncompressed(&self.target.filename) != self.target.filename;
                draft.record.destination = (!unpacked).then(|| text(&done.path).into());
                draft.clues.path = Some(done.path.clone());
                draft.origin(done.origin, None)
            }
            State::Failed(reason) => draft.origin(Origin::Failed, Some(reason.clone())),
            State::Abandoned => {
                draft.origin(Origin::Failed, Some("the method ended before it had answered".to_owned()))
            }
            State::Redirected(to) => {
                let reason = format!("redirected to {}, and no request for that was seen", text(to));
                draft.origin(Origin::Unknown, Some(reason))
            }
            State::Asked => draft.origin(Origin::Unknown, Some(UNANSWERED.to_owned())),
        }
    }
}

/// Which cache a file that needed no transfer lay in.
fn cache_of(destination: &[u8], kind: Kind) -> Origin {
    match kind {
        Kind::Index => Origin::ListCache,
        _ if parent(destination) == b"partial" => Origin::ArchiveCache,
        _ => Origin::Destination,
    }
}

/// Where the file lies in the end: apt moves it out of `partial` when it has accepted it.
fn settled(path: &[u8]) -> Vec<u8> {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) if parent(path) == b"partial" => [&path[..slash - b"partial".len()], &path[slash + 1..]].concat(),
        _ => path.to_vec(),
    }
}

fn parent(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').nth(1).unwrap_or_default()
}

/// `FailReason` is not translated, `Message` is.
fn failure(answer: &Message) -> String {
    match (answer.field("FailReason").map(text), answer.field("Message").map(text)) {
        (Some(word), Some(message)) => format!("{word}: {message}"),
        (word, message) => word.or(message).unwrap_or_else(|| "the method gave no reason".to_owned()),
    }
}

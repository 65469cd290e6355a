//! Events as marked lines among a build's output: the way out of a step whose layer is thrown away.
//!
//! A message is the journal's lines, deflated (RFC 1951), in base64 (RFC 4648), cut into pieces of which each stands on
//! a line of its own, short enough that one `write` to a pipe keeps it whole (`PIPE_BUF`):
//!
//! ```text
//! @wheeltap1:<invocation>:<message>:<piece>:<pieces>:<crc32 of the data, hexadecimal>:<data>@
//! ```
//!
//! A piece is found wherever it begins in a line, so that it survives a builder's prefixes and a tool's unterminated
//! last line; it may come twice, late, or between others. The last message of a sender tells the end of the invocation
//! whose name it bears, or holds nothing. Refuses to guess: a message with a piece missing is lost, and said to be.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

use super::{Event, InvocationId, json};

const MARK: &[u8] = b"@wheeltap1:";
/// Characters of data in a piece: with its frame and a builder's prefix a line stays below 4096 bytes.
const PIECE: usize = 3600;
/// The most that a message may hold when unpacked: what claims to be more is not of our making.
const MESSAGE: u64 = 1 << 30;

/// The lines that carry `events` as the message `message` of an invocation.
pub fn mark(invocation: &InvocationId, message: u32, events: &[Event]) -> Vec<u8> {
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    for event in events {
        let mut line = Vec::new();
        // Writing to memory does not fail.
        let _ = json::line(&mut line, event);
        line.push(b'\n');
        let _ = deflated.write_all(&line);
    }
    let data = BASE64.encode(deflated.finish().unwrap_or_default());
    let pieces: Vec<&[u8]> = data.as_bytes().chunks(PIECE).collect();
    let mut lines = Vec::with_capacity(data.len() + 80 * pieces.len());
    for (number, piece) in pieces.iter().enumerate() {
        let count = pieces.len();
        lines.extend_from_slice(MARK);
        lines.extend_from_slice(format!("{}:{message}:{number}:{count}:", invocation.0).as_bytes());
        lines.extend_from_slice(format!("{:08x}:", crc32fast::hash(piece)).as_bytes());
        lines.extend_from_slice(piece);
        lines.extend_from_slice(b"@\n");
    }
    lines
}

/// One piece of a message, as it was found in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    invocation: InvocationId,
    message: u32,
    number: u32,
    count: u32,
    data: Vec<u8>,
}

/// The first piece in `line`, and where it stands; `None` in its place if it is damaged.
pub fn find(line: &[u8]) -> Option<(Range<usize>, Option<Piece>)> {
    let start = memchr::memmem::find(line, MARK)?;
    let end = memchr::memchr(b'@', &line[start + 1..]).map(|at| start + 1 + at);
    let piece = end.and_then(|end| parse(&line[start + MARK.len()..end]));
    Some((start..end.map_or(line.len(), |end| end + 1), piece))
}

fn parse(piece: &[u8]) -> Option<Piece> {
    let mut fields = std::str::from_utf8(piece).ok()?.splitn(6, ':');
    let mut next = || fields.next();
    let (invocation, message, number, count) = (next()?, next()?, next()?, next()?);
    let (sum, data) = (u32::from_str_radix(next()?, 16).ok()?, next()?.as_bytes());
    (crc32fast::hash(data) == sum).then_some(())?;
    Some(Piece {
        invocation: InvocationId(invocation.into()),
        message: message.parse().ok()?,
        number: number.parse().ok()?,
        count: count.parse().ok()?,
        data: data.to_vec(),
    })
}

/// Puts messages together again.
#[derive(Debug, Default)]
pub struct Collector {
    /// By invocation and number.
    messages: BTreeMap<(InvocationId, u32), Message>,
}

#[derive(Debug, Default)]
struct Message {
    /// How many pieces there are to be.
    count: u32,
    /// Those that came.
    pieces: BTreeMap<u32, Vec<u8>>,
}

impl Piece {
    /// Who sent it: an invocation, or the step that all invocations of one process tree share.
    pub fn sender(&self) -> &InvocationId {
        &self.invocation
    }
}

impl Collector {
    /// Adds a piece; one that came already says nothing new.
    pub fn add(&mut self, piece: Piece) {
        let message = self.messages.entry((piece.invocation, piece.message)).or_default();
        message.count = piece.count;
        message.pieces.entry(piece.number).or_insert(piece.data);
    }

    /// The events of every message that came whole, by sender and in the order in which they were sent, and the senders
    /// of which something was lost: a piece, a message, or the end.
    pub fn finish(self) -> (Vec<(InvocationId, Vec<Event>)>, Vec<InvocationId>) {
        let mut senders: Vec<(InvocationId, Vec<Event>)> = Vec::new();
        let mut lost = Vec::new();
        let mut expected = 0;
        let mut ended = true;
        for ((sender, number), Message { count, pieces }) in self.messages {
            if senders.last().is_none_or(|(before, _)| *before != sender) {
                lost.extend(senders.last().filter(|_| !ended).map(|(before, _)| before.clone()));
                senders.push((sender.clone(), Vec::new()));
                expected = 0;
            }
            let whole = (pieces.len() == count as usize).then(|| pieces.into_values().collect::<Vec<_>>().concat());
            let message = whole.and_then(|data| unpack(&data));
            if message.is_none() || number != expected {
                lost.push(sender.clone());
            }
            expected = number.saturating_add(1);
            let message = message.unwrap_or_default();
            let is_end =
                |event: &Event| matches!(event, Event::InvocationFinished { record, .. } if record.id == sender);
            ended = (message.is_empty() && lost.last() != Some(&sender)) || message.iter().any(is_end);
            senders.last_mut().expect("this sender's").1.extend(message);
        }
        lost.extend(senders.last().filter(|_| !ended).map(|(last, _)| last.clone()));
        lost.dedup();
        (senders, lost)
    }
}

fn unpack(data: &[u8]) -> Option<Vec<Event>> {
    let deflated = BASE64.decode(data).ok()?;
    let mut lines = Vec::new();
    flate2::read::DeflateDecoder::new(deflated.as_slice()).take(MESSAGE).read_to_end(&mut lines).ok()?;
    let lines = lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Invocation, Moment};

    fn events(reasons: usize) -> Vec<Event> {
        let at = Moment::from_microseconds(0);
        let reason = |n: usize| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut events: Vec<Event> =
            (0..reasons).map(|n| Event::BlindSpot { at, invocation: None, reason: reason(n) }).collect();
        let mut record = Invocation::new(InvocationId("i".into()), "pip", "shim");
        record.exit_code = Some(0);
        events.push(Event::InvocationFinished { at, record: Box::new(record) });
        events
    }

    fn pieces(lines: &[u8]) -> Vec<Piece> {
        lines.split_inclusive(|&byte| byte == b'\n').filter_map(|line| find(line)?.1).collect()
    }

    #[test]
    fn comes_back_whole_in_any_order_and_twice() {
        let (id, events) = (InvocationId("i".into()), events(1000));
        let lines = mark(&id, 0, &events);
        assert!(lines.split(|&byte| byte == b'\n').all(|line| line.len() < 4000));
        let pieces = pieces(&lines);
        assert!(pieces.len() > 2);
        let mut collector = Collector::default();
        pieces.iter().rev().chain(&pieces).for_each(|piece| collector.add(piece.clone()));
        assert_eq!(collector.finish(), (vec![(id, events)], vec![]));
    }

    #[test]
    fn stands_anywhere_in_a_line() {
        let line = mark(&InvocationId("i".into()), 0, &events(0));
        let line = [b"#9 0.264 no newline", line.as_slice()].concat();
        let (place, piece) = find(&line).unwrap();
        assert_eq!((place.start, place.end), (19, line.len() - 1));
        assert!(piece.is_some());
        assert_eq!(find(b"#9 0.264 Collecting six"), None);
    }

    #[test]
    fn what_is_lost_is_said() {
        let id = InvocationId("i".into());
        let lost = |change: &dyn Fn(&mut Vec<Piece>)| {
            let mut pieces = [pieces(&mark(&id, 0, &[])), pieces(&mark(&id, 1, &events(1000)))].concat();
            change(&mut pieces);
            let mut collector = Collector::default();
            pieces.into_iter().for_each(|piece| collector.add(piece));
            collector.finish().1
        };
        assert_eq!(lost(&|_| {}), []);
        assert_eq!(lost(&|pieces| drop(pieces.pop())), std::slice::from_ref(&id), "the end");
        assert_eq!(lost(&|pieces| pieces.truncate(1)), [], "an empty message is the end");
        assert_eq!(lost(&|pieces| drop(pieces.remove(0))), std::slice::from_ref(&id), "a message");
        assert_eq!(lost(&|pieces| drop(pieces.remove(2))), std::slice::from_ref(&id), "a piece");
        let mut damaged = mark(&id, 0, &events(0));
        let last = damaged.len() - 3;
        damaged[last] ^= 1;
        assert_eq!(find(&damaged).unwrap().1, None);
    }
}

//! A journal as it can be read: torn lines, lines of a newer writer and lines without end cost nothing but themselves,
//! and each is accounted for.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;
use memchr::arch::all::memchr::One;
use memchr::memmem;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;

use super::Error;
use crate::event::{Event, InvocationId, Moment, SCHEMA, artifact_of_line};

/// How every event begins as this crate writes it. It cannot stand inside a text, where its quotes are escaped: so the
/// next event is found even if a torn line lies before it on its line.
const BEGINNING: &[u8] = b"{\"event\":\"";

/// A line that is longer than this is passed over.
const LONGEST_LINE: usize = 16 << 20;

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Its events in their order, and after them what could not be read, as [`Event::Degraded`] and
    /// [`Event::BlindSpot`].
    pub events: Vec<Event>,
    /// How many bytes were read.
    pub length: u64,
}

/// Reads the journal at `path`.
///
/// # Errors
/// When it cannot be read, holds bytes but no event, or was begun by a wheeltap with a newer schema.
pub fn read_journal(path: &Path) -> Result<Recorded, Error> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let mut events = Vec::new();
    let (length, found) = each(&file, path, &mut |event| events.push(event))?;
    if found == 0 && length > 0 {
        return Err(Error::NotAJournal { path: path.to_owned() });
    }
    Ok(Recorded { events, length })
}

/// Calls `take` with every event of an open journal, from its beginning to its present end, and returns how many bytes
/// were read and how many events they held.
///
/// # Errors
/// When it cannot be read, or was begun by a wheeltap with a newer schema.
pub(super) fn each(file: &File, path: &Path, take: &mut dyn FnMut(Event)) -> Result<(u64, u64), Error> {
    let mut reader =
        Reader { take, last: None, invocation: None, found: 0, newest: 0, torn: 0, endless: 0, unknown: 0 };
    let length = lines(file, |line| match line {
        Line::Whole(line) => reader.line(&line),
        Line::Endless => reader.endless += 1,
    })
    .map_err(Error::io("read", path))?;
    if reader.newest > SCHEMA {
        return Err(Error::Newer { path: path.to_owned(), schema: reader.newest.into() });
    }
    reader.finish();
    Ok((length, reader.found))
}

/// Makes events of lines.
struct Reader<'a> {
    take: &'a mut dyn FnMut(Event),
    /// When the last event was recorded.
    last: Option<Moment>,
    /// The one that the last artifact is of.
    invocation: Option<InvocationId>,
    found: u64,
    /// The newest schema that a session was started with.
    newest: u32,
    torn: u64,
    endless: u64,
    unknown: u64,
}

impl Reader<'_> {
    fn line(&mut self, line: &Bytes) {
        if line.is_empty() {
            return;
        }
        if let Some(event) = parse(line, &mut self.invocation) {
            return self.event(event);
        }
        self.torn += 1;
        for start in memmem::find_iter(line, BEGINNING).filter(|&start| start > 0) {
            match parse(&line.slice(start..), &mut self.invocation) {
                Some(event) => return self.event(event),
                None => self.torn += 1,
            }
        }
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::Unknown => self.unknown += 1,
            Event::SessionStarted { schema, .. } => self.newest = self.newest.max(*schema),
            _ => {}
        }
        self.found += 1;
        self.last = event.at().or(self.last);
        (self.take)(event);
    }

    /// Tells what could not be read.
    fn finish(&mut self) {
        let at = self.last.unwrap_or(Moment::EPOCH);
        let degraded = |reason| Event::Degraded { at, invocation: None, reason };
        let blind_spot = |reason| Event::BlindSpot { at, invocation: None, reason };
        let lines = |count| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
        if self.torn > 0 {
            (self.take)(degraded(format!("{} of the journal could not be read: torn", lines(self.torn))));
        }
        if self.endless > 0 {
            let limit = LONGEST_LINE >> 20;
            (self.take)(degraded(format!(
                "{} of the journal passed over: longer than {limit} MiB",
                lines(self.endless)
            )));
        }
        if self.unknown > 0 {
            (self.take)(blind_spot(format!("{} of the journal passed over: of a newer wheeltap", lines(self.unknown))));
        }
    }
}

/// The event on a line.
fn parse(line: &Bytes, invocation: &mut Option<InvocationId>) -> Option<Event> {
    artifact_of_line(line, invocation).or_else(|| serde_json::from_slice(line).ok())
}

/// A line of a file.
enum Line {
    Whole(Bytes),
    /// Too long to be kept.
    Endless,
}

/// Calls `each` for every line of `file`, in memory bounded by [`LONGEST_LINE`], and returns how many bytes there were.
fn lines(file: &File, mut each: impl FnMut(Line)) -> io::Result<u64> {
    let mut buffer = Vec::with_capacity(PIECE);
    let (mut offset, mut searched, mut endless) = (0, 0, false);
    // The portable one: to find out what else this processor has takes longer than to read the journal of a short run.
    let newline = One::new(b'\n');
    loop {
        let count = match rustix::io::pread(file, spare_capacity(&mut buffer), offset) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        offset += count as u64;
        if let Some(last) = newline.rfind(&buffer[searched..]) {
            // What is made of the lines may share their memory.
            let mut rest = buffer.split_off(searched + last + 1);
            rest.reserve(PIECE);
            let piece = Bytes::from(std::mem::replace(&mut buffer, rest));
            let mut start = 0;
            while let Some(end) = newline.find(&piece[searched..]).map(|at| searched + at) {
                if !std::mem::take(&mut endless) {
                    each(Line::Whole(piece.slice(start..end)));
                }
                start = end + 1;
                searched = start;
            }
        }
        if count == 0 {
            if !endless && !buffer.is_empty() {
                each(Line::Whole(buffer.into()));
            }
            return Ok(offset);
        }
        if buffer.len() == buffer.capacity() {
            if buffer.len() < LONGEST_LINE {
                buffer.reserve(buffer.len());
            } else if !std::mem::replace(&mut endless, true) {
                each(Line::Endless);
            }
        }
        if endless {
            buffer.clear();
        }
        searched = buffer.len();
    }
}

//! BuildKit's `--progress=rawjson`: its status messages as JSON, one object after the other, pretty-printed or not.
//!
//! A vertex is sent again whenever something about it changes, and the later message counts; it may have several
//! intervals, a cache probe before the run. What follows the last object is the client's own text.

use std::collections::HashMap;

use base64::Engine;
use serde::Deserialize;

use super::clock::Clock;
use super::step::{Growing, State};
use crate::event::Moment;
use crate::event::marked::Collector;

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    vertexes: Vec<VertexMessage>,
    #[serde(default)]
    statuses: Vec<StatusMessage>,
    #[serde(default)]
    logs: Vec<LogMessage>,
}

#[derive(Debug, Deserialize)]
struct StatusMessage {
    vertex: String,
    #[serde(default)]
    id: String,
}

#[derive(Debug, Deserialize)]
struct VertexMessage {
    digest: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    inputs: Vec<String>,
    started: Option<Moment>,
    completed: Option<Moment>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    error: String,
}

#[derive(Debug, Deserialize)]
struct LogMessage {
    vertex: String,
    #[serde(default)]
    data: String,
    timestamp: Option<Moment>,
}

/// The vertices of a `rawjson` log.
#[derive(Debug, Default)]
pub(super) struct RawJson {
    rest: Vec<u8>,
    ended: bool,
    vertices: Vec<Known>,
    by_digest: HashMap<String, usize>,
}

#[derive(Debug)]
struct Known {
    growing: Growing,
    /// Begin and end of each run, in seconds since the build's first word.
    intervals: Vec<(f64, f64)>,
    line: Vec<u8>,
}

impl RawJson {
    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8], clock: &mut Clock, marks: &mut Collector) {
        if self.ended {
            return;
        }
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(bytes);
        let mut read = 0;
        loop {
            let blank = rest[read..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if rest.get(read + blank).is_some_and(|&byte| byte != b'{') {
                self.ended = true;
                return;
            }
            let mut messages = serde_json::Deserializer::from_slice(&rest[read..]).into_iter::<Message>();
            match messages.next() {
                Some(Ok(message)) => {
                    read += messages.byte_offset();
                    self.message(message, clock, marks);
                }
                Some(Err(error)) if !error.is_eof() => {
                    // An object of another kind, or damage: the next line that begins an object is the next chance.
                    let next = memchr::memmem::find(&rest[read + 1..], b"\n{");
                    let Some(next) = next else { break };
                    read += 1 + next;
                }
                _ => break,
            }
        }
        rest.drain(..read);
        self.rest = rest;
    }

    fn message(&mut self, message: Message, clock: &mut Clock, marks: &mut Collector) {
        for vertex in message.vertexes {
            self.vertex(vertex, clock);
        }
        for status in message.statuses {
            if let Some(&place) = self.by_digest.get(&status.vertex) {
                self.vertices[place].growing.does(status.id.as_bytes());
            }
        }
        for log in message.logs {
            let at = log.timestamp.map(|moment| clock.at(moment));
            let Some(known) = self.by_digest.get(&log.vertex).map(|&place| &mut self.vertices[place]) else { continue };
            let data = base64::engine::general_purpose::STANDARD.decode(&log.data).unwrap_or_default();
            for part in data.split_inclusive(|&byte| byte == b'\n') {
                known.line.extend_from_slice(part.strip_suffix(b"\n").unwrap_or(part));
                if part.ends_with(b"\n") {
                    let line = std::mem::take(&mut known.line);
                    known.growing.line(&line, marks);
                }
            }
            let started = known.intervals.last().map(|(start, _)| *start);
            if let (Some(at), Some(started)) = (at, started) {
                known.growing.last = Some((at - started).max(0.0));
            }
        }
    }

    fn vertex(&mut self, message: VertexMessage, clock: &mut Clock) {
        let count = self.vertices.len();
        let place = *self.by_digest.entry(message.digest.clone()).or_insert(count);
        if place == count {
            let mut growing = Growing::new(format!("#{}", count + 1), &message.name);
            growing.vertex.digest = Some(message.digest);
            growing.vertex.inputs = message.inputs;
            self.vertices.push(Known { growing, intervals: Vec::new(), line: Vec::new() });
        }
        let known = &mut self.vertices[place];
        let started = message.started.map(|moment| clock.at(moment));
        let completed = message.completed.map(|moment| clock.at(moment));
        if let Some(start) = started {
            let end = completed.unwrap_or(start);
            match known.intervals.iter_mut().find(|(known, _)| *known == start) {
                Some(interval) => interval.1 = end,
                None => known.intervals.push((start, end)),
            }
        }
        let vertex = &mut known.growing.vertex;
        vertex.state = match (completed, message.error.as_str()) {
            (None, _) => State::Unfinished,
            (Some(_), "") if message.cached => State::Cached,
            (Some(_), "") => State::Done,
            (Some(_), error) if error.ends_with("context canceled") => State::Canceled,
            (Some(_), _) => State::Error,
        };
        vertex.error = Some(message.error).filter(|error| !error.is_empty());
    }

    /// The vertices that were begun: what only waited for a failed one is in no other language of the log either.
    pub(super) fn finish(self, marks: &mut Collector) -> Vec<Growing> {
        let begun = self.vertices.into_iter().filter(|known| !known.intervals.is_empty());
        begun.map(|known| known.finish(marks)).collect()
    }
}

impl Known {
    fn finish(mut self, marks: &mut Collector) -> Growing {
        if !self.line.is_empty() {
            self.growing.line(&self.line, marks);
        }
        self.intervals.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut seconds, mut until) = (0.0, f64::NEG_INFINITY);
        for (start, end) in &self.intervals {
            seconds += (end - start.max(until)).max(0.0);
            until = until.max(*end);
        }
        let vertex = &mut self.growing.vertex;
        if vertex.state != State::Unfinished && !self.intervals.is_empty() {
            vertex.seconds = Some(seconds);
        }
        vertex.interval = self.intervals.first().map(|first| (first.0, until));
        self.growing
    }
}

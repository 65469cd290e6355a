//! A whole log, whatever its language.

use super::clock::Clock;
use super::legacy::Legacy;
use super::plain::{self, Content};
use super::rawjson::RawJson;
use super::step::{Growing, State, Vertex};
use crate::event::marked::Collector;
use crate::event::{Event, InvocationId, Moment, Step};

/// Who built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// BuildKit, whose steps run side by side.
    BuildKit,
    /// The builder of Docker before it, one step after the other.
    Legacy,
}

/// An image build, as its log tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Build {
    /// Who built.
    pub builder: Builder,
    /// Its vertices, in the order in which the log first names them.
    pub steps: Vec<Vertex>,
    /// From the first word to the last, in seconds, where the log holds absolute times; never a sum.
    pub wall_seconds: Option<f64>,
    /// What shims inside recorded, from marked lines, each with its step.
    pub events: Vec<Event>,
    /// Senders of which marked lines were lost; [`Vertex::senders`] says where they were.
    pub lost: Vec<InvocationId>,
}

impl Build {
    /// Cached steps over all numbered steps but `FROM`, 0 to 1; `None` where there are none.
    pub fn cached_rate(&self) -> Option<f64> {
        let counted: Vec<&Vertex> = self.steps.iter().filter(|step| step.name.counts()).collect();
        let cached = counted.iter().filter(|step| step.state == State::Cached).count();
        (!counted.is_empty()).then(|| cached as f64 / counted.len() as f64)
    }
}

/// Reads the log of one build.
#[derive(Debug, Default)]
pub struct Reader {
    language: Option<Language>,
    line: Vec<u8>,
    clock: Clock,
    pub(super) marks: Collector,
}

#[derive(Debug)]
enum Language {
    Plain(Plain),
    RawJson(RawJson),
    Legacy(Legacy),
}

/// A line of the log is cut here: no line that means anything is longer.
const LONGEST_LINE: usize = 1 << 22;

impl Reader {
    /// Takes the next bytes of the log.
    pub fn feed(&mut self, bytes: &[u8]) {
        if let Some(Language::RawJson(raw)) = &mut self.language {
            return raw.feed(bytes, &mut self.clock, &mut self.marks);
        }
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.keep(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.line);
            if self.language.is_none() && line.trim_ascii_start().starts_with(b"{") {
                let mut raw = RawJson::default();
                raw.feed(&[line.as_slice(), b"\n", rest].concat(), &mut self.clock, &mut self.marks);
                self.language = Some(Language::RawJson(raw));
                return;
            }
            self.read(&line);
            self.line = line;
            self.line.clear();
        }
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn read(&mut self, line: &[u8]) {
        let (at, line) = stamped(line);
        let at = at.map(|moment| self.clock.at(moment));
        let language = match &mut self.language {
            Some(language) => language,
            none => {
                let language = match plain::line(line) {
                    Some(_) => Language::Plain(Plain::default()),
                    None if Legacy::begins(line) => Language::Legacy(Legacy::default()),
                    None => return,
                };
                none.insert(language)
            }
        };
        match language {
            Language::Plain(plain) => plain.read(line, at, &mut self.marks),
            Language::Legacy(legacy) => legacy.read(line, at, &mut self.marks),
            Language::RawJson(_) => {}
        }
    }

    /// The log has ended; `None` if it is no build's.
    pub fn finish(mut self) -> Option<Build> {
        if !self.line.is_empty() {
            self.feed(b"\n");
        }
        let (builder, steps) = match self.language? {
            Language::Plain(plain) => (Builder::BuildKit, plain.finish(&mut self.marks)),
            Language::RawJson(raw) => (Builder::BuildKit, raw.finish(&mut self.marks)),
            Language::Legacy(legacy) => (Builder::Legacy, legacy.finish()),
        };
        let steps: Vec<Vertex> = steps.into_iter().map(Growing::finish).collect();
        let (senders, lost) = self.marks.finish();
        let mut events = Vec::new();
        for (sender, sent) in senders {
            let step = steps.iter().find(|vertex| vertex.senders.contains(&sender)).map(Vertex::step);
            events.extend(sent.into_iter().map(|event| in_step(event, step.as_ref())));
        }
        (!steps.is_empty()).then_some(Build { builder, steps, wall_seconds: self.clock.last, events, lost })
    }
}

/// An event with the step in which it happened.
fn in_step(mut event: Event, step: Option<&Step>) -> Event {
    let Some(step) = step else { return event };
    match &mut event {
        Event::InvocationStarted { record, .. } | Event::InvocationFinished { record, .. } => {
            record.step = Some(step.clone());
        }
        Event::Artifact { record, .. } => record.step = Some(step.clone()),
        Event::Attempt { record, .. } => record.step = Some(step.clone()),
        Event::Watched { record, .. } => record.watch.step = Some(step.clone()),
        // What concerns the session in which a step was recorded concerns that step.
        Event::Degraded { invocation: None, reason, .. } | Event::BlindSpot { invocation: None, reason, .. } => {
            *reason = format!("step {}: {reason}", step.id);
        }
        _ => {}
    }
    event
}

/// The arrival time that a line may begin with (RFC 3339 and a space), and the line.
fn stamped(line: &[u8]) -> (Option<Moment>, &[u8]) {
    let stamp = line.iter().position(|&byte| byte == b' ').filter(|at| (20..=35).contains(at));
    let moment = stamp.and_then(|at| serde_json::from_value(std::str::from_utf8(&line[..at]).ok()?.into()).ok());
    match (stamp, moment) {
        (Some(at), Some(moment)) => (Some(moment), &line[at + 1..]),
        _ => (None, line),
    }
}

/// The vertices of BuildKit's plain progress.
#[derive(Debug, Default)]
struct Plain {
    vertices: Vec<PlainVertex>,
}

#[derive(Debug)]
struct PlainVertex {
    number: u64,
    name: Vec<u8>,
    growing: Growing,
    /// The last line of output: an unfinished one is printed again, perhaps longer, when the output comes back.
    pending: Option<(f64, Vec<u8>)>,
    /// The output has been elsewhere since the last line.
    resumed: bool,
}

impl Plain {
    fn read(&mut self, line: &[u8], at: Option<f64>, marks: &mut Collector) {
        let Some((number, content)) = plain::line(line) else { return };
        // `#0` is the client speaking of itself.
        if number == 0 {
            return;
        }
        let Some(vertex) = self.vertices.iter_mut().rev().find(|vertex| vertex.number == number) else {
            if let Content::Other(name) = content {
                let text = String::from_utf8_lossy(name);
                let mut growing = Growing::new(format!("#{number}"), &text);
                growing.vertex.interval = at.map(|at| (at, at));
                self.vertices.push(PlainVertex { number, name: name.to_vec(), growing, pending: None, resumed: false });
            }
            return;
        };
        if let (Some(at), Some((_, end))) = (at, &mut vertex.growing.vertex.interval) {
            *end = end.max(at);
        }
        if let Content::Other(name) = content
            && name == vertex.name
        {
            vertex.resumed = true;
            return;
        }
        vertex.take(content, marks);
    }

    fn finish(self, marks: &mut Collector) -> Vec<Growing> {
        let mut vertices = self.vertices;
        vertices.iter_mut().for_each(|vertex| vertex.release(marks));
        vertices.into_iter().map(|vertex| vertex.growing).collect()
    }
}

impl PlainVertex {
    fn take(&mut self, content: Content<'_>, marks: &mut Collector) {
        let vertex = &mut self.growing.vertex;
        vertex.state = content.state().unwrap_or(vertex.state);
        match content {
            Content::Output { seconds, text } => {
                let (text, marker) = match plain::glued(self.number, text) {
                    Some((text, marker)) => (text, Some(marker)),
                    None => (text, None),
                };
                self.growing.last = Some(self.growing.last.map_or(seconds, |last| last.max(seconds)));
                let again = self.resumed
                    && self
                        .pending
                        .as_ref()
                        .is_some_and(|(before, begun)| *before == seconds && text.starts_with(begun));
                if !again {
                    self.release(marks);
                }
                self.pending = Some((seconds, text.to_vec()));
                self.resumed = false;
                if let Some(marker) = marker {
                    self.take(marker, marks);
                }
            }
            Content::Done(seconds) => vertex.seconds = seconds,
            Content::Error(message) => vertex.error = Some(String::from_utf8_lossy(message).into_owned()),
            Content::Digest(digest) => vertex.digest = Some(String::from_utf8_lossy(digest).into_owned()),
            // What stands behind the name of it says how far it is.
            Content::Other(what) => self.growing.does(what.split(|&byte| byte == b' ').next().unwrap_or_default()),
            Content::Cached | Content::Canceled | Content::Switch => {}
        }
    }

    fn release(&mut self, marks: &mut Collector) {
        if let Some((_, line)) = self.pending.take() {
            self.growing.line(&line, marks);
        }
    }
}

//! What is to be seen of a build, as its plain log tells it line by line.
//!
//! Times are seconds since the build's begin. Refuses to see a clock: who feeds it says when.

use std::collections::{BTreeMap, VecDeque};

use super::status::Status;
use crate::classify::buildkit::{Content, Name, State, plain_glued, plain_line};

/// How much of a step's output is kept, in bytes: as much as BuildKit lets through of one.
const KEPT: usize = 2 << 20;

/// A build that is going on.
#[derive(Debug, Default)]
pub(super) struct View {
    /// In the order of their numbers, which is the one in which BuildKit met them.
    pub(super) vertices: Vec<Vertex>,
    /// Who builds, as the client says it (`docker:default`); old clients say nothing.
    pub(super) builder: Option<String>,
}

/// A vertex that has begun.
#[derive(Debug)]
pub(super) struct Vertex {
    number: u64,
    /// As printed.
    pub(super) name: Vec<u8>,
    pub(super) state: State,
    began: f64,
    ended: Option<f64>,
    /// How long it took in the builder's own words.
    took: Option<f64>,
    /// What it does, one after the other (`transferring context: 34B`).
    pub(super) statuses: Vec<Status>,
    /// What it printed, each line behind its time; gone when it has ended well.
    pub(super) output: VecDeque<Vec<u8>>,
    /// The bytes of `output`.
    kept: usize,
    /// The output has been elsewhere since its last line.
    resumed: bool,
}

impl View {
    /// Takes a line, without its line end, that came at `at`; `false` if it is about no vertex.
    pub(super) fn line(&mut self, line: &[u8], at: f64) -> bool {
        let Some((number, content)) = plain_line(line) else { return false };
        if number == 0 {
            // The client speaks of itself.
            if let Content::Other(text) = content {
                self.builder = builder(&String::from_utf8_lossy(text)).or(self.builder.take());
            }
            return true;
        }
        let place = self.vertices.partition_point(|vertex| vertex.number < number);
        match (self.vertices.get_mut(place).filter(|vertex| vertex.number == number), content) {
            (Some(vertex), content) => vertex.take(content, line, at),
            (None, Content::Other(name)) => self.vertices.insert(place, Vertex::new(number, name, at)),
            (None, _) => return false,
        }
        true
    }

    /// How many vertices have ended.
    pub(super) fn ended(&self) -> usize {
        self.vertices.iter().filter(|vertex| vertex.ended.is_some()).count()
    }

    /// How many there are, with the steps that are still to come of the stages that have begun.
    pub(super) fn expected(&self) -> usize {
        let mut coming = BTreeMap::new();
        for vertex in &self.vertices {
            let Name { platform, stage, index, total, .. } = Name::parse(&String::from_utf8_lossy(&vertex.name));
            if let (Some(index), Some(total)) = (index, total) {
                // What a stage had before this one is there, or was a step of another stage, too.
                let left = total.saturating_sub(index);
                coming.entry((platform, stage)).and_modify(|least: &mut u32| *least = left.min(*least)).or_insert(left);
            }
        }
        self.vertices.len() + coming.values().sum::<u32>() as usize
    }

    /// Whether a vertex did not end well.
    pub(super) fn has_failed(&self) -> bool {
        self.vertices.iter().any(|vertex| matches!(vertex.state, State::Error | State::Canceled))
    }

    /// The vertex of this name that failed.
    pub(super) fn failed(&self, name: &[u8]) -> Option<&Vertex> {
        self.vertices.iter().find(|vertex| vertex.state == State::Error && vertex.name == name)
    }
}

/// `building with "default" instance using docker driver`: what BuildKit's display has for it.
fn builder(text: &str) -> Option<String> {
    let (name, rest) = text.strip_prefix("building with \"")?.split_once("\" instance using ")?;
    Some(format!("{}:{name}", rest.strip_suffix(" driver")?))
}

impl Vertex {
    fn new(number: u64, name: &[u8], at: f64) -> Vertex {
        Vertex {
            number,
            name: name.to_owned(),
            state: State::Unfinished,
            began: at,
            ended: None,
            took: None,
            statuses: Vec::new(),
            output: VecDeque::new(),
            kept: 0,
            resumed: false,
        }
    }

    fn take(&mut self, content: Content<'_>, line: &[u8], at: f64) {
        if let Some(state) = content.state() {
            (self.state, self.ended) = (state, Some(at));
            if matches!(state, State::Done | State::Cached) {
                (self.output, self.kept) = (VecDeque::new(), 0);
            }
        }
        match content {
            Content::Done(seconds) => self.took = seconds,
            Content::Output { seconds, text } => {
                // What runs beside another step is printed late.
                self.began = self.began.min(at - seconds);
                let (glued, marker) = plain_glued(self.number, text).unzip();
                let end = line.len() - (text.len() - glued.unwrap_or(text).len());
                self.say(line[..end].splitn(2, |&byte| byte == b' ').last().unwrap_or_default());
                marker.into_iter().for_each(|marker| self.take(marker, line, at));
            }
            Content::Other(text) if text == self.name => self.resumed = true,
            Content::Other(text) if !text.starts_with(b"WARN: ") => {
                let status = Status::parse(&String::from_utf8_lossy(text), at);
                match self.statuses.iter_mut().find(|known| known.what == status.what) {
                    Some(known) => *known = Status { began: known.began, ..status },
                    None => self.statuses.push(status),
                }
            }
            _ => {}
        }
    }

    fn say(&mut self, line: &[u8]) {
        // A line that was not finished is printed again when the output comes back, perhaps longer.
        let resumed = std::mem::take(&mut self.resumed);
        if resumed && self.output.back().is_some_and(|last| line.starts_with(last)) {
            self.kept -= self.output.pop_back().map_or(0, |last| last.len());
        }
        self.kept += line.len();
        self.output.push_back(line.to_owned());
        while self.kept > KEPT
            && let Some(oldest) = self.output.pop_front()
        {
            self.kept -= oldest.len();
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// How long it has run.
    pub(super) fn seconds(&self, at: f64) -> f64 {
        match self.state {
            State::Cached => 0.0,
            _ => self.took.unwrap_or(self.ended.unwrap_or(at) - self.began),
        }
    }
}

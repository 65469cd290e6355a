//! One vertex of a build as it becomes known.

use super::Name;
use crate::classify::{Channel, End, Finding, apt, pip};
use crate::event::{InvocationId, Sha256, Step, marked};

/// What became of a vertex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It ran to its end.
    Done,
    /// Its result was there.
    Cached,
    /// It was stopped.
    Canceled,
    /// It failed.
    Error,
    /// The log ends before it does.
    #[default]
    Unfinished,
}

impl State {
    /// The word as it stands in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Done => "done",
            State::Cached => "cached",
            State::Canceled => "canceled",
            State::Error => "error",
            State::Unfinished => "unfinished",
        }
    }
}

/// One vertex of a build: a step, or something that the builder does for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Vertex {
    /// The builder's own name for it: `#9`, or the legacy builder's number.
    pub id: String,
    /// Its name.
    pub name: Name,
    /// What became of it.
    pub state: State,
    /// How long it ran, in seconds: `None` for what was not run, or where the log does not tell; for what did not end
    /// well the time of its last word.
    pub seconds: Option<f64>,
    /// Whether the builder held back a part of its output.
    pub clipped: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// Where it began and ended, in seconds since the build's first word, where the log tells.
    pub interval: Option<(f64, f64)>,
    /// The digests of the vertices that it waited for, where the log tells.
    pub inputs: Vec<String>,
    /// Its own digest, where the log tells.
    pub digest: Option<String>,
    /// What its text says that the tools in it did: pip's findings, then apt's.
    pub findings: Vec<(&'static str, Vec<Finding>)>,
    /// Who wrote marked lines in it.
    pub senders: Vec<InvocationId>,
    /// Whether the builder transferred layers of an image for it.
    pub pulled: bool,
}

impl Vertex {
    /// The step as artifacts and invocations name it.
    pub fn step(&self) -> Step {
        Step {
            id: self.id.clone(),
            stage: self.name.stage.clone(),
            index: self.name.index,
            total: self.name.total,
            instruction: Some(self.name.instruction.clone()),
            line: None,
        }
    }
}

/// A vertex while its log is read.
#[derive(Debug)]
pub(super) struct Growing {
    pub(super) vertex: Vertex,
    /// The time of its last word, in seconds since its start.
    pub(super) last: Option<f64>,
    text: Option<Box<Text>>,
}

/// The classifiers of what a step prints, made when it prints something.
#[derive(Debug)]
struct Text {
    pip: pip::Classifier,
    pip_findings: Vec<Finding>,
    apt: apt::Classifier,
    line: Vec<u8>,
}

impl Growing {
    pub(super) fn new(id: String, name: &str) -> Self {
        let vertex = Vertex {
            id,
            name: Name::parse(name),
            state: State::Unfinished,
            seconds: None,
            clipped: false,
            error: None,
            interval: None,
            inputs: Vec::new(),
            digest: None,
            findings: Vec::new(),
            senders: Vec::new(),
            pulled: false,
        };
        Growing { vertex, last: None, text: None }
    }

    /// Takes the name of something that the builder does for the vertex: a layer is transferred under its digest.
    pub(super) fn does(&mut self, what: &[u8]) {
        self.vertex.pulled |= what.strip_prefix(b"sha256:").is_some_and(|hex| Sha256::from_hex(hex).is_some());
    }

    /// Takes a line that the step printed, without its line end; puts pieces of marked messages aside.
    pub(super) fn line(&mut self, line: &[u8], marks: &mut marked::Collector) {
        if is_clip(line) {
            self.vertex.clipped = true;
            return;
        }
        let mut line = line;
        let kept;
        if let Some((place, piece)) = marked::find(line) {
            match piece {
                Some(piece) => {
                    if !self.vertex.senders.contains(piece.sender()) {
                        self.vertex.senders.push(piece.sender().clone());
                    }
                    marks.add(piece);
                }
                // A damaged piece is a lost one; its message will lack it.
                None => self.vertex.clipped = true,
            }
            if place.start == 0 && place.end == line.len() {
                return;
            }
            kept = [&line[..place.start], &line[place.end..]].concat();
            line = &kept;
        }
        let text = self.text.get_or_insert_with(|| {
            Box::new(Text {
                pip: pip::Classifier::new(pip::Options::default()),
                pip_findings: Vec::new(),
                apt: apt::Classifier::new(apt::Runs::Several),
                line: Vec::new(),
            })
        });
        text.line.clear();
        text.line.extend_from_slice(line);
        text.line.push(b'\n');
        let Text { pip, pip_findings, apt, line } = text.as_mut();
        pip.feed(Channel::Both, line, &mut |finding| pip_findings.push(finding));
        apt.text(Channel::Both, line);
    }

    /// The log has ended.
    pub(super) fn finish(mut self) -> Vertex {
        let vertex = &mut self.vertex;
        match vertex.state {
            State::Done => {}
            State::Cached => vertex.seconds = None,
            State::Canceled | State::Error | State::Unfinished => vertex.seconds = vertex.seconds.or(self.last),
        }
        if let Some(text) = self.text {
            let end = match vertex.state {
                State::Done => End::Code(0),
                State::Error => End::Code(1),
                _ => End::Unknown,
            };
            let Text { pip, mut pip_findings, apt, .. } = *text;
            pip.finish(end, &mut |finding| pip_findings.push(finding));
            self.vertex.findings = vec![("pip", pip_findings), ("apt-get", apt.finish())];
        }
        self.vertex
    }
}

/// BuildKit's own words where it holds output back (`util/progress/logs`): `[output clipped, log limit 200KiB/s reached]`.
fn is_clip(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"[output clipped, log limit ") && line.ends_with(b" reached]")
}

//! The text of the builder before BuildKit (moby's `builder/dockerfile`): `Step 3/17 : RUN ...`, what the step prints
//! with nothing before it, and ` ---> ` lines of the builder's own. Standard error of a step is wrapped in a colour.

use super::step::{Growing, State};
use crate::event::marked::Collector;

/// The steps of a legacy build.
#[derive(Debug, Default)]
pub(super) struct Legacy {
    steps: Vec<Growing>,
    stage: Option<String>,
}

impl Legacy {
    /// Whether a log in this language begins with this line.
    pub(super) fn begins(line: &[u8]) -> bool {
        line.starts_with(b"Sending build context to Docker daemon") || step(line).is_some()
    }

    pub(super) fn read(&mut self, line: &[u8], at: Option<f64>, marks: &mut Collector) {
        let plain = without_colour(line);
        let line = plain.as_slice();
        if let Some((index, total, instruction)) = step(line) {
            return self.begin(index, total, instruction, at);
        }
        let Some(current) = self.steps.last_mut() else { return };
        if let (Some(at), Some((_, end))) = (at, &mut current.vertex.interval) {
            *end = end.max(at);
        }
        if line == b" ---> Using cache" {
            current.vertex.state = State::Cached;
        } else if line.strip_prefix(b" ---> ").is_some_and(is_image) {
            if current.vertex.state == State::Unfinished {
                current.vertex.state = State::Done;
            }
        } else if line.starts_with(b" ---> Running in ") {
        } else if is_failure(line) {
            current.vertex.state = State::Error;
            current.vertex.error = Some(String::from_utf8_lossy(line).into_owned());
        } else {
            let end = memchr::memmem::rfind(line, b"Removing intermediate container ");
            let end = end.filter(|at| is_image(&line[at + b"Removing intermediate container ".len()..]));
            let text = &line[..end.unwrap_or(line.len())];
            if end.is_none() || !text.is_empty() {
                current.line(text, marks);
            }
        }
    }

    fn begin(&mut self, index: u32, total: u32, instruction: &[u8], at: Option<f64>) {
        let instruction = String::from_utf8_lossy(instruction).into_owned();
        let words: Vec<&str> = instruction.split_whitespace().collect();
        if words.first().is_some_and(|word| word.eq_ignore_ascii_case("FROM")) {
            self.stage = match words.as_slice() {
                [.., before, name] if before.eq_ignore_ascii_case("AS") => Some(name.to_lowercase()),
                _ => None,
            };
        }
        let mut step = Growing::new(index.to_string(), "");
        step.vertex.name.stage = self.stage.clone();
        step.vertex.name.index = Some(index);
        step.vertex.name.total = Some(total);
        step.vertex.name.instruction = instruction;
        step.vertex.interval = at.map(|at| (at, at));
        self.steps.push(step);
    }

    pub(super) fn finish(self) -> Vec<Growing> {
        self.steps
    }
}

/// `Step 3/17 : RUN pip install six`.
fn step(line: &[u8]) -> Option<(u32, u32, &[u8])> {
    let rest = line.strip_prefix(b"Step ")?;
    let at = memchr::memmem::find(rest, b" : ")?;
    let (index, total) = std::str::from_utf8(&rest[..at]).ok()?.split_once('/')?;
    Some((index.parse().ok()?, total.parse().ok()?, &rest[at + 3..]))
}

/// What the builder says of a step that failed, on standard error.
fn is_failure(line: &[u8]) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(line, part).is_some();
    (line.starts_with(b"The command '") && has(b"returned a non-zero code: "))
        || line.starts_with(b"COPY failed: ")
        || line.starts_with(b"ADD failed: ")
        || has(b" option requires BuildKit.")
}

/// The short name of an image or a container.
fn is_image(text: &[u8]) -> bool {
    text.len() == 12 && text.iter().all(u8::is_ascii_hexdigit)
}

/// A line without the colour sequences that the builder puts around standard error; the end of one may stand at the
/// beginning of the next line.
fn without_colour(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line.strip_suffix(b"\r").unwrap_or(line);
    while let Some(at) = memchr::memmem::find(rest, b"\x1b[") {
        plain.extend_from_slice(&rest[..at]);
        let sequence = rest[at + 2..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
        match rest.get(at + 2 + sequence) {
            Some(b'm') => rest = &rest[at + 3 + sequence..],
            _ => {
                plain.extend_from_slice(&rest[at..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    plain.extend_from_slice(rest);
    plain
}

//! What docker prints, on its way to the user: without our marked lines, and under the names of the user's Dockerfile.
//!
//! The same lines are read for what they tell of the build, and kept with the times at which they arrived. Refuses to
//! touch standard output, unless it is the log, as before BuildKit and with compose; refuses to change what a step printed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use super::carrier::is_ours;
use super::display::{self, Display};
use super::json::Json;
use super::log::Log;
use crate::classify::buildkit::{Build, Content, Reader, plain_line};
use crate::dockerfile::Names;
use crate::event::{Redactor, marked};
use crate::supervise::{Stream, Tap};

/// Stands between docker and the user.
pub(super) struct Screen {
    names: Option<Names>,
    redactor: Redactor,
    log: Log,
    reader: Reader,
    /// Whether standard output is a builder's log; `None` before its first line.
    stdout_is_log: Option<bool>,
    /// Unfinished lines: of standard output, and of standard error or both.
    held: [Vec<u8>; 2],
    /// Vertices that are there for our sake.
    hidden: BTreeSet<u64>,
    /// The line before was hidden, and with it goes the empty line that follows a vertex.
    after_hidden: bool,
    json: Json,
    /// The log is JSON, which holds its times itself.
    is_json: bool,
    /// What the user sees in the place of the lines.
    display: Option<Display>,
}

impl Screen {
    pub(super) fn new(names: Option<Names>, redactor: Redactor, log: Log, display: Option<Display>) -> Screen {
        Screen {
            display,
            names,
            redactor,
            log,
            reader: Reader::default(),
            stdout_is_log: None,
            held: Default::default(),
            hidden: BTreeSet::new(),
            after_hidden: false,
            json: Json::default(),
            is_json: false,
        }
    }

    /// The build as its log tells it; `None` if there was none.
    pub(super) fn finish(self) -> (Option<Build>, Log) {
        (self.reader.finish(), self.log)
    }

    /// One line, without its line end; nothing if it is not for the user.
    fn line(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if self.json.holds(line)
            && let Ok(text) = std::str::from_utf8(line)
        {
            self.read(line);
            let shown = self.json.line(text, self.names.as_ref());
            self.keep(shown.as_bytes());
            return Some(shown.into_bytes());
        }
        let line = match self.renamed(line)? {
            Cow::Borrowed(same) => same.to_vec(),
            Cow::Owned(other) => other,
        };
        self.read(&line);
        let shown = without_marks(&line)?.into_owned();
        self.keep(&shown);
        Some(shown)
    }

    /// The line under the names of the user's own Dockerfile; nothing if it is of a vertex of ours.
    fn renamed<'a>(&mut self, line: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let Some(names) = &mut self.names else { return Some(Cow::Borrowed(line)) };
        let Some((number, content)) = plain_line(line) else {
            if std::mem::take(&mut self.after_hidden) && line.is_empty() {
                return None;
            }
            return Some(match std::str::from_utf8(line) {
                Ok(text) => bytes(names.epilogue(text)),
                Err(_) => Cow::Borrowed(line),
            });
        };
        let text = match content {
            Content::Other(text) | Content::Error(text) => std::str::from_utf8(text).ok(),
            _ => None,
        };
        if text.is_some_and(is_ours) {
            self.hidden.insert(number);
        }
        self.after_hidden = self.hidden.contains(&number);
        if self.after_hidden {
            return None;
        }
        Some(match (content, text) {
            (Content::Error(_), Some(text)) => Cow::Owned(format!("#{number} ERROR: {}", names.reason(text)).into()),
            (_, Some(text)) => match names.vertex(text) {
                Cow::Borrowed(_) => Cow::Borrowed(line),
                Cow::Owned(name) => Cow::Owned(format!("#{number} {name}").into()),
            },
            (_, None) => Cow::Borrowed(line),
        })
    }

    /// A line that is for the user, with its line end.
    fn show(&mut self, from: Stream, line: &[u8], end: &[u8], output: &mut Vec<u8>) {
        match self.display_of(from) {
            Some(display) => display.line(line, end, output),
            None => output.extend([line, end].concat()),
        }
    }

    /// What is drawn of a stream: of standard output nothing, which is a log only where there is no display.
    fn display_of(&mut self, stream: Stream) -> Option<&mut Display> {
        self.display.as_mut().filter(|_| stream != Stream::Stdout)
    }

    fn read(&mut self, line: &[u8]) {
        self.is_json |= line.starts_with(b"{");
        // Base64 is not to be redacted, and holds nothing that was not redacted before.
        let text = match marked::find(line) {
            Some(_) => Cow::Borrowed(line),
            None => Cow::Owned(self.redacted(line)),
        };
        self.reader.feed(&text);
        self.reader.feed(b"\n");
    }

    fn keep(&mut self, line: &[u8]) {
        let line = self.redacted(line);
        self.log.line(&line, !self.is_json);
    }

    fn redacted(&self, line: &[u8]) -> Vec<u8> {
        self.redactor.text(&crate::event::text(line)).into_bytes()
    }
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// Whether what comes to standard output first is a log: of the builder before BuildKit, or of compose, which has
/// BuildKit's there.
fn begins_log(output: &[u8]) -> bool {
    let line = output.split(|&byte| byte == b'\n').next().unwrap_or_default();
    plain_line(line).is_some() || begins_legacy(output)
}

/// Whether this begins a log of the builder before BuildKit.
pub(super) fn begins_legacy(output: &[u8]) -> bool {
    output.starts_with(b"Sending build context") || output.starts_with(b"Step 1/")
}

/// A line without what is ours in it; nothing if it was ours alone.
pub(super) fn without_marks(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some((place, _)) = marked::find(line) else { return Some(Cow::Borrowed(line)) };
    let before = &line[..place.start];
    // What the builder put in front of a line that was ours alone goes with it.
    if place.end == line.len() && is_prefix(before) {
        return None;
    }
    Some(Cow::Owned([before, &line[place.end..]].concat()))
}

/// Whether this is nothing but what a builder puts in front of a step's line: `#9 0.264 `, the end of a colour.
fn is_prefix(before: &[u8]) -> bool {
    let colour = [&b"\x1b[91m"[..], b"\x1b[0m"];
    // The last lines of a step that failed are repeated at the end, with their time alone.
    let time = before.strip_suffix(b" ").and_then(|time| std::str::from_utf8(time).ok());
    before.is_empty()
        || time.is_some_and(|time| time.contains('.') && time.parse::<f64>().is_ok())
        || colour.contains(&before)
        || matches!(plain_line(before), Some((_, Content::Output { text: b"", .. })))
        || matches!(plain_line(before.trim_ascii_end()), Some((_, Content::Output { text: b"", .. })))
}

impl Tap for Screen {
    fn pass(&mut self, from: Stream, input: &[u8], output: &mut Vec<u8>) {
        let place = usize::from(from != Stream::Stdout);
        if from == Stream::Stdout {
            let is_log = *self.stdout_is_log.get_or_insert_with(|| begins_log(input));
            if !is_log {
                return output.extend_from_slice(input);
            }
        }
        let mut held = std::mem::take(&mut self.held[place]);
        held.extend_from_slice(input);
        for line in held.split_inclusive(|&byte| byte == b'\n') {
            let Some(whole) = line.strip_suffix(b"\n") else {
                self.held[place] = line.to_vec();
                break;
            };
            if let Some(shown) = self.line(whole) {
                self.show(from, &shown, b"\n", output);
            }
        }
        self.log.flush();
    }

    fn close(&mut self, from: Stream, output: &mut Vec<u8>) {
        let held = self.held(from);
        if !held.is_empty()
            && let Some(shown) = self.line(&held)
        {
            self.show(from, &shown, b"", output);
        }
        if let Some(display) = self.display_of(from) {
            display.end(output);
        }
        self.log.flush();
    }

    fn ticked(&mut self, from: Stream, output: &mut Vec<u8>) {
        if let Some(display) = self.display_of(from) {
            display.draw(output);
        }
    }

    fn period(&self) -> Option<Duration> {
        self.display.is_some().then_some(display::PERIOD)
    }

    fn held(&mut self, from: Stream) -> Vec<u8> {
        std::mem::take(&mut self.held[usize::from(from != Stream::Stdout)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_on_standard_output_is_known_by_its_first_line() {
        for log in ["Sending build context to Docker daemon  2kB\r", "Step 1/2 : FROM x\n", "#0 building with x\n"] {
            assert!(begins_log(log.as_bytes()), "{log:?}");
        }
        for other in ["sha256:00\n", "# syntax\n", "", "usr/\0"] {
            assert!(!begins_log(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn what_stands_before_a_line_of_ours_alone_is_the_builders() {
        for prefix in ["", "#9 0.264 ", "#9 0.264", "1.257 ", "\x1b[91m"] {
            assert!(is_prefix(prefix.as_bytes()), "{prefix:?}");
        }
        for text in ["#9 0.264 Building dependency tree...", "no newline", "1 ", "a 1.257 "] {
            assert!(!is_prefix(text.as_bytes()), "{text:?}");
        }
    }
}

//! BuildKit's plain progress, line by line (BuildKit's `util/progress/progressui/printer.go`).
//!
//! Every line of a vertex begins with `#N `; its first one is its name, repeated whenever the output switches back to
//! it. Since that name could be anything, only the reader of a whole log knows what a line is a name of; a line alone
//! is told apart by shape.

use super::step::State;

/// What a line says of its vertex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content<'a> {
    /// Output of the vertex: seconds since its start, and the text without its line end.
    Output {
        /// As printed.
        seconds: f64,
        /// What the step printed.
        text: &'a [u8],
    },
    /// It is done, after so many seconds where that is said.
    Done(Option<f64>),
    /// It was not run: its result was there.
    Cached,
    /// It was stopped because another one failed.
    Canceled,
    /// It failed.
    Error(&'a [u8]),
    /// The output switches to another vertex.
    Switch,
    /// Its digest, which old clients print after each name.
    Digest(&'a [u8]),
    /// A name, or the state of something that the vertex does (`transferring context: 34B done`).
    Other(&'a [u8]),
}

impl Content<'_> {
    /// What has become of the vertex, where this says so.
    pub fn state(&self) -> Option<State> {
        match self {
            Content::Done(_) => Some(State::Done),
            Content::Cached => Some(State::Cached),
            // BuildKit prints a step that was stopped for another's failure as an error of this kind, too.
            Content::Error(message) if message.ends_with(b"context canceled") => Some(State::Canceled),
            Content::Canceled => Some(State::Canceled),
            Content::Error(_) => Some(State::Error),
            Content::Output { .. } | Content::Switch | Content::Digest(_) | Content::Other(_) => None,
        }
    }
}

/// The number of the vertex that a line, without its line end, is about, and what it says; `None` for a line about none.
pub fn line(line: &[u8]) -> Option<(u64, Content<'_>)> {
    let rest = line.strip_prefix(b"#")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let text = rest[digits..].strip_prefix(b" ")?;
    Some((number, content(text)))
}

fn content(text: &[u8]) -> Content<'_> {
    match text {
        b"CACHED" => Content::Cached,
        b"CANCELED" => Content::Canceled,
        b"..." => Content::Switch,
        b"DONE" => Content::Done(None),
        _ => {
            if let Some(message) = text.strip_prefix(b"ERROR: ") {
                Content::Error(message)
            } else if let Some(seconds) = text.strip_prefix(b"DONE ").and_then(|rest| seconds(rest.strip_suffix(b"s")?))
            {
                Content::Done(Some(seconds))
            } else if let Some((seconds, text)) = output(text) {
                Content::Output { seconds, text }
            } else if text.strip_prefix(b"sha256:").is_some_and(|hex| crate::event::Sha256::from_hex(hex).is_some()) {
                Content::Digest(text)
            } else {
                Content::Other(text)
            }
        }
    }
}

/// `0.264 text`: seconds with one to three decimals.
fn output(text: &[u8]) -> Option<(f64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let dot = number.iter().position(|&byte| byte == b'.')?;
    let decimals = number.len() - dot - 1;
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
    ((1..=3).contains(&decimals) && dot > 0).then_some(())?;
    Some((seconds(number)?, rest))
}

fn seconds(text: &[u8]) -> Option<f64> {
    let plain = text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
}

/// Output without a line end to which an old client glued what came next: the text alone, and the marker
/// (`no newline at end#9 DONE 0.3s`). Only a marker of the same vertex counts.
pub fn glued(number: u64, text: &[u8]) -> Option<(&[u8], Content<'_>)> {
    let mark = format!("#{number} ");
    let at = memchr::memmem::rfind(text, mark.as_bytes())?;
    match content(&text[at + mark.len()..]) {
        marker @ (Content::Done(Some(_)) | Content::Cached | Content::Canceled | Content::Switch) => {
            Some((&text[..at], marker))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_lines_apart() {
        for (text, expected) in [
            ("#7 0.306 #5 DONE 1.0s", Some((7, Content::Output { seconds: 0.306, text: b"#5 DONE 1.0s" }))),
            ("#7 12.34 ", Some((7, Content::Output { seconds: 12.34, text: b"" }))),
            ("#7 123.4", Some((7, Content::Output { seconds: 123.4, text: b"" }))),
            ("#12 DONE 1.6s", Some((12, Content::Done(Some(1.6))))),
            ("#12 DONE", Some((12, Content::Done(None)))),
            ("#1 ...", Some((1, Content::Switch))),
            ("#1 ERROR: x", Some((1, Content::Error(b"x")))),
            ("#1 [2/3] RUN 1.5 x", Some((1, Content::Other(b"[2/3] RUN 1.5 x")))),
            ("#1 1.2.3 x", Some((1, Content::Other(b"1.2.3 x")))),
            ("#1", None),
            (" #1 x", None),
            ("# 1 x", None),
            ("------", None),
        ] {
            assert_eq!(line(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn takes_markers_off_unfinished_lines() {
        assert_eq!(glued(9, b"no newline#9 DONE 0.3s"), Some((&b"no newline"[..], Content::Done(Some(0.3)))));
        assert_eq!(glued(9, b"tree...#9 ..."), Some((&b"tree..."[..], Content::Switch)));
        assert_eq!(glued(9, b"no newline#8 DONE 0.3s"), None);
        assert_eq!(glued(9, b"say #9 words"), None);
    }
}

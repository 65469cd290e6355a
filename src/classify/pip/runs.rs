//! One log, several pips: where each run begins.
//!
//! Pips that follow one another append to the same log, and so do the pips that a pip runs for a build. An outermost one
//! is known by `Initialized build tracking`, which a nested one never says, since it inherits the tracking; `Using pip`
//! stands a few lines before it, or nowhere (`pip wheel`). Refuses to take apart pips that wrote at the same time: it
//! only says that they did.

use memchr::memchr;

use super::grammar::Line;
use super::log::record;

/// What [`Runs::feed`] gives, in the order of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A run begins here.
    Begins,
    /// Bytes of the run that began last, or of what precedes the first.
    Bytes(&'a [u8]),
    /// Two runs wrote at the same time: their lines stand in one another, and no artifact can be given to either.
    Mixed,
}

/// Cuts a log where its runs begin.
#[derive(Debug, Default)]
pub struct Runs {
    /// A line that is not complete yet.
    partial: Vec<u8>,
    /// The rest of a line that is too long to matter.
    long: bool,
    /// Lines since a `Using pip` that is not yet known to begin a run.
    candidate: Option<Candidate>,
    /// The trackers of the runs that have not ended, the current one last.
    trackers: Vec<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Candidate {
    bytes: Vec<u8>,
    lines: usize,
}

/// No line that matters is longer.
const LONGEST: usize = 8192;
/// A nested pip tells that it is one within so many lines.
const DECIDED: usize = 64;
/// How many runs that never ended are remembered.
const OPEN: usize = 64;

impl Runs {
    /// For a log from its beginning, or from the beginning of a line.
    pub fn new() -> Self {
        Runs::default()
    }

    /// Takes the next bytes of the log. A line that is not complete is kept back.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        // What lies before `given` in `bytes` has been handed on.
        let (mut given, mut at) = (0, 0);
        while let Some(end) = memchr(b'\n', &bytes[at..]) {
            let line_end = at + end + 1;
            if self.long || !self.partial.is_empty() || self.matters(&bytes[at..line_end]) {
                give(&bytes[given..at], sink);
                if std::mem::take(&mut self.long) {
                    self.pass(&bytes[at..line_end], sink);
                } else {
                    let line = [std::mem::take(&mut self.partial).as_slice(), &bytes[at..line_end]].concat();
                    self.line(&line, sink);
                }
                given = line_end;
            }
            at = line_end;
        }
        let rest = &bytes[at..];
        give(&bytes[given..at], sink);
        if self.long || self.partial.len() + rest.len() > LONGEST {
            self.long = true;
            let partial = std::mem::take(&mut self.partial);
            self.pass(&partial, sink);
            self.pass(rest, sink);
        } else {
            self.partial.extend_from_slice(rest);
        }
    }

    /// The log has ended.
    pub fn finish(mut self, sink: &mut impl FnMut(Piece<'_>)) {
        let partial = std::mem::take(&mut self.partial);
        self.pass(&partial, sink);
        if let Some(candidate) = self.candidate {
            sink(Piece::Begins);
            give(&candidate.bytes, sink);
        }
    }

    /// Whether a line may say something about runs: a quick look, since nearly none does.
    fn matters(&self, line: &[u8]) -> bool {
        self.candidate.is_some() || line.get(24).is_some_and(|first| b"UICR".contains(first))
    }

    fn line(&mut self, line: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        let text = record(line.trim_ascii_end()).filter(|(indent, _)| *indent == 0).map_or(&[][..], |(_, text)| text);
        match Line::parse(text) {
            Line::Version { begins: true, .. } => {
                self.decide(true, sink);
                self.candidate = Some(Candidate::default());
            }
            Line::Outermost => {
                if self.candidate.is_some() {
                    self.decide(true, sink)
                } else {
                    sink(Piece::Begins)
                }
                if self.trackers.len() == OPEN {
                    self.trackers.remove(0);
                }
                self.trackers.push(text.rsplit(|&byte| byte == b' ').next().unwrap_or_default().to_vec());
            }
            _ if text.starts_with(b"Created build tracker: ") || text.starts_with(b"Entered build tracker: ") => {
                self.decide(false, sink);
            }
            _ => {}
        }
        if let Some(tracker) = text.strip_prefix(b"Removed build tracker: ") {
            self.ended(tracker, sink);
        }
        self.pass(line, sink);
        if self.candidate.as_ref().is_some_and(|candidate| candidate.lines > DECIDED) {
            self.decide(true, sink);
        }
    }

    /// A run took its tracker away. If a later run has begun meanwhile, both wrote at the same time.
    fn ended(&mut self, tracker: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        let tracker = tracker.trim_ascii().strip_prefix(b"'").unwrap_or(tracker);
        let tracker = tracker.strip_suffix(b"'").unwrap_or(tracker);
        if let Some(at) = self.trackers.iter().position(|open| open == tracker) {
            if at + 1 < self.trackers.len() {
                sink(Piece::Mixed);
            }
            self.trackers.remove(at);
        }
    }

    /// Hands on the lines that waited, as a run's beginning or not.
    fn decide(&mut self, begins: bool, sink: &mut impl FnMut(Piece<'_>)) {
        if let Some(candidate) = self.candidate.take() {
            if begins {
                sink(Piece::Begins);
            }
            give(&candidate.bytes, sink);
        }
    }

    fn pass(&mut self, bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
        match &mut self.candidate {
            Some(candidate) => {
                candidate.bytes.extend_from_slice(bytes);
                candidate.lines += 1 + bytes.len() / LONGEST;
            }
            None => give(bytes, sink),
        }
    }
}

fn give(bytes: &[u8], sink: &mut impl FnMut(Piece<'_>)) {
    if !bytes.is_empty() {
        sink(Piece::Bytes(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, Runs};

    const STAMP: &str = "2026-11-20T16:27:36,471 ";

    fn log(lines: &[&str]) -> String {
        lines.iter().map(|line| format!("{STAMP}{line}\n")).collect()
    }

    fn outermost(tracker: &str) -> Vec<String> {
        vec![
            "Using pip 24.0 from /venv (python 3.11)".to_owned(),
            "Non-user install".to_owned(),
            format!("Initialized build tracking at /tmp/{tracker}"),
            format!("Created build tracker: /tmp/{tracker}"),
        ]
    }

    fn removed(tracker: &str) -> String {
        format!("Removed build tracker: '/tmp/{tracker}'")
    }

    /// The runs as text, `|` where one begins and `!` where two are mixed.
    fn runs(log: &str, cut: usize) -> String {
        let mut text = String::new();
        let mut runs = Runs::new();
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Begins => text.push('|'),
            Piece::Bytes(bytes) => text.push_str(std::str::from_utf8(bytes).unwrap()),
            Piece::Mixed => text.push('!'),
        };
        log.as_bytes().chunks(cut).for_each(|piece| runs.feed(piece, &mut take));
        runs.finish(&mut take);
        text.replace(STAMP, "")
    }

    #[test]
    fn nested_pips_belong_to_their_run() {
        let mut lines = outermost("a");
        lines.extend(["Using pip 24.0 from /venv (python 3.11)", "Created build tracker: /tmp/a"].map(str::to_owned));
        lines.push(removed("a"));
        lines
            .extend(["Created temporary directory: /tmp/b", "Initialized build tracking at /tmp/b"].map(str::to_owned));
        lines.push("torn".to_owned());
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let log = log(&lines);
        let whole = runs(&log, usize::MAX);
        let expected = log
            .replace(STAMP, "")
            .replacen("Using", "|Using", 1)
            .replace("Initialized build tracking at /tmp/b", "|Initialized build tracking at /tmp/b");
        assert_eq!(whole, expected);
        for cut in 1..80 {
            assert_eq!(runs(&log, cut), whole, "{cut}");
        }
    }

    #[test]
    fn a_run_that_never_decides_is_a_run() {
        let log = log(&[
            "Using pip 24.0 from /venv (python 3.11)",
            "ERROR: no such file",
            "Using pip 24.0 from /venv (python 3.11)",
        ]);
        assert_eq!(runs(&log, 7).matches('|').count(), 2);
    }

    #[test]
    fn pips_at_the_same_time_are_told() {
        let both = [outermost("a"), outermost("b"), vec![removed("a"), removed("b")]].concat();
        let lines: Vec<&str> = both.iter().map(String::as_str).collect();
        assert_eq!(runs(&log(&lines), usize::MAX).matches('!').count(), 1);
    }

    #[test]
    fn long_lines_pass_through() {
        let log = format!("{}x{}\n{}", STAMP, "y".repeat(100_000), log(&["Initialized build tracking at /tmp/b"]));
        let whole = runs(&log, usize::MAX);
        assert!(whole.starts_with("xy") && whole.contains("\n|Initialized"));
        assert_eq!(runs(&log, 1000), whole);
    }
}

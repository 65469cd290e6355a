//! The moving display of a build, as BuildKit's client draws it where its log does not go through a pipe.
//!
//! docker's plain log comes in line by line and moves the picture; what is written is the picture, ten times a second at
//! most, and beneath the last one whatever docker says besides. Refuses to draw where something else was asked for, and
//! to hold back a line that is about no step.
//!
//! ```text
//! lines -> view -> frame -> escape sequences
//! ```

mod frame;
mod status;
mod view;

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use self::frame::{Row, Size, Tone, columns, frame};
use self::view::View;
use super::command::{Command, Kind};
use crate::cli::Console;

/// How often it is drawn.
pub(super) const PERIOD: Duration = Duration::from_millis(100);

/// Whether a build is to be drawn: on a terminal, where docker would draw one build, or those of a bake.
pub(super) fn is_wanted(command: &Command, console: &Console) -> bool {
    let is = |variable: &str, value: &str| std::env::var_os(variable).as_deref() == Some(OsStr::new(value));
    let is_legacy = command.kind == Kind::Build && is("DOCKER_BUILDKIT", "0");
    console.talks_to_terminal()
        && !is("TERM", "dumb")
        && matches!(command.kind, Kind::Build | Kind::Buildx | Kind::Bake)
        && !command.quiet
        && !is_legacy
        && command.asked_progress().is_none_or(|progress| progress.is_empty() || progress == "auto")
}

/// What is drawn.
pub(super) struct Display {
    view: View,
    begun: Instant,
    has_colours: bool,
    phase: Phase,
    /// The columns of each row that is to be drawn over.
    standing: Vec<usize>,
    /// Empty lines since the last line of a step; one of them parts steps.
    empty: usize,
    excerpt: Excerpt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was heard of a build.
    Waiting,
    /// The picture moves.
    Drawing,
    /// The picture stands, and docker has the word.
    Said,
    /// There is nothing more to draw.
    Over,
}

/// Where in the words for a failed step we are: ` > NAME:`, its last lines, between two rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Excerpt {
    Outside,
    Begun,
    Replaced,
}

impl Display {
    pub(super) fn new(has_colours: bool) -> Display {
        Display {
            view: View::default(),
            begun: Instant::now(),
            has_colours,
            phase: Phase::Waiting,
            standing: Vec::new(),
            empty: 0,
            excerpt: Excerpt::Outside,
        }
    }

    /// Takes a line of docker's and its line end; appends what is to be written at once.
    pub(super) fn line(&mut self, line: &[u8], end: &[u8], output: &mut Vec<u8>) {
        self.line_at(line, end, self.now(), output);
    }

    fn line_at(&mut self, line: &[u8], end: &[u8], (at, size): (f64, Size), output: &mut Vec<u8>) {
        if self.phase != Phase::Over && self.view.line(line, at) {
            (self.phase, self.empty) = (Phase::Drawing, 0);
            return;
        }
        match self.phase {
            Phase::Drawing if line.is_empty() => return self.empty += 1,
            Phase::Drawing => self.settle((at, size), output),
            Phase::Waiting if super::screen::begins_legacy(line) => self.phase = Phase::Over,
            Phase::Waiting | Phase::Said | Phase::Over => {}
        }
        if self.is_shown(line) {
            output.extend([line, end].concat());
        }
        self.replace_excerpt(line, output);
    }

    /// Draws, if there is something to draw.
    pub(super) fn draw(&mut self, output: &mut Vec<u8>) {
        if self.phase == Phase::Drawing {
            self.draw_at(self.now(), false, output);
        }
    }

    /// docker has ended.
    pub(super) fn end(&mut self, output: &mut Vec<u8>) {
        if self.phase == Phase::Drawing {
            self.settle(self.now(), output);
        }
    }

    fn now(&self) -> (f64, Size) {
        (self.begun.elapsed().as_secs_f64(), size())
    }

    /// Leaves the picture as it is, for something to be written beneath it.
    fn settle(&mut self, now: (f64, Size), output: &mut Vec<u8>) {
        self.draw_at(now, true, output);
        self.standing.clear();
        self.phase = Phase::Said;
        output.extend((1..self.empty).map(|_| b'\n'));
        self.empty = 0;
    }

    fn draw_at(&mut self, (at, size): (f64, Size), is_last: bool, output: &mut Vec<u8>) {
        let rows = frame(&self.view, size, at, is_last);
        // A terminal that has become narrower has broken the rows.
        let up: usize = self.standing.iter().map(|columns| columns.div_ceil(size.width).max(1)).sum();
        self.standing = rows.iter().map(|row| columns(&row.text)).collect();
        let mut text = String::from("\x1b[?25l\r");
        if up > 0 {
            text.push_str(&format!("\x1b[{up}A"));
        }
        for row in &rows {
            text.push_str(&self.painted(row));
            text.push_str("\x1b[K\n");
        }
        // The cursor is gone only while it moves, so that nobody has to bring it back.
        text.push_str("\x1b[J\x1b[?25h");
        output.extend_from_slice(text.as_bytes());
    }

    fn painted(&self, Row { text, tone }: &Row) -> String {
        let colour = match tone {
            Tone::Running => "",
            Tone::Ended => "\x1b[34m",
            Tone::Canceled => "\x1b[33m",
            Tone::Failed => "\x1b[31m",
            Tone::Output => "\x1b[2m",
        };
        if self.has_colours && !colour.is_empty() { format!("{colour}{text}\x1b[0m") } else { text.clone() }
    }

    /// Whether a line of docker's is to be seen, and not a part of what stands in its place.
    fn is_shown(&self, line: &[u8]) -> bool {
        self.excerpt != Excerpt::Replaced || line == RULE
    }

    /// docker's own display ends with all that the failed step has printed; its plain log, where that stands above, with
    /// the last lines at most.
    fn replace_excerpt(&mut self, line: &[u8], output: &mut Vec<u8>) {
        if line == RULE {
            (self.excerpt, self.phase) = (Excerpt::Begun, Phase::Over);
        } else if self.excerpt == Excerpt::Begun {
            self.excerpt = Excerpt::Outside;
            let name = line.strip_prefix(b" > ").and_then(|line| line.strip_suffix(b":"));
            if let Some(vertex) =
                name.and_then(|name| self.view.failed(name)).filter(|failed| !failed.output.is_empty())
            {
                self.excerpt = Excerpt::Replaced;
                vertex.output.iter().for_each(|line| output.extend([line.as_slice(), b"\n"].concat()));
            }
        }
    }
}

/// What stands before and after the words for a failed step.
const RULE: &[u8] = b"------";

/// The size of the terminal, which may change at any time; BuildKit's guess where it has none.
fn size() -> Size {
    match rustix::termios::tcgetwinsize(std::io::stderr()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            Size { height: size.ws_row.into(), width: size.ws_col.into() }
        }
        _ => Size { height: 10, width: 80 },
    }
}

#[cfg(test)]
mod tests;

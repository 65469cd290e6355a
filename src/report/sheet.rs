//! A sheet of text: colours, columns, and lines that fit a width or, for a pipe, are left whole.

use std::borrow::Cow;

use crate::event::printable;

/// What a report is written on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paper {
    /// How many columns a terminal has; `None` for a pipe or a file, whose lines are never cut or broken.
    pub width: Option<usize>,
    /// Whether words are coloured. The text says the same without.
    pub colour: bool,
    /// How many entries of a list are shown before the rest is only counted; `None` for all.
    pub entries: Option<usize>,
}

/// What colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Heading,
    Good,
    Doubtful,
    Bad,
    Faint,
}

impl Tone {
    fn escape(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Heading => "\x1b[1m",
            Tone::Good => "\x1b[1;32m",
            Tone::Doubtful => "\x1b[33m",
            Tone::Bad => "\x1b[1;31m",
            Tone::Faint => "\x1b[2m",
        }
    }
}

/// The text of a report while it is written.
pub(super) struct Sheet {
    paper: Paper,
    text: String,
}

impl Sheet {
    pub(super) fn new(paper: Paper) -> Self {
        Sheet { paper, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// An empty line, unless the sheet is empty.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// One line: text from outside is made printable, and cut to the width.
    pub(super) fn line(&mut self, tone: Tone, line: &str) {
        let line = cut(&printable(line), self.paper.width).into_owned();
        self.paint(tone, &line);
        self.text.push('\n');
    }

    /// A paragraph that begins with `first` and is broken at blanks, its further lines as far in as `first` is long.
    pub(super) fn paragraph(&mut self, first: &str, tone: Tone, text: &str) {
        let text = printable(text);
        let indent = columns(first);
        let width = self.paper.width.unwrap_or(usize::MAX).saturating_sub(indent).max(20);
        self.text.push_str(first);
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > width {
                self.paint(tone, &line);
                self.text.push('\n');
                self.text.extend(std::iter::repeat_n(' ', indent));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.paint(tone, &line);
        self.text.push('\n');
    }

    /// Rows of cells in columns as wide as their widest cell; figures stand right, and the last cell of a row is cut to
    /// the width. `tones` are those of the first cells.
    pub(super) fn table(&mut self, rows: &[(Tone, Vec<Cell>)]) {
        let count = rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0);
        let widths: Vec<_> = (0..count)
            .map(|column| {
                rows.iter()
                    .filter_map(|(_, cells)| cells.get(column))
                    .map(|cell| columns(&cell.text))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for (tone, cells) in rows {
            let last = cells.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
            let mut used = 0;
            for (column, cell) in cells.iter().enumerate().take(last + 1) {
                let fill = widths[column] - columns(&cell.text);
                let (before, after) = if cell.is_figure { (fill, 0) } else { (0, fill) };
                self.text.extend(std::iter::repeat_n(' ', before));
                let room = self.paper.width.map(|width| width.saturating_sub(used + before));
                let shown = match room {
                    _ if column < last || column == 0 => Cow::Borrowed(&*cell.text),
                    // So few letters would say nothing.
                    Some(..8) => Cow::Borrowed(""),
                    room => cut(&cell.text, room),
                };
                let shown = shown.into_owned();
                self.paint(if column == 0 { *tone } else { Tone::Plain }, &shown);
                if column < last {
                    self.text.extend(std::iter::repeat_n(' ', after + 2));
                }
                used += widths[column] + 2;
            }
            self.text.push('\n');
        }
    }

    /// How many of so many entries are shown.
    pub(super) fn shown(&self, entries: usize) -> usize {
        self.paper.entries.map_or(entries, |most| if entries > most + 1 { most } else { entries })
    }

    fn paint(&mut self, tone: Tone, text: &str) {
        if self.paper.colour && tone != Tone::Plain && !text.is_empty() {
            self.text.push_str(tone.escape());
            self.text.push_str(text);
            self.text.push_str("\x1b[0m");
        } else {
            self.text.push_str(text);
        }
    }
}

/// One cell of a table.
pub(super) struct Cell {
    text: String,
    is_figure: bool,
}

impl Cell {
    /// Text from anywhere, to the left.
    pub(super) fn text(text: &str) -> Self {
        Cell { text: printable(text).into_owned(), is_figure: false }
    }

    /// A figure, to the right.
    pub(super) fn figure(text: impl Into<String>) -> Self {
        Cell { text: text.into(), is_figure: true }
    }
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// `text` in at most so many columns, its end replaced by `…`.
fn cut(text: &str, width: Option<usize>) -> Cow<'_, str> {
    match width {
        Some(width) if columns(text) > width => {
            let mut shorter: String = text.chars().take(width.saturating_sub(1)).collect();
            shorter.push('…');
            Cow::Owned(shorter)
        }
        _ => Cow::Borrowed(text),
    }
}

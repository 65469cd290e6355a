//! A pip inside pip: the one that installs build requirements.
//!
//! It inherits the log, so every line of its own stands there twice: as it wrote it, at its own indentation, and as the
//! outer pip read it from its output, further in. The two run at once and their lines mix. Only the second is output.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::entry::{Entry, Kept};
use super::plain::Plain;
use super::render;
use super::traceback::Tracebacks;
use super::words::{self, Version};

/// The output of a command that runs at `indent`, out of the lines that were logged while it ran.
pub(super) fn output<'a>(
    kept: impl Iterator<Item = &'a Kept>,
    indent: usize,
    writes_too: bool,
    version: Version,
) -> Vec<Vec<u8>> {
    if writes_too {
        copies(kept, indent, version)
    } else {
        kept.filter_map(|kept| kept.entry().behind(indent)).collect()
    }
}

/// The same text at one indentation and further in, which is one line and what others made of it.
struct Echo {
    lowest: usize,
    highest: usize,
    /// How many lines it stands for, and how many it can stand for.
    count: usize,
    ways: usize,
    /// The one that stands furthest out, which is as it was logged, and the one furthest in, whose place is that of the
    /// output.
    logged: usize,
    at: usize,
    /// How many blank lines follow one of them.
    blanks: usize,
    /// How many follow it in its own record.
    own_blanks: usize,
    /// One comes before.
    blank_before: bool,
}

/// What a pip logs of its own in other words than it prints it: errors in frames, and lines in colours.
fn is_unprinted(text: &[u8]) -> bool {
    text.starts_with(b"[bold magenta]") || words::failure(text).is_some()
}

fn as_printed<'a>(entry: &Entry<'a>, version: Version) -> Plain<'a> {
    if render::is_verbatim(entry.text, version) {
        return Plain::of(entry.text);
    }
    let mut printed = Vec::new();
    render::print(&entry.joined(entry.indent), entry.indent, version, &mut printed);
    Plain::uncoloured(Cow::Owned(printed))
}

/// A line of the frame that the console draws around an error.
fn is_frame(text: &[u8]) -> bool {
    let heads = ["× ", "│ ", "╰─> ", "note: ", "hint: "];
    is_headline(text) || heads.iter().any(|head| text.starts_with(head.as_bytes())) || render::is_gap(text).is_some()
}

/// `error: subprocess-exited-with-error`: the first line of a frame, behind which there is a blank one.
fn is_headline(text: &[u8]) -> bool {
    let name = text.strip_prefix(b"error: ").unwrap_or_default();
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
}

/// The lines that more than one pip logged, and those that only one did.
struct Heard<'a> {
    entries: Vec<Entry<'a>>,
    /// As the console prints it, without colours.
    plain: Vec<Plain<'a>>,
    echoes: Vec<Echo>,
    /// Which echo a line belongs to; none for what has no text.
    echo: Vec<Option<usize>>,
}

impl<'a> Heard<'a> {
    fn of(kept: impl Iterator<Item = &'a Kept>, indent: usize, version: Version) -> Heard<'a> {
        let entries: Vec<_> = kept.map(Kept::entry).collect();
        let plain = entries.iter().map(|entry| as_printed(entry, version)).collect();
        let mut heard = Heard { entries, plain, echoes: Vec::new(), echo: Vec::new() };
        heard.pair(indent);
        heard
    }

    fn column(&self, at: usize) -> usize {
        self.entries[at].indent + self.plain[at].indent()
    }

    fn pair(&mut self, indent: usize) {
        // In how many ways a line comes: as it was logged, and through each outer pip.
        let mut ways = 1;
        let mut known: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for at in 0..self.entries.len() {
            if self.entries[at].text.is_empty() {
                self.echo.push(None);
                continue;
            }
            let column = self.column(at);
            let text = self.plain[at].text();
            if column == 0 && text.starts_with(b"Using pip ") {
                ways += 1;
            }
            let ways_now = ways.clamp(2, 4);
            if column == 0 && text.starts_with(b"Removed build tracker: ") {
                ways = 2.max(ways - 1);
            }
            let is_echo = |echo: &Echo| {
                echo.count < echo.ways && (echo.highest + indent == column || column + indent == echo.lowest)
            };
            let same = known.entry(text).or_default();
            // A frame is not logged, so what looks like its echo is another frame.
            let alone = ways_now == 2 && is_frame(text);
            let found = same.iter().rev().copied().find(|place| !alone && is_echo(&self.echoes[*place]));
            let place = found.unwrap_or(self.echoes.len());
            if found.is_none() {
                same.push(place);
                self.echoes.push(Echo {
                    lowest: column,
                    highest: column,
                    count: 0,
                    ways: ways_now,
                    logged: at,
                    at,
                    blanks: 0,
                    own_blanks: 0,
                    blank_before: false,
                });
            }
            let echo = &mut self.echoes[place];
            echo.at = if column > echo.highest { at } else { echo.at };
            echo.logged = if column < echo.lowest { at } else { echo.logged };
            (echo.lowest, echo.highest) = (echo.lowest.min(column), echo.highest.max(column));
            echo.count += 1;
            self.echo.push(Some(place));
        }
    }

    /// Leaves those that were printed, in the order in which they were.
    fn printed(&mut self, indent: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.echoes.len()).collect();
        order.sort_by_key(|place| self.echoes[*place].at);
        let mut tracebacks = Tracebacks::default();
        let mut stamp: &[u8] = b"";
        order.retain(|place| {
            let echo = &self.echoes[*place];
            let text = self.plain[echo.at].text();
            let alone = echo.count == 1;
            // A line without an echo is output that no pip logged, if it is indented like output and no traceback that
            // the nested pip kept to itself.
            if alone && text == b"Exception information:" {
                stamp = self.entries[echo.at].stamp;
            }
            let recorded = alone && self.entries[echo.at].stamp == stamp && !is_frame(text);
            let in_traceback = recorded && tracebacks.takes(echo.highest, text);
            let printed = !in_traceback && !(alone && (echo.highest < indent || is_unprinted(text)));
            if printed {
                tracebacks.printed(text);
            }
            printed
        });
        order
    }

    /// Finds the lines that blank lines follow. A blank line has no indentation that would tell who logged it; but behind
    /// a line that was logged twice it was logged twice too, each time before the next line.
    fn place_blanks(&mut self, printed: &[usize]) {
        self.find_own_blanks();
        let is_blank = |at: &usize| self.entries[*at].text.is_empty() && self.entries[*at].stamp.is_empty();
        let mut free = BTreeSet::<usize>::new();
        free.extend((0..self.entries.len()).filter(is_blank));
        let end = self.entries.len();
        // Where the next line follows, as it was logged and as it was printed.
        let (mut logged, mut at) = (end, end);
        let mut spans = Vec::new();
        for place in printed.iter().rev() {
            let echo = &self.echoes[*place];
            spans.push((*place, echo.logged..logged, echo.at..at));
            (logged, at) = (if echo.count > 1 { echo.logged } else { logged }, echo.at);
        }
        for (place, logged, at) in spans.into_iter().rev() {
            let text = self.plain[self.echoes[place].at].text();
            let (alone, own) = (self.echoes[place].count == 1, self.echoes[place].own_blanks);
            let printed: Vec<usize> = free.range(at).copied().collect();
            let kept: Vec<usize> = if logged.is_empty() { Vec::new() } else { free.range(logged).copied().collect() };
            let echo = &mut self.echoes[place];
            if alone {
                // The blank lines of a frame are not logged. They are known.
                echo.blank_before = text.starts_with(b"note: ") || render::is_gap(text) == Some(true);
                echo.blanks = if is_frame(text) { usize::from(is_headline(text)) } else { printed.len() };
                take(&mut free, printed.iter(), echo.blanks);
            } else if own > 0 {
                echo.blanks = own;
                take(&mut free, printed.iter(), own);
            } else {
                let mut all = BTreeSet::<usize>::new();
                all.extend(printed.iter().chain(&kept).copied());
                echo.blanks = printed.len().min(kept.len()).min(all.len() / 2);
                take(&mut free, all.iter(), 2 * echo.blanks);
            }
        }
    }

    /// A record of several lines has a time for each of them, the blank ones too.
    fn find_own_blanks(&mut self) {
        let mut last: Option<usize> = None;
        for at in 0..self.entries.len() {
            last = self.echo[at].or(last);
            if self.entries[at].text.is_empty()
                && !self.entries[at].stamp.is_empty()
                && let Some(last) = last.filter(|last| self.echoes[*last].count > 1)
            {
                self.echoes[last].own_blanks += 1;
            }
        }
    }
}

fn take<'a>(free: &mut BTreeSet<usize>, found: impl Iterator<Item = &'a usize>, count: usize) {
    for at in found.take(count) {
        free.remove(at);
    }
}

fn copies<'a>(kept: impl Iterator<Item = &'a Kept>, indent: usize, version: Version) -> Vec<Vec<u8>> {
    let mut heard = Heard::of(kept, indent, version);
    let printed = heard.printed(indent);
    heard.place_blanks(&printed);
    let mut output: Vec<Vec<u8>> = Vec::new();
    for echo in printed.into_iter().map(|place| &heard.echoes[place]) {
        let logged = &heard.entries[echo.logged];
        // A console prints some characters otherwise; what is framed later is as it was logged.
        let line = match render::is_verbatim(logged.text, version) {
            true => heard.entries[echo.at].behind(indent),
            false => {
                Some([&b" ".repeat(echo.highest.saturating_sub(indent))[..], &logged.joined(logged.indent)].concat())
            }
        };
        let Some(line) = line else { continue };
        let lacks_blank = echo.blank_before && output.last().is_some_and(|line| !line.is_empty());
        output.extend(lacks_blank.then(Vec::new));
        output.push(line);
        output.resize(output.len() + echo.blanks, Vec::new());
    }
    output
}

//! What stands on the terminal at one moment, row by row, as BuildKit's own display has it (BuildKit's
//! `util/progress/progressui/display.go`).
//!
//! Refuses to let anything through that a terminal would obey, and a row that is wider than the terminal.

use unicode_width::UnicodeWidthChar as _;

use super::view::{Vertex, View};
use crate::classify::buildkit::State;
use crate::classify::shown;
use crate::event::{printable, text};

/// How many of its last lines a running step shows.
const OUTPUT: usize = 6;

/// How many rows a step needs free for that.
const ROOM: usize = OUTPUT + 3;

/// The least that is shown of a name.
const LEAST: usize = 12;

/// A terminal's rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) height: usize,
    pub(super) width: usize,
}

/// One row, of a width that is known.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// What a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Running,
    Ended,
    Canceled,
    Failed,
    Output,
}

/// The rows at `at`, fewer than the terminal has; with `is_last` all that there are, since they are not drawn over.
pub(super) fn frame(view: &View, size: Size, at: f64, is_last: bool) -> Vec<Row> {
    let mut jobs: Vec<Job<'_>> = view.vertices.iter().flat_map(|vertex| jobs(vertex, at)).collect();
    let shown = show_output(&mut jobs, size.height);
    if !is_last {
        jobs = within(jobs, size.height.saturating_sub(2 + shown));
    }
    let mut rows = vec![header(view, size.width, at, is_last)];
    for job in &jobs {
        let Some(row) = job.row(size.width) else { continue };
        rows.push(row);
        let lines = job.output.iter().filter(|line| !line.trim().is_empty());
        rows.extend(lines.map(|line| {
            let text = cut(&format!(" => => # {line}"), size.width.saturating_sub(1));
            Row { text, tone: Tone::Output }
        }));
    }
    rows
}

fn header(view: &View, width: usize, at: f64, is_last: bool) -> Row {
    let ended = view.ended();
    let expected = if is_last && !view.has_failed() { view.vertices.len() } else { view.expected() };
    let finished = if is_last && ended == expected { " FINISHED" } else { "" };
    let text = format!("[+] Building {at:.1}s ({ended}/{expected}){finished}");
    let builder = clean(view.builder.as_deref().unwrap_or_default().as_bytes());
    let room = width.saturating_sub(columns(&text) + 2);
    let builder = if columns(&builder) <= room { builder } else { String::new() };
    let pad = (width.saturating_sub(1 + columns(&builder))).max(columns(&text));
    Row { text: cut(padded(&text, pad, &builder).trim_end(), width.saturating_sub(1)), tone: Tone::Running }
}

/// What has a row of its own: a vertex, or something that one does.
struct Job<'a> {
    name: String,
    amount: Option<&'a str>,
    seconds: f64,
    tone: Tone,
    /// Of whose output something is to be shown beneath, as long as it runs.
    running: Option<&'a Vertex>,
    output: Vec<String>,
}

fn jobs(vertex: &Vertex, at: f64) -> Vec<Job<'_>> {
    let (word, tone) = match vertex.state {
        State::Unfinished => ("", Tone::Running),
        State::Done => ("", Tone::Ended),
        State::Cached => ("CACHED ", Tone::Ended),
        State::Canceled => ("CANCELED ", Tone::Canceled),
        State::Error => ("ERROR ", Tone::Failed),
    };
    let mut jobs = vec![Job {
        name: format!("{word}{}", clean(&vertex.name)),
        amount: None,
        seconds: vertex.seconds(at),
        tone,
        running: vertex.is_running().then_some(vertex),
        output: Vec::new(),
    }];
    jobs.extend(vertex.statuses.iter().map(|status| Job {
        name: format!("=> {}", clean(status.what.as_bytes())),
        amount: status.amount.as_deref(),
        seconds: status.took.unwrap_or(at - status.began),
        tone: if status.took.is_some() { Tone::Ended } else { Tone::Running },
        running: None,
        output: Vec::new(),
    }));
    jobs
}

impl Job<'_> {
    fn is_running(&self) -> bool {
        self.tone == Tone::Running
    }

    /// ` => name   1.2s`, the time at the right; nothing if there is no room for the name.
    fn row(&self, width: usize) -> Option<Row> {
        let seconds = if self.seconds < 0.05 { 0.0 } else { self.seconds };
        let timer = format!(" {seconds:.1}s");
        let mut room = width.checked_sub(" => ".len() + timer.len() + 2)?;
        let amount = self.amount.filter(|amount| room + amount.len() > 20 && room > amount.len());
        room -= amount.map_or(0, |amount| amount.len() + 1);
        if room < LEAST {
            return None;
        }
        let amount = amount.map(|amount| format!(" {amount}")).unwrap_or_default();
        let text = format!(" => {}{amount}", cut(&self.name, room));
        Some(Row { text: padded(&text, width - timer.len() - 1, &timer), tone: self.tone })
    }
}

/// Has the steps that print most show their last lines, as far as there is room; how many rows that takes.
fn show_output(jobs: &mut [Job<'_>], height: usize) -> usize {
    let running = jobs.iter().filter(|job| job.is_running()).count();
    let mut free = height.saturating_sub(2 + running);
    let mut speaking: Vec<(usize, &Vertex)> =
        jobs.iter().enumerate().filter_map(|(place, job)| Some((place, job.running?))).collect();
    speaking.retain(|(_, vertex)| !vertex.output.is_empty());
    speaking.sort_by_key(|(_, vertex)| std::cmp::Reverse(vertex.output.len()));
    let mut shown = 0;
    for (place, vertex) in speaking {
        if free <= ROOM {
            break;
        }
        free -= ROOM;
        let last = vertex.output.iter().skip(vertex.output.len().saturating_sub(OUTPUT));
        // Each has its time in front.
        let text = |line: &[u8]| clean(line.splitn(2, |&byte| byte == b' ').nth(1).unwrap_or_default());
        jobs[place].output = last.map(|line| text(line)).collect();
        shown += jobs[place].output.len();
    }
    shown
}

/// The last ones, and of those before them the ones that still run in the place of some that do not.
fn within(mut jobs: Vec<Job<'_>>, limit: usize) -> Vec<Job<'_>> {
    let mut over = jobs.len().saturating_sub(limit);
    jobs.retain(|job| {
        let goes = over > 0 && !job.is_running();
        over -= usize::from(goes);
        !goes
    });
    jobs.split_off(jobs.len().saturating_sub(limit))
}

/// Foreign text as one line of its own: what a terminal would show of it in the end, without what it would obey.
fn clean(line: &[u8]) -> String {
    /// No terminal is wider.
    const LONGEST: usize = 4096;
    let line = line.trim_ascii_end();
    let last = line.rsplit(|&byte| byte == b'\r').next().unwrap_or_default();
    let text = text(&shown(&last[..last.len().min(LONGEST)])).replace('\t', " ");
    printable(&text.replace(|c: char| c.is_control(), "")).into_owned()
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// As much of a text as fits.
fn cut(text: &str, width: usize) -> String {
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken <= width
    };
    text.chars().take_while(fits).collect()
}

/// Two texts at the two ends of a row whose left end takes `width` columns.
fn padded(left: &str, width: usize, right: &str) -> String {
    format!("{left}{}{right}", " ".repeat(width.saturating_sub(columns(left))))
}

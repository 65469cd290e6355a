//! `wheeltap trend [DIR]...`: the history of a log directory.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::report::OneFormat;
use super::sessions::{each, sources};
use super::{Console, Status, Tone};
use crate::event::json::line;
use crate::ledger::{Extent, Glimpse, Source};
use crate::report::{Day, Point, Trend, bytes, seconds};

/// Show the history of a log directory, and what rose
///
/// Downloads, bytes, hit rate and time of each session and each day. A figure that is far above those of the sessions before is marked; a single outlier among them hides nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap trend
  wheeltap trend runner-1/logs/build runner-2/logs/build --last 50
  wheeltap trend --format json | jq -c 'select(.rose != [])'

The JSON form is one object a line: each session, and each day after its last session.

Exit status: 0; 2 if no session can be read; 3 if some cannot")]
pub(crate) struct Arguments {
    /// Log directories, session documents, journals or stamps [default: the log directory]
    #[arg(value_name = "SESSION")]
    sessions: Vec<PathBuf>,
    /// How many sessions and days are shown of the text form; all are reckoned with
    #[arg(long, value_name = "N", default_value_t = 20)]
    last: usize,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: OneFormat,
}

/// Reads them, oldest first.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let mut sources = sources(&arguments.sessions, Extent::All)?;
    // Of several directories the sessions are mixed by their stamps.
    sources.sort_by_cached_key(|source| match source {
        Source::Stamp(_, id) => id.to_string(),
        Source::File(path) => path.file_name().unwrap_or_default().to_string_lossy().replace("downloads_", ""),
    });
    let mut trend = Trend::default();
    let (mut points, mut days, mut total) = (VecDeque::new(), VecDeque::new(), 0_usize);
    let is_json = matches!(arguments.format, OneFormat::Json);
    let identity =
        |glimpse: &Glimpse| (glimpse.id.clone(), glimpse.started_at, glimpse.duration_seconds.map(f64::to_bits));
    let status = each(&sources, console, Source::glimpse, identity, |glimpse, console| {
        let Some(id) = &glimpse.id else { return Ok(()) };
        total += 1;
        let (point, day) = trend.add(id, glimpse.started_at, glimpse.duration_seconds, &glimpse.summary);
        if is_json {
            // A day comes before the first session of the next one.
            day.map(|day| write(&day, console)).transpose()?;
            return write(&point, console);
        }
        keep(&mut points, point, arguments.last);
        day.into_iter().for_each(|day| keep(&mut days, day, arguments.last));
        Ok(())
    })?;
    let last = trend.finish();
    if is_json {
        last.map(|day| write(&day, console)).transpose()?;
    } else {
        last.into_iter().for_each(|day| keep(&mut days, day, arguments.last));
        show(&points, &days, total, console)?;
    }
    Ok(status)
}

fn write(value: &impl serde::Serialize, console: &mut Console) -> anyhow::Result<()> {
    let mut text = Vec::new();
    line(&mut text, value)?;
    text.push(b'\n');
    console.data().write_all(&text)?;
    Ok(())
}

fn keep<T>(list: &mut VecDeque<T>, entry: T, most: usize) {
    if list.len() >= most.max(1) {
        list.pop_front();
    }
    list.push_back(entry);
}

/// A line of the table.
fn row([name, downloads, bytes, cached_or_runs, rate, time]: [&str; 6]) -> String {
    format!("{name:<16} {downloads:>9} {bytes:>10} {cached_or_runs:>7} {rate:>9} {time:>12}")
}

fn show(points: &VecDeque<Point>, days: &VecDeque<Day>, total: usize, console: &mut Console) -> anyhow::Result<()> {
    let percent = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
    let time = |time: Option<f64>| time.map_or_else(|| "-".to_owned(), seconds);
    let columns = ["session", "downloads", "bytes", "cached", "hit rate", "time"];
    console.line_with(Tone::Heading, &row(columns), "")?;
    for point in points {
        let row = row([
            point.session_id.as_str(),
            &point.downloads.to_string(),
            &bytes(point.bytes_downloaded),
            &point.cached.to_string(),
            &percent(point.cache_hit_rate),
            &time(point.duration_seconds),
        ]);
        let mut remarks = Vec::new();
        if !point.rose.is_empty() {
            remarks.push(format!("rose: {}", point.rose.join(", ")));
        }
        if point.doubtful > 0 {
            remarks.push(format!("{} failed or unknown", point.doubtful));
        }
        if !point.complete {
            remarks.push("incomplete".to_owned());
        }
        console.line(format!("{row}  {}", remarks.join("; ")).trim_end())?;
    }
    console.line("")?;
    let columns = ["day (medians)", "downloads", "bytes", "runs", "hit rate", "time"];
    console.line_with(Tone::Heading, &row(columns), "")?;
    for day in days {
        console.line(&row([
            &day.day,
            &day.downloads.to_string(),
            &bytes(day.bytes_downloaded as u64),
            &day.sessions.to_string(),
            &percent(day.cache_hit_rate),
            &time(day.duration_seconds),
        ]))?;
    }
    if total > points.len() {
        console.talk(&format!("the last {} of {total} sessions; `--last N` shows more", points.len()));
    }
    Ok(())
}

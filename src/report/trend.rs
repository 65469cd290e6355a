//! The history of a log directory: each session against those before it, and each day.
//!
//! Refuses to hold more than a window of sessions, however many there are; and to call a rise what is within the usual
//! spread: one outlier among the sessions before moves neither median nor spread.

use std::collections::VecDeque;

use serde::Serialize;

use crate::event::{Moment, SessionId, Summary};

/// How many sessions before are compared with.
const WINDOW: usize = 20;

/// How many are needed before anything is said to have risen.
const LEAST: usize = 5;

/// What is watched.
const WATCHED: [&str; 4] = ["downloads", "bytes_downloaded", "duration_seconds", "doubtful"];

/// One session of the history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Its name.
    pub session_id: SessionId,
    /// Package files downloaded.
    pub downloads: u64,
    /// Bytes downloaded, of any kind.
    pub bytes_downloaded: u64,
    /// Package files that were spared a download.
    pub cached: u64,
    /// See [`Summary::cache_hit_rate`].
    pub cache_hit_rate: Option<f64>,
    /// How long it lasted.
    pub duration_seconds: Option<f64>,
    /// Package files that failed or are unknown.
    pub doubtful: u64,
    /// Whether its record is whole.
    pub complete: bool,
    /// Which of its figures are out of what was usual before.
    pub rose: Vec<&'static str>,
}

/// One day of the history: medians over its sessions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Day {
    /// `2026-11-20`, in UTC.
    pub day: String,
    /// How many sessions it had.
    pub sessions: usize,
    /// Median of downloads.
    pub downloads: f64,
    /// Median of bytes downloaded.
    pub bytes_downloaded: f64,
    /// Median of the seconds.
    pub duration_seconds: Option<f64>,
    /// Cached files of the day over cached and downloaded ones.
    pub cache_hit_rate: Option<f64>,
}

/// The history so far.
#[derive(Debug, Default)]
pub struct Trend {
    window: VecDeque<[Option<f64>; 4]>,
    day: String,
    of_day: Vec<[Option<f64>; 4]>,
    files_of_day: (u64, u64),
}

impl Trend {
    /// Adds the next session, and answers with its point, and with the day that it ended by being of another one.
    pub fn add(
        &mut self,
        id: &SessionId,
        started_at: Option<Moment>,
        duration_seconds: Option<f64>,
        summary: &Summary,
    ) -> (Point, Option<Day>) {
        let stamp = started_at.map_or_else(|| id.as_str().to_owned(), Moment::stamp);
        let day = format!("{}-{}-{}", &stamp[..4], &stamp[4..6], &stamp[6..8]);
        let ended = if day == self.day { None } else { self.finish() };
        self.day = day;
        let doubtful = summary.total_failed + summary.total_unknown;
        let values = [
            Some(summary.total_downloads as f64),
            Some(summary.bytes_downloaded as f64),
            duration_seconds,
            Some(doubtful as f64),
        ];
        let rose = WATCHED.iter().zip(values).enumerate().filter_map(|(place, (name, value))| {
            let before: Vec<f64> = self.window.iter().filter_map(|values| values[place]).collect();
            is_out_of_the_usual(value?, before).then_some(*name)
        });
        let point = Point {
            session_id: id.clone(),
            downloads: summary.total_downloads,
            bytes_downloaded: summary.bytes_downloaded,
            cached: summary.total_cached,
            cache_hit_rate: summary.cache_hit_rate,
            duration_seconds,
            doubtful,
            complete: summary.complete,
            rose: rose.collect(),
        };
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back(values);
        self.of_day.push(values);
        self.files_of_day.0 += summary.total_cached;
        self.files_of_day.1 += summary.total_cached + summary.total_downloads;
        (point, ended)
    }

    /// The last day; `None` if there was no session.
    pub fn finish(&mut self) -> Option<Day> {
        let values = std::mem::take(&mut self.of_day);
        let (cached, obtained) = std::mem::take(&mut self.files_of_day);
        let median_of = |place: usize| median(values.iter().filter_map(|values| values[place]).collect());
        (!values.is_empty()).then(|| Day {
            day: std::mem::take(&mut self.day),
            sessions: values.len(),
            downloads: median_of(0).unwrap_or(0.0),
            bytes_downloaded: median_of(1).unwrap_or(0.0),
            duration_seconds: median_of(2),
            cache_hit_rate: (obtained > 0).then(|| cached as f64 / obtained as f64),
        })
    }
}

/// Whether a value is above the median of those before by more than three times their spread (the median of the
/// distances, scaled as for a normal distribution) and by a tenth.
fn is_out_of_the_usual(value: f64, before: Vec<f64>) -> bool {
    if before.len() < LEAST {
        return false;
    }
    let Some(usual) = median(before.clone()) else { return false };
    let spread = median(before.into_iter().map(|other| (other - usual).abs()).collect()).unwrap_or(0.0) * 1.4826;
    value > usual + (3.0 * spread).max(usual * 0.1)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => None,
        length if length % 2 == 1 => Some(values[half]),
        _ => Some((values[half - 1] + values[half]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(downloads: &[u64]) -> Vec<Vec<&'static str>> {
        let mut trend = Trend::default();
        let add = |(number, &total_downloads): (usize, &u64)| {
            let at = Moment::from_microseconds(1_795_188_960_000_000 + number as i64 * 3_600_000_000);
            let summary = Summary { total_downloads, ..Summary::default() };
            trend.add(&SessionId::at(at), Some(at), Some(10.0), &summary).0.rose
        };
        downloads.iter().enumerate().map(add).collect()
    }

    #[test]
    fn what_rose_is_marked_and_an_outlier_does_not_hide_it() {
        let rose = points(&[10, 11, 10, 9, 500, 10, 11, 20, 10]);
        assert_eq!(rose[4], [] as [&str; 0], "four sessions are no history");
        assert_eq!(rose[7], ["downloads"]);
        assert!(rose[5].is_empty() && rose[6].is_empty() && rose[8].is_empty(), "{rose:?}");
        assert_eq!(points(&[0, 0, 0, 0, 0, 1])[5], ["downloads"]);
    }

    #[test]
    fn a_day_has_the_medians_of_its_sessions() {
        let mut trend = Trend::default();
        let mut days = Vec::new();
        for (hour, downloads, cached) in [(0, 1, 1), (1, 9, 1), (2, 2, 0), (30, 5, 5)] {
            let at = Moment::from_microseconds(1_795_132_800_000_000 + hour * 3_600_000_000);
            let summary = Summary { total_downloads: downloads, total_cached: cached, ..Summary::default() };
            days.extend(trend.add(&SessionId::at(at), Some(at), None, &summary).1);
        }
        days.extend(trend.finish());
        let figures: Vec<_> =
            days.iter().map(|day| (&*day.day, day.sessions, day.downloads, day.cache_hit_rate)).collect();
        assert_eq!(figures, [("2026-11-20", 3, 2.0, Some(2.0 / 14.0)), ("2026-11-21", 1, 5.0, Some(0.5))]);
        assert_eq!(trend.finish(), None);
    }
}

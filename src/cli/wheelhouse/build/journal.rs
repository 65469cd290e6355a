//! What pip said, kept in `logs/wheelhouse/download_<stamp>.log`, and the bar that moves with it on a terminal.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Said;
use crate::cli::{Console, now};
use crate::event::{Redactor, canonical_name, printable, text};
use crate::ledger::Directory;
use crate::manifest::requirements::Requirements;

/// The log and the bar.
pub(super) struct Journal {
    path: PathBuf,
    log: BufWriter<File>,
    redactor: Redactor,
    bar: ProgressBar,
    /// The names that are asked for and that pip has not come to yet.
    waiting: HashSet<String>,
}

impl Journal {
    /// Opens the log of a session.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn open(
        stamp: &str,
        redactor: Redactor,
        readings: &[Requirements],
        console: &Console,
    ) -> anyhow::Result<Self> {
        let directory = directory();
        let path = directory.join(format!("download_{stamp}.log"));
        let made =
            std::fs::create_dir_all(&directory).and_then(|()| File::options().append(true).create(true).open(&path));
        let log = BufWriter::new(made.with_context(|| format!("cannot write `{}`", path.display()))?);
        let entries = readings.iter().flat_map(|reading| &reading.entries).filter(|entry| !entry.constraint);
        let waiting: HashSet<String> =
            entries.filter_map(|entry| entry.requirement.name.as_deref()).map(canonical_name).collect();
        let target =
            if console.talks_to_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(waiting.len() as u64), target);
        let style = ProgressStyle::with_template("{spinner} {bar:30} {pos}/{len} {elapsed} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(120));
        Ok(Journal { path, log, redactor, bar, waiting })
    }

    /// Where the log is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes in what a worker says.
    pub(super) fn hear(&mut self, said: Said) {
        match said {
            Said::Command(file, command) => self.write(&file, &format!("$ {command}")),
            Said::Line(file, line) => self.line(&file, &text(&line)),
            Said::Done(_) => {}
        }
    }

    fn line(&mut self, file: &Path, line: &str) {
        self.write(file, line);
        let Some((verb, rest)) = line.trim().split_once(' ') else { return };
        if matches!(verb, "Collecting" | "Processing" | "Downloading" | "Building" | "Saved") {
            self.bar.set_message(printable(&self.redactor.text(&format!("{verb} {rest}"))).into_owned());
        }
        if verb == "Collecting" {
            let name =
                rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).next().unwrap_or_default();
            if self.waiting.remove(&canonical_name(name)) {
                self.bar.inc(1);
            }
        }
    }

    /// What cannot be written is lost: a full disk is no reason to stop.
    fn write(&mut self, file: &Path, line: &str) {
        let file = text(file.as_os_str().as_encoded_bytes());
        let _ = writeln!(self.log, "{} {file}: {}", now(), self.redactor.text(line));
    }

    /// The bar goes, the log is whole.
    pub(super) fn finish(&mut self) {
        self.bar.finish_and_clear();
        let _ = self.log.flush();
    }
}

/// `logs/wheelhouse` beside `logs/build`; below a log directory of another name.
fn directory() -> PathBuf {
    let sessions = Directory::from_environment();
    match sessions.path().file_name() {
        Some(name) if name == "build" => sessions.path().with_file_name("wheelhouse"),
        _ => sessions.path().join("wheelhouse"),
    }
}

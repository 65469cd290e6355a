//! The manifest of a wheelhouse that was just filled: the files as they are, with what the session saw of them.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use super::super::contents::{Contents, manifest_of};
use super::super::interpreter::Choice;
use super::attribution::attribute;
use super::outcome::Outcome;
use crate::cli::{Cannot as _, now, requirements};
use crate::event::{Artifact, Moment, Origin, Session, text};
use crate::manifest::closure::Candidate;
use crate::manifest::requirements::Requirements;
use crate::manifest::wheelhouse::{SCHEMA, Success, Summary, Unmet, WheelhouseManifest};
use crate::store;

/// The files that were there before, with size and time.
pub(super) struct Before(HashMap<String, (u64, Option<SystemTime>)>);

impl Before {
    /// Looks.
    ///
    /// # Errors
    /// When the wheelhouse cannot be listed.
    pub(super) fn of(directory: &Path) -> anyhow::Result<Self> {
        let files = store::scan(directory).cannot()?;
        Ok(Before(files.into_iter().map(|file| (file.filename, (file.size_bytes, time_of(&file.path)))).collect()))
    }

    fn holds(&self, filename: &str, size: u64, time: Option<SystemTime>) -> bool {
        self.0.get(filename) == Some(&(size, time))
    }
}

fn time_of(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// A run that has ended.
pub(super) struct Run<'a> {
    pub(super) directory: &'a Path,
    pub(super) started: Moment,
    pub(super) before: &'a Before,
    pub(super) contents: &'a Contents,
    pub(super) readings: &'a [Requirements],
    pub(super) outcomes: Vec<Outcome>,
    pub(super) session: Option<&'a Session>,
}

/// The manifest.
///
/// # Errors
/// Never for want of a record; only if what was there cannot be read.
pub(super) fn manifest(run: &Run<'_>) -> anyhow::Result<WheelhouseManifest> {
    // An earlier manifest that cannot be read is replaced.
    let earlier = manifest_of(run.directory).ok().flatten();
    let mut lines = run.contents.lines(earlier.as_ref());
    for line in &mut lines {
        observe(line, run);
    }
    let candidates: Vec<Candidate> = run.contents.candidates();
    let target = Choice::own().target().ok();
    attribute(&mut lines, &candidates, run.readings, target.as_ref().map(|chosen| &chosen.target));
    let redactor = requirements::redactor();
    let clean = |unmet: &Unmet| Unmet {
        requirement: redactor.text(&unmet.requirement),
        reason: redactor.text(&unmet.reason),
        ..unmet.clone()
    };
    for line in &mut lines {
        line.requirement = line.requirement.take().map(|requirement| redactor.text(&requirement));
    }
    let finished = now();
    let files = run.readings.iter().filter_map(|reading| reading.files.first());
    let mut manifest = WheelhouseManifest {
        schema: SCHEMA,
        wheeltap_version: env!("CARGO_PKG_VERSION").to_owned(),
        session_id: run.session.map(|session| session.session_id.to_string()),
        started_at: Some(run.started),
        finished_at: Some(finished),
        duration_seconds: Some(finished.seconds_since(run.started)),
        requirements: files.map(|file| text(file.as_os_str().as_encoded_bytes())).collect(),
        summary: Summary::default(),
        success: lines,
        errors: run.outcomes.iter().flat_map(|outcome| &outcome.errors).map(clean).collect(),
        skipped: run.outcomes.iter().flat_map(|outcome| &outcome.skipped).map(clean).collect(),
    };
    manifest.sum_up();
    Ok(manifest)
}

/// Notes where a file came from in this run: as the session says; else, if it lay there before, that it did.
fn observe(line: &mut Success, run: &Run<'_>) {
    let artifacts = run.session.into_iter().flat_map(|session| session.downloads.all());
    let is_it = |artifact: &&Artifact| {
        artifact.filename.as_deref() == Some(&line.filename)
            && artifact.sha256.is_none_or(|digest| digest == line.sha256)
    };
    // A file that one run downloaded and the next found there was downloaded.
    let rank = |artifact: &&Artifact| match artifact.origin {
        Origin::Downloaded | Origin::Built | Origin::Vcs => 0,
        Origin::Destination => 2,
        Origin::Unknown | Origin::Failed => 3,
        _ => 1,
    };
    if let Some(artifact) = artifacts.filter(is_it).min_by_key(rank) {
        line.origin = artifact.origin;
        line.cached = artifact.cached();
        line.at = artifact.at.or(line.at);
        let is_url = |source: &&str| source.contains("://") && !source.starts_with("file:");
        line.url = artifact.source.as_deref().filter(is_url).map(str::to_owned).or(line.url.take());
        return;
    }
    let path = run.directory.join(&line.filename);
    line.origin = match run.before.holds(&line.filename, line.size_bytes, time_of(&path)) {
        true => Origin::Destination,
        false => Origin::Unknown,
    };
    line.cached = line.origin.cached();
}

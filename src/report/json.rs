//! The same report for programs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::NamedFile;
use super::analysis::Analysis;
use super::figures::Tally;
use super::reasons::{Explained, Reason};
use super::shares::Share;
use super::text::headline;
use crate::event::json;
use crate::event::{Artifact, Ecosystem, Invocation, Moment, Origin, Session, SessionId, Sha256, Step, Summary};

/// The version of this report's format.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    session_id: &'a SessionId,
    started_at: Option<Moment>,
    finished_at: Option<Moment>,
    duration_seconds: Option<f64>,
    headline: String,
    build_info: BuildFacts<'a>,
    build_summary: BuildSummary<'a>,
    performance_metrics: Performance,
    optimization_score: u64,
    summary: &'a Summary,
    packages: Vec<Row>,
    others: Vec<Row>,
    invocations: Vec<RunRow<'a>>,
    steps: Vec<StepRow<'a>>,
    downloaded: Vec<Download<'a>>,
    avoidable: Vec<Avoidable>,
    failed: Vec<&'a Artifact>,
    unknown: Vec<&'a Artifact>,
    degraded: Vec<Said<'a>>,
    blind_spots: Vec<Said<'a>>,
    files: BTreeMap<&'static str, &'a str>,
}

/// Where and with what it was built.
#[derive(Serialize)]
struct BuildFacts<'a> {
    started_at: Option<Moment>,
    wheeltap_version: &'a str,
    platform: &'a str,
    hostname: Option<&'a str>,
    build_args: &'a BTreeMap<String, String>,
}

/// Counts, under the names by which build reports are read.
#[derive(Serialize)]
struct BuildSummary<'a> {
    total_dependencies: u64,
    wheels_built: u64,
    packages_installed: u64,
    downloads_detected: u64,
    install_method: Option<&'a str>,
}

/// Times and rates; see `docs/figures.md` for what each is computed from.
#[derive(Serialize)]
struct Performance {
    build_duration_seconds: Option<f64>,
    download_seconds: Option<f64>,
    average_download_speed: Option<f64>,
    cache_hit_rate: Option<f64>,
    cache_hit_rate_by_bytes: Option<f64>,
    repeated_downloads: Tally,
    avoidable_downloads: Tally,
    at_least: bool,
}

/// One origin.
#[derive(Serialize)]
struct Row {
    origin: Origin,
    cached: Option<bool>,
    #[serde(flatten)]
    tally: Tally,
}

#[derive(Serialize)]
struct Parts {
    seconds: Option<f64>,
    downloaded: Tally,
    cached: Tally,
    built: Tally,
    failed: Tally,
    unknown: Tally,
    indexes_downloaded: Tally,
}

impl From<&Share> for Parts {
    fn from(share: &Share) -> Self {
        Parts {
            seconds: share.seconds,
            downloaded: share.downloaded,
            cached: share.cached,
            built: share.built,
            failed: share.failed,
            unknown: share.unknown,
            indexes_downloaded: share.indexes,
        }
    }
}

#[derive(Serialize)]
struct RunRow<'a> {
    id: &'a str,
    tool: &'a str,
    argv: &'a [String],
    exit_code: Option<i32>,
    exit_signal: Option<i32>,
    #[serde(flatten)]
    parts: Parts,
}

#[derive(Serialize)]
struct StepRow<'a> {
    step: Option<&'a Step>,
    invocations: u64,
    #[serde(flatten)]
    parts: Parts,
}

#[derive(Serialize)]
struct Download<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
    filename: Option<&'a str>,
    source: Option<&'a str>,
    size_bytes: Option<u64>,
    sha256: Option<Sha256>,
    reason: Reason,
    changed_from: Option<&'a str>,
    repeated: bool,
    remedy: Option<&'static str>,
    invocation: Option<&'a str>,
    step: Option<&'a Step>,
}

#[derive(Serialize)]
struct Avoidable {
    reason: Reason,
    ecosystem: Ecosystem,
    #[serde(flatten)]
    tally: Tally,
    meaning: &'static str,
    remedy: Option<&'static str>,
    /// The lines of the Dockerfile whose instructions downloaded them.
    lines: BTreeSet<u32>,
}

#[derive(Serialize)]
struct Said<'a> {
    invocation: Option<&'a str>,
    tool: Option<&'a str>,
    reason: &'a str,
}

/// The report on a session as one JSON object; ends with a newline. Its schema is `docs/schema/report.schema.json`.
pub fn json(analysis: &Analysis<'_>, files: &[NamedFile]) -> String {
    let session = analysis.session;
    let of = |origin| session.downloads.all().filter(move |artifact| artifact.origin == origin).collect();
    let report = Report {
        schema: SCHEMA,
        session_id: &session.session_id,
        started_at: session.started_at,
        finished_at: session.finished_at,
        duration_seconds: session.duration_seconds,
        headline: headline(session, &analysis.figures).1,
        build_info: BuildFacts {
            started_at: session.started_at,
            wheeltap_version: &session.build_info.wheeltap_version,
            platform: &session.build_info.platform,
            hostname: session.build_info.hostname.as_deref(),
            build_args: &session.build_info.build_args,
        },
        build_summary: BuildSummary {
            total_dependencies: analysis.packages(),
            wheels_built: analysis.figures.packages.get(&Origin::Built).map_or(0, |tally| tally.files),
            packages_installed: analysis.packages_installed(),
            downloads_detected: session.summary.total_downloads,
            install_method: session.summary.install_method.as_deref(),
        },
        performance_metrics: Performance {
            build_duration_seconds: session.duration_seconds,
            download_seconds: analysis.transfer.seconds,
            average_download_speed: analysis.transfer.speed(),
            cache_hit_rate: session.summary.cache_hit_rate,
            cache_hit_rate_by_bytes: analysis.hit_rate_by_bytes(),
            repeated_downloads: analysis.repeated(),
            avoidable_downloads: analysis.avoidable(),
            at_least: analysis.is_bound(),
        },
        optimization_score: analysis.optimization_score(),
        summary: &session.summary,
        packages: rows(&analysis.figures.packages),
        others: rows(&analysis.figures.others),
        invocations: analysis.runs.iter().map(run_row).collect(),
        steps: analysis.steps.iter().map(step_row).collect(),
        downloaded: analysis.downloads.iter().map(download).collect(),
        avoidable: analysis
            .avoidable
            .iter()
            .map(|(&(reason, ecosystem), &tally)| avoidable(analysis, reason, ecosystem, tally))
            .collect(),
        failed: of(Origin::Failed),
        unknown: of(Origin::Unknown),
        degraded: said(session, &session.degraded, |invocation| &invocation.degraded),
        blind_spots: said(session, &session.blind_spots, |invocation| &invocation.blind_spots),
        files: files.iter().map(|(what, path)| (*what, path.as_str())).collect(),
    };
    json::text(&report)
}

fn run_row<'a>((run, share): &'a (&Invocation, Share)) -> RunRow<'a> {
    RunRow {
        id: &run.id.0,
        tool: &run.tool,
        argv: &run.argv,
        exit_code: run.exit_code,
        exit_signal: run.exit_signal,
        parts: share.into(),
    }
}

fn step_row<'a>((step, share): &'a (Option<&Step>, Share)) -> StepRow<'a> {
    StepRow { step: *step, invocations: share.runs, parts: share.into() }
}

fn download<'a>(download: &'a Explained<'_>) -> Download<'a> {
    let artifact = download.artifact;
    Download {
        name: artifact.name.as_deref(),
        version: artifact.version.as_deref(),
        filename: artifact.filename.as_deref(),
        source: artifact.source.as_deref(),
        size_bytes: artifact.size_bytes,
        sha256: artifact.sha256,
        reason: download.reason,
        changed_from: download.changed_from.as_deref(),
        repeated: download.is_repeated,
        remedy: download.reason.remedy(artifact.ecosystem),
        invocation: artifact.invocation.as_ref().map(|id| &*id.0),
        step: artifact.step.as_ref(),
    }
}

fn avoidable(analysis: &Analysis<'_>, reason: Reason, ecosystem: Ecosystem, tally: Tally) -> Avoidable {
    let of_these = analysis.downloads.iter().filter(|one| one.reason == reason && one.artifact.ecosystem == ecosystem);
    let lines = of_these.filter_map(|one| one.artifact.step.as_ref()?.line).collect();
    Avoidable { reason, ecosystem, tally, meaning: reason.meaning(), remedy: reason.remedy(ecosystem), lines }
}

fn rows(tallies: &BTreeMap<Origin, Tally>) -> Vec<Row> {
    tallies.iter().map(|(&origin, &tally)| Row { origin, cached: origin.cached(), tally }).collect()
}

fn said<'a>(
    session: &'a Session,
    own: &'a [String],
    of: impl Fn(&'a crate::event::Invocation) -> &'a Vec<String>,
) -> Vec<Said<'a>> {
    let own = own.iter().map(|reason| Said { invocation: None, tool: None, reason });
    let theirs = session.invocations.iter().flat_map(|invocation| {
        let reason = move |reason| Said { invocation: Some(&invocation.id.0), tool: Some(&invocation.tool), reason };
        of(invocation).iter().map(move |text| reason(text.as_str()))
    });
    own.chain(theirs).collect()
}

//! The artifacts as the page's table reads them: one short list each, words that repeat by their place in a list.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::escape::embedded;
use crate::event::{Artifact, Kind, Origin};
use crate::report::analysis::Analysis;
use crate::report::text::{command, step_title};
use crate::report::timing::spans_of;

/// The order of these lists is that of `page.js`.
#[derive(Serialize)]
struct Data<'a> {
    kinds: Vec<&'a str>,
    origins: Vec<&'a str>,
    families: Vec<&'a str>,
    reasons: Vec<&'a str>,
    meanings: Vec<&'a str>,
    remedies: Vec<&'a str>,
    steps: Vec<String>,
    runs: Vec<String>,
    tails: Vec<String>,
    rows: Vec<Row<'a>>,
}

/// Name, version, kind, origin, bytes, file, address (without the file at its end, else after `=`), digest in base64,
/// reason, step, run, seconds, note. `-1` is no place.
#[derive(Serialize)]
struct Row<'a>(
    Option<&'a str>,
    Option<&'a str>,
    usize,
    usize,
    Option<u64>,
    File<'a>,
    Option<String>,
    Option<String>,
    i64,
    i64,
    i64,
    Option<f64>,
    Option<&'a str>,
);

/// A file name. Most begin with name and version, and their ends are few: these are the place of the sign between the
/// two and the end in a list.
#[derive(Serialize)]
#[serde(untagged)]
enum File<'a> {
    None,
    Ending(usize),
    Whole(&'a str),
}

/// A list of words, each once.
struct Words<T> {
    list: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T> Words<T> {
    fn new() -> Self {
        Words { list: Vec::new(), places: HashMap::new() }
    }

    fn place(&mut self, key: &str, word: impl FnOnce() -> T) -> usize {
        if let Some(&place) = self.places.get(key) {
            return place;
        }
        self.list.push(word());
        self.places.insert(key.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

/// The class by which the page colours an origin.
pub(super) fn family(origin: Origin) -> &'static str {
    match (origin, origin.cached()) {
        (_, Some(false)) => "downloaded",
        (_, Some(true)) => "cached",
        (Origin::Built, _) => "built",
        (Origin::Failed, _) => "failed",
        _ => "unknown",
    }
}

/// The block of data of a session.
pub(super) fn data(analysis: &Analysis<'_>) -> String {
    let session = analysis.session;
    let (mut kinds, mut origins) = (Words::<Kind>::new(), Words::<Origin>::new());
    let (mut reasons, mut steps, mut runs, mut tails) = (Words::new(), Words::new(), Words::new(), Words::new());
    let why: HashMap<*const Artifact, _> =
        analysis.downloads.iter().map(|download| (std::ptr::from_ref(download.artifact), download.reason)).collect();
    let by_id: HashMap<_, _> = session.invocations.iter().map(|run| (&run.id, run)).collect();
    let mut rows = Vec::new();
    for (artifact, span) in session.downloads.all().zip(spans_of(session)) {
        let reason = why.get(&std::ptr::from_ref(artifact)).map(|reason| {
            let remedy = reason.remedy(artifact.ecosystem).unwrap_or_default();
            let key = format!("{} {remedy}", reason.as_str());
            reasons.place(&key, || (reason.as_str(), reason.meaning(), remedy))
        });
        let step = artifact.step.as_ref().map(step_title);
        let run = artifact.invocation.as_ref().and_then(|id| by_id.get(id));
        rows.push(Row(
            artifact.name.as_deref(),
            artifact.version.as_deref(),
            kinds.place(artifact.kind.as_str(), || artifact.kind),
            origins.place(artifact.origin.as_str(), || artifact.origin),
            artifact.size_bytes,
            file(artifact, &mut tails),
            artifact.source.as_deref().map(|source| address(source, artifact.filename.as_deref())),
            artifact.sha256.map(|digest| STANDARD.encode(digest.0)),
            place(reason),
            place(step.map(|step| steps.place(&step, || step.clone()))),
            place(run.map(|run| runs.place(&run.id.0, || command(run)))),
            span.filter(|_| artifact.cached() == Some(false)).map(|(from, to)| ((to - from) * 1e3).round() / 1e3),
            artifact.reason.as_deref(),
        ));
    }
    let reason =
        |part: fn(&(&'static str, &'static str, &'static str)) -> &'static str| reasons.list.iter().map(part).collect();
    embedded(&Data {
        kinds: kinds.list.iter().map(|kind| kind.as_str()).collect(),
        origins: origins.list.iter().map(|origin| origin.as_str()).collect(),
        families: origins.list.iter().map(|origin| family(*origin)).collect(),
        reasons: reason(|reason| reason.0),
        meanings: reason(|reason| reason.1),
        remedies: reason(|reason| reason.2),
        steps: steps.list,
        runs: runs.list,
        tails: tails.list,
        rows,
    })
}

fn file<'a>(artifact: &'a Artifact, tails: &mut Words<String>) -> File<'a> {
    let Some(file) = artifact.filename.as_deref() else { return File::None };
    let ending = || {
        let rest = file.strip_prefix(artifact.name.as_deref()?)?;
        let sign = rest.get(..1).filter(|sign| matches!(*sign, "-" | "_"))?;
        let end = rest[1..].strip_prefix(artifact.version.as_deref()?)?;
        Some(format!("{sign}{end}"))
    };
    match ending() {
        Some(tail) => File::Ending(tails.place(&tail, || tail.clone())),
        None => File::Whole(file),
    }
}

/// An address; the file name at its end is said once.
fn address(source: &str, file: Option<&str>) -> String {
    match file.and_then(|file| source.strip_suffix(file)).filter(|rest| rest.ends_with('/')) {
        Some(directory) => directory.to_owned(),
        None => format!("={source}"),
    }
}

fn place(place: Option<usize>) -> i64 {
    place.map_or(-1, |place| place as i64)
}

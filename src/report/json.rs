//! The same report for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::NamedFile;
use super::figures::{Figures, Tally};
use super::text::headline;
use crate::event::json::document;
use crate::event::{Artifact, Moment, Origin, Session, SessionId, Summary};

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
    summary: &'a Summary,
    packages: Vec<Row>,
    others: Vec<Row>,
    failed: Vec<&'a Artifact>,
    unknown: Vec<&'a Artifact>,
    degraded: Vec<Reason<'a>>,
    blind_spots: Vec<Reason<'a>>,
    files: BTreeMap<&'static str, &'a str>,
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
struct Reason<'a> {
    invocation: Option<&'a str>,
    tool: Option<&'a str>,
    reason: &'a str,
}

/// The report on `session` as one JSON object; ends with a newline. `packages` and `others` list the origins that occur,
/// each with `files`, `bytes` and `unsized_files`.
pub fn json(session: &Session, files: &[NamedFile]) -> String {
    let figures = Figures::of(session);
    let of = |origin| session.downloads.all().filter(move |artifact| artifact.origin == origin).collect();
    let report = Report {
        schema: SCHEMA,
        session_id: &session.session_id,
        started_at: session.started_at,
        finished_at: session.finished_at,
        duration_seconds: session.duration_seconds,
        headline: headline(session, &figures).1,
        summary: &session.summary,
        packages: rows(&figures.packages),
        others: rows(&figures.others),
        failed: of(Origin::Failed),
        unknown: of(Origin::Unknown),
        degraded: reasons(session, &session.degraded, |invocation| &invocation.degraded),
        blind_spots: reasons(session, &session.blind_spots, |invocation| &invocation.blind_spots),
        files: files.iter().map(|(what, path)| (*what, path.as_str())).collect(),
    };
    let mut text = Vec::new();
    document(&mut text, &report).expect("every key is a text");
    String::from_utf8(text).expect("JSON of text is text")
}

fn rows(tallies: &BTreeMap<Origin, Tally>) -> Vec<Row> {
    tallies.iter().map(|(&origin, &tally)| Row { origin, cached: origin.cached(), tally }).collect()
}

fn reasons<'a>(
    session: &'a Session,
    own: &'a [String],
    of: impl Fn(&'a crate::event::Invocation) -> &'a Vec<String>,
) -> Vec<Reason<'a>> {
    let own = own.iter().map(|reason| Reason { invocation: None, tool: None, reason });
    let theirs = session.invocations.iter().flat_map(|invocation| {
        let reason = move |reason| Reason { invocation: Some(&invocation.id.0), tool: Some(&invocation.tool), reason };
        of(invocation).iter().map(move |text| reason(text.as_str()))
    });
    own.chain(theirs).collect()
}

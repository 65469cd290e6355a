//! The logs for people: one line an event, in the order of time, for `grep` and for the eye.
//!
//! ```text
//! # session 20261120_153600 opened 2026-11-20T15:36:00.123456Z on host, linux/amd64, wheeltap 0.1.0
//! # pip 24.0 started 2026-11-20T15:36:00.200000Z in /app: pip install six
//! [DOWNLOADED] six 1.16.0 origin=downloaded size=11053 sha256=... source=https://... destination=- kind=wheel ...
//! # pip ended after 3.200 s with status 0
//! ```
//!
//! What is not known stands as `-`; a value with a blank or a quote in it stands in quotes; what a terminal would obey is
//! escaped.

use std::fmt::Write;

use crate::event::{Artifact, Ecosystem, Invocation, Moment, Origin, Session, printable};

/// The whole session: `build_session_<stamp>.log`.
pub(super) fn session(session: &Session) -> String {
    let mut lines: Vec<(Option<Moment>, String)> = Vec::new();
    let info = &session.build_info;
    lines.push((
        session.started_at,
        format!(
            "# session {} opened {} on {}, {}, wheeltap {}\n",
            session.session_id,
            or_dash(session.started_at),
            printable(info.hostname.as_deref().unwrap_or("-")),
            printable(&info.platform),
            printable(&info.wheeltap_version)
        ),
    ));
    for invocation in &session.invocations {
        lines.push((invocation.started_at, started(invocation)));
    }
    for artifact in session.downloads.all() {
        lines.push((artifact.at, line(artifact)));
    }
    for invocation in &session.invocations {
        lines.push((ended_at(invocation).or(session.finished_at), ended(invocation)));
    }
    // Stable: at the same microsecond a start stands before what it obtained, and that before the end.
    lines.sort_by_key(|(at, _)| *at);
    let mut text: String = lines.into_iter().map(|(_, line)| line).collect();
    for reason in &session.degraded {
        let _ = writeln!(text, "# degraded: {}", printable(reason));
    }
    for reason in &session.blind_spots {
        let _ = writeln!(text, "# blind spot: {}", printable(reason));
    }
    let summary = &session.summary;
    let _ = writeln!(
        text,
        "# {} downloaded ({} bytes), {} cached ({} bytes), {} failed, {} unknown",
        summary.total_downloads,
        summary.bytes_downloaded,
        summary.total_cached,
        summary.bytes_cached,
        summary.total_failed,
        summary.total_unknown
    );
    text
}

/// The lines of one ecosystem, in the order of time; empty when there is none.
pub(super) fn ecosystem(session: &Session, ecosystem: Ecosystem) -> String {
    let mut artifacts: Vec<_> = session.downloads.all().filter(|artifact| artifact.ecosystem == ecosystem).collect();
    artifacts.sort_by_key(|artifact| artifact.at);
    artifacts.into_iter().map(line).collect()
}

/// The word in brackets that a line begins with.
fn tag(origin: Origin) -> &'static str {
    match (origin, origin.cached()) {
        (Origin::Local, _) => "LOCAL",
        (Origin::Built, _) => "BUILT",
        (Origin::Failed, _) => "FAILED",
        (_, Some(true)) => "CACHED",
        (_, Some(false)) => "DOWNLOADED",
        (_, None) => "UNKNOWN",
    }
}

fn line(artifact: &Artifact) -> String {
    let mut line = format!("[{}]", tag(artifact.origin));
    let mut word = |value: Option<&str>| {
        line.push(' ');
        line.push_str(&quoted(value));
    };
    word(artifact.name.as_deref().or(artifact.filename.as_deref()));
    word(artifact.version.as_deref());
    let _ = write!(line, " origin={} size={}", artifact.origin.as_str(), or_dash(artifact.size_bytes));
    let _ = write!(line, " sha256={}", or_dash(artifact.sha256));
    let _ = write!(line, " source={}", quoted(artifact.source.as_deref()));
    let _ = write!(line, " destination={}", quoted(artifact.destination.as_deref()));
    let _ = write!(line, " kind={}", artifact.kind.as_str());
    if artifact.purpose != Default::default() {
        let _ = write!(line, " purpose={}", artifact.purpose.as_str());
    }
    if let Some(arch) = &artifact.arch {
        let _ = write!(line, " arch={}", quoted(Some(arch)));
    }
    if let Some(step) = &artifact.step {
        let _ = write!(line, " step={}", quoted(Some(&step.id)));
    }
    if let Some(reason) = &artifact.reason {
        let _ = write!(line, " reason={}", quoted(Some(reason)));
    }
    let _ = writeln!(line, " at={}", or_dash(artifact.at));
    line
}

fn started(invocation: &Invocation) -> String {
    let arguments: Vec<_> = invocation.argv.iter().map(|argument| quoted(Some(argument))).collect();
    format!(
        "# {}{}{} started {} in {}: {}\n",
        printable(&invocation.tool),
        if invocation.tool_version.is_some() { " " } else { "" },
        printable(invocation.tool_version.as_deref().unwrap_or_default()),
        or_dash(invocation.started_at),
        quoted(invocation.cwd.as_deref()),
        arguments.join(" ")
    )
}

fn ended(invocation: &Invocation) -> String {
    let mut text = format!("# {}", printable(&invocation.tool));
    match (invocation.exit_code, invocation.exit_signal) {
        (_, Some(signal)) => _ = write!(text, " was ended by signal {signal}"),
        (Some(code), None) => _ = write!(text, " ended with status {code}"),
        (None, None) => text.push_str(": its end was not seen"),
    }
    if let Some(seconds) = invocation.duration_seconds {
        let _ = write!(text, " after {seconds:.3} s");
    }
    text.push('\n');
    for reason in &invocation.degraded {
        let _ = writeln!(text, "# {} degraded: {}", printable(&invocation.tool), printable(reason));
    }
    for reason in &invocation.blind_spots {
        let _ = writeln!(text, "# {} blind spot: {}", printable(&invocation.tool), printable(reason));
    }
    text
}

/// When an invocation ended, as far as it is known.
fn ended_at(invocation: &Invocation) -> Option<Moment> {
    let microseconds = (invocation.duration_seconds? * 1e6) as i64;
    Some(Moment::from_microseconds(invocation.started_at?.microseconds() + microseconds))
}

fn or_dash(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// A value of a line.
fn quoted(value: Option<&str>) -> String {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return "-".to_owned();
    };
    let printable = printable(value);
    if printable.contains(|character: char| character.is_whitespace() || character == '"') {
        return format!("\"{}\"", printable.replace('"', "\\\""));
    }
    printable.into_owned()
}

//! The logs for people: one line an event, in the order of time, for `grep` and for the eye.
//!
//! ```text
//! # session 20261120_153600 opened 2026-11-20T15:36:00.123456Z on host, linux/amd64, wheeltap 0.1.0
//! # pip 24.0 started 2026-11-20T15:36:00.200000Z in /app: pip install six
//! [DOWNLOADED] six 1.16.0 origin=downloaded size=11053 sha256=... source=https://... destination=- kind=wheel ...
//! # pip ended with status 0 after 3.200 s
//! ```
//!
//! What is not known stands as `-`; a value with a blank or a quote in it stands in quotes; what a terminal would obey is
//! escaped.

use std::fmt::{Display, Write};
use std::ops::Range;

use crate::event::{Artifact, Ecosystem, Invocation, Moment, Origin, Session, printable};

/// The lines of a session, rendered once for all its logs.
pub(super) struct Lines {
    text: String,
    lines: Vec<Line>,
}

struct Line {
    at: Option<Moment>,
    /// `None` for a line about something else than an artifact.
    ecosystem: Option<Ecosystem>,
    place: Range<usize>,
}

impl Lines {
    /// Renders the lines of `session`.
    pub(super) fn of(session: &Session) -> Self {
        let mut lines = Lines { text: String::with_capacity(512), lines: Vec::new() };
        lines.add(session.started_at, None, |text| opened(text, session));
        for invocation in &session.invocations {
            lines.add(invocation.started_at, None, |text| started(text, invocation));
        }
        for artifact in session.downloads.all() {
            lines.add(artifact.at, Some(artifact.ecosystem), |text| obtained(text, artifact));
        }
        for invocation in &session.invocations {
            lines.add(ended_at(invocation).or(session.finished_at), None, |text| ended(text, invocation));
        }
        // Stable: at the same microsecond a start stands before what was obtained, and that before the end.
        lines.lines.sort_by_key(|line| line.at);
        lines.add(None, None, |text| amounted(text, session));
        lines
    }

    /// The whole session: `build_session_<stamp>.log`.
    pub(super) fn all(&self) -> String {
        self.of_those(|_| true)
    }

    /// The lines of one ecosystem; empty when there is none.
    pub(super) fn of_ecosystem(&self, ecosystem: Ecosystem) -> String {
        self.of_those(|line| line.ecosystem == Some(ecosystem))
    }

    fn of_those(&self, chosen: impl Fn(&Line) -> bool) -> String {
        let mut text = String::with_capacity(self.text.len());
        for line in self.lines.iter().filter(|line| chosen(line)) {
            text.push_str(&self.text[line.place.clone()]);
        }
        text
    }

    fn add(
        &mut self,
        at: Option<Moment>,
        ecosystem: Option<Ecosystem>,
        write: impl FnOnce(&mut String) -> std::fmt::Result,
    ) {
        let start = self.text.len();
        // A string takes all that is written to it.
        let _ = write(&mut self.text);
        self.lines.push(Line { at, ecosystem, place: start..self.text.len() });
    }
}

/// The word that the line of an artifact begins with.
fn tag(origin: Origin) -> &'static str {
    match (origin, origin.cached()) {
        (Origin::Local, _) => "[LOCAL]",
        (Origin::Built, _) => "[BUILT]",
        (Origin::Failed, _) => "[FAILED]",
        (_, Some(true)) => "[CACHED]",
        (_, Some(false)) => "[DOWNLOADED]",
        (_, None) => "[UNKNOWN]",
    }
}

fn obtained(text: &mut String, artifact: &Artifact) -> std::fmt::Result {
    text.push_str(tag(artifact.origin));
    field(text, " ", artifact.name.as_deref().or(artifact.filename.as_deref()));
    field(text, " ", artifact.version.as_deref());
    field(text, " origin=", Some(artifact.origin.as_str()));
    figure(text, " size=", artifact.size_bytes)?;
    figure(text, " sha256=", artifact.sha256)?;
    field(text, " source=", artifact.source.as_deref());
    field(text, " destination=", artifact.destination.as_deref());
    field(text, " kind=", Some(artifact.kind.as_str()));
    field(text, " purpose=", Some(artifact.purpose.as_str()));
    field(text, " arch=", artifact.arch.as_deref());
    field(text, " step=", artifact.step.as_ref().map(|step| step.id.as_str()));
    field(text, " reason=", artifact.reason.as_deref());
    figure(text, " at=", artifact.at)?;
    text.push('\n');
    Ok(())
}

fn opened(text: &mut String, session: &Session) -> std::fmt::Result {
    let info = &session.build_info;
    field(text, "# session ", Some(session.session_id.as_str()));
    figure(text, " opened ", session.started_at)?;
    field(text, " on ", info.hostname.as_deref());
    field(text, ", ", Some(&info.platform));
    field(text, ", wheeltap ", Some(&info.wheeltap_version));
    text.push('\n');
    Ok(())
}

fn started(text: &mut String, invocation: &Invocation) -> std::fmt::Result {
    field(text, "# ", Some(&invocation.tool));
    if let Some(version) = &invocation.tool_version {
        field(text, " ", Some(version));
    }
    figure(text, " started ", invocation.started_at)?;
    field(text, " in ", invocation.cwd.as_deref());
    text.push(':');
    for argument in &invocation.argv {
        field(text, " ", Some(argument));
    }
    text.push('\n');
    Ok(())
}

fn ended(text: &mut String, invocation: &Invocation) -> std::fmt::Result {
    field(text, "# ", Some(&invocation.tool));
    match (invocation.exit_code, invocation.exit_signal) {
        (_, Some(signal)) => write!(text, " was ended by signal {signal}")?,
        (Some(code), None) => write!(text, " ended with status {code}")?,
        (None, None) => text.push_str(": its end was not seen"),
    }
    if let Some(seconds) = invocation.duration_seconds {
        write!(text, " after {seconds:.3} s")?;
    }
    text.push('\n');
    for reason in &invocation.degraded {
        writeln!(text, "# {} degraded: {}", printable(&invocation.tool), printable(reason))?;
    }
    for reason in &invocation.blind_spots {
        writeln!(text, "# {} blind spot: {}", printable(&invocation.tool), printable(reason))?;
    }
    Ok(())
}

/// What the session comes to.
fn amounted(text: &mut String, session: &Session) -> std::fmt::Result {
    for reason in &session.degraded {
        writeln!(text, "# degraded: {}", printable(reason))?;
    }
    for reason in &session.blind_spots {
        writeln!(text, "# blind spot: {}", printable(reason))?;
    }
    let summary = &session.summary;
    writeln!(
        text,
        "# {} downloaded ({} bytes), {} cached ({} bytes), {} failed, {} unknown",
        summary.total_downloads,
        summary.bytes_downloaded,
        summary.total_cached,
        summary.bytes_cached,
        summary.total_failed,
        summary.total_unknown
    )
}

/// When an invocation ended, as far as it is known.
fn ended_at(invocation: &Invocation) -> Option<Moment> {
    let microseconds = (invocation.duration_seconds? * 1e6) as i64;
    Some(Moment::from_microseconds(invocation.started_at?.microseconds().saturating_add(microseconds)))
}

fn figure(text: &mut String, before: &str, value: Option<impl Display>) -> std::fmt::Result {
    match value {
        Some(value) => write!(text, "{before}{value}"),
        None => write!(text, "{before}-"),
    }
}

/// Writes a value, in quotes where its end could not be told otherwise.
fn field(text: &mut String, before: &str, value: Option<&str>) {
    text.push_str(before);
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return text.push('-');
    };
    let value = printable(value);
    if !value.bytes().any(|byte| matches!(byte, b' ' | b'"')) {
        return text.push_str(&value);
    }
    text.push('"');
    text.push_str(&value.replace('"', "\\\""));
    text.push('"');
}

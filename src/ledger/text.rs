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

use crate::event::{Artifact, Buffer, Ecosystem, Invocation, Moment, Origin, Session, is_plain, printable};

/// What a line is about.
enum About<'a> {
    Opened(&'a Session),
    Started(&'a Invocation),
    Obtained(&'a Artifact),
    Ended(&'a Invocation),
    Amount(&'a Session),
}

/// Renders the lines of `session`, and calls `each` with each in turn and the ecosystem of the artifact that it is about.
///
/// # Errors
/// The first one of `each`.
pub(super) fn lines<E>(
    session: &Session,
    mut each: impl FnMut(&[u8], Option<Ecosystem>) -> Result<(), E>,
) -> Result<(), E> {
    let invocations = session.invocations.iter();
    let starts = invocations.clone().map(|invocation| (invocation.started_at, About::Started(invocation)));
    let artifacts = session.downloads.all().map(|artifact| (artifact.at, About::Obtained(artifact)));
    let ends = invocations.map(|invocation| (ended_at(invocation).or(session.finished_at), About::Ended(invocation)));
    let opening = std::iter::once((session.started_at, About::Opened(session)));
    let mut lines: Vec<_> = opening.chain(starts).chain(artifacts).chain(ends).collect();
    // Stable: at the same microsecond a start stands before what was obtained, and that before the end.
    lines.sort_by_key(|(at, _)| *at);
    let mut text = Buffer::default();
    for (_, about) in lines.into_iter().chain([(None, About::Amount(session))]) {
        text.clear();
        // A buffer takes all that is written to it.
        let _ = match about {
            About::Opened(session) => opened(&mut text, session),
            About::Started(invocation) => started(&mut text, invocation),
            About::Obtained(artifact) => obtained(&mut text, artifact),
            About::Ended(invocation) => ended(&mut text, invocation),
            About::Amount(session) => amounted(&mut text, session),
        };
        let ecosystem = if let About::Obtained(artifact) = about { Some(artifact.ecosystem) } else { None };
        each(text.text(), ecosystem)?;
    }
    Ok(())
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

fn obtained(text: &mut Buffer, artifact: &Artifact) -> std::fmt::Result {
    text.put(tag(artifact.origin).as_bytes());
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
    text.put(b"\n");
    Ok(())
}

fn opened(text: &mut Buffer, session: &Session) -> std::fmt::Result {
    let info = &session.build_info;
    field(text, "# session ", Some(session.session_id.as_str()));
    figure(text, " opened ", session.started_at)?;
    field(text, " on ", info.hostname.as_deref());
    field(text, ", ", Some(&info.platform));
    field(text, ", wheeltap ", Some(&info.wheeltap_version));
    text.put(b"\n");
    Ok(())
}

fn started(text: &mut Buffer, invocation: &Invocation) -> std::fmt::Result {
    field(text, "# ", Some(&invocation.tool));
    if let Some(version) = &invocation.tool_version {
        field(text, " ", Some(version));
    }
    figure(text, " started ", invocation.started_at)?;
    field(text, " in ", invocation.cwd.as_deref());
    text.put(b":");
    for argument in &invocation.argv {
        field(text, " ", Some(argument));
    }
    text.put(b"\n");
    Ok(())
}

fn ended(text: &mut Buffer, invocation: &Invocation) -> std::fmt::Result {
    field(text, "# ", Some(&invocation.tool));
    match (invocation.exit_code, invocation.exit_signal) {
        (_, Some(signal)) => write!(text, " was ended by signal {signal}")?,
        (Some(code), None) => write!(text, " ended with status {code}")?,
        (None, None) => text.put(b": its end was not seen"),
    }
    if let Some(seconds) = invocation.duration_seconds {
        write!(text, " after {seconds:.3} s")?;
    }
    text.put(b"\n");
    for reason in &invocation.degraded {
        writeln!(text, "# {} degraded: {}", printable(&invocation.tool), printable(reason))?;
    }
    for reason in &invocation.blind_spots {
        writeln!(text, "# {} blind spot: {}", printable(&invocation.tool), printable(reason))?;
    }
    Ok(())
}

/// What the session comes to.
fn amounted(text: &mut Buffer, session: &Session) -> std::fmt::Result {
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

fn figure(text: &mut Buffer, before: &str, value: Option<impl Display>) -> std::fmt::Result {
    text.put(before.as_bytes());
    match value {
        Some(value) => write!(text, "{value}"),
        None => {
            text.put(b"-");
            Ok(())
        }
    }
}

/// Writes a value, in quotes where its end could not be told otherwise.
fn field(text: &mut Buffer, before: &str, value: Option<&str>) {
    text.put(before.as_bytes());
    let value = value.filter(|value| !value.is_empty()).unwrap_or("-");
    if is_plain(value.as_bytes(), b'!') {
        return text.put(value.as_bytes());
    }
    let value = printable(value);
    if !value.contains([' ', '"']) {
        return text.put(value.as_bytes());
    }
    text.put(b"\"");
    text.put(value.replace('"', "\\\"").as_bytes());
    text.put(b"\"");
}

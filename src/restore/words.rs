//! What pip's log says of a command.

use super::subprocess::Version;

/// The version in `23.0.1 from /opt/venv/...`, which follows `Using pip `.
pub(super) fn version(rest: &[u8]) -> Option<Version> {
    let mut numbers = rest.split(|byte| !byte.is_ascii_digit()).map(|digits| str::from_utf8(digits).ok()?.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// What failed according to `ERROR: [present-rich] Preparing metadata (pyproject.toml) exited with 1`.
pub(super) fn failure(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"ERROR: ")?;
    let marks = [&b"[present-rich] "[..], b"[present-diagnostic] "];
    let text = marks.iter().find_map(|mark| text.strip_prefix(*mark)).unwrap_or(text);
    let at = memchr::memmem::rfind(text, b" exited with ")?;
    Some(&text[..at])
}

/// Message and status of `Preparing metadata (setup.py): finished with status 'error'`.
pub(super) fn finished(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_suffix(b"'")?;
    let between = b": finished with status '";
    let at = memchr::memmem::rfind(text, between)?;
    Some((&text[..at], &text[at + between.len()..]))
}

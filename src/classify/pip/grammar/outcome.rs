//! Lines about pip itself: its version, where it looks, what it did in the end, and that it goes on.
//!
//! Refuses to conclude: a list of what was installed is a list.

use memchr::memmem;

use super::line::Line;
use super::words::{after, between, number, split, word};

pub(super) fn outcome(text: &[u8]) -> Option<Line<'_>> {
    if let Some(rest) = text.strip_prefix(b"Using pip ") {
        let version = word(rest).0;
        return memmem::find(rest, b" from ").map(|_| Line::Version { version, begins: true });
    }
    if text.starts_with(b"Initialized build tracking at ") {
        return Some(Line::Outermost);
    }
    if let Some(rest) = text.strip_prefix(b"You are using pip version ") {
        let version = word(rest).0;
        return Some(Line::Version { version: version.strip_suffix(b";").unwrap_or(version), begins: false });
    }
    if let Some(rest) = text.strip_prefix(b"[notice] A new release of pip").filter(|rest| !rest.is_empty()) {
        let (version, _) = split(after(rest, b": ")?, b" -> ")?;
        return Some(Line::Version { version, begins: false });
    }
    if let Some(list) = text.strip_prefix(b"Successfully installed ") {
        return Some(Line::Installed { list });
    }
    if let Some(list) = text.strip_prefix(b"Would install ") {
        return Some(Line::WouldInstall { list });
    }
    if let Some(list) = text.strip_prefix(b"Looking in indexes: ") {
        return Some(Line::Indexes { list });
    }
    if let Some(list) = text.strip_prefix(b"Looking in links: ") {
        return Some(Line::Directories { list });
    }
    if let Some(rest) = between(text, b"Complete output (", b" lines):").or_else(|| between(text, b"> [", b" lines of"))
    {
        return number(rest).map(|lines| Line::Output { lines: lines as usize });
    }
    if let Some(description) = text.strip_prefix(b"command: ") {
        return Some(Line::OutputOf { description });
    }
    if let Some(rest) = text.strip_prefix("× ".as_bytes()) {
        let end = memmem::find(rest, b" did not run successfully");
        return Some(Line::OutputOf { description: end.map_or(rest, |end| &rest[..end]) });
    }
    if let Some(url) = text.strip_prefix("╰─> URL: ".as_bytes()) {
        return Some(Line::FromUrl { url });
    }
    let from = text.strip_suffix(b":").and_then(|text| after(text, b" from "))?;
    let url = word(from).0;
    crate::classify::pip::url::is_url(url).then_some(Line::FromUrl { url })
}

/// Lines without a meaning of their own that nevertheless show that pip went on.
pub(super) fn onward(text: &[u8]) -> bool {
    let beginnings: [&[u8]; 17] = [
        b"Requirement already satisfied",
        b"Installing collected packages",
        b"Successfully ",
        b"Given no hashes to check ",
        b"Link requires a different Python",
        b"INFO: pip is looking at multiple versions",
        b"INFO: This is taking longer than usual",
        b"Attempting uninstall",
        b"Found existing installation",
        b"Local files found",
        b"Skipping link",
        b"Found link",
        b"Running setup.py ",
        b"Using legacy ",
        b"Obtaining ",
        b"Ignoring ",
        b"Building wheels for ",
    ];
    beginnings.iter().any(|beginning| text.starts_with(beginning))
        || (text.starts_with(b"Removed ") && after(text, b" from build tracker").is_some())
}

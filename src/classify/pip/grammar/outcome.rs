//! Lines about pip itself: its version, where it looks, what it did in the end, and that it goes on.
//!
//! Refuses to conclude: a list of what was installed is a list.

use memchr::memmem;

use super::line::Line;
use super::words::{after, number, split, word};
use crate::classify::pip::url::is_url;

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
    if text.starts_with(b"Installing collected packages: ") {
        return Some(Line::Installing);
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
    let counted = text.strip_prefix(b"Complete output (").or_else(|| text.strip_prefix("╰─> [".as_bytes()));
    if let Some((count, rest)) = counted.and_then(|rest| split(rest, b" lines")) {
        let quotes = rest.starts_with(b"):") || rest.starts_with(b" of output]");
        return number(count).filter(|_| quotes).map(|lines| Line::Output { lines: lines as usize });
    }
    if let Some(digest) = text.strip_prefix(b"Expected sha256 ") {
        return Some(Line::Expected { digest });
    }
    if let Some(digest) = text.strip_prefix(b"Got  ") {
        return Some(Line::Got { digest: digest.trim_ascii() });
    }
    if text == b"unknown package:" {
        return Some(Line::Unnamed);
    }
    if let Some(description) = text.strip_prefix(b"command: ") {
        return Some(Line::OutputOf { description });
    }
    if let Some(rest) = text.strip_prefix("× ".as_bytes()) {
        let end = memmem::find(rest, b" did not run successfully");
        return Some(Line::OutputOf { description: end.map_or(rest, |end| &rest[..end]) });
    }
    None
}

/// `NAME from URL:`, `URL:`, `╰─> URL: URL`.
pub(super) fn from_url(text: &[u8]) -> Option<Line<'_>> {
    if let Some(url) = text.strip_prefix("╰─> URL: ".as_bytes()) {
        return Some(Line::FromUrl { url });
    }
    let text = text.strip_suffix(b":")?;
    let url = word(after(text, b" from ").unwrap_or(text)).0;
    is_url(url).then_some(Line::FromUrl { url })
}

/// Lines without a meaning of their own that nevertheless show that pip went on.
pub(super) fn onward(text: &[u8]) -> bool {
    let beginnings: [&[u8]; 16] = [
        b"Requirement already satisfied",
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

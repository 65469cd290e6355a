//! Lines about files: fetched, cached, found, saved, and the URLs that pip chose for them.
//!
//! Refuses sizes that pip rounded.

use memchr::memmem;

use super::line::Line;
use super::words::{number, split, word};

/// A size as pip prints it: exact below 1000 bytes, rounded above, and then worth nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::classify::pip) enum Amount {
    /// `(643 bytes)`.
    Exact(u64),
    /// `(1.2 MB)`.
    Rounded,
}

pub(super) fn download(text: &[u8]) -> Option<Line<'_>> {
    if let Some(rest) = text.strip_prefix(b"Downloading link ") {
        let (url, rest) = word(rest);
        let to = memmem::rfind(rest, b"to /").map(|at| &rest[at + 3..])?;
        return Some(Line::Fetched { url, path: to });
    }
    if let Some(url) = text.strip_prefix(b"Using cached wheel link: ") {
        return Some(Line::CachedWheel { url: word(url).0 });
    }
    if let Some(rest) = text.strip_prefix(b"Resuming download ") {
        return target(rest).map(|(target, _)| Line::Resuming { target });
    }
    if let Some(rest) = text.strip_prefix(b"Downloading ") {
        return target(rest).map(|(target, amount)| Line::Downloading { target, amount });
    }
    let rest = text.strip_prefix(b"Using cached ")?;
    target(rest).map(|(target, amount)| Line::Cached { target, amount })
}

pub(super) fn file(text: &[u8]) -> Option<Line<'_>> {
    if let Some(requirement) = text.strip_prefix(b"Collecting ") {
        return Some(Line::Collecting { requirement });
    }
    if let Some(rest) = text.strip_prefix(b"Processing ") {
        let path = memmem::find(rest, b" (from ").map_or(rest, |at| &rest[..at]);
        return Some(Line::Processing { path });
    }
    if let Some(path) = text.strip_prefix(b"File was already downloaded ") {
        return Some(Line::Present { path });
    }
    if let Some(rest) = text.strip_prefix(b"Previously-downloaded file ") {
        return memmem::find(rest, b" has bad hash").map(|end| Line::PresentWrong { path: &rest[..end] });
    }
    if let Some(path) = text.strip_prefix(b"Saved ") {
        return Some(Line::Saved { path });
    }
    if let Some(path) = text.strip_prefix(b"Created temporary directory: ") {
        return Some(Line::Temporary { path });
    }
    if let Some(rest) = text.strip_prefix(b"Obtaining dependency information for ") {
        let from = memmem::rfind(rest, b" from ")?;
        return Some(Line::Chosen { url: word(&rest[from + 6..]).0 });
    }
    if let Some(requirement) = text.strip_prefix(b"Obtaining ") {
        let told = !requirement.starts_with(b"dependency information from ");
        return told.then_some(Line::Collecting { requirement });
    }
    if let Some(spoiled) = spoiled(text) {
        return Some(spoiled);
    }
    let rest = text.strip_prefix(b"Added ").filter(|rest| memmem::find(rest, b" to build tracker ").is_some())?;
    let from = memmem::find(rest, b" from ")?;
    Some(Line::Chosen { url: word(&rest[from + 6..]).0 })
}

/// What pip says of an archive that it cannot read, or what its last words are then.
pub(super) fn spoiled(text: &[u8]) -> Option<Line<'_>> {
    let unread: [&[u8]; 5] = [
        b"zipfile.BadZipFile: ",
        b"zipfile.BadZipfile: ",
        b"tarfile.ReadError: ",
        b"EOFError: Compressed file ended",
        b"zlib.error: ",
    ];
    if unread.iter().any(|beginning| text.starts_with(beginning)) {
        return Some(Line::Spoiled { path: None });
    }
    let rest = text.strip_prefix(b"Wheel '").and_then(|rest| rest.strip_suffix(b" is invalid."))?;
    let at = memmem::find(rest, b"' located at ")?;
    Some(Line::Spoiled { path: Some(&rest[at + 13..]) })
}

/// `TARGET` or `TARGET (SIZE)` and nothing else.
fn target(text: &[u8]) -> Option<(&[u8], Option<Amount>)> {
    let (target, rest) = word(text);
    if target.is_empty() {
        return None;
    }
    if rest.is_empty() {
        return Some((target, None));
    }
    let size = rest.strip_prefix(b"(")?.strip_suffix(b")")?;
    let amount = match size.strip_suffix(b" bytes") {
        Some(bytes) => Amount::Exact(number(bytes)?),
        None => {
            let (figure, unit) = split(size, b" ")?;
            let known =
                [&b"kB"[..], b"MB", b"GB"].iter().any(|known| unit == *known || memmem::find(unit, known).is_some());
            (known && figure[0].is_ascii_digit()).then_some(Amount::Rounded)?
        }
    };
    Some((target, Some(amount)))
}

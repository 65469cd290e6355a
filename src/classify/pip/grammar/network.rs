//! Lines about index pages, answers, and tries that failed.
//!
//! Refuses to tell an answered failure from an unanswered one by anything but its words.

use memchr::memmem;

use super::line::Line;
use super::words::{after, between, last_word, number, split, word};

pub(super) fn page(text: &[u8]) -> Option<Line<'_>> {
    if let Some(url) = text.strip_prefix(b"Getting page ") {
        return Some(Line::PageWanted { url });
    }
    if let Some(rest) = text.strip_prefix(b"Fetched page ") {
        return Some(Line::PageFetched { url: word(rest).0 });
    }
    if let Some(rest) = text.strip_prefix(b"Could not fetch URL ") {
        let rest = rest.strip_suffix(b" - skipping").unwrap_or(rest);
        let (url, reason) = split(rest, b": ")?;
        return Some(Line::PageFailed { url, reason });
    }
    let digits = text.iter().position(|byte| !byte.is_ascii_digit()).filter(|&digits| digits > 0)?;
    let project = text[digits..].strip_prefix(b" location(s) to search for versions of ")?;
    Some(Line::Search { project: project.strip_suffix(b":").unwrap_or(project) })
}

pub(super) fn network(text: &[u8]) -> Option<Line<'_>> {
    if text.starts_with(b"http") {
        return answer(text);
    }
    if text.starts_with(b"The response is \"fresh\", returning cached response") {
        return Some(Line::Unasked);
    }
    if text.starts_with(b"Retrying (Retry(") {
        let rest = after(text, b" after connection broken by '")?;
        let end = memmem::rfind(rest, b"': ")?;
        return Some(Line::Retrying { error: &rest[..end], path: &rest[end + 3..] });
    }
    if let Some(rest) = text.strip_prefix("× Failed to connect to ".as_bytes()) {
        let (host, url) = split(rest, b" while fetching ")?;
        return Some(Line::Unreachable { host, wanted: url, reason: b"failed to connect" });
    }
    // An account of a failed request, in the log or where pip itself gave up, ends in such lines.
    let text = text.strip_prefix(b"pip._vendor.").filter(|text| memmem::find(text, b".exceptions.").is_some())?;
    let ours = text.starts_with(b"urllib3.") || text.starts_with(b"requests.");
    ours.then(|| unreachable(text).unwrap_or(Line::Error { text }))
}

/// `HTTP error 404 while getting URL`, `404 Client Error: Not Found for url: URL`.
pub(super) fn refused(text: &[u8]) -> Option<Line<'_>> {
    if let Some((status, rest)) = after(text, b"HTTP error ").and_then(|rest| split(rest, b" while getting ")) {
        return Some(Line::Refused { status: status_code(status)?, url: word(rest).0 });
    }
    let at = memmem::find(text, b" Client Error: ").or_else(|| memmem::find(text, b" Server Error: "))?;
    let status = status_code(last_word(&text[..at]))?;
    Some(Line::Refused { status, url: word(after(&text[at..], b" for url: ")?).0 })
}

/// `HTTPSConnectionPool(host='H', port=443): Max retries exceeded with url: PATH (Caused by REASON)`.
pub(super) fn unreachable(text: &[u8]) -> Option<Line<'_>> {
    let wanted = after(text, b": Max retries exceeded with url: ")?;
    let host = quoted_host(text)?;
    let (wanted, reason) = word(wanted);
    Some(Line::Unreachable { host, wanted, reason: reason.strip_prefix(b"(Caused by ").unwrap_or(reason) })
}

/// The host that an error of the HTTP library names: `host='files.example'`.
pub(in crate::classify::pip) fn quoted_host(error: &[u8]) -> Option<&[u8]> {
    between(error, b"host='", b"'")
}

/// Whether an index page's failure was an answer: an HTTP status, or one repeated until pip gave up.
pub(in crate::classify::pip) fn answered(reason: &[u8]) -> Option<u16> {
    let status = |rest: &[u8]| rest.get(..3).and_then(status_code).filter(|status| (400..600).contains(status));
    let said =
        reason.get(3..).is_some_and(|rest| rest.starts_with(b" Client Error") || rest.starts_with(b" Server Error"));
    let repeated = || after(reason, b"too many ").filter(|rest| after(rest, b" error responses").is_some());
    if said { status(reason) } else { status(repeated()?) }
}

fn answer(text: &[u8]) -> Option<Line<'_>> {
    let (origin, rest) = split(text, b" \"GET ")?;
    let (path, rest) = split(rest, b" HTTP/")?;
    let (status, size) = split(after(rest, b"\" ")?, b" ")?;
    Some(Line::Answer { origin, path, status: status_code(status)?, size: number(size) })
}

fn status_code(digits: &[u8]) -> Option<u16> {
    number(digits).and_then(|status| u16::try_from(status).ok())
}

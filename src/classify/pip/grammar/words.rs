//! Pieces of a line between fixed words.
//!
//! Refuses to copy.

use memchr::memmem;

/// The first word, and what follows it without leading spaces.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', text) {
        Some(at) => (&text[..at], text[at..].trim_ascii_start()),
        None => (text, &[]),
    }
}

/// What follows the last space.
pub(super) fn last_word(text: &[u8]) -> &[u8] {
    memchr::memrchr(b' ', text).map_or(text, |at| &text[at + 1..])
}

/// What follows the first occurrence of `words`.
pub(super) fn after<'a>(text: &'a [u8], words: &[u8]) -> Option<&'a [u8]> {
    memmem::find(text, words).map(|at| &text[at + words.len()..])
}

/// The non-empty part before `by`, and what follows it.
pub(super) fn split<'a>(text: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, by).filter(|&at| at > 0)?;
    Some((&text[..at], &text[at + by.len()..]))
}

/// What stands between two phrases.
pub(in crate::classify::pip) fn between<'a>(text: &'a [u8], before: &[u8], behind: &[u8]) -> Option<&'a [u8]> {
    let rest = after(text, before)?;
    memmem::find(rest, behind).map(|at| &rest[..at])
}

/// A number written in digits only.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
        .then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

//! What PEP 508 has before the marker: a name, extras, and versions or a URL. The versions are judged by `pep440_rs`, the
//! marker by `pep508_rs`, whose own reader of whole requirements weighs more than everything else of it together.
//!
//! Refuses what pip refuses; a URL is taken as it is.

use std::str::FromStr as _;

use pep440_rs::{VersionSpecifier, VersionSpecifiers};
use pep508_rs::ExtraName;

/// A requirement but for its name, which the caller takes as it is written, and its marker.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pep508 {
    pub(super) extras: Vec<ExtraName>,
    pub(super) wanted: Wanted,
}

/// What of it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// These versions; any, if they are empty.
    Versions(VersionSpecifiers),
    /// What lies at this URL.
    Url(String),
}

/// What may end the name of an archive that pip takes for a file, whatever else its name could be.
const ARCHIVES: [&str; 12] =
    [".whl", ".tbz", ".txz", ".tlz", ".zip", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".tar.lz", ".tar.lzma", ".tar.gz"];

/// Reads `text` up to its marker.
///
/// # Errors
/// What is wrong with it, in a few words.
pub(super) fn parse(text: &str) -> Result<Pep508, String> {
    let (name, rest) = word(text.trim());
    check_word(name).map_err(|found| match found {
        Some(other) => format!("expected a name, found `{other}`"),
        None => "it is empty".to_owned(),
    })?;
    let (extras, rest) = extras(rest.trim_start())?;
    let rest = rest.trim_start();
    let mut characters = rest.chars();
    let wanted = match characters.next() {
        Some('@') => Wanted::Url(url(characters.as_str())?),
        Some('(') => {
            let (inner, after) =
                characters.as_str().split_once(')').ok_or("the `(` before the versions is not closed by a `)`")?;
            match after.trim_start().chars().next() {
                None | Some(';') => versions(inner)?,
                Some(other) => return Err(format!("expected the end or `;`, found `{other}`")),
            }
        }
        Some('<' | '=' | '>' | '~' | '!') => versions(rest.split(';').next().unwrap_or_default())?,
        Some(';') | None if ARCHIVES.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending)) => {
            return Err("a file needs a name before it (`name @ https://...`)".to_owned());
        }
        Some(';') | None => Wanted::Versions(VersionSpecifiers::empty()),
        Some(other) => {
            return Err(format!("expected one of `@`, `(`, `<`, `=`, `>`, `~`, `!`, `;`, found `{other}`"));
        }
    };
    Ok(Pep508 { extras, wanted })
}

/// The name or extra at the beginning, and what follows.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !super::requirement::is_name_character(c)).unwrap_or(text.len()))
}

/// The character that no word begins or ends with, or nothing where there is none at all.
fn check_word(word: &str) -> Result<(), Option<char>> {
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    match (word.chars().next(), word.chars().next_back()) {
        (Some(first), _) if !is_edge(first) => Err(Some(first)),
        (_, Some(last)) if !is_edge(last) => Err(Some(last)),
        (None, _) => Err(None),
        _ => Ok(()),
    }
}

fn extras(text: &str) -> Result<(Vec<ExtraName>, &str), String> {
    let Some(open) = text.strip_prefix('[') else { return Ok((Vec::new(), text)) };
    let (inner, rest) = open.split_once(']').ok_or("the `[` before the extras is not closed by a `]`")?;
    if inner.trim().is_empty() {
        return Ok((Vec::new(), rest));
    }
    let extra = |name: &str| {
        let name = name.trim();
        let wrong = || format!("`{name}` is no name of an extra");
        match (word(name), check_word(name)) {
            ((_, ""), Ok(())) => ExtraName::new(name.to_owned()).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    };
    Ok((inner.split(',').map(extra).collect::<Result<_, _>>()?, rest))
}

fn versions(text: &str) -> Result<Wanted, String> {
    let each = text.split(',').map(|one| VersionSpecifier::from_str(one).map_err(|error| error.to_string()));
    Ok(Wanted::Versions(each.collect::<Result<Vec<_>, _>>()?.into_iter().collect()))
}

/// A URL goes on to a blank before `;` or `#`, or to the end.
fn url(text: &str) -> Result<String, String> {
    let text = text.trim();
    let ends = |(at, _): &(usize, char)| text[*at..].trim_start().starts_with([';', '#']);
    let end = text.char_indices().filter(|(_, c)| c.is_whitespace()).find(ends).map_or(text.len(), |(at, _)| at);
    let url = text[..end].trim_end();
    if url.is_empty() {
        return Err("expected a URL after `@`".to_owned());
    }
    // `;` and then a blank: it may belong to the URL or open the marker.
    if let Some(at) = url.find(|c: char| c.is_whitespace())
        && let Some(mark) = url[..at].chars().next_back().filter(|c| matches!(c, ';' | '#'))
    {
        return Err(format!("there is no space before `{mark}`, so that it is not known where the URL ends"));
    }
    Ok(url.to_owned())
}

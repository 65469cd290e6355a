//! Requirements that are no names: URLs, repositories, paths, and what their text says of the distribution.
//!
//! Refuses to look anywhere but at the text, and at what the [`World`] says of a path.

use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifier, VersionSpecifiers};

use super::requirement::{Source, is_name_character};
use super::{PathKind, World};
use crate::event::Filename;

/// The schemes of URLs that pip takes as a requirement without a name.
const SCHEMES: [&str; 4] = ["http", "https", "file", "ftp"];

/// The version control systems with the transports that pip knows of each.
pub(super) const REPOSITORIES: [(&str, &[&str]); 4] = [
    ("git", &["http", "https", "ssh", "git", "file"]),
    ("hg", &["file", "http", "https", "ssh", "static-http"]),
    ("bzr", &["http", "https", "ssh", "sftp", "ftp", "lp", "file"]),
    ("svn", &["ssh", "http", "https", "svn", "file"]),
];

/// The endings by which pip knows an archive.
const ARCHIVES: [&str; 13] = [
    ".zip",
    ".whl",
    ".tar.bz2",
    ".tbz",
    ".tar.gz",
    ".tgz",
    ".tar",
    ".tar.xz",
    ".txz",
    ".tlz",
    ".tar.lz",
    ".tar.lzma",
    ".egg",
];

/// The scheme of a URL that pip takes without a name before it.
pub(super) fn scheme(text: &str) -> Option<String> {
    let (scheme, _) = text.split_once(':')?;
    let sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let scheme = sound.then(|| scheme.to_ascii_lowercase())?;
    (SCHEMES.contains(&scheme.as_str()) || is_repository(&scheme)).then_some(scheme)
}

pub(super) fn is_repository(scheme: &str) -> bool {
    let known = |(system, transport)| {
        REPOSITORIES.iter().any(|(known, transports)| *known == system && transports.contains(&transport))
    };
    scheme.split_once('+').is_some_and(known)
}

pub(super) fn source_of_url(url: &str, scheme: &str) -> Source {
    if is_repository(scheme) { Source::Repository(url.to_owned()) } else { Source::Url(url.to_owned()) }
}

/// The distribution that a URL names, and its version: by the name of a wheel, else by `#egg=`.
pub(super) fn named_by_url(url: &str) -> Result<(Option<String>, VersionSpecifiers), String> {
    let path = url.split(['#', '?']).next().unwrap_or_default().trim_end_matches('/');
    match named_by_wheel(path)? {
        (None, any) => Ok((egg_name(url)?, any)),
        named => Ok(named),
    }
}

/// The distribution and the version that the name of a wheel says. Other archives tell them only from within.
pub(super) fn named_by_wheel(path: &str) -> Result<(Option<String>, VersionSpecifiers), String> {
    let filename = path.rsplit('/').next().unwrap_or_default();
    if !filename.ends_with(".whl") {
        return Ok((None, VersionSpecifiers::empty()));
    }
    let wrong = || format!("`{filename}` is not a name of a wheel");
    let wheel = Filename::parse(&filename.replace("%2B", "+").replace("%2b", "+")).ok_or_else(wrong)?;
    let version = Version::from_str(&wheel.version.replace('_', "-")).map_err(|_| wrong())?;
    Ok((Some(wheel.name), VersionSpecifiers::from(VersionSpecifier::equals_version(version))))
}

/// The name in `#egg=name`.
pub(super) fn egg_name(url: &str) -> Result<Option<String>, String> {
    let Some(at) = url.find("#egg=").or_else(|| url.find("&egg=")) else { return Ok(None) };
    let egg = url[at + 5..].split('&').next().unwrap_or_default();
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    match egg.starts_with(is_edge) && egg.ends_with(is_edge) && egg.chars().all(is_name_character) {
        true => Ok(Some(egg.to_owned())),
        false => Err(format!("`{egg}` after `egg=` is not the name of a distribution")),
    }
}
/// `path[extras]` apart, as pip does: the brackets close the text.
pub(super) fn split_extras(text: &str) -> (&str, &str) {
    match text.strip_suffix(']').and_then(|open| open.rfind('[')) {
        Some(at) if at > 0 && at + 2 < text.len() && !text[at + 1..text.len() - 1].contains(']') => {
            (text[..at].trim_end(), &text[at..])
        }
        _ => (text, ""),
    }
}

/// The file or directory that `body` means, with its extras; `None` where it is no path.
pub(super) fn local_path<'a>(body: &'a str, world: &dyn World) -> Result<Option<(String, &'a str)>, String> {
    let (path, extras) = split_extras(body);
    if looks_like_path(body) {
        match world.kind(path) {
            PathKind::Project => return Ok(Some((path.to_owned(), extras))),
            PathKind::Directory => return Err("the directory holds neither pyproject.toml nor setup.py".to_owned()),
            PathKind::File | PathKind::Absent => {}
        }
    }
    let lower = path.to_ascii_lowercase();
    if !ARCHIVES.iter().any(|ending| *ending != ".egg" && lower.ends_with(ending)) {
        return Ok(None);
    }
    let is_named_url = || body.split_once('@').is_some_and(|(name, _)| !looks_like_path(name));
    match world.kind(path) != PathKind::File && is_named_url() {
        true => Ok(None),
        false => Ok(Some((path.to_owned(), extras))),
    }
}

pub(super) fn looks_like_path(text: &str) -> bool {
    text.contains('/') || text.starts_with('.')
}

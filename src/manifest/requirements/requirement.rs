//! One requirement: PEP 508, or what pip takes besides: a URL, a path, a repository of a version control system.
//!
//! Refuses to evaluate a marker; the caller knows for which environment.

use std::str::FromStr as _;

use pep440_rs::VersionSpecifiers;
use pep508_rs::{MarkerTree, MarkerWarningKind, Pep508Url, VersionOrUrl};

use super::fault::{Fault, Slip};
use super::{PathKind, World};
use crate::event::{Filename, Kind};

/// What a requirement asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The distribution as it is written; `None` where only its metadata tell (a directory, a bare URL of an archive).
    pub name: Option<String>,
    /// The extras, in canonical form.
    pub extras: Vec<String>,
    /// The versions that are accepted; empty accepts any.
    pub specifiers: VersionSpecifiers,
    /// When it counts at all.
    pub marker: Option<Marker>,
    /// From where it is to come.
    pub source: Source,
}

/// From where a requirement is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From an index, or from any place where pip looks.
    Index,
    /// From this URL, which may hold a secret.
    Url(String),
    /// From this file or directory; a relative path is meant from the directory in which pip runs.
    Path(String),
    /// From the repository at this URL, which may hold a secret.
    Repository(String),
}

impl Source {
    /// The URL or path, where there is one.
    pub fn location(&self) -> Option<&str> {
        match self {
            Source::Index => None,
            Source::Url(location) | Source::Path(location) | Source::Repository(location) => Some(location),
        }
    }
}

/// A marker as it is written and as it is understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// As it is written.
    pub text: String,
    /// As it is understood.
    pub tree: MarkerTree,
}

/// A URL after `@`, taken as it is: pip judges it when it fetches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct DirectUrl(String);

impl std::fmt::Display for DirectUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pep508Url for DirectUrl {
    type Err = std::convert::Infallible;

    fn parse_url(url: &str, _: Option<&std::path::Path>) -> Result<Self, Self::Err> {
        Ok(DirectUrl(url.to_owned()))
    }
}

/// A PEP 508 requirement whose URL is taken as it is.
pub(super) type Pep508 = pep508_rs::Requirement<DirectUrl>;

/// The schemes of URLs that pip takes as a requirement without a name.
const SCHEMES: [&str; 4] = ["http", "https", "file", "ftp"];

/// The version control systems with the transports that pip knows of each.
const REPOSITORIES: [(&str, &[&str]); 4] = [
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

/// A requirement of a line, with what is odd about it.
///
/// # Errors
/// What pip would refuse. `written` is what an error shows.
pub(super) fn parse(text: &str, written: &str, world: &dyn World) -> Result<(Requirement, Vec<String>), Fault> {
    let wrong = |reason: String, slip| Fault::Requirement { line: written.to_owned(), reason, slip };
    let url_scheme = scheme(text);
    let separator = if url_scheme.is_some() { "; " } else { ";" };
    let (body, marker) = match text.split_once(separator) {
        Some((body, marker)) => (body.trim(), marker.trim()),
        None => (text.trim(), ""),
    };
    let mut oddities = Vec::new();
    let marker = parse_marker(marker, &mut oddities).map_err(|reason| wrong(reason, Slip::Marker))?;

    let requirement = if let Some(scheme) = url_scheme {
        let source = source_of_url(body, &scheme);
        let name = name_of_url(body).map_err(|reason| wrong(reason, Slip::Unclear))?;
        Requirement { name, extras: Vec::new(), specifiers: VersionSpecifiers::empty(), marker, source }
    } else if let Some((path, extras)) = local_path(body, world).map_err(|reason| wrong(reason, Slip::Directory))? {
        if world.kind(&path) == PathKind::Absent {
            oddities.push(format!("`{written}` looks like a file, and none is there"));
        }
        let extras = parse_extras(extras).map_err(|reason| wrong(reason, Slip::Unclear))?;
        let name = name_of_file(&path).map_err(|reason| wrong(reason, Slip::Unclear))?;
        Requirement { name, extras, specifiers: VersionSpecifiers::empty(), marker, source: Source::Path(path) }
    } else {
        let parsed = pep508(body).map_err(|reason| wrong(reason, slip_of(body)))?;
        from_pep508(parsed, body, marker)
    };
    Ok((requirement, oddities))
}

/// The requirement of `-e`.
///
/// # Errors
/// What pip would refuse.
pub(super) fn parse_editable(
    text: &str,
    written: &str,
    world: &dyn World,
) -> Result<(Requirement, Vec<String>), Fault> {
    let wrong = |reason: String| Fault::Editable { line: written.to_owned(), reason };
    let mut oddities = Vec::new();
    if let Ok(parsed) = pep508(text)
        && let Some(VersionOrUrl::Url(url)) = &parsed.version_or_url
    {
        let source = match scheme(&url.0) {
            Some(scheme) if is_repository(&scheme) => Source::Repository(url.0.clone()),
            Some(scheme) if scheme == "file" => Source::Url(url.0.clone()),
            _ => return Err(wrong("it is neither a directory nor a repository".to_owned())),
        };
        let marker = text.split_once(" ;").or_else(|| text.split_once("\t;")).map_or("", |(_, marker)| marker.trim());
        let marker = parse_marker(marker, &mut oddities).map_err(wrong)?;
        return Ok((Requirement { source, ..from_pep508(parsed, text, marker) }, oddities));
    }
    let (path, extras) = split_extras(text);
    let extras = parse_extras(extras).map_err(wrong)?;
    let plain = |name, extras, source| {
        (Requirement { name, extras, specifiers: VersionSpecifiers::empty(), marker: None, source }, Vec::new())
    };
    if matches!(world.kind(path), PathKind::Project | PathKind::Directory) {
        return Ok(plain(None, extras, Source::Path(path.to_owned())));
    }
    if path.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:")) {
        return Ok(plain(egg_name(path).map_err(wrong)?, extras, Source::Url(path.to_owned())));
    }
    let lower = text.to_ascii_lowercase();
    let url = match REPOSITORIES
        .iter()
        .find(|(system, _)| lower.strip_prefix(system).is_some_and(|rest| rest.starts_with(':')))
    {
        Some((system, _)) => format!("{system}+{text}"),
        None => text.to_owned(),
    };
    match scheme(&url) {
        Some(scheme) if is_repository(&scheme) => match egg_name(&url).map_err(wrong)? {
            Some(name) => Ok(plain(Some(name), Vec::new(), Source::Repository(url))),
            None => Err(wrong("it does not say which distribution the repository holds".to_owned())),
        },
        _ => Err(wrong("it is neither a directory nor a repository".to_owned())),
    }
}

fn from_pep508(parsed: Pep508, body: &str, marker: Option<Marker>) -> Requirement {
    let (specifiers, source) = match parsed.version_or_url {
        None => (VersionSpecifiers::empty(), Source::Index),
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => (specifiers, Source::Index),
        Some(VersionOrUrl::Url(url)) => {
            let scheme = scheme(&url.0).unwrap_or_default();
            (VersionSpecifiers::empty(), source_of_url(&url.0, &scheme))
        }
    };
    let body = body.trim();
    let name = &body[..body.find(|c| !is_name_character(c)).unwrap_or(body.len())];
    let extras = parsed.extras.iter().map(ToString::to_string).collect();
    Requirement { name: Some(name.to_owned()), extras, specifiers, marker, source }
}

/// `text` as PEP 508 has it; the reason alone on failure, since the underlined form of the library's error divides
/// bytes as characters.
pub(super) fn pep508(text: &str) -> Result<Pep508, String> {
    let text = text.trim();
    let (name, rest) = text.split_at(text.find(|c| !is_name_character(c)).unwrap_or(text.len()));
    let bracketed = rest.trim_start().strip_prefix('[').and_then(|open| open.split(']').next()).unwrap_or_default();
    // The library takes these for impossible, and panics.
    if let Some(word) =
        std::iter::once(name).chain(bracketed.split(',')).find(|word| word.trim().ends_with(['-', '_', '.']))
    {
        return Err(format!("`{}` does not end in a letter or a digit", word.trim()));
    }
    Pep508::from_str(text).map_err(|error| error.message.to_string())
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn parse_marker(text: &str, oddities: &mut Vec<String>) -> Result<Option<Marker>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut report =
        |_: MarkerWarningKind, message: String| oddities.push(format!("in the marker `{text}`: {message}"));
    match MarkerTree::parse_reporter(text, &mut report) {
        Ok(tree) => Ok(Some(Marker { text: text.to_owned(), tree })),
        Err(error) => Err(error.message.to_string()),
    }
}

fn parse_extras(extras: &str) -> Result<Vec<String>, String> {
    let parsed = pep508(&format!("placeholder{}", extras.to_lowercase()))?;
    Ok(parsed.extras.iter().map(ToString::to_string).collect())
}

/// `path[extras]` apart, as pip does: the brackets close the text.
fn split_extras(text: &str) -> (&str, &str) {
    match text.strip_suffix(']').and_then(|open| open.rfind('[')) {
        Some(at) if at > 0 && at + 2 < text.len() && !text[at + 1..text.len() - 1].contains(']') => {
            (text[..at].trim_end(), &text[at..])
        }
        _ => (text, ""),
    }
}

/// The file or directory that `body` means, with its extras; `None` where it is no path.
fn local_path<'a>(body: &'a str, world: &dyn World) -> Result<Option<(String, &'a str)>, String> {
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

fn looks_like_path(text: &str) -> bool {
    text.contains('/') || text.starts_with('.')
}

fn slip_of(body: &str) -> Slip {
    let has_operator = ["~=", "==", "!=", "<=", ">=", "<", ">"].iter().any(|operator| body.contains(operator));
    match body {
        _ if body.contains('/') && !body.contains('@') => Slip::Path,
        _ if body.contains('=') && !has_operator => Slip::SingleEquals,
        _ => Slip::Unclear,
    }
}

/// The scheme of a URL that pip takes without a name before it.
fn scheme(text: &str) -> Option<String> {
    let (scheme, _) = text.split_once(':')?;
    let sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let scheme = sound.then(|| scheme.to_ascii_lowercase())?;
    (SCHEMES.contains(&scheme.as_str()) || is_repository(&scheme)).then_some(scheme)
}

fn is_repository(scheme: &str) -> bool {
    let known = |(system, transport)| {
        REPOSITORIES.iter().any(|(known, transports)| *known == system && transports.contains(&transport))
    };
    scheme.split_once('+').is_some_and(known)
}

fn source_of_url(url: &str, scheme: &str) -> Source {
    if is_repository(scheme) { Source::Repository(url.to_owned()) } else { Source::Url(url.to_owned()) }
}

/// The distribution that a URL names: by `#egg=`, or by the name of a wheel.
fn name_of_url(url: &str) -> Result<Option<String>, String> {
    let path = url.split(['#', '?']).next().unwrap_or_default().trim_end_matches('/');
    match name_of_file(path)? {
        Some(name) => Ok(Some(name)),
        None => egg_name(url),
    }
}

/// The distribution that the name of a wheel says. Other archives tell it only from within.
fn name_of_file(path: &str) -> Result<Option<String>, String> {
    let filename = path.rsplit('/').next().unwrap_or_default();
    if !filename.ends_with(".whl") {
        return Ok(None);
    }
    match Filename::parse(&filename.replace("%2B", "+").replace("%2b", "+")) {
        Some(wheel) if wheel.kind == Kind::Wheel => Ok(Some(wheel.name)),
        _ => Err(format!("`{filename}` is not a name of a wheel")),
    }
}

/// The name in `#egg=name`.
fn egg_name(url: &str) -> Result<Option<String>, String> {
    let Some(at) = url.find("#egg=").or_else(|| url.find("&egg=")) else { return Ok(None) };
    let egg = url[at + 5..].split('&').next().unwrap_or_default();
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    match egg.starts_with(is_edge) && egg.ends_with(is_edge) && egg.chars().all(is_name_character) {
        true => Ok(Some(egg.to_owned())),
        false => Err(format!("`{egg}` after `egg=` is not the name of a distribution")),
    }
}

//! One requirement: PEP 508, or what pip takes besides: a URL, a path, a repository of a version control system.
//!
//! Refuses to evaluate a marker; the caller knows for which environment.

use std::borrow::Cow;

use pep440_rs::VersionSpecifiers;
use pep508_rs::{MarkerTree, MarkerWarningKind};

use super::fault::{Fault, Slip};
use super::location::{
    REPOSITORIES, egg_name, is_repository, local_path, named_by_url, named_by_wheel, scheme, source_of_url,
    split_extras,
};
use super::pep508::{self, Pep508, Wanted};
use super::{PathKind, World};

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

impl Requirement {
    /// A requirement of core metadata or of a build system: PEP 508 and nothing else.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse_metadata(text: &str) -> Result<Self, String> {
        let parsed = pep508(text)?;
        // A URL may hold a semicolon: there only one after a blank opens the marker.
        let is_url = matches!(parsed.wanted, Wanted::Url(_));
        let opening = if is_url { text.find(" ;").map(|at| at + 1) } else { text.find(';') };
        let marker = opening.map_or("", |at| text[at + 1..].trim());
        let marker = parse_marker(marker, &mut Vec::new())?;
        Ok(from_pep508(parsed, text, marker))
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
        let (name, specifiers) = named_by_url(body).map_err(|reason| wrong(reason, Slip::Unclear))?;
        Requirement { name, extras: Vec::new(), specifiers, marker, source }
    } else if let Some((path, extras)) = local_path(body, world).map_err(|reason| wrong(reason, Slip::Directory))? {
        if world.kind(&path) == PathKind::Absent {
            oddities.push(format!("`{written}` looks like a file, and none is there"));
        }
        let extras = parse_extras(extras).map_err(|reason| wrong(reason, Slip::Unclear))?;
        let (name, specifiers) = named_by_wheel(&path).map_err(|reason| wrong(reason, Slip::Unclear))?;
        Requirement { name, extras, specifiers, marker, source: Source::Path(path) }
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
        && let Wanted::Url(url) = &parsed.wanted
    {
        let source = match scheme(url) {
            Some(scheme) if is_repository(&scheme) => Source::Repository(url.clone()),
            Some(scheme) if scheme == "file" => Source::Url(url.clone()),
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
    let mut extras: Vec<String> = parsed.extras.iter().map(ToString::to_string).collect();
    let (specifiers, source) = match parsed.wanted {
        Wanted::Versions(specifiers) => (specifiers, Source::Index),
        Wanted::Url(url) => {
            let scheme = scheme(&url).unwrap_or_default();
            extras.extend(parse_extras(split_extras(&url).1).unwrap_or_default());
            (VersionSpecifiers::empty(), source_of_url(&url, &scheme))
        }
    };
    let body = body.trim();
    let name = &body[..body.find(|c| !is_name_character(c)).unwrap_or(body.len())];
    Requirement { name: Some(name.to_owned()), extras, specifiers, marker, source }
}

/// `text` as PEP 508 has it, its marker left alone. As pip does, this takes a comma after the last specifier, and no
/// blank but space and tab.
fn pep508(text: &str) -> Result<Pep508, String> {
    let text = text.trim_matches([' ', '\t']);
    if let Some(blank) = text.chars().find(|c| c.is_whitespace() && !matches!(c, ' ' | '\t')) {
        return Err(format!("it holds a blank that is no space: U+{:04X}", u32::from(blank)));
    }
    let text = without_last_comma(text);
    pep508::parse(&text)
}

fn without_last_comma(text: &str) -> Cow<'_, str> {
    let (head, tail) = text.split_at(text.find(';').unwrap_or(text.len()));
    let (head, bracket) = head.trim_end().strip_suffix(')').map_or((head, ""), |open| (open, ")"));
    match head.trim_end().strip_suffix(',') {
        Some(rest) if rest.contains(['=', '<', '>']) && !rest.contains('@') => {
            Cow::Owned(format!("{rest}{bracket}{tail}"))
        }
        _ => Cow::Borrowed(text),
    }
}

pub(super) fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn parse_marker(text: &str, oddities: &mut Vec<String>) -> Result<Option<Marker>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    // The parser counts characters where it cuts bytes, in words that stand where `and` or `or` is due. Only what has
    // the form of a marker comes to it with other characters than ASCII's, and then no word holds any of them.
    let form: String = text.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect();
    if form != text {
        MarkerTree::parse_reporter(&quotes_apart(&form), &mut |_: MarkerWarningKind, _: String| {})
            .map_err(|error| error.message.to_string())?;
    }
    let mut report =
        |_: MarkerWarningKind, message: String| oddities.push(format!("in the marker `{text}`: {message}"));
    match MarkerTree::parse_reporter(&quotes_apart(text), &mut report) {
        Ok(tree) => Ok(Some(Marker { text: text.to_owned(), tree })),
        Err(error) => Err(error.message.to_string()),
    }
}

/// A marker with a blank on either side of each quoted text.
fn quotes_apart(marker: &str) -> String {
    let mut apart = String::with_capacity(marker.len() + 8);
    let mut quote = None;
    for letter in marker.chars() {
        match (quote, letter) {
            (None, '"' | '\'') => {
                apart.extend([' ', letter]);
                quote = Some(letter);
            }
            (Some(open), _) if open == letter => {
                apart.extend([letter, ' ']);
                quote = None;
            }
            _ => apart.push(letter),
        }
    }
    apart
}

fn parse_extras(extras: &str) -> Result<Vec<String>, String> {
    let parsed = pep508(&format!("placeholder{}", extras.to_lowercase()))?;
    Ok(parsed.extras.iter().map(ToString::to_string).collect())
}

fn slip_of(body: &str) -> Slip {
    let has_operator = ["~=", "==", "!=", "<=", ">=", "<", ">"].iter().any(|operator| body.contains(operator));
    match body {
        _ if body.contains('/') && !body.contains('@') => Slip::Path,
        _ if body.contains('=') && !has_operator => Slip::SingleEquals,
        _ => Slip::Unclear,
    }
}

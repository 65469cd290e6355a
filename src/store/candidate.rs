//! A distribution file as a candidate for a requirement.

use std::path::Path;
use std::str::FromStr as _;

use pep440_rs::Version;

use super::source_tree::{self, Known, says_something};
use super::{Distribution, Error, archive};
use crate::event::{Filename, Kind, Sha256};
use crate::manifest::closure::{Candidate, Wish};
use crate::manifest::metadata::CoreMetadata;

/// The candidate that a file is; `None` where pip would pass over it, since its version is none. A file that cannot be
/// read is a broken candidate: pip would take it by its name, and fail.
pub fn candidate(file: &Distribution, sha256: Option<Sha256>) -> Option<Candidate> {
    let parsed = &file.parsed;
    let version = Version::from_str(&parsed.version.replace('_', "-")).ok()?;
    let mut candidate = Candidate {
        sha256,
        tags: parsed.tags.clone(),
        build_number: parsed.build.clone(),
        ..Candidate::new(&parsed.name, version, file.filename.clone())
    };
    let read = match parsed.kind {
        Kind::Wheel => wheel(&file.path).map(|metadata| apply(&mut candidate, &metadata, &metadata.requires)),
        _ => sdist(&file.path).map(|known| apply_known(&mut candidate, known)),
    };
    if let Err(error) = read {
        match error {
            // pip may well be able to read it.
            Error::Malformed { reason, .. } if reason.contains("not known here") => candidate.doubts.push(reason),
            error => candidate.broken = Some(error.reason()),
        }
    }
    Some(candidate)
}

/// The candidate at a path of a requirement: a wheel, an sdist or a project's directory.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn local(path: &Path) -> Result<Candidate, String> {
    if path.is_dir() {
        let known = source_tree::read(&source_tree::of_directory(path))?;
        let directory = path.canonicalize().map_err(|error| error.to_string())?;
        let fallback =
            directory.file_name().map_or("project".to_owned(), |name| crate::event::text(name.as_encoded_bytes()));
        let version = known.version.as_deref().and_then(|version| version.parse().ok());
        let version = version.unwrap_or_else(|| Version::new([0]));
        let name = known.name.clone().unwrap_or(fallback);
        let mut candidate = Candidate::new(&name, version, path.display().to_string());
        apply_known(&mut candidate, known);
        return Ok(candidate);
    }
    let filename = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let size_bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    let parsed = Filename::parse(&filename).ok_or("its name is not that of a wheel or a source distribution")?;
    let file = Distribution { path: path.to_owned(), filename, parsed, size_bytes };
    let found = candidate(&file, super::sha256(path).ok()).ok_or("the version in its name is none")?;
    match found.broken {
        Some(reason) => Err(reason),
        None => Ok(found),
    }
}

fn apply_known(candidate: &mut Candidate, known: Known) {
    candidate.doubts.extend(known.doubts);
    apply(candidate, &known.metadata.unwrap_or_default(), &known.requires);
    candidate.extras.extend(known.extras.iter().filter_map(|extra| extra.parse().ok()));
    candidate.build = Some(known.build);
}

fn apply(candidate: &mut Candidate, metadata: &CoreMetadata, requires: &[String]) {
    candidate.extras.extend(metadata.extras.iter().filter_map(|extra| extra.parse().ok()));
    candidate.requires_python.clone_from(&metadata.requires_python);
    candidate.doubts.extend(metadata.unclear.iter().map(|field| format!("`{field}` cannot be understood")));
    for requirement in requires {
        match Wish::parse(requirement) {
            Ok(wish) => candidate.requires.push(wish),
            Err(reason) => {
                candidate.doubts.push(format!("`Requires-Dist: {requirement}` cannot be understood: {reason}"))
            }
        }
    }
}

/// The metadata of a wheel.
fn wheel(path: &Path) -> Result<CoreMetadata, Error> {
    let is_metadata = |name: &str| {
        name.strip_suffix("/METADATA")
            .is_some_and(|directory| directory.ends_with(".dist-info") && !directory.contains('/'))
    };
    let members = archive::members(path, &is_metadata)?;
    let malformed = |reason| Error::Malformed { path: path.to_owned(), reason };
    match members.values().next() {
        Some(metadata) => CoreMetadata::parse(metadata).map_err(malformed),
        None => Err(malformed("it holds no METADATA".to_owned())),
    }
}

/// What an sdist says, which stands in its one directory.
fn sdist(path: &Path) -> Result<Known, Error> {
    let inner = |name: &str| name.split_once('/').map(|(_, rest)| rest.to_owned());
    let members = archive::members(path, &|name| inner(name).is_some_and(|name| says_something(&name)))?;
    let tree = members.into_iter().filter_map(|(name, content)| Some((inner(&name)?, content))).collect();
    source_tree::read(&tree).map_err(|reason| Error::Malformed { path: path.to_owned(), reason })
}

//! What earlier sessions had obtained: enough to tell the first time from a repetition, and a change from both.

use std::collections::{HashMap, HashSet};

use super::mounts::cache_mount;
use crate::event::{Artifact, Ecosystem, Session, Sha256, canonical_name};

/// What tells two files apart: their bytes where these are known, else their name, else where they came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// The same bytes.
    Bytes(Sha256),
    /// The same file name in the same package world.
    Named(Ecosystem, String),
}

impl Identity {
    /// Of an artifact; `None` where not even an address is known.
    pub fn of(artifact: &Artifact) -> Option<Self> {
        let name = || artifact.filename.as_ref().or(artifact.source.as_ref());
        match artifact.sha256 {
            Some(digest) => Some(Identity::Bytes(digest)),
            None => name().map(|name| Identity::Named(artifact.ecosystem, name.clone())),
        }
    }
}

/// A distribution or package, whatever its version: a Python name in its canonical spelling, a Debian name with its
/// architecture.
pub type Package = (Ecosystem, String);

/// The package that an artifact is a file of.
pub fn package(artifact: &Artifact) -> Option<Package> {
    let name = artifact.name.as_deref()?;
    let name = match (artifact.ecosystem, &artifact.arch) {
        (Ecosystem::Deb, Some(arch)) => format!("{name}:{arch}"),
        (Ecosystem::Deb, None) => name.to_owned(),
        _ => canonical_name(name),
    };
    Some((artifact.ecosystem, name))
}

/// Package files of earlier sessions.
#[derive(Clone, Debug, Default)]
pub struct History {
    files: HashSet<Identity>,
    /// In which places files were, with the machine.
    kept: HashSet<(Identity, String, String)>,
    versions: HashMap<Package, String>,
    sessions: usize,
}

impl History {
    /// Adds a session; the later one of two says which version came last.
    pub fn add(&mut self, session: &Session) {
        self.sessions += 1;
        for artifact in session.downloads.all().filter(|artifact| artifact.kind.is_package()) {
            // What failed was not obtained.
            if artifact.cached().is_none() {
                continue;
            }
            if let Some(identity) = Identity::of(artifact) {
                if let Some((host, place)) = place(session, artifact) {
                    self.kept.insert((identity.clone(), host.to_owned(), place.to_owned()));
                }
                self.files.insert(identity);
            }
            if let (Some(package), Some(version)) = (package(artifact), &artifact.version) {
                self.versions.insert(package, version.clone());
            }
        }
    }

    /// How many sessions it holds.
    pub fn sessions(&self) -> usize {
        self.sessions
    }

    /// Whether this file was obtained before.
    pub fn knows(&self, artifact: &Artifact) -> bool {
        Identity::of(artifact).is_some_and(|identity| self.files.contains(&identity))
    }

    /// Whether this very file lay where it was downloaded to now, on the same machine: in the same cache mount, or at the
    /// same path and no image layer between.
    pub(super) fn had_it_there(&self, session: &Session, artifact: &Artifact) -> bool {
        let (Some(identity), Some((host, place))) = (Identity::of(artifact), place(session, artifact)) else {
            return false;
        };
        self.kept.contains(&(identity, host.to_owned(), place.to_owned()))
    }

    /// The version of the same package that came last.
    pub fn last_version(&self, artifact: &Artifact) -> Option<&str> {
        self.versions.get(&package(artifact)?).map(String::as_str)
    }
}

/// The machine and the place at which a file is found again by a later session.
fn place<'a>(session: &'a Session, artifact: &'a Artifact) -> Option<(&'a str, &'a str)> {
    let place = match &artifact.step {
        Some(step) => cache_mount(step.instruction.as_deref()?, artifact.ecosystem)?,
        None => artifact.destination.as_deref()?,
    };
    Some((session.build_info.hostname.as_deref()?, place))
}

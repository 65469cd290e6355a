//! What earlier sessions had obtained: enough to tell the first time from a repetition, and a change from both.

use std::collections::{HashMap, HashSet};

use super::mounts::cache_mount;
use crate::event::{Artifact, Ecosystem, Obtained, Past, Session, Sha256, canonical_name};

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
    pub fn of<'a>(artifact: impl Into<Obtained<'a>>) -> Option<Self> {
        let Obtained { ecosystem, filename, source, sha256, .. } = artifact.into();
        match sha256 {
            Some(digest) => Some(Identity::Bytes(digest)),
            None => filename.or(source).map(|name| Identity::Named(ecosystem, name.into_owned())),
        }
    }
}

/// A distribution or package, whatever its version: a Python name in its canonical spelling, a Debian name with its
/// architecture.
pub type Package = (Ecosystem, String);

/// The package that an artifact is a file of.
pub fn package<'a>(artifact: impl Into<Obtained<'a>>) -> Option<Package> {
    let Obtained { ecosystem, name, arch, .. } = artifact.into();
    let name = name?;
    let name = match (ecosystem, arch) {
        (Ecosystem::Deb, Some(arch)) => format!("{name}:{arch}"),
        (Ecosystem::Deb, None) => name.into_owned(),
        _ => canonical_name(&name),
    };
    Some((ecosystem, name))
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
        self.add_past(&Past::from(session));
    }

    /// Adds what is known of a session that is past.
    pub fn add_past(&mut self, past: &Past<'_>) {
        self.sessions += 1;
        for file in past.files.iter().filter(|file| file.kind.is_package()) {
            // What failed was not obtained.
            if file.origin.cached().is_none() {
                continue;
            }
            if let Some(identity) = Identity::of(file.clone()) {
                if let Some((host, place)) = place(past.hostname.as_deref(), file) {
                    self.kept.insert((identity.clone(), host.to_owned(), place.to_owned()));
                }
                self.files.insert(identity);
            }
            if let (Some(package), Some(version)) = (package(file.clone()), &file.version) {
                let last = self.versions.entry(package).or_default();
                if last != version {
                    version.as_ref().clone_into(last);
                }
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
        let (host, file) = (session.build_info.hostname.as_deref(), Obtained::from(artifact));
        let (Some(identity), Some((host, place))) = (Identity::of(artifact), place(host, &file)) else {
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
fn place<'a>(host: Option<&'a str>, file: &'a Obtained<'_>) -> Option<(&'a str, &'a str)> {
    let place = match &file.step {
        Some(step) => cache_mount(step.text.as_deref()?, file.ecosystem)?,
        None => file.destination.as_deref()?,
    };
    Some((host?, place))
}

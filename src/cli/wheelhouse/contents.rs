//! What is in a wheelhouse: its files with their digests, and its manifest.

use std::collections::HashMap;
use std::path::Path;

use crate::cli::{Cannot as _, Hint as _};
use crate::event::{Origin, Sha256};
use crate::manifest::closure::{Candidate, Pool};
use crate::manifest::wheelhouse::{MANIFEST, Present, Success, WheelhouseManifest};
use crate::store::{self, Distribution};

/// The files of a wheelhouse.
pub(super) struct Contents {
    pub(super) files: Vec<(Distribution, Result<Sha256, String>)>,
}

impl Contents {
    /// Lists and hashes the files.
    pub(super) fn of(directory: &Path) -> anyhow::Result<Self> {
        let files = store::scan(directory).cannot().hint("name the directory of the wheels with --wheelhouse DIR")?;
        let digests = store::hashed(&files).into_iter().map(|digest| digest.map_err(|error| error.reason()));
        Ok(Contents { files: files.iter().cloned().zip(digests).collect() })
    }

    /// The files as a manifest is held against them.
    pub(super) fn present(&self) -> Vec<Present> {
        let present = |(file, digest): &(Distribution, Result<Sha256, String>)| Present {
            filename: file.filename.clone(),
            size_bytes: file.size_bytes,
            sha256: digest.clone(),
        };
        self.files.iter().map(present).collect()
    }

    /// The files as candidates for requirements.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        self.files.iter().filter_map(|(file, digest)| store::candidate(file, digest.clone().ok())).collect()
    }

    /// The same, to choose from.
    pub(super) fn pool(&self) -> Pool {
        let mut pool = Pool::default();
        self.candidates().into_iter().for_each(|candidate| pool.add(candidate));
        pool
    }

    /// A line of a manifest for each file that can be read. What an earlier manifest says of the very same bytes is
    /// kept: where they came from does not change by looking at them.
    pub(super) fn lines(&self, earlier: Option<&WheelhouseManifest>) -> Vec<Success> {
        let known: HashMap<&str, &Success> = earlier
            .into_iter()
            .flat_map(|manifest| &manifest.success)
            .map(|line| (line.filename.as_str(), line))
            .collect();
        let line = |(file, digest): &(Distribution, Result<Sha256, String>)| {
            let sha256 = *digest.as_ref().ok()?;
            if let Some(line) = known.get(file.filename.as_str()).filter(|line| line.sha256 == sha256) {
                return Some((*line).clone());
            }
            Some(Success {
                filename: file.filename.clone(),
                name: file.parsed.name.clone(),
                version: file.parsed.version.clone(),
                kind: file.parsed.kind,
                tags: file.parsed.tags.as_ref().map(ToString::to_string),
                url: None,
                size_bytes: file.size_bytes,
                sha256,
                origin: Origin::Unknown,
                cached: None,
                requirement: None,
                required_by: Vec::new(),
                at: None,
            })
        };
        self.files.iter().filter_map(line).collect()
    }
}

/// The manifest of a wheelhouse; `None` where it has none.
pub(super) fn manifest_of(directory: &Path) -> anyhow::Result<Option<WheelhouseManifest>> {
    let path = directory.join(MANIFEST);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(anyhow::Error::new(error).context(format!("cannot read `{}`", path.display()))),
    };
    let manifest = WheelhouseManifest::parse(&bytes)
        .map_err(|reason| anyhow::anyhow!("cannot read `{}`: {reason}", path.display()))
        .hint("`wheeltap wheelhouse manifest --write` makes a new one from the files that are there")?;
    Ok(Some(manifest))
}

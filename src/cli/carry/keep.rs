//! Which files recorded sessions took on.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::bail;

use crate::classify::apt::PackageFile;
use crate::cli::{Cannot as _, Hint as _};
use crate::event::{Artifact, Origin, Sha256};
use crate::ledger::{self, Directory};
use crate::store::{Collection, Member};

/// What is to be kept: files by their digest, their name, or what their name says.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    digests: BTreeSet<Sha256>,
    names: BTreeSet<String>,
    packages: BTreeSet<(String, String, String)>,
}

/// What the sessions took on; they are named as for `wheeltap report`.
///
/// # Errors
/// When one cannot be read, or does not know all that its build took on.
pub(crate) fn kept_by(sessions: &[PathBuf]) -> anyhow::Result<Kept> {
    let directory = Directory::from_environment();
    let mut kept = Kept::default();
    for wanted in sessions {
        let session = ledger::load(&directory, Some(wanted)).cannot()?.session;
        if !session.summary.complete {
            let id = &session.session_id;
            let refused: anyhow::Result<()> =
                (|| bail!("cannot prune by session {id}: it does not know all that its build took on"))();
            refused.hint(format!("`wheeltap report {id}` says what it could not see"))?;
        }
        session
            .downloads
            .all()
            .filter(|artifact| artifact.origin != Origin::Failed)
            .for_each(|artifact| kept.add(artifact));
    }
    Ok(kept)
}

impl Kept {
    /// These files, and no others.
    pub(crate) fn names(names: impl IntoIterator<Item = String>) -> Self {
        Kept { names: names.into_iter().collect(), ..Kept::default() }
    }

    /// All that either keeps.
    pub(crate) fn and(mut self, other: Kept) -> Self {
        self.digests.extend(other.digests);
        self.names.extend(other.names);
        self.packages.extend(other.packages);
        self
    }

    fn add(&mut self, artifact: &Artifact) {
        self.digests.extend(artifact.sha256);
        self.names.extend(artifact.filename.as_deref().map(str::to_owned));
        if let (Some(name), Some(version), Some(arch)) = (&artifact.name, &artifact.version, &artifact.arch) {
            self.packages.insert((name.to_string(), version.to_string(), arch.to_string()));
        }
    }

    /// Whether a file is among them; its digest is asked for only where its name does not tell.
    pub(super) fn has(&self, collection: Collection, member: &Member) -> bool {
        let package = || {
            let PackageFile { name, version, arch } = PackageFile::parse(&member.filename)?;
            Some(self.packages.contains(&(name, version, arch)))
        };
        self.names.contains(&member.filename)
            || collection == Collection::AptArchives && package() == Some(true)
            || !self.digests.is_empty()
                && crate::store::sha256(&member.path).is_ok_and(|digest| self.digests.contains(&digest))
    }
}

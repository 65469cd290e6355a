//! The files of wheelhouses and archives that vouch for the bytes of a session's artifacts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::event::{Session, Sha256};
use crate::manifest::wheelhouse::{MANIFEST, WheelhouseManifest};
use crate::store;

/// Where apt keeps what it has.
const ARCHIVES: &str = "/var/cache/apt/archives";

/// More files are not hashed for one session.
const MOST: usize = 4096;

/// The digests, each with the place that has it: those that a manifest lists, and those of files that have the name of
/// an artifact and lie where artifacts came from, in `wheelhouse/` or in apt's archives.
pub(super) fn of(session: &Session) -> BTreeMap<Sha256, String> {
    let artifacts = || session.downloads.all().filter(|artifact| artifact.kind.is_package());
    let mut names = BTreeSet::<&str>::new();
    names.extend(artifacts().filter_map(|artifact| artifact.filename.as_deref()));
    let sources = artifacts().filter_map(|artifact| local(artifact.source.as_deref()?));
    let parents = sources.filter_map(|path| path.parent().map(Path::to_owned));
    let usual =
        std::env::var_os("WHEELHOUSE").map(PathBuf::from).into_iter().chain(["wheelhouse".into(), ARCHIVES.into()]);
    let mut places = BTreeSet::<PathBuf>::new();
    places.extend(parents.chain(usual));
    let mut entries = BTreeMap::new();
    let mut hashed = 0;
    for place in places {
        let shown = crate::event::text(place.as_os_str().as_encoded_bytes());
        let manifest =
            std::fs::read(place.join(MANIFEST)).ok().and_then(|bytes| WheelhouseManifest::parse(&bytes).ok());
        entries.extend(manifest.iter().flat_map(|one| &one.success).map(|file| (file.sha256, shown.clone())));
        for name in names.iter().filter(|name| !name.contains('/')) {
            let file = place.join(name);
            if hashed < MOST && file.is_file() {
                hashed += 1;
                entries.extend(store::sha256(&file).ok().map(|digest| (digest, shown.clone())));
            }
        }
    }
    entries
}

/// The path that a source is, if it is one.
fn local(source: &str) -> Option<PathBuf> {
    let path = source.strip_prefix("file://localhost").or_else(|| source.strip_prefix("file://")).unwrap_or(source);
    path.starts_with('/').then(|| PathBuf::from(path))
}

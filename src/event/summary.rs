//! The figures of a session, each a formula over its artifacts, invocations and attempts.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Artifact, AttemptKind, Ecosystem, Origin, Session};

/// The figures of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// All artifacts of whatever kind.
    pub total_artifacts: u64,
    /// Package files that were downloaded.
    pub total_downloads: u64,
    /// Package files that a cache or a local file spared.
    pub total_cached: u64,
    /// Package files whose origin is unknown.
    pub total_unknown: u64,
    /// Package files that were tried and not obtained.
    pub total_failed: u64,
    /// Bytes of downloaded artifacts of any kind whose exact size is known.
    pub bytes_downloaded: u64,
    /// Bytes of cached artifacts of any kind whose exact size is known.
    pub bytes_cached: u64,
    /// Cached package files over cached and downloaded ones, 0 to 1; `null` when there are none.
    pub cache_hit_rate: Option<f64>,
    /// Visible tries to reach the network.
    pub network_attempts: u64,
    /// Downloads of a package file that this session had downloaded already.
    pub duplicate_downloads: u64,
    /// See [`install_method`], over all invocations.
    pub install_method: Option<String>,
    /// Whether the origin of every package file is known, nothing is degraded, clipped or unseen, and the end of every
    /// invocation was seen. An index page or a metadata file may be unknown: no figure of package files rests on it.
    pub complete: bool,
}

impl Summary {
    /// The figures of `session`, whatever its own `summary` says.
    pub fn of(session: &Session) -> Self {
        // What the kernel saw, the tools' own words tell already.
        let visible = session.network.attempts.iter().filter(|attempt| attempt.kind != AttemptKind::Witnessed);
        let mut summary = Summary {
            network_attempts: visible.map(|attempt| attempt.count).sum(),
            install_method: install_method(session.downloads.all()).map(str::to_owned),
            ..Summary::default()
        };
        let mut downloaded = HashSet::new();
        for artifact in session.downloads.all() {
            summary.total_artifacts += 1;
            match artifact.cached() {
                Some(true) => summary.bytes_cached += artifact.size_bytes.unwrap_or(0),
                Some(false) => summary.bytes_downloaded += artifact.size_bytes.unwrap_or(0),
                None => {}
            }
            if !artifact.kind.is_package() {
                continue;
            }
            match artifact.cached() {
                Some(true) => summary.total_cached += 1,
                Some(false) => {
                    summary.total_downloads += 1;
                    let file = artifact.filename.as_ref().or(artifact.source.as_ref());
                    let first = file.is_none_or(|file| downloaded.insert((artifact.ecosystem, file)));
                    summary.duplicate_downloads += u64::from(!first);
                }
                None if artifact.origin == Origin::Failed => summary.total_failed += 1,
                None if artifact.origin == Origin::Unknown => summary.total_unknown += 1,
                None => {}
            }
        }
        let obtained = summary.total_cached + summary.total_downloads;
        summary.cache_hit_rate = (obtained > 0).then(|| summary.total_cached as f64 / obtained as f64);
        summary.complete = summary.total_unknown == 0
            && session.degraded.is_empty()
            && session.blind_spots.is_empty()
            && session.invocations.iter().all(|invocation| {
                invocation.has_ended() && invocation.degraded.is_empty() && invocation.blind_spots.is_empty()
            });
        summary
    }
}

/// How package files were obtained: `wheelhouse` if all of Python's came from files that lay there (a wheelhouse, the
/// destination, a named path), `pypi` if all came from an index or pip's caches of one, `apt` for Debian packages,
/// `mixed` for more than one of these, `None` for nothing. What was built counts as what it was built from.
pub fn install_method<'a>(artifacts: impl IntoIterator<Item = &'a Artifact>) -> Option<&'static str> {
    let mut method = None;
    for artifact in artifacts.into_iter().filter(|artifact| artifact.kind.is_package()) {
        let this = match (artifact.ecosystem, artifact.origin) {
            (_, Origin::Failed | Origin::Unknown | Origin::Built) => continue,
            (Ecosystem::Deb, _) => "apt",
            (_, Origin::Wheelhouse | Origin::Destination | Origin::Local) => "wheelhouse",
            _ => "pypi",
        };
        match method {
            Some(method) if method != this => return Some("mixed"),
            _ => method = Some(this),
        }
    }
    method
}

#[cfg(test)]
mod tests {
    use super::{Summary, install_method};
    use crate::event::{Artifact, Ecosystem, Kind, Origin, Session};

    fn wheel(origin: Origin) -> Artifact {
        Artifact { origin, ..Artifact::new(Ecosystem::Pypi, Kind::Wheel) }
    }

    #[test]
    fn a_session_is_complete_where_every_package_file_is_known() {
        let summary = |artifacts: Vec<Artifact>| {
            let minimal = r#"{"schema": 1, "session_id": "20261120_153600", "summary": {}}"#;
            let mut session: Session = serde_json::from_str(minimal).unwrap();
            artifacts.into_iter().for_each(|artifact| session.downloads.push(artifact));
            Summary::of(&session)
        };
        let of_kind = |kind| Artifact { kind, ..wheel(Origin::Unknown) };
        let known = summary(vec![wheel(Origin::Downloaded), of_kind(Kind::Index), of_kind(Kind::Metadata)]);
        assert_eq!((known.complete, known.total_unknown, known.total_artifacts), (true, 0, 3));
        for kind in [Kind::Wheel, Kind::Sdist, Kind::Deb, Kind::Source] {
            let unknown = summary(vec![wheel(Origin::Downloaded), of_kind(kind)]);
            assert_eq!((unknown.complete, unknown.total_unknown), (false, 1), "{kind:?}");
        }
    }

    #[test]
    fn the_method_is_that_of_the_files_obtained() {
        let method = |origins: &[Origin]| install_method(&origins.iter().map(|&o| wheel(o)).collect::<Vec<_>>());
        assert_eq!(method(&[]), None);
        assert_eq!(method(&[Origin::Failed, Origin::Unknown, Origin::Built]), None);
        assert_eq!(method(&[Origin::Wheelhouse, Origin::Destination, Origin::Built]), Some("wheelhouse"));
        assert_eq!(method(&[Origin::HttpCache, Origin::Downloaded]), Some("pypi"));
        assert_eq!(method(&[Origin::Wheelhouse, Origin::Downloaded]), Some("mixed"));
        let index = Artifact { kind: Kind::Index, ..wheel(Origin::Downloaded) };
        assert_eq!(install_method(&[index, wheel(Origin::Local)]), Some("wheelhouse"));
    }
}

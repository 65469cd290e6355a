//! Findings held against the truth of a recorded run: what the server's log and the disk said.

use serde_json::Value;
use wheeltap::classify::Finding;
use wheeltap::event::{Artifact, Attempt, Kind, Origin};

use crate::recorded::{Given, Recorded};
use crate::table::{Verdict, Verdicts};

/// Judges all that was found.
pub(crate) fn judge(run: &Recorded, given: Given, findings: &[Finding]) -> Verdicts {
    let truth = run.truth();
    let mut verdicts = Verdicts::default();
    let artifacts: Vec<&Artifact> = findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::Artifact { record, .. } => Some(&**record),
            _ => None,
        })
        .collect();
    let attempts: Vec<&Attempt> = findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::Attempt(attempt) => Some(&**attempt),
            _ => None,
        })
        .collect();
    let mut claimed = vec![false; artifacts.len()];
    for deb in truth["debs"].as_array().unwrap() {
        let name = deb["name"].as_str().unwrap();
        let at = artifacts.iter().position(|artifact| {
            let version = artifact.version.as_deref().is_none_or(|version| version == deb["version"]);
            let arch = artifact.arch.as_deref().is_none_or(|arch| arch == deb["arch"]);
            artifact.kind == Kind::Deb && artifact.name.as_deref() == Some(name) && version && arch
        });
        if let Some(at) = at {
            claimed[at] = true;
        }
        let verdict = package(deb, at.map(|at| artifacts[at]));
        verdicts.add(verdict, || format!("{name}: {} but {:?}", deb["outcome"], at.map(|at| origin(artifacts[at]))));
    }
    for (artifact, _) in
        artifacts.iter().zip(&claimed).filter(|(artifact, claimed)| artifact.kind.is_package() && !**claimed)
    {
        verdicts.add(Verdict::Phantom, || format!("{:?} {:?}", artifact.name, origin(artifact)));
    }
    for index in truth["indexes"].as_array().unwrap() {
        let path = index["path"].as_str().unwrap();
        let text = !matches!(given, Given::Tap | Given::All);
        if index["outcome"] == "redirected" || text && fell_back(index, &truth) {
            continue;
        }
        let found = artifacts.iter().filter(|artifact| artifact.kind == Kind::Index);
        let matching: Vec<_> = found
            .filter(|artifact| match given {
                _ if !text => artifact.source.as_deref().is_some_and(|source| source.ends_with(path)),
                _ => artifact.name.as_deref().is_some_and(|name| is_index(name, path)),
            })
            .collect();
        let tried = attempts.iter().any(|attempt| {
            attempt.reason.is_some() && attempt.wanted.as_deref().is_some_and(|wanted| wanted.ends_with(path))
        });
        let verdict = index_verdict(index, &matching, tried);
        verdicts.add(verdict, || format!("{path}: {} but {:?}", index["outcome"], matching.first().map(|a| origin(a))));
    }
    verdicts
}

/// Whether a mirror failed to have what another one gave: in the text both are one file.
fn fell_back(index: &Value, truth: &Value) -> bool {
    let tail = |index: &Value| {
        index["path"].as_str().and_then(|path| path.split_once("/dists/")).map(|(_, tail)| tail.to_owned())
    };
    let given = |other: &Value| other["outcome"] == "downloaded" && tail(other) == tail(index);
    index["outcome"] == "failed" && tail(index).is_some() && truth["indexes"].as_array().unwrap().iter().any(given)
}

fn origin(artifact: &Artifact) -> (Origin, Option<&str>) {
    (artifact.origin, artifact.reason.as_deref())
}

fn package(deb: &Value, artifact: Option<&Artifact>) -> Verdict {
    let outcome = deb["outcome"].as_str().unwrap();
    let Some(artifact) = artifact else {
        return if outcome == "not-obtained" { Verdict::Right } else { Verdict::Missed };
    };
    let expected = match outcome {
        "downloaded" => Origin::Downloaded,
        "cached" | "cached-corrupt" | "cached-partial-complete" => Origin::ArchiveCache,
        "cached-in-cwd" => Origin::Destination,
        "local" => Origin::Local,
        "failed" | "downloaded-rejected" | "not-obtained" => Origin::Failed,
        other => panic!("an outcome that is not known here: {other}"),
    };
    if artifact.origin == Origin::Unknown {
        assert!(artifact.reason.is_some(), "unknown without a reason");
        return Verdict::Unknown;
    }
    let size = artifact.size_bytes.is_none_or(|size| size == deb["size"]);
    let sha256 = artifact.sha256.is_none_or(|sha256| expected == Origin::Failed || sha256.to_string() == deb["sha256"]);
    if artifact.origin == expected && size && sha256 { Verdict::Right } else { Verdict::Wrong }
}

fn index_verdict(index: &Value, matching: &[&&Artifact], tried: bool) -> Verdict {
    // The server only knows what it sent; that the hash was not the expected one is the tool's to say.
    let rejected = |artifact: &Artifact| {
        artifact.reason.as_deref().is_some_and(|reason| reason.to_ascii_lowercase().starts_with("hash sum mismatch"))
    };
    let right = |artifact: &Artifact| match index["outcome"].as_str().unwrap() {
        "downloaded" => artifact.origin == Origin::Downloaded || rejected(artifact),
        "not_modified" => artifact.origin == Origin::ListCache,
        "failed" => artifact.origin == Origin::Failed,
        other => panic!("an outcome that is not known here: {other}"),
    };
    match matching {
        _ if index["outcome"] == "failed" && tried => Verdict::Right,
        [] => Verdict::Missed,
        found if found.iter().any(|artifact| right(artifact)) => Verdict::Right,
        found if found.iter().any(|artifact| artifact.origin == Origin::Unknown) => Verdict::Unknown,
        _ => Verdict::Wrong,
    }
}

/// Whether apt's words for an index, `labsuite/main amd64 Packages`, are those of the file at `path`.
fn is_index(words: &str, path: &str) -> bool {
    let mut words: Vec<_> = words.split(' ').collect();
    let base = words.pop().unwrap();
    let place = words.first().copied().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap();
    let by_hash = path.contains("/by-hash/");
    let language = base.strip_prefix("Translation-").is_some_and(|language| file.starts_with(language));
    let directory = match base {
        "Packages" => "/binary-",
        "Sources" => "/source/",
        base if base.starts_with("Translation-") => "/i18n/",
        _ => "/",
    };
    place.split('/').all(|part| path.contains(part))
        && (by_hash && path.contains(directory) && directory != "/"
            || file == base
            || file.strip_prefix(base).is_some_and(|rest| rest.starts_with('.') && rest != ".gpg")
            || language)
}

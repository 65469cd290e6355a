//! What a session must say, from the server's record of requests and the files on disk, and how much of it it says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha224};

use super::scenario::Scenario;
use super::support::index::{Index, Request};
use super::support::pips::RealPip;
use super::support::tree::{self, Node};

/// One artifact as it was.
#[derive(Debug)]
struct Expected {
    kind: &'static str,
    /// The file's name; of an index page, its URL.
    key: String,
    origin: &'static str,
    size: Option<u64>,
    sha256: Option<String>,
    /// The URLs that it was asked for under; empty where none was asked.
    urls: Vec<String>,
}

/// How a document fares against the truth.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) right: usize,
    pub(crate) wrong: usize,
    pub(crate) missed: usize,
    pub(crate) phantom: usize,
    pub(crate) unknown: usize,
    /// What is not right, for people.
    pub(crate) remarks: Vec<String>,
}

impl Tally {
    /// Takes over the tally of a scenario.
    pub(crate) fn add(&mut self, name: &str, other: Tally) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
        self.phantom += other.phantom;
        self.unknown += other.unknown;
        self.remarks.extend(other.remarks.iter().map(|remark| format!("{name}: {remark}")));
    }
}

/// What others than pip saw of a run.
pub(crate) struct World<'a> {
    /// Where runs take place.
    pub(crate) root: &'a Path,
    /// What the server was asked.
    pub(crate) requests: &'a [Request],
    pub(crate) index: &'a Index,
    /// What lay in the place when the run began, and when it had ended.
    pub(crate) before: &'a BTreeMap<String, Node>,
    pub(crate) after: &'a BTreeMap<String, Node>,
}

/// What the run took on: whatever the server sent, and what the scenario says came from elsewhere.
fn expected(scenario: &Scenario, World { requests, index, after, .. }: &World<'_>) -> Vec<Expected> {
    let mut asked: Vec<((&'static str, String), Vec<&Request>)> = Vec::new();
    for request in requests.iter().filter(|request| request.method == "GET") {
        // A file is known by its name wherever it was asked for; two indexes have two pages of one project.
        let kind = kind(&request.path);
        let key = (kind, if kind == "index" { request.url() } else { request.name().to_owned() });
        match asked.iter_mut().find(|(known, _)| *known == key) {
            Some((_, requests)) => requests.push(request),
            None => asked.push((key, vec![request])),
        }
    }
    let mut all = Vec::new();
    for ((kind, key), requests) in asked {
        let whole = requests.iter().find(|request| request.status == 200 && request.sent == request.total);
        let resumed = requests.iter().any(|request| request.status == 206 && request.sent == request.total);
        let origin = if scenario.refused.contains(&&*key) {
            "failed"
        } else if whole.is_some() || resumed {
            "downloaded"
        } else if requests.iter().any(|request| request.status == 304) {
            "http-cache"
        } else if kind == "index" {
            // A page that does not exist is no artifact.
            continue;
        } else {
            "failed"
        };
        let file = (origin == "downloaded").then(|| fs::read(index.file(&key)).ok()).flatten();
        let urls = requests.iter().map(|request| request.url()).collect();
        let (size, sha256) = match (file, whole) {
            (Some(file), _) => (Some(file.len() as u64), Some(tree::digest(&file))),
            (None, Some(whole)) if kind == "metadata" => (Some(whole.total), Some(whole.sha256.clone())),
            _ => (None, None),
        };
        all.push(Expected { kind, key, origin, size, sha256, urls });
    }
    for unasked in &scenario.unasked {
        let served = fs::read(index.file(unasked.filename)).ok().map(|file| (file.len() as u64, tree::digest(&file)));
        let made = || {
            let suffix = format!("/{}", unasked.filename);
            after.iter().find_map(|(path, node)| match node {
                Node::File(size, sha256) if path.ends_with(&suffix) => Some((*size, sha256.clone())),
                _ => None,
            })
        };
        let found = if unasked.origin == "failed" { None } else { served.or_else(made) };
        let (size, sha256) = found.unzip();
        let (kind, key) = (kind(unasked.filename), unasked.filename.to_owned());
        all.push(Expected { kind, key, origin: unasked.origin, size, sha256, urls: Vec::new() });
    }
    all
}

fn kind(path: &str) -> &'static str {
    match path {
        _ if path.ends_with('/') => "index",
        _ if path.ends_with(".metadata") => "metadata",
        _ if path.ends_with(".whl") => "wheel",
        _ => "sdist",
    }
}

/// Compares a session document with the truth.
pub(crate) fn judge(scenario: &Scenario, pip: &RealPip, document: &Value, world: &World<'_>) -> Tally {
    let mut tally = Tally::default();
    let expected = expected(scenario, world);
    let mut found = vec![0; expected.len()];
    let lists = ["wheels", "sdists", "apt", "other"];
    for artifact in lists.iter().flat_map(|list| document["downloads"][list].as_array().unwrap()) {
        let text = |field: &str| artifact[field].as_str().unwrap_or_default();
        let (kind, origin) = (text("kind"), text("origin"));
        let matches = |expected: &Expected| {
            expected.kind == kind
                && match kind {
                    "index" => bare(text("source")) == expected.key,
                    _ if text("filename").is_empty() => text("name") == expected.key,
                    _ => text("filename") == expected.key,
                }
        };
        let shown = format!("{kind} {} {} {origin} {}", text("name"), text("filename"), text("source"));
        let Some(position) = expected.iter().position(matches) else {
            match origin {
                "http-cache" if kind != "wheel" && kind != "sdist" && lay_in_cache(world.before, text("source")) => {
                    tally.right += 1;
                }
                "failed" if kind == "index" => (),
                "local" | "vcs" if kind == "sdist" && text("filename").is_empty() => (),
                _ => {
                    tally.phantom += 1;
                    tally.remarks.push(format!("phantom: {shown}"));
                }
            }
            continue;
        };
        found[position] += 1;
        let truth = &expected[position];
        let mut wrong = faults(scenario, truth, artifact);
        wrong.extend(misplaced(truth, artifact, world));
        if origin == "unknown" {
            tally.unknown += 1;
            // pip before 23.3 writes a page that was confirmed in the same way as one that was fetched anew.
            let undecidable = kind == "index" && pip.release() < (23, 3) && lay_in_cache(world.before, &truth.key);
            if !undecidable || text("reason").is_empty() {
                tally.remarks.push(format!("unknown: {shown}: {}", text("reason")));
            }
        } else if found[position] > 1 {
            tally.wrong += 1;
            tally.remarks.push(format!("twice: {shown}"));
        } else if wrong.is_empty() {
            tally.right += 1;
        } else {
            tally.wrong += 1;
            tally.remarks.push(format!("wrong: {shown}: {}", wrong.join(", ")));
        }
    }
    for (truth, found) in expected.iter().zip(found) {
        if found == 0
            && !scenario.unseen.contains(&truth.key.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default())
        {
            tally.missed += 1;
            tally.remarks.push(format!("missed: {truth:?}"));
        }
    }
    tally
}

/// What is not as it was.
fn faults(scenario: &Scenario, truth: &Expected, artifact: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |field: &str, expected: Value| {
        if artifact[field] != expected {
            faults.push(format!("{field} is {} instead of {expected}", artifact[field]));
        }
    };
    compare("origin", truth.origin.into());
    if truth.kind == "wheel" || truth.kind == "sdist" {
        let stem = truth.key.strip_suffix(".tar.gz").unwrap_or(&truth.key);
        let mut parts = stem.split('-');
        compare("name", parts.next().into());
        compare("version", parts.next().into());
        let purpose = match &*truth.key {
            key if scenario.build.contains(&key) => "build",
            key if scenario.discarded.contains(&key) => "resolver-discarded",
            _ => "runtime",
        };
        compare("purpose", purpose.into());
    }
    if let (Some(size), Some(sha256)) = (truth.size, &truth.sha256) {
        compare("size_bytes", size.into());
        compare("sha256", sha256.as_str().into());
    }
    let source = artifact["source"].as_str().unwrap_or_default();
    if !truth.urls.is_empty() && !truth.urls.contains(&bare(source)) {
        faults.push(format!("source is {source:?} instead of {:?}", truth.urls));
    }
    faults
}

/// What is wrong with the place where the artifact is said to lie: a file that was put into the working directory is
/// there, and no file is elsewhere.
fn misplaced(truth: &Expected, artifact: &Value, world: &World<'_>) -> Option<String> {
    let named = format!("/{}", truth.key);
    let lies = |tree: &BTreeMap<String, Node>| -> Vec<String> {
        let paths = tree.keys().filter(|path| path.starts_with("app/") && path.ends_with(&named));
        paths.map(|path| world.root.join(path).to_string_lossy().into_owned()).collect()
    };
    let (before, after) = (lies(world.before), lies(world.after));
    let right = match artifact["destination"].as_str() {
        Some(path) if Path::new(path).starts_with(world.root.join("app")) => after.iter().any(|known| known == path),
        _ => after == before,
    };
    (!right).then(|| format!("destination is {} and it lies at {after:?}", artifact["destination"]))
}

/// A URL without what may be secret, which a record has masked or not at all.
fn bare(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://{rest}"),
        None => url.to_owned(),
    }
}

/// Whether pip's HTTP cache held an entry for `url` before the run: its key is the SHA-224 of the URL.
fn lay_in_cache(before: &BTreeMap<String, Node>, url: &str) -> bool {
    let key: String = Sha224::digest(url).iter().map(|byte| format!("{byte:02x}")).collect();
    before.keys().any(|path| path.ends_with(&format!("/{key}")))
}

//! What was said against what was true.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use wheeltap::event::{Artifact, Kind, Origin, Purpose, canonical_name};

use crate::case::{Case, Texts, True};
use crate::limits;

/// The figures of some cases.
#[derive(Debug, Default)]
pub(crate) struct Score {
    right: usize,
    wrong: usize,
    missed: usize,
    phantom: usize,
    unknown: usize,
    /// What is not right and not listed among the limits.
    pub(crate) faults: Vec<String>,
}

type Key = (&'static str, String);

impl Score {
    pub(crate) fn of(case: &Case, texts: Texts) -> Self {
        let mut score = Score::default();
        let said = case.classify(texts);
        let mut left: BTreeMap<Key, &Artifact> = BTreeMap::new();
        for (artifact, _) in &said.artifacts {
            if left.insert(key_of_said(artifact), artifact).is_some() {
                score.phantom += 1;
                score.faults.push(format!("said twice: {artifact:?}"));
            }
        }
        for truth in &case.truth.artifacts {
            match left.remove(&key_of_truth(truth)) {
                Some(artifact) => score.compare(case, texts, artifact, truth),
                None => {
                    score.missed += 1;
                    score.expect(limits::is_silent(case, texts, truth), || format!("missed: {truth:?}"));
                }
            }
        }
        score.phantom += left.len();
        score.faults.extend(left.values().map(|artifact| format!("phantom: {artifact:?}")));
        for fault in &mut score.faults {
            *fault = format!("{}/{}: {fault}", case.version, case.scenario);
        }
        score
    }

    pub(crate) fn add(&mut self, other: Score) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
        self.phantom += other.phantom;
        self.unknown += other.unknown;
        self.faults.extend(other.faults);
    }

    fn compare(&mut self, case: &Case, texts: Texts, artifact: &Artifact, truth: &True) {
        if artifact.origin == Origin::Unknown {
            self.unknown += 1;
            let fair = limits::is_undecidable(case, texts, artifact) && artifact.reason.is_some();
            self.expect(fair, || format!("unknown: {artifact:?}"));
        } else if origins(&truth.origin).contains(&artifact.origin) {
            self.right += 1;
        } else {
            self.wrong += 1;
            self.faults.push(format!("wrong: {:?} for {truth:?}", artifact.origin));
        }
        self.expect(!artifact.evidence.is_empty(), || format!("no evidence: {artifact:?}"));
        self.expect(artifact.name.as_deref().map(canonical_name) == truth.name, || format!("name: {artifact:?}"));
        self.expect(artifact.version.as_deref() == truth.version.as_deref(), || format!("version: {artifact:?}"));
        self.compare_bytes(texts, artifact, truth);
        self.compare_source(case, texts, artifact, truth);
        if let Some(phase) = truth.phase.as_ref().filter(|_| !limits::is_one_process(case)) {
            let agree = (artifact.purpose == Purpose::Build) == (phase == "build-isolation");
            self.expect(agree, || format!("purpose: {artifact:?}"));
        }
    }

    /// Size and digest are exact or absent; of a transfer that failed there is none.
    fn compare_bytes(&mut self, texts: Texts, artifact: &Artifact, truth: &True) {
        // The truth is that of the run with a log; what the other one built may differ.
        if truth.origin == "built-from-source" && !texts.have_log() {
            return;
        }
        let sha256 = artifact.sha256.map(|digest| digest.to_string());
        self.expect(agree(artifact.size_bytes, truth.size_bytes), || format!("size: {artifact:?}"));
        self.expect(agree(sha256, truth.sha256.clone()), || format!("digest: {artifact:?}"));
        let failed = artifact.origin == Origin::Failed && artifact.size_bytes.is_some();
        self.expect(!failed, || format!("size of what failed: {artifact:?}"));
    }

    fn compare_source(&mut self, case: &Case, texts: Texts, artifact: &Artifact, truth: &True) {
        if !matches!(artifact.origin, Origin::Downloaded | Origin::HttpCache | Origin::Failed) {
            return;
        }
        match &artifact.source {
            Some(source) => self.expect(Some(&**source) == truth.url.as_deref(), || format!("source: {artifact:?}")),
            None => {
                let fair = !texts.have_log() || limits::is_of_unknown_source(case);
                self.expect(fair, || format!("no source: {artifact:?}"));
            }
        }
    }

    fn expect(&mut self, so: bool, fault: impl FnOnce() -> String) {
        if !so {
            self.faults.push(fault());
        }
    }
}

/// A line for each version, as `make test` shows it.
pub(crate) fn table(texts: Texts, scores: &BTreeMap<String, Score>) -> String {
    let mut text = format!("table: pip against the truth, {}\n", texts.words());
    let heads = ["version", "right", "wrong", "missed", "phantom", "unknown"];
    writeln!(text, "{}", heads.map(|head| format!("{head:>9}")).concat()).unwrap();
    for (version, score) in scores {
        let figures = [score.right, score.wrong, score.missed, score.phantom, score.unknown];
        writeln!(text, "{version:>9}{}", figures.map(|figure| format!("{figure:>9}")).concat()).unwrap();
    }
    text + "end of table"
}

fn agree<T: PartialEq>(said: Option<T>, truth: Option<T>) -> bool {
    match (said, truth) {
        (Some(said), Some(truth)) => said == truth,
        _ => true,
    }
}

fn origins(truth: &str) -> &'static [Origin] {
    match truth {
        "downloaded" | "downloaded-resumed" => &[Origin::Downloaded],
        "http-cache" | "http-cache-revalidated" => &[Origin::HttpCache],
        "wheel-cache" => &[Origin::WheelCache],
        "local-file" => &[Origin::Wheelhouse, Origin::Local],
        "already-in-destination" => &[Origin::Destination],
        "built-from-source" => &[Origin::Built],
        "vcs-clone" => &[Origin::Vcs],
        "partial" | "not-found" | "failed" => &[Origin::Failed],
        other => panic!("a new word of truth: {other}"),
    }
}

fn key_of_said(artifact: &Artifact) -> Key {
    let filename = || artifact.filename.as_deref().unwrap().to_owned();
    match artifact.kind {
        Kind::Sdist if artifact.filename.is_none() => ("vcs", String::new()),
        Kind::Sdist => ("sdist", filename()),
        Kind::Wheel => ("wheel", filename()),
        Kind::Metadata => ("metadata", filename()),
        Kind::Index => ("index", artifact.source.as_deref().unwrap().to_owned()),
        kind => panic!("{kind:?} is no kind of pip's"),
    }
}

fn key_of_truth(truth: &True) -> Key {
    let filename = || truth.filename.clone().unwrap();
    match truth.kind.as_str() {
        "vcs" => ("vcs", String::new()),
        "sdist" => ("sdist", filename()),
        "wheel" => ("wheel", filename()),
        "metadata" => ("metadata", filename()),
        "index" => ("index", truth.url.clone().unwrap()),
        kind => panic!("a new kind of truth: {kind}"),
    }
}

//! Why something was downloaded, where the evidence says it, and what to change.
//!
//! Refuses to guess: a cause is named only if a command line, an instruction or an earlier session shows it.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::history::{History, Identity};
use super::mounts::cache_mount;
use super::places::{Places, variable};
use crate::event::{Artifact, Ecosystem, Evidence, Invocation, InvocationId, Origin, Purpose, Session};

/// Why a package file was downloaded. What a setting brought about goes before what chance did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The resolver looked at it and took another version.
    Discarded,
    /// A wheelhouse was named, and an index beside it.
    Bypassed,
    /// pip was told to keep no cache.
    Disabled,
    /// It had been downloaded to the same place before, and was removed.
    Removed,
    /// The step of the image build has no cache mount: what it downloads is gone when it runs again.
    NotKept,
    /// pip keeps nothing of it: it comes by version control, or its index does not let it be kept.
    NotCacheable,
    /// This session had downloaded the same file already.
    Repeated,
    /// An earlier session had another version, or other bytes under this name.
    Changed,
    /// No session in the directory had it before, or not in this cache mount.
    Cold,
    /// The evidence does not say.
    Unknown,
}

impl Reason {
    /// The word as it stands in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Discarded => "discarded",
            Reason::Bypassed => "bypassed",
            Reason::Disabled => "disabled",
            Reason::Removed => "removed",
            Reason::NotKept => "not-kept",
            Reason::NotCacheable => "not-cacheable",
            Reason::Repeated => "repeated",
            Reason::Changed => "changed",
            Reason::Cold => "cold",
            Reason::Unknown => "unknown",
        }
    }

    /// Whether a further run of the same build would download it again although it need not.
    pub fn is_avoidable(self) -> bool {
        match self {
            Reason::Discarded
            | Reason::Bypassed
            | Reason::Disabled
            | Reason::Removed
            | Reason::NotKept
            | Reason::NotCacheable
            | Reason::Repeated => true,
            Reason::Changed | Reason::Cold | Reason::Unknown => false,
        }
    }

    /// What it means, for who has not read the documentation.
    pub fn meaning(self) -> &'static str {
        match self {
            Reason::Discarded => "the resolver looked at it and took another version",
            Reason::Bypassed => "a wheelhouse was named, but an index beside it: pip takes the newest of both",
            Reason::Disabled => "pip was told to keep no cache",
            Reason::Removed => "it lay there after an earlier session, and was removed",
            Reason::NotKept => "the step has no cache mount: what it downloads is gone when it runs again",
            Reason::NotCacheable => {
                "pip's cache has nothing of it: it comes by version control, or from an index that forbids to keep it or has no TLS"
            }
            Reason::Repeated => "this session had downloaded it already",
            Reason::Changed => "an earlier session had another version, or other bytes",
            Reason::Cold => "no session in this directory had it before, or not in this cache mount",
            Reason::Unknown => "the evidence does not say",
        }
    }

    /// What to change so that it is not downloaded again; `None` where nothing is to be changed or nothing is known.
    pub fn remedy(self, ecosystem: Ecosystem) -> Option<&'static str> {
        let is_deb = ecosystem == Ecosystem::Deb;
        match self {
            Reason::Discarded => Some("pin the version that is installed, in a constraints file (`pip install -c`)"),
            Reason::Bypassed => Some(
                "add `--no-index` beside `--find-links`; `wheeltap wheelhouse check` says whether the wheelhouse suffices",
            ),
            Reason::Disabled => Some(
                "leave out `--no-cache-dir` and `PIP_NO_CACHE_DIR`; in an image build \
                 `RUN --mount=type=cache,target=/root/.cache/pip` keeps the cache out of the image",
            ),
            Reason::Removed => Some(
                "leave out `apt-get clean`, begin with `rm -f /etc/apt/apt.conf.d/docker-clean`, and give apt \
                 `-o APT::Keep-Downloaded-Packages=true`",
            ),
            Reason::NotKept if is_deb => Some(
                "`RUN --mount=type=cache,target=/var/cache/apt,sharing=locked rm -f /etc/apt/apt.conf.d/docker-clean && \
                 apt-get ...`",
            ),
            Reason::NotKept => Some(
                "`RUN --mount=type=cache,target=/root/.cache/pip pip ...`; for another user than root the directory that \
                 `pip cache dir` names, with `uid=` of that user",
            ),
            Reason::NotCacheable => Some(
                "put a wheel of it into a wheelhouse once (`wheeltap wheelhouse build`), and install it from there: `--no-index --find-links wheelhouse`",
            ),
            Reason::Repeated if is_deb => Some("install it in one step that the others build upon"),
            Reason::Repeated => Some("install both in one run, or let the runs share pip's cache or a wheelhouse"),
            Reason::Changed => Some("pin the version if the change was not wanted"),
            Reason::Cold | Reason::Unknown => None,
        }
    }
}

/// A download with its reason.
#[derive(Clone, Debug)]
pub struct Explained<'a> {
    /// What was downloaded.
    pub artifact: &'a Artifact,
    /// Why.
    pub reason: Reason,
    /// The version that an earlier session had, if it is another one.
    pub changed_from: Option<String>,
    /// Whether this session had downloaded the same file already, whatever the reason.
    pub is_repeated: bool,
}

/// Why each downloaded package file of `session` was downloaded, in the document's order; `earlier` holds the sessions
/// before it.
pub fn explain<'a>(session: &'a Session, earlier: &History) -> Vec<Explained<'a>> {
    let runs: HashMap<&InvocationId, &Invocation> = session.invocations.iter().map(|run| (&run.id, run)).collect();
    let mut seen = HashSet::new();
    let mut explained = Vec::new();
    for artifact in session.downloads.all() {
        if !artifact.kind.is_package() || artifact.cached() != Some(false) {
            continue;
        }
        let run = artifact.invocation.as_ref().and_then(|id| runs.get(id)).copied();
        let is_repeated = Identity::of(artifact).is_some_and(|identity| !seen.insert(identity));
        let before = earlier.last_version(artifact);
        let reason = match by_setting(session, artifact, run, earlier) {
            Some(reason) => reason,
            None if is_repeated => Reason::Repeated,
            None if earlier.knows(artifact) && is_new_in_mount(session, artifact, earlier) => Reason::Cold,
            None if earlier.knows(artifact) => Reason::Unknown,
            None if before.is_some() => Reason::Changed,
            None => Reason::Cold,
        };
        let changed_from = before.filter(|&before| Some(before) != artifact.version.as_deref()).map(str::to_owned);
        explained.push(Explained { artifact, reason, changed_from, is_repeated });
    }
    explained
}

/// What a command line, an instruction or the place of an earlier file shows.
fn by_setting(session: &Session, artifact: &Artifact, run: Option<&Invocation>, earlier: &History) -> Option<Reason> {
    let instruction = artifact.step.as_ref().or(run.and_then(|run| run.step.as_ref()));
    let instruction = instruction.and_then(|step| step.instruction.as_deref());
    if artifact.purpose == Purpose::ResolverDiscarded {
        return Some(Reason::Discarded);
    }
    if artifact.ecosystem == Ecosystem::Pypi {
        if run.is_some_and(|run| names_wheelhouse_and_index(session, run)) {
            return Some(Reason::Bypassed);
        }
        if artifact.origin == Origin::Vcs {
            return Some(Reason::NotCacheable);
        }
        if artifact.evidence.contains(&Evidence::CACHE_DISABLED) || keeps_no_cache(session, run, instruction) {
            return Some(Reason::Disabled);
        }
        if artifact.evidence.contains(&Evidence::NO_HTTP_CACHE_FILE) {
            return Some(Reason::NotCacheable);
        }
    }
    if artifact.ecosystem == Ecosystem::Deb {
        let cleans = |text: &str| text.contains("apt-get clean") || text.contains("rm -rf /var/cache/apt");
        let empties_mount = |text: &str| cache_mount(text, artifact.ecosystem).is_some() && cleans(text);
        if earlier.had_it_there(session, artifact) || instruction.is_some_and(empties_mount) {
            return Some(Reason::Removed);
        }
    }
    let not_kept = |text: &str| is_run(text) && cache_mount(text, artifact.ecosystem).is_none();
    instruction.is_some_and(not_kept).then_some(Reason::NotKept)
}

/// Whether the step has a cache mount in which no earlier session had it.
fn is_new_in_mount(session: &Session, artifact: &Artifact, earlier: &History) -> bool {
    let instruction = artifact.step.as_ref().and_then(|step| step.instruction.as_deref());
    instruction.is_some_and(|text| cache_mount(text, artifact.ecosystem).is_some())
        && !earlier.had_it_there(session, artifact)
}

/// Whether `--find-links` names a directory and no `--no-index` keeps pip from asking an index as well.
fn names_wheelhouse_and_index(session: &Session, run: &Invocation) -> bool {
    let places = Places::of(session, run);
    !places.no_index && !places.directories.is_empty()
}

fn keeps_no_cache(session: &Session, run: Option<&Invocation>, instruction: Option<&str>) -> bool {
    // pip takes any beginning of an option that no other option has.
    let is_flag = |word: &str| word.len() >= "--no-ca".len() && "--no-cache-dir".starts_with(word);
    // pip's cache is disabled by any value, `0` and `off` included.
    let disables = |value: &str| !value.is_empty();
    let in_instruction = |text: &str| {
        let words = text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '"' | '\'' | ','));
        words.clone().any(is_flag) || words.filter_map(|word| word.strip_prefix("PIP_NO_CACHE_DIR=")).any(disables)
    };
    match run {
        // What the run itself was told is better evidence than the text of a step with several runs.
        Some(run) if !run.argv.is_empty() && run.argv.iter().any(|word| is_flag(word)) => true,
        Some(run) if !run.argv.is_empty() => {
            variable(session, run, "PIP_NO_CACHE_DIR").is_some_and(disables)
                || instruction.is_some_and(|text| text.contains("PIP_NO_CACHE_DIR=") && in_instruction(text))
        }
        _ => instruction.is_some_and(in_instruction),
    }
}

/// Whether an instruction is a `RUN`: the legacy builder and BuildKit print it so, BuildKit with `[stage 2/5]` before it.
fn is_run(text: &str) -> bool {
    let text = text.trim_start();
    let text = if text.starts_with('[') { text.split_once(']').map_or(text, |(_, rest)| rest) } else { text };
    text.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("run "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_known_as_a_run() {
        assert!(is_run("RUN pip install x") && is_run("[build 2/5] RUN --mount=type=cache,target=/x y"));
        assert!(!is_run("COPY a b") && !is_run("") && !is_run("[build 2/5] COPY é"));
    }
}

//! What the text cannot know, case by case: everything else must be right.
//!
//! The reasons are facts about pip, not about the classifier.

use wheeltap::event::{Artifact, Kind};

use crate::case::{Case, Texts, True};

/// Whether no line of these texts speaks of an artifact.
pub(crate) fn is_silent(case: &Case, texts: Texts, truth: &True) -> bool {
    if texts.have_log() {
        // pip opened the cached page in order to ask whether it is current, could not ask, and went on without it. The
        // text is that of a run without any cache.
        return case.scenario == "offline-warm" && truth.kind == "index";
    }
    let quiet = case.truth.argv.iter().any(|argument| ["-q", "-qq"].contains(&argument.as_str()));
    let verbose = case.truth.argv.iter().any(|argument| ["-v", "-vv"].contains(&argument.as_str()));
    let nested = truth.phase.as_deref() == Some("build-isolation") || case.scenario == "inprocess-build-deps";
    // Pages are mentioned to those who ask for more, quiet runs say nothing, and a nested pip is heard in the log only,
    // or by those who ask for more.
    truth.kind == "index" || quiet || (nested && !verbose)
}

/// Whether an origin cannot be told from these texts.
pub(crate) fn is_undecidable(case: &Case, texts: Texts, artifact: &Artifact) -> bool {
    if artifact.kind == Kind::Index {
        return !is_told_of_answers(case, texts);
    }
    // `Using cached X` without a size: a wheel built earlier, or a response that stated no length. Up to pip 26.0 the
    // name stands alone for files of PyPI and of the cache of built wheels, whose sizes differ in being stated or not;
    // from 26.1 on it always stands alone.
    let sizeless = ["install-wheelcache", "wheel-sdist-again", "nolength-warm"].contains(&case.scenario.as_str());
    sizeless
        && match texts {
            Texts::LogAndStreams | Texts::Log => false,
            Texts::Streams | Texts::Both => true,
            Texts::StreamsOfKnownVersion => case.version.as_str() >= "26.1",
        }
}

/// Whether the source of a fetched file may be unknown although there is a log: a URL that only the arguments held, of a
/// wheel, which pip keeps out of its build tracker since 23.3.
pub(crate) fn is_of_unknown_source(case: &Case) -> bool {
    case.scenario == "install-url" && case.version.as_str() >= "23.3"
}

/// Whether the truth's phase is not the purpose: where one process does both, the kernel cannot tell them apart.
pub(crate) fn is_one_process(case: &Case) -> bool {
    case.scenario == "inprocess-build-deps"
}

/// Whether the log holds the answers' own lines: for consoles that are verbose, or quiet once.
fn is_told_of_answers(case: &Case, texts: Texts) -> bool {
    let asked = |option: &str| case.truth.argv.iter().any(|argument| argument == option);
    texts.have_log() && (asked("-v") || asked("-vv") || asked("-q")) || asked("-vv")
}

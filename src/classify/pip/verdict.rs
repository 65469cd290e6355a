//! The end of a run: what becomes of transfers that no line confirmed, and of files that nothing used.
//!
//! Refuses to take an interrupted transfer for a download, and to say of a run that failed what it would have used.

use super::names::Release;
use super::run::Run;
use super::table::{Side, View};
use crate::classify::{Doubt, End};
use crate::event::{Artifact, Kind, Origin, Purpose, Sha256};

/// How a file is wrong whose digest is not the one asked for.
pub(super) const WRONG_HASH: &str = "the bytes received do not match the hash that was expected";
/// How a file is wrong that pip could not open.
pub(super) const NO_ARCHIVE: &str = "what was received is no sound archive";
const PRESENT_NO_ARCHIVE: &str = "the file of that name that lay in the destination is no sound archive";
const PRESENT_WRONG: &str = "the file of that name that lay in the destination has a wrong hash";
const WHICH_WRONG: &str = "pip refused a file for its hash without saying which";
const CUT_TEXT: &str = "the text ends before the transfer does";

/// Errors that pip reports about what it does with files that it has whole.
const AFTERWARDS: [&str; 9] = [
    "Hashes are required",
    "In --require-hashes mode",
    "Cannot install",
    "ResolutionImpossible",
    "resolution-too-deep",
    "Could not find a version",
    "No matching distribution",
    "requires a different Python",
    "has inconsistent",
];

/// Errors about a transfer, or about bytes that are not what they should be.
const ON_THE_WAY: [&str; 18] = [
    "ncomplete",
    "onnection",
    "timed out",
    "timeout",
    "Operation cancelled",
    "DO NOT MATCH",
    "Max retries",
    "HTTP error",
    "urllib3",
    "SSL",
    "decryption",
    "No space left",
    "runcated",
    "corrupt",
    "not a gzip file",
    "Errno",
    "unpack file",
    "proxy",
];

/// Settles what a side left open, and what it found to be wrong.
pub(super) fn settle(run: &mut Run, side: Side, end: End) {
    let facts = std::mem::take(run.facts(side));
    let spoiled = facts.last_file.filter(|_| facts.spoiled && !matches!(end, End::Code(0)));
    if let Some(view) = spoiled.and_then(|number| run.table.view(side, number)) {
        view.settle(Origin::Failed, Some(NO_ARCHIVE));
    }
    for view in run.table.views(side) {
        let filename = view.artifact.filename.as_deref().map(str::as_bytes).unwrap_or_default();
        let wrong = facts.wrong.get(filename);
        let present_wrong = view.artifact.origin == Origin::Destination && facts.present_wrong.contains(filename);
        match wrong {
            Some(&how) if how == NO_ARCHIVE && view.artifact.origin == Origin::Destination => {
                view.settle(Origin::Failed, Some(PRESENT_NO_ARCHIVE));
            }
            Some(how) => view.settle(Origin::Failed, Some(how)),
            None if present_wrong => view.settle(Origin::Failed, Some(PRESENT_WRONG)),
            // Where pip lists the files whose bytes are wrong, it has looked at those of all the others.
            None if view.open.is_some() && !(facts.wrong.is_empty() && facts.refused.is_empty()) => view.confirm(),
            None if view.open.is_some() => close(view, end, facts.errors.iter()),
            None => {}
        }
    }
    if !facts.refused.is_empty() {
        doubt(run, side, &facts.expected, &facts.refused);
    }
    *run.facts(side) = facts;
}

/// pip refused files without naming them: those of which something else was promised, else the only one that it can be,
/// else perhaps any.
fn doubt(run: &mut Run, side: Side, expected: &[Sha256], refused: &[Sha256]) {
    let is_candidate = |view: &&mut View| {
        let of_package = matches!(view.artifact.kind, Kind::Wheel | Kind::Sdist);
        of_package && matches!(view.artifact.origin, Origin::Downloaded | Origin::HttpCache | Origin::Destination)
    };
    let is_expected = |view: &View| view.clues.promised.is_some_and(|promised| expected.contains(&promised));
    let mut candidates: Vec<&mut View> = run.table.views(side).filter(is_candidate).collect();
    if candidates.iter().any(|view| is_expected(view)) {
        candidates.retain(|view| is_expected(view));
    }
    let certain = candidates.len() <= refused.len();
    for view in candidates {
        if certain {
            view.settle(Origin::Failed, Some(WRONG_HASH));
            continue;
        }
        let otherwise = view.artifact.origin;
        view.settle(Origin::Unknown, Some(WHICH_WRONG));
        view.clues.doubt = Some(Doubt { refused: refused.to_vec(), reason: WRONG_HASH.to_owned(), otherwise });
    }
}

/// Marks what was fetched and neither installed, saved nor built from, if the run came to an end that tells.
pub(super) fn discard(run: &mut Run, end: End) {
    let well = matches!(end, End::Code(0) | End::Unknown);
    let installed = run.any(|facts| facts.concluded);
    if !well || !(installed || run.any(|facts| facts.saved)) {
        return;
    }
    let mut table = std::mem::take(&mut run.table);
    table.discard(|artifact| {
        is_candidate(artifact, installed) && Release::of(artifact).is_some_and(|release| !run.is_used(&release))
    });
    run.table = table;
}

fn is_candidate(artifact: &Artifact, installed: bool) -> bool {
    let obtained = match artifact.origin {
        Origin::Downloaded | Origin::HttpCache | Origin::Wheelhouse | Origin::Local => true,
        // pip wheel does not say what becomes of these.
        Origin::WheelCache => installed,
        _ => false,
    };
    obtained && artifact.purpose == Purpose::Runtime && artifact.kind != Kind::Index
}

fn close<'a>(view: &mut View, end: End, errors: impl Iterator<Item = &'a String> + Clone) {
    let about = |words: &[&str]| errors.clone().find(|error| words.iter().any(|word| error.contains(word))).cloned();
    let failed = |reason: &str| Some(format!("the transfer was interrupted: {reason}"));
    let last = errors.clone().last();
    let afterwards = about(&AFTERWARDS).filter(|_| view.open == Some(Origin::Downloaded));
    let (origin, reason) = match (end, about(&ON_THE_WAY), afterwards, last) {
        (End::Code(0), ..) => return view.confirm(),
        (End::Signal(signal), ..) => (Origin::Failed, failed(&format!("signal {signal}"))),
        (_, _, Some(_), _) => return view.confirm(),
        (_, Some(error), ..) => (Origin::Failed, failed(&error)),
        (End::Code(_), None, None, Some(error)) if view.open == Some(Origin::Vcs) => (Origin::Failed, failed(error)),
        (_, None, None, Some(error)) => {
            (Origin::Unknown, Some(format!("pip failed before anything told that the transfer ended: {error}")))
        }
        (End::Code(code), None, None, None) => (Origin::Failed, failed(&format!("exit status {code}"))),
        (End::Unknown, None, None, None) => (Origin::Unknown, Some(CUT_TEXT.to_owned())),
    };
    view.settle(origin, reason.as_deref());
}

//! Every recorded run, from each choice of its records, held against its truth.

use crate::recorded::{Given, Recorded};
use crate::table::{Table, Verdict};
use crate::truth::judge;

/// What neither the messages, nor the hook, nor the text can tell: apt does not mention it to anyone. A live run asks apt
/// afterwards (`--print-uris`) and looks at the directories before.
const KNOWN_GAPS: [&str; 5] = [
    "/download-again ",
    "/install-download-only-cached Tap",
    "/install-download-only-partly Tap",
    "/install-nodownload-missing ",
    "/update-qq-hit ",
];

#[test]
fn recorded_runs_are_classified_as_they_were() {
    let mut table = Table::default();
    for run in Recorded::all() {
        for given in Given::EACH.into_iter().filter(|given| run.has(*given)) {
            table.add(&run, given, judge(&run, given, &run.classify(given)));
        }
    }
    println!("{table}");
    assert_eq!(table.count(Verdict::Wrong, |_| true), 0, "a verdict is wrong");
    for note in table.notes(Verdict::Missed) {
        assert!(KNOWN_GAPS.iter().any(|gap| note.contains(gap)), "missed without a reason that is known: {note}");
    }
    assert!(table.count(Verdict::Right, |given| given == Given::Tap) > 100, "hardly anything was judged");
    assert_eq!(table.count(Verdict::Unknown, |given| matches!(given, Given::Tap | Given::All)), 0);
    assert_eq!(table.count(Verdict::Phantom, |_| true), 0, "something was found that was not there");
}

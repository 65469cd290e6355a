//! A log that several pips wrote, one after the other, is as good as a log for each.

use wheeltap::classify::pip::{Classifier, Options, Piece, Runs};
use wheeltap::classify::{Channel, End, Finding};

use crate::case::{Case, Said};

fn classifier() -> Classifier {
    Classifier::new(Options { log: true, ..Options::default() })
}

fn ended(classifier: Classifier, mut findings: Vec<Finding>) -> Said {
    classifier.finish(End::Unknown, &mut |finding| findings.push(finding));
    Said::of(findings)
}

fn alone(log: &[u8]) -> Said {
    let mut findings = Vec::new();
    let mut one = classifier();
    one.feed(Channel::Log, log, &mut |finding| findings.push(finding));
    ended(one, findings)
}

fn together(log: &[u8], piece: usize) -> Vec<Said> {
    let mut all = Vec::new();
    let mut current: Option<(Classifier, Vec<Finding>)> = None;
    let mut take = |piece: Piece<'_>| match piece {
        Piece::Begins => {
            let before = current.replace((classifier(), Vec::new()));
            all.extend(before.map(|(classifier, findings)| ended(classifier, findings)));
        }
        Piece::Bytes(bytes) => {
            let (classifier, findings) = current.as_mut().expect("a log begins with a run");
            classifier.feed(Channel::Log, bytes, &mut |finding| findings.push(finding));
        }
        Piece::Mixed => panic!("these wrote one after the other"),
    };
    let mut runs = Runs::new();
    log.chunks(piece).for_each(|bytes| runs.feed(bytes, &mut take));
    runs.finish(&mut take);
    all.extend(current.map(|(classifier, findings)| ended(classifier, findings)));
    all
}

#[test]
fn of_one_log_are_what_they_are_alone() {
    // pip 26 checks for a newer pip before it says who it is; such a run has no place to be cut at.
    let begins = |log: &[u8]| log.get(24..).is_some_and(|text| text.starts_with(b"Using pip "));
    let logs: Vec<Vec<u8>> =
        Case::kept().iter().map(|case| case.bytes("log")).filter(|log| log.len() < 60_000 && begins(log)).collect();
    assert!(logs.len() > 100);
    for piece in [usize::MAX, 1000] {
        let all = together(&logs.concat(), piece);
        assert_eq!(all.len(), logs.len());
        for (said, log) in all.iter().zip(&logs) {
            let expected = alone(log);
            assert_eq!(said.artifacts, expected.artifacts, "{}", String::from_utf8_lossy(log));
            assert_eq!((&said.attempts, &said.others), (&expected.attempts, &expected.others));
        }
    }
}

//! However the bytes are cut, the findings are the same.

use proptest::prelude::*;
use wheeltap::classify::apt::{Classifier, Runs};
use wheeltap::classify::{Channel, Finding};

use crate::recorded::Recorded;

/// Feeds each record in pieces of the sizes given, the records in turn.
fn in_pieces(records: &[(Record, Vec<u8>)], sizes: &[usize]) -> Vec<Finding> {
    let mut classifier = Classifier::new(Runs::One);
    let mut rests: Vec<_> = records.iter().map(|(record, bytes)| (*record, bytes.as_slice())).collect();
    let mut sizes = sizes.iter().copied().cycle();
    for (record, _) in records {
        record.feed(&mut classifier, b"");
    }
    while rests.iter().any(|(_, rest)| !rest.is_empty()) {
        for (record, rest) in &mut rests {
            let (piece, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            record.feed(&mut classifier, piece);
            *rest = after;
        }
    }
    classifier.finish()
}

#[derive(Clone, Copy)]
enum Record {
    Methods,
    Hook,
    Text(Channel),
}

impl Record {
    fn feed(self, classifier: &mut Classifier, bytes: &[u8]) {
        match self {
            Record::Methods => classifier.methods(bytes),
            Record::Hook => classifier.hook(bytes),
            Record::Text(channel) => classifier.text(channel, bytes),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_findings(
        run in any::<prop::sample::Index>(),
        choice in 1u8..16,
        sizes in prop::collection::vec(1usize..200, 1..12),
    ) {
        let runs = Recorded::all();
        let run = run.get(&runs);
        let files = [
            (Record::Methods, "methods.log"),
            (Record::Hook, "preinstall.log"),
            (Record::Text(Channel::Stdout), "stdout"),
            (Record::Text(Channel::Stderr), "stderr"),
        ];
        let chosen = files.into_iter().enumerate().filter(|(bit, _)| choice & 1 << bit != 0);
        let records: Vec<_> = chosen.map(|(_, (record, name))| (record, run.file(name))).collect();
        prop_assert_eq!(in_pieces(&records, &sizes), in_pieces(&records, &[usize::MAX]));
    }
}

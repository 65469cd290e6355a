//! How the bytes are cut never matters.

use proptest::prelude::*;
use wheeltap::classify::pip::{Classifier, Options};
use wheeltap::classify::{Channel, Finding};

use crate::case::{Case, Texts};

/// All findings, in their order, when each channel comes in pieces of the lengths given in turn.
fn findings(case: &Case, texts: Texts, lengths: &[usize]) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut classifier = Classifier::new(Options { log: texts.have_log(), ..Options::default() });
    let mut length = lengths.iter().cycle();
    for (channel, bytes) in case.channels(texts) {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*length.next().unwrap()));
            classifier.feed(channel, piece, &mut |finding| all.push(finding));
            rest = after;
        }
    }
    classifier.finish(case.end(texts), &mut |finding| all.push(finding));
    all
}

fn small_cases() -> Vec<Case> {
    Case::all().into_iter().filter(|case| case.bytes("log").len() < 40_000).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_findings(
        pick in any::<prop::sample::Index>(),
        texts in prop::sample::select(vec![Texts::LogAndStreams, Texts::Log, Texts::Streams, Texts::Both]),
        lengths in prop::collection::vec(prop_oneof![1..8usize, 1..300usize, 1..20_000usize], 1..12),
    ) {
        let cases = small_cases();
        let case = pick.get(&cases);
        prop_assert_eq!(findings(case, texts, &lengths), findings(case, texts, &[usize::MAX]), "{}/{}", case.version, case.scenario);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000), cut in 1..200usize) {
        for channel in [Channel::Log, Channel::Stdout, Channel::Stderr, Channel::Both] {
            let mut classifier = Classifier::new(Options::default());
            bytes.chunks(cut).for_each(|piece| classifier.feed(channel, piece, &mut |_| {}));
            classifier.finish(wheeltap::classify::End::Unknown, &mut |_| {});
        }
    }
}

#[test]
fn byte_by_byte_is_no_different() {
    for case in small_cases().iter().step_by(7) {
        for texts in [Texts::LogAndStreams, Texts::Streams] {
            assert_eq!(
                findings(case, texts, &[1]),
                findings(case, texts, &[usize::MAX]),
                "{}/{}",
                case.version,
                case.scenario
            );
        }
    }
}

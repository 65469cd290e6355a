//! How the bytes are cut never matters.

use std::sync::OnceLock;

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

fn small_cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| Case::all().into_iter().filter(|case| case.bytes("log").len() < 40_000).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_findings(
        pick in any::<prop::sample::Index>(),
        texts in prop::sample::select(vec![Texts::LogAndStreams, Texts::Log, Texts::Streams, Texts::Both]),
        lengths in prop::collection::vec(prop_oneof![1..8usize, 1..300usize, 1..20_000usize], 1..12),
    ) {
        let case = pick.get(small_cases());
        prop_assert_eq!(findings(case, texts, &lengths), findings(case, texts, &[usize::MAX]), "{}/{}", case.version, case.scenario);
    }

    #[test]
    fn damaged_text_is_survived(
        pick in any::<prop::sample::Index>(),
        wounds in prop::collection::vec((any::<prop::sample::Index>(), 0..60usize, prop::collection::vec(any::<u8>(), 0..20)), 1..40),
    ) {
        let case = pick.get(small_cases());
        for (channel, mut bytes) in [Texts::LogAndStreams, Texts::Streams].iter().flat_map(|texts| case.channels(*texts)) {
            for (at, length, with) in &wounds {
                let start = at.index(bytes.len() + 1);
                let end = bytes.len().min(start + length);
                bytes.splice(start..end, with.iter().copied());
            }
            let mut classifier = Classifier::new(Options::default());
            classifier.feed(channel, &bytes, &mut |_| {});
            classifier.finish(wheeltap::classify::End::Unknown, &mut |_| {});
        }
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

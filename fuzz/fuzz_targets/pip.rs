//! Any bytes on any channel of pip's, in any pieces: no panic, and the same findings as in one piece.
//!
//! The first byte tells how long the pieces are; then each `0xff` goes on to the next channel.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wheeltap::classify::pip::{Classifier, Options, Piece, Runs};
use wheeltap::classify::{Channel, End, Finding};

const CHANNELS: [Channel; 4] = [Channel::Log, Channel::Stdout, Channel::Stderr, Channel::Both];

fn findings(texts: &[u8], piece: usize) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut classifier = Classifier::new(Options { log: true, ..Options::default() });
    for (text, channel) in texts.split(|&byte| byte == 0xff).zip(CHANNELS.iter().cycle()) {
        text.chunks(piece).for_each(|bytes| classifier.feed(*channel, bytes, &mut |finding| all.push(finding)));
    }
    classifier.finish(End::Unknown, &mut |finding| all.push(finding));
    all
}

fuzz_target!(|data: &[u8]| {
    let Some((&length, texts)) = data.split_first() else { return };
    let piece = usize::from(length) + 1;
    assert_eq!(findings(texts, piece), findings(texts, usize::MAX));

    let mut passed = Vec::new();
    let mut runs = Runs::new();
    let mut pass = |piece: Piece<'_>| {
        if let Piece::Bytes(bytes) = piece {
            passed.extend_from_slice(bytes);
        }
    };
    texts.chunks(piece).for_each(|bytes| runs.feed(bytes, &mut pass));
    runs.finish(&mut pass);
    assert_eq!(passed, texts, "no byte of a log is lost or moved");
});

//! Parsers of foreign bytes on bytes that nobody promised them: any, none, damaged, endless.
//!
//! The fuzz targets of `fuzz/` call the same entries, for longer and with more wit.
#![allow(missing_docs, clippy::unwrap_used)]

mod endless;
mod entries;
#[allow(dead_code, reason = "a part of it is used here")]
#[path = "../ledger/events.rs"]
mod events;
mod seeds;

use entries::ENTRIES;
use proptest::prelude::*;
use proptest::sample::Index;

/// Bytes that formats are made of, so that chance comes further than a first line.
fn words() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(seeds::WORDS);
    let piece = prop_oneof![
        6 => word.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..6),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        ENTRIES.iter().for_each(|(_, entry)| entry(&bytes));
    }

    #[test]
    fn words_of_the_formats_are_borne_in_any_order(bytes in words()) {
        ENTRIES.iter().for_each(|(_, entry)| entry(&bytes));
    }

    /// Real texts, cut, doubled and overwritten.
    #[test]
    fn damaged_texts_are_borne(
        entry in prop::sample::select(&ENTRIES[..]),
        seed in any::<Index>(),
        wounds in prop::collection::vec((any::<Index>(), 0..200usize, words()), 1..8),
    ) {
        let mut bytes = seeds::of(entry.0, seed);
        for (at, length, with) in &wounds {
            let start = at.index(bytes.len() + 1);
            let end = bytes.len().min(start + length);
            bytes.splice(start..end, with.iter().copied());
        }
        (entry.1)(&bytes);
    }
}

/// What chance found once.
#[test]
fn cases_that_were_found_are_borne() {
    let endless = "FROM a\nSHELL [\"/bin/sh\", \"-c\"]\nRUN <<EOF\npip install\0\u{1b}[31m\n";
    // Two lengths: the builder knows here documents, and does not.
    for text in [endless.to_owned(), format!("{endless}\n"), endless.replace("\n", "\r\n"), format!("{endless}x")] {
        entries::dockerfile(text.as_bytes());
    }
    for after in ["\u{202e}", "or\"\u{202e}\"==os_name", " \"\u{202e}\"", "and os_name=='\u{202e}'"] {
        entries::requirements(format!("six; python_version < '3.8'{after}\n").as_bytes());
    }
    // A line of version 3 of what apt's hook reads, with fewer than its nine fields.
    entries::apt_methods(b"\x00\xffVERSION 3\n\nname - 1.0 /x\n");
    // An error's command line without the error: that the log had the nested pip be verbose is taken out of it.
    entries::restore(b"\x00\xff\xff command: python pip install --prefix /tmp/o -v --no-binary :none:\n");
}

/// Each entry is a fuzz target, and each fuzz target an entry.
#[test]
fn every_entry_is_fuzzed() {
    let targets = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/fuzz_targets")).unwrap();
    let mut targets: Vec<_> = targets.map(|file| file.unwrap().path()).collect();
    targets.sort();
    let mut names: Vec<_> = ENTRIES.map(|(name, _)| name).to_vec();
    names.sort_unstable();
    assert_eq!(targets.iter().map(|file| file.file_stem().unwrap().to_str().unwrap()).collect::<Vec<_>>(), names);
    let manifest = include_str!("../../fuzz/Cargo.toml");
    for (target, name) in targets.iter().zip(names) {
        assert!(std::fs::read_to_string(target).unwrap().contains(&format!("entries::{name}(data)")), "{name}");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}

//! pip refuses a file for its hash and does not say which.

use wheeltap::classify::pip::{Classifier, Options};
use wheeltap::classify::{Channel, End};
use wheeltap::event::Origin;

use crate::case::Said;

/// What is said of a run that fetched these files of one page, with these fragments, and refused one of them.
fn origins(files: &[(&str, &str)]) -> Vec<(Origin, bool)> {
    let mut log = "Using pip 24.0 from /venv/lib/pip (python 3.11)\nCollecting demo\n".to_owned();
    for (name, fragment) in files {
        log += &format!(
            "  Found link https://files.example/{name}{fragment} (from https://index.example/demo/), version: 1\n"
        );
    }
    for (name, _) in files {
        log += &format!("Downloading {name} (9 kB)\n");
    }
    log += "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    unknown package:\n";
    log += &format!("        Expected sha256 {:a>64}\n             Got        {:b>64}\n\n", "", "");
    let stamped: String = log
        .split_inclusive('\n')
        .map(|line| if line == "\n" { line.into() } else { format!("2026-01-01T00:00:00,000 {line}") })
        .collect();
    let (mut all, mut classifier) = (Vec::new(), Classifier::new(Options { log: true, ..Options::default() }));
    classifier.feed(Channel::Log, stamped.as_bytes(), &mut |finding| all.push(finding));
    classifier.finish(End::Code(1), &mut |finding| all.push(finding));
    let artifacts = Said::of(all).artifacts.into_iter();
    artifacts
        .filter(|(artifact, _)| artifact.filename.is_some())
        .map(|(artifact, clues)| {
            let doubt = clues.doubt.is_some_and(|doubt| doubt.refused[0].to_string() == "b".repeat(64));
            assert_eq!(doubt, artifact.origin == Origin::Unknown, "{artifact:?}");
            assert_eq!(artifact.reason.is_some(), artifact.origin != Origin::Downloaded, "{artifact:?}");
            (artifact.origin, doubt)
        })
        .collect()
}

#[test]
fn the_only_file_is_the_one() {
    assert_eq!(origins(&[("demo-1-py3-none-any.whl", "")]), [(Origin::Failed, false)]);
}

#[test]
fn a_page_that_promised_what_was_expected_tells_which() {
    let promised = format!("#sha256={:a>64}", "");
    let said =
        origins(&[("demo-1-py3-none-any.whl", ""), ("more-1-py3-none-any.whl", &promised), ("rest-1.tar.gz", "")]);
    assert_eq!(
        said.iter().map(|(origin, _)| *origin).collect::<Vec<_>>(),
        [Origin::Downloaded, Origin::Failed, Origin::Downloaded]
    );
}

#[test]
fn of_several_the_digests_must_tell() {
    let said = origins(&[("demo-1-py3-none-any.whl", ""), ("more-1-py3-none-any.whl", ""), ("rest-1.tar.gz", "")]);
    assert_eq!(said, [(Origin::Unknown, true); 3]);
}

//! The complete findings of a few runs.

use std::fmt::Write as _;

use crate::case::{Case, Said, Texts};

fn lines(said: &Said) -> String {
    let mut text = String::new();
    for (artifact, clues) in &said.artifacts {
        let lossy = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        writeln!(text, "{}", serde_json::to_string(artifact).unwrap()).unwrap();
        writeln!(
            text,
            "  clues url={:?} path={:?} temporary={:?} promised={:?}",
            lossy(&clues.url),
            lossy(&clues.path),
            lossy(&clues.temporary),
            clues.promised
        )
        .unwrap();
    }
    said.attempts.iter().for_each(|attempt| writeln!(text, "{}", serde_json::to_string(attempt).unwrap()).unwrap());
    said.others.iter().for_each(|other| writeln!(text, "{other:?}").unwrap());
    text
}

fn snapshot(version: &str, scenario: &str, texts: Texts) -> String {
    let cases = Case::kept();
    let case = cases.iter().find(|case| case.version == version && case.scenario == scenario).unwrap();
    lines(&case.classify(texts))
}

#[test]
fn of_a_log() {
    insta::assert_snapshot!("sdist_isolated_24_0", snapshot("24.0", "install-sdist-isolated", Texts::LogAndStreams));
    insta::assert_snapshot!("backtrack_20_3", snapshot("20.3.4", "backtrack", Texts::LogAndStreams));
    insta::assert_snapshot!("in_process_26_3", snapshot("26.3", "inprocess-build-deps", Texts::LogAndStreams));
    insta::assert_snapshot!("offline_url_25_3", snapshot("25.3", "offline-url", Texts::Log));
}

#[test]
fn of_streams() {
    insta::assert_snapshot!("wheel_sdist_23_0", snapshot("23.0.1", "wheel-sdist", Texts::Streams));
    insta::assert_snapshot!("truncated_26_3", snapshot("26.3", "net-trunc", Texts::Streams));
    insta::assert_snapshot!("terminal_20_3", snapshot("20.3.4", "tty-sdist", Texts::Streams));
    insta::assert_snapshot!("vcs_25_3", snapshot("25.3", "install-vcs", Texts::Streams));
}

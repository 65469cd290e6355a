//! What a newcomer reads.

use crate::harness::Place;

const VERBS: [&str; 25] = [
    "",
    "run",
    "build",
    "verify",
    "profile",
    "report",
    "diff",
    "duplicates",
    "trend",
    "lock",
    "export",
    "site-packages",
    "ingest",
    "ingest pip",
    "ingest apt",
    "ingest buildkit",
    "shims",
    "shims install",
    "shims uninstall",
    "shims status",
    "which",
    "doctor",
    "completions",
    "man",
    "--version",
];

/// The help of every verb as it is printed on a pipe.
#[test]
fn every_verb_explains_itself() {
    let place = Place::new();
    for verb in VERBS {
        let line = if verb.starts_with("--") { verb.to_owned() } else { format!("{verb} --help") };
        let said = place.says(&line);
        assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{verb}");
        insta::assert_snapshot!(format!("help {verb}").trim().replace([' ', '-'], "_"), said.stdout);
    }
}

/// As most tools have it, besides `--help`.
#[test]
fn help_is_a_word_as_well() {
    let place = Place::new();
    for (word, option) in
        [("help", "--help"), ("help run", "run --help"), ("help shims install", "shims install --help")]
    {
        let said = place.says(word);
        assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{word}");
        assert_eq!(said.stdout, place.says(option).stdout, "{word}");
    }
    assert_eq!(place.says("help nonsense").status, Some(2));
}

/// The test above cannot forget a verb: the parser lists them.
#[test]
fn no_verb_is_without_its_snapshot() {
    let help = Place::new().says("-h").stdout;
    let verbs = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A description that goes on in the next line stands in its own column.
    let verbs = verbs.filter(|line| !line.starts_with("   "));
    let listed: Vec<_> = verbs.map(|line| line.split_whitespace().next().unwrap()).collect();
    let tested: Vec<_> = VERBS.iter().filter(|verb| !verb.contains([' ', '-']) && !verb.is_empty()).copied().collect();
    let elsewhere = ["wheelhouse", "archives", "requirements", "site-packages"];
    let ours: Vec<_> = listed.into_iter().filter(|verb| !elsewhere.contains(verb)).collect();
    assert_eq!(ours, tested, "in this order");
}

/// Completions and manual pages come from the same definition: every verb is in them.
#[test]
fn completions_and_manual_pages_know_every_verb() {
    let place = Place::new();
    let pages = place.says("man --dir pages");
    assert_eq!((pages.status, pages.stdout.as_str(), pages.stderr.as_str()), (Some(0), "", ""));
    let scripts = ["bash", "zsh", "fish"].map(|shell| place.says(&format!("completions {shell}")).stdout);
    for verb in VERBS.iter().filter(|verb| !verb.is_empty() && !verb.starts_with('-')) {
        let page = std::fs::read_to_string(place.join(format!("pages/wheeltap-{}.1", verb.replace(' ', "-")))).unwrap();
        assert!(page.contains(".SH NAME"), "{verb}");
        let last = verb.split(' ').next_back().unwrap();
        assert!(scripts.iter().all(|script| script.contains(last)), "{verb}");
    }
    assert!(place.says("man").stdout.contains("wheeltap\\-shims(1)"));
}

//! Texts that no server log stands behind: clipped, doubled, forged, and several runs in one.

use wheeltap::classify::apt::{Classifier, Runs};
use wheeltap::classify::{Channel, Finding};
use wheeltap::event::Origin;

/// Names and origins of what is found, and the blind spots.
fn found(runs: Runs, stdout: &str, stderr: &str) -> (Vec<(String, Origin)>, Vec<String>) {
    let mut classifier = Classifier::new(runs);
    classifier.text(Channel::Stdout, stdout.as_bytes());
    classifier.text(Channel::Stderr, stderr.as_bytes());
    let (mut artifacts, mut blind_spots) = (Vec::new(), Vec::new());
    for finding in classifier.finish() {
        match finding {
            Finding::Artifact { record, .. } => {
                artifacts.push((record.name.unwrap_or_default().to_string(), record.origin))
            }
            Finding::BlindSpot(what) => blind_spots.push(what),
            _ => {}
        }
    }
    (artifacts, blind_spots)
}

fn one(stdout: &str) -> Vec<(String, Origin)> {
    found(Runs::One, stdout, "").0
}

fn list(expected: &[(&str, Origin)]) -> Vec<(String, Origin)> {
    expected.iter().map(|(name, origin)| ((*name).to_owned(), *origin)).collect()
}

const PLAN: &str = "Reading package lists...\nThe following NEW packages will be installed:\n  lab-dep lab-hello\n\
    0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.\n";
const DEP: &str = "Get:1 http://a.example s/main amd64 lab-dep all 1.0 [884 B]\n";
const HELLO: &str = "Get:2 http://a.example s/main amd64 lab-hello all 1.0 [876 B]\n";
const UNPACK: &str = "Selecting previously unselected package lab-hello.\n\
    Preparing to unpack .../0-lab-hello_1.0_all.deb ...\nUnpacking lab-hello (1.0) ...\n\
    Preparing to unpack .../1-lab-dep_1.0_all.deb ...\nUnpacking lab-dep (1.0) ...\n";

#[test]
fn a_line_that_was_clipped_makes_nothing_cached() {
    let (need_all, need_dep) = ("Need to get 1760 B of archives.\n", "Need to get 1760 B/2000 B of archives.\n");
    for need in [need_all, need_dep, ""] {
        let text = format!("{PLAN}{need}{DEP}Fetched 1760 B in 0s (1 B/s)\n{UNPACK}");
        assert_eq!(one(&text), list(&[("lab-dep", Origin::Downloaded), ("lab-hello", Origin::Unknown)]), "{need:?}");
    }
    let whole = format!("{PLAN}Need to get 884 B/1760 B of archives.\n{DEP}Fetched 884 B in 0s (1 B/s)\n{UNPACK}");
    assert_eq!(one(&whole), list(&[("lab-dep", Origin::Downloaded), ("lab-hello", Origin::ArchiveCache)]));
}

#[test]
fn a_total_that_is_too_small_decides_only_what_the_others_cannot_make_up() {
    let text = |total: &str| format!("{PLAN}Need to get 1760 B of archives.\n{DEP}{HELLO}{total}{UNPACK}");
    let both = |dep, hello| list(&[("lab-dep", dep), ("lab-hello", hello)]);
    assert_eq!(one(&text("Fetched 1760 B in 0s (1 B/s)\n")), both(Origin::Downloaded, Origin::Downloaded));
    assert_eq!(one(&text("Fetched 880 B in 0s (1 B/s)\n")), both(Origin::Downloaded, Origin::Unknown));
    assert_eq!(one(&text("Fetched 500 B in 0s (1 B/s)\n")), both(Origin::Unknown, Origin::Unknown));
    assert_eq!(one(&text("")), both(Origin::Unknown, Origin::Unknown));
}

#[test]
fn a_fetch_that_the_text_does_not_see_through_is_unknown() {
    let text = format!("{PLAN}Need to get 1760 B of archives.\n{DEP}");
    assert_eq!(one(&text), list(&[("lab-dep", Origin::Unknown)]));
    assert_eq!(one("Get:1 http://a.example s InRelease [1756 B]\n"), list(&[("s InRelease", Origin::Unknown)]));
    let ignored = "Ign:1 http://a.example s InRelease\n";
    assert_eq!(one(ignored), list(&[("s InRelease", Origin::Unknown)]));
    assert_eq!(one(&format!("{ignored}Reading package lists...\n")), list(&[("s InRelease", Origin::Failed)]));
}

#[test]
fn what_was_announced_and_not_begun_is_nothing() {
    let text = format!("{PLAN}Need to get 0 B/1760 B of archives.\nDo you want to continue? [Y/n] Abort.\n");
    assert_eq!(one(&text), list(&[]));
    let only = format!("{PLAN}Need to get 0 B/1760 B of archives.\nDownload complete and in download only mode\n");
    assert_eq!(one(&only), list(&[("lab-dep", Origin::ArchiveCache), ("lab-hello", Origin::ArchiveCache)]));
}

#[test]
fn what_a_maintainer_script_prints_is_not_apts() {
    let forged = "Get:1 http://fake.example s/main amd64 fake all 1.0 [1 B]\nFetched 1 B in 0s (1 B/s)\n\
        Preparing to unpack .../fake_1.0_all.deb ...\nUnpacking fake (1.0) ...\nReading package lists...\n\
        Get:7 http://fake.example s/main amd64 fake all 1.0 [1 B]\n";
    let text =
        format!("{PLAN}Need to get 1760 B of archives.\n{DEP}{HELLO}Fetched 1760 B in 0s (1 B/s)\n{UNPACK}{forged}");
    let (artifacts, blind_spots) = found(Runs::One, &text, "");
    assert_eq!(artifacts, list(&[("lab-dep", Origin::Downloaded), ("lab-hello", Origin::Downloaded)]));
    assert_eq!(blind_spots.len(), 1, "{blind_spots:?}");
}

#[test]
fn several_runs_in_one_text_are_told_apart() {
    let update =
        "Get:1 http://a.example s InRelease [1756 B]\nFetched 1756 B in 0s (1 B/s)\nReading package lists...\n";
    let install = format!("{PLAN}Need to get 884 B/1760 B of archives.\n{DEP}Fetched 884 B in 0s (1 B/s)\n{UNPACK}");
    let packages = [("lab-dep", Origin::Downloaded), ("lab-hello", Origin::ArchiveCache)];
    let release = ("s InRelease", Origin::Downloaded);
    let mut expected = list(&[release]);
    expected.extend(list(&packages[..1]));
    expected.extend(list(&packages[1..]));
    assert_eq!(one(&format!("{update}{install}")), expected);
    let (artifacts, _) = found(Runs::Several, &format!("{install}Setting up lab-dep (1.0) ...\n{update}"), "");
    assert_eq!(artifacts, list(&[packages[0], release, packages[1]]));
    let (artifacts, blind_spots) = found(Runs::One, &format!("{install}{update}"), "");
    assert_eq!((artifacts, blind_spots.len()), (list(&packages), 1));
}

#[test]
fn errors_alone_name_what_failed() {
    let stderr = "E: Failed to fetch http://a.example/pool/l/lab-404_1.0_all.deb  404  Not Found [IP: 127.0.0.1 80]\n\
        E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n";
    let (artifacts, blind_spots) = found(Runs::One, "", stderr);
    assert_eq!(artifacts, list(&[("lab-404", Origin::Failed)]));
    assert_eq!(blind_spots.len(), 1, "silence is said: {blind_spots:?}");
    let unnamed = stderr.lines().last().unwrap();
    assert!(found(Runs::One, "", unnamed).1.iter().any(|what| what.contains("did not name them")));
}

/// What is missing by a text on both streams.
fn missing(text: &str) -> Vec<String> {
    let mut classifier = Classifier::new(Runs::Several);
    classifier.text(Channel::Both, text.as_bytes());
    let missing = |finding| match finding {
        Finding::Missing { requirement } => Some(requirement),
        _ => None,
    };
    classifier.finish().into_iter().filter_map(missing).collect()
}

#[test]
fn what_apt_asked_for_in_vain_is_named() {
    let errors = "Reading package lists...\nE: Unable to locate package lab-no\nE: Unable to locate package libfoo1.2\n\
        E: Couldn't find any package by glob 'libfoo1.2'\nE: Couldn't find any package by regex 'libfoo1.2'\n\
        E: Package 'lab-gone' has no installation candidate\nE: Version '9' for 'dash' was not found\n\
        E: Unsupported file /archives/lab_1.0_all.deb given on commandline\nE: Unable to find a source package for lab-src\n\
        E: Unable to locate package lab-no\n";
    let named =
        ["lab-no", "libfoo1.2", "lab-gone", "dash=9", "/archives/lab_1.0_all.deb", "lab-src"].map(str::to_owned);
    assert_eq!(missing(errors), named);
    let torn = "Reading package lists...E\nBuilding dependency tree...\n: Unable to locate package lab-no\nReading state information...E: Unable to locate package lab-x\n";
    assert_eq!(missing(torn), ["lab-no", "lab-x"], "both streams in one");
    let unmet = "The following packages have unmet dependencies:\n lab-needs : PreDepends: lab-pre (= 1.5) but it is not installable\n\
        \x20            Depends: lab-absent:any (>= 2) but it is not installable\n             Depends: lab-other but it is not installable or\n\
        \x20                     lab-third but it is not installable\n             Depends: dash (>= 99) but 0.5.12-2 is to be installed\n\
        \x20            Conflicts: bash but 5 is to be installed\n             Recommends: lab-r but it is not installable\n\
        \x20lab-top : Depends: lab-mid but it is not going to be installed\nE: Unable to correct problems, you have held broken packages.\n";
    assert_eq!(missing(unmet), ["lab-pre=1.5", "lab-absent", "lab-other"]);
    assert_eq!(missing(&unmet.replace("The following packages have unmet", "Unsatisfied")).len(), 3);
    let weaker = "The following packages have unmet dependencies:\n lab-top : Depends: lab-mid but it is not going to be installed\n\
        \x20          Depends: lab-v (= 2) but 1 is to be installed\n";
    assert_eq!(missing(weaker), ["lab-mid", "lab-v=2"], "apt does not say why");
}

#[test]
fn what_is_not_apts_word_or_was_had_after_all_is_not_missing() {
    let error = "E: Unable to locate package lab-dep\n";
    let plan = format!("{PLAN}Need to get 1760 B of archives.\n{DEP}{HELLO}Fetched 1760 B in 0s (1 B/s)\n");
    assert_eq!(missing(&format!("{PLAN}{UNPACK}E: Unable to locate package lab-forged\n")), [""; 0], "a script's");
    assert_eq!(missing(&format!("{error}{plan}{UNPACK}")), [""; 0], "it was there at the second try");
    assert_eq!(missing("E: Paket lab-dep kann nicht gefunden werden.\n"), [""; 0]);
    assert_eq!(
        missing("  E: Unable to locate package lab-dep\n lab-a : Depends: lab-b but it is not installable\n"),
        [""; 0]
    );
}

#[test]
fn nothing_in_any_text_makes_a_classifier_fail() {
    for text in [
        ":1 ",
        "Get:",
        "Get:1",
        "Get:1 http",
        "Get:1 http:// [",
        "[9999999999999999999 TB]",
        "Need to get 9 /",
        "(",
        "E: :/  x",
    ] {
        one(&format!("{text}\nGet:99999999999999999999 http://a.example x\n{text} [9 TB]\n{text}..."));
    }
}

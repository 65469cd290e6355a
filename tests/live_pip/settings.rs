//! What a user sets by variables and configuration files means to a shimmed pip what it means to a bare one.

use std::fs;

use super::alike;
use super::support::index::Index;
use super::support::pips::RealPip;
use super::support::place::{Place, Run, Side};
use super::support::streams::Streams;

/// Variables, and the lines of a `pip.conf`.
const SETTINGS: [(&[(&str, &str)], &str); 22] = [
    (&[("PIP_LOG", "{root}/app/own.log")], ""),
    (&[("PIP_QUIET", "1")], ""),
    (&[("PIP_QUIET", "2")], ""),
    (&[("PIP_QUIET", "3")], ""),
    (&[("PIP_VERBOSE", "1")], ""),
    (&[("PIP_QUIET", "1"), ("PIP_VERBOSE", "1")], ""),
    (&[("PIP_NO_COLOR", "1"), ("FORCE_COLOR", "1")], ""),
    (&[("PIP_PROGRESS_BAR", "off")], ""),
    (&[("PIP_PROGRESS_BAR", "on"), ("PIP_QUIET", "1")], ""),
    (&[("NO_COLOR", "1")], ""),
    (&[("FORCE_COLOR", "1")], ""),
    (&[("FORCE_COLOR", "1"), ("PIP_QUIET", "1")], ""),
    (&[("FORCE_COLOR", "1"), ("CI", "1")], ""),
    (&[("COLUMNS", "100")], ""),
    (&[("TERM", "dumb"), ("LANG", "C"), ("PYTHONIOENCODING", "ascii")], ""),
    (&[("PYTHONUNBUFFERED", "1")], ""),
    (&[("WHEELTAP_PIP_LOG", "never")], ""),
    (&[], "[global]\nlog = {root}/app/own.log\n"),
    (&[], "[global]\nquiet = 1\n"),
    (&[], "[install]\nverbose = 1\n"),
    (&[("PIP_VERBOSE", "0")], "[global]\nverbose = 2\nprogress-bar = off\n"),
    (&[("PIP_CONFIG_FILE", "/dev/null")], "[global]\nquiet = 2\n"),
];

// Contract: pip-alike
// Contract: pip-log-gives-back
fn keep_their_meaning(wanted: &str) {
    let Some(pip) = RealPip::required(wanted) else { return };
    let (mut index, place) = (Index::start(&pip).unwrap(), Place::new(&pip));
    let mut wrong = String::new();
    for (number, (variables, configuration)) in SETTINGS.into_iter().enumerate() {
        let mut run = Run::pip(&["install", "big", "failing"]);
        run.streams = if number % 2 == 0 { Streams::Apart } else { Streams::Together };
        run.env = variables.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
        let mut outcome = |side| {
            place.clear();
            let file = place.root().join("home/.config/pip/pip.conf");
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, place.expand(configuration, &index)).unwrap();
            index.begin(&serde_json::json!([]));
            let ended = place.run(side, &run, &index);
            alike::outcome(ended, &place, index.requests())
        };
        let (bare, shimmed) = (outcome(Side::Bare), outcome(Side::Shimmed));
        for difference in alike::differences(&bare, &shimmed, false) {
            wrong += &format!("{variables:?} {configuration:?}: {difference}\n");
        }
    }
    assert!(wrong.is_empty(), "pip {}:\n{wrong}", pip.version);
}

#[test]
fn settings_keep_their_meaning_to_pip_24_0() {
    keep_their_meaning("24.0");
}

#[test]
fn settings_keep_their_meaning_to_the_newest_pip() {
    keep_their_meaning("newest");
}

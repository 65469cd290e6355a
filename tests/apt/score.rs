//! How often the sessions of live runs were right about a package or an index, by suite.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// How a session stood to what the server sent and what lay there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// The scenarios that were played.
    pub(crate) scenarios: usize,
    /// Packages and indexes of which all was right.
    pub(crate) right: usize,
    /// Those of which something was not.
    pub(crate) wrong: usize,
    /// Those that no session named.
    pub(crate) missed: usize,
    /// Those of which the session says that it does not know.
    pub(crate) unknown: usize,
}

/// The suites that there are to play.
const SUITES: usize = 3;

/// Notes the score of a suite, `None` if it was skipped; the last one prints the table of all.
#[allow(clippy::print_stdout, reason = "`make test` shows the table")]
pub(crate) fn note(suite: &'static str, score: Option<Score>) {
    static SCORES: Mutex<BTreeMap<&str, Option<Score>>> = Mutex::new(BTreeMap::new());
    let mut scores = SCORES.lock().unwrap();
    scores.insert(suite, score);
    if scores.len() < SUITES {
        return;
    }
    let mut table =
        String::from("table: live apt-get and apt in chroots, packages and indexes as the server saw them\n");
    table.push_str(&row("suite", ["runs", "right", "wrong", "missed", "unknown"]));
    for (suite, score) in scores.iter() {
        match score {
            Some(Score { scenarios, right, wrong, missed, unknown }) => {
                table.push_str(&row(suite, [scenarios, right, wrong, missed, unknown]));
            }
            None => table.push_str(&format!("{suite:<10} skipped\n")),
        }
    }
    println!("{table}end of table");
}

fn row(suite: &str, cells: [impl std::fmt::Display; 5]) -> String {
    format!("{suite:<10} {}\n", cells.map(|cell| format!("{cell:>8}")).concat())
}

//! Verdicts, and the table of them.

use std::collections::BTreeMap;

use crate::recorded::{Given, Recorded};

/// How a finding stands to the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    Missed,
    Phantom,
    Unknown,
}

impl Verdict {
    const EACH: [Verdict; 5] = [Verdict::Right, Verdict::Wrong, Verdict::Missed, Verdict::Phantom, Verdict::Unknown];
}

/// The verdicts on one run, and what they are about.
#[derive(Default)]
pub(crate) struct Verdicts {
    counts: BTreeMap<Verdict, usize>,
    pub(crate) notes: Vec<(Verdict, String)>,
}

impl Verdicts {
    pub(crate) fn add(&mut self, verdict: Verdict, note: impl FnOnce() -> String) {
        *self.counts.entry(verdict).or_default() += 1;
        if verdict != Verdict::Right {
            self.notes.push((verdict, note()));
        }
    }
}

/// Version × what was given → verdicts.
#[derive(Default)]
pub(crate) struct Table {
    rows: BTreeMap<(String, Given), BTreeMap<Verdict, usize>>,
    notes: Vec<(Verdict, String)>,
}

impl Table {
    pub(crate) fn add(&mut self, run: &Recorded, given: Given, verdicts: Verdicts) {
        let row = self.rows.entry((run.version.clone(), given)).or_default();
        for (verdict, count) in verdicts.counts {
            *row.entry(verdict).or_default() += count;
        }
        for (verdict, note) in verdicts.notes {
            self.notes.push((verdict, format!("{}/{} {given:?}: {note}", run.version, run.scenario)));
        }
    }

    /// What was given this verdict.
    pub(crate) fn notes(&self, wanted: Verdict) -> impl Iterator<Item = &String> {
        self.notes.iter().filter(move |(verdict, _)| *verdict == wanted).map(|(_, note)| note)
    }

    /// How often this verdict was given.
    pub(crate) fn count(&self, verdict: Verdict, given: impl Fn(Given) -> bool) -> usize {
        let rows = self.rows.iter().filter(|((_, row), _)| given(*row));
        rows.map(|(_, row)| row.get(&verdict).copied().unwrap_or(0)).sum()
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let titles = ["right", "wrong", "missed", "phantom", "unknown"];
        writeln!(f, "table: recorded runs of apt, by version and by which records were given")?;
        writeln!(f, "{:<10} {:<12} {}", "version", "given", titles.map(|title| format!("{title:>8}")).concat())?;
        for ((version, given), row) in &self.rows {
            let counts = Verdict::EACH.map(|verdict| format!("{:>8}", row.get(&verdict).copied().unwrap_or(0)));
            writeln!(f, "{version:<10} {:<12} {}", format!("{given:?}"), counts.concat())?;
        }
        writeln!(f, "end of table")?;
        self.notes.iter().try_for_each(|(verdict, note)| writeln!(f, "  {verdict:?} {note}"))
    }
}

//! What apt announces before it fetches: the packages, how many, how many bytes.

use super::figure::Figure;
use super::item::is_name;

/// The announcement, in English; in other languages nothing is read of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Packages that will be unpacked. Those that are reinstalled are not listed by the old layout.
    pub(super) packages: Vec<String>,
    /// How many are reinstalled, by the summary.
    pub(super) reinstalled: u64,
    pub(super) need: Need,
    summary: Summary,
}

/// The line `Need to get 884 B/1760 B of archives.`
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Need {
    /// Not seen.
    #[default]
    Unseen,
    /// Not printed: the line that would follow it came at once. So with `--no-download`, which gets nothing.
    Omitted,
    /// All of the archives are needed.
    All,
    /// This much is needed of what is more.
    Part(Figure),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Summary {
    #[default]
    Unseen,
    /// It was the last line.
    Last,
    Seen,
}

/// What a heading announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// Packages that will be unpacked.
    Packages,
    /// Anything else that has lines beneath it.
    Other,
}

impl Plan {
    /// A line that is not indented: a heading, if lines may follow that belong to it.
    pub(super) fn line(&mut self, line: &str) -> Option<Heading> {
        if self.figures(line) {
            return None;
        }
        let heading = line.strip_suffix(':')?;
        let lower = heading.to_ascii_lowercase();
        let lists =
            ["installing", "upgrading", "downgrading", "reinstalling"].iter().any(|verb| lower.starts_with(verb))
                || lower.starts_with("the following")
                    && ["new packages will be installed", "packages will be upgraded", "packages will be downgraded"]
                        .iter()
                        .any(|rest| lower.ends_with(rest));
        Some(if lists { Heading::Packages } else { Heading::Other })
    }

    /// An indented line beneath a heading.
    pub(super) fn detail(&mut self, heading: Heading, line: &str) {
        if self.figures(line) || heading == Heading::Other {
            return;
        }
        // With -V each package has a line of its own, its versions in parentheses.
        let outside = line.split('(').enumerate().map(|(n, part)| match n {
            0 => part,
            _ => part.split_once(')').map_or("", |(_, after)| after),
        });
        for word in outside.flat_map(str::split_whitespace) {
            let name = word.trim_end_matches('*').split(':').next().unwrap_or_default();
            if is_name(name) && !self.packages.iter().any(|known| known == name) {
                self.packages.push(name.to_owned());
            }
        }
    }

    /// Whether anything was announced.
    pub(super) fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.need == Need::Unseen && self.summary == Summary::Unseen
    }

    fn figures(&mut self, line: &str) -> bool {
        let line = line.trim_start();
        if let Some(figures) = line.strip_prefix("Need to get ").or_else(|| line.strip_prefix("Download size: ")) {
            self.need = need(figures).unwrap_or(Need::Unseen);
        } else if line.ends_with(" not upgraded.") || line.starts_with("Upgrading: ") {
            let counts = line.split(", ").find_map(|part| {
                part.strip_suffix(" reinstalled").or_else(|| part.strip_prefix("Reinstalling: "))?.parse().ok()
            });
            self.reinstalled = counts.unwrap_or(0);
            self.summary = Summary::Last;
            return true;
        } else if ["After this operation, ", "Space needed: ", "Freed space: "]
            .iter()
            .any(|start| line.starts_with(start))
        {
            if self.summary == Summary::Last && self.need == Need::Unseen {
                self.need = Need::Omitted;
            }
        } else {
            return false;
        }
        self.summary = Summary::Seen;
        true
    }
}

/// `0 B/1760 B of archives.`, `884 B / 1760 B`, `1760 B of source archives.`
fn need(figures: &str) -> Option<Need> {
    let (needed, rest) = Figure::parse(figures)?;
    let rest = rest.strip_prefix('B')?.trim_start();
    match rest.strip_prefix('/') {
        Some(total) => Figure::parse(total.trim_start()).map(|_| Need::Part(needed)),
        None => Some(Need::All),
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Heading, Need, Plan};

    #[test]
    fn reads_both_layouts() {
        let mut plan = Plan::default();
        assert_eq!(plan.line("The following packages will be REMOVED:"), Some(Heading::Other));
        plan.detail(Heading::Other, "  gone");
        let heading = plan.line("The following NEW packages will be installed:").unwrap();
        plan.detail(heading, "  lab-dep libfoo:i386");
        plan.detail(heading, "   lab-v (1.0 => 2.0)");
        assert_eq!(plan.packages, ["lab-dep", "libfoo", "lab-v"]);
        plan.line("0 upgraded, 2 newly installed, 1 reinstalled, 0 to remove and 0 not upgraded.");
        plan.line("Need to get 884 B/1760 B of archives.");
        assert_eq!((plan.reinstalled, plan.need), (1, Need::Part(Figure { low: 884, high: 884 })));

        let mut plan = Plan::default();
        let heading = plan.line("Installing dependencies:").unwrap();
        plan.detail(heading, "  lab-hello");
        let heading = plan.line("Summary:").unwrap();
        plan.detail(heading, "  Upgrading: 0, Installing: 2, Removing: 0, Not Upgrading: 0");
        plan.detail(heading, "  Space needed: 0 B / 75.0 GB available");
        assert_eq!((plan.packages, plan.need), (vec!["lab-hello".to_owned()], Need::Omitted));
    }
}

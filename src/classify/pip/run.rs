//! What is known of one run of pip beyond its artifacts: where it looked, what it put to use, what went wrong.
//!
//! Refuses to conclude before the end: a run's facts are weighed when it is over.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::attempts::Attempts;
use super::names::{self, Release};
use super::table::{Side, Table};
use super::url;
use crate::classify::Finding;
use crate::event::{Sha256, text};

/// One run: the artifacts, the facts of each text, and what is to be told.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) table: Table,
    pub(super) attempts: Attempts,
    facts: [Facts; 2],
    installed: HashSet<(String, String)>,
    version: Option<String>,
    findings: Vec<Finding>,
}

/// What one text tells of the run as a whole.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The indexes and the find-links places, where they are not the default.
    pub(super) indexes: Vec<Vec<u8>>,
    pub(super) directories: Vec<Vec<u8>>,
    /// A file was asked for by its URL.
    pub(super) direct: bool,
    /// A file was named by its whole URL: so does pip up to 26.0 for hosts other than PyPI's.
    pub(super) whole_urls: bool,
    /// What was installed, saved, built, or would have been installed.
    pub(super) used: HashSet<Release>,
    /// pip listed what it installed, or saved files: the rest was given up.
    pub(super) concluded: bool,
    pub(super) saved: bool,
    /// File names whose bytes were not what was expected, and how.
    pub(super) wrong: HashMap<Vec<u8>, &'static str>,
    /// The digests that files had which pip refused without naming them, and those that it expected instead.
    pub(super) refused: Vec<Sha256>,
    pub(super) expected: Vec<Sha256>,
    /// An archive could not be read; pip did not say which.
    pub(super) spoiled: bool,
    /// The file that pip took up last, until it began to install.
    pub(super) last_file: Option<usize>,
    /// File names that lay in the destination with wrong bytes.
    pub(super) present_wrong: HashSet<Vec<u8>>,
    /// Something was installed for a build, and what it was is told.
    pub(super) needs_build: bool,
    pub(super) has_build: bool,
    /// The last errors.
    pub(super) errors: VecDeque<String>,
    /// What nothing was found for.
    pub(super) missing: BTreeSet<String>,
}

/// How many items of each list are kept.
const LISTED: usize = 1 << 16;

impl Run {
    pub(super) fn new(hold_streams: bool, version: Option<String>) -> Self {
        Run {
            table: Table::default(),
            attempts: Attempts::new(hold_streams),
            facts: [Facts::default(), Facts::default()],
            installed: HashSet::new(),
            version,
            findings: Vec::new(),
        }
    }

    pub(super) fn facts(&mut self, side: Side) -> &mut Facts {
        &mut self.facts[side as usize]
    }

    /// What both texts know of what was put to use, and whether pip said all of it.
    pub(super) fn is_used(&self, release: &Release) -> bool {
        self.facts.iter().any(|facts| facts.used.contains(release))
    }

    pub(super) fn any(&self, fact: impl Fn(&Facts) -> bool) -> bool {
        self.facts.iter().any(fact)
    }

    /// pip told its version.
    pub(super) fn tell_version(&mut self, version: &[u8]) {
        let version = text(version);
        if version.starts_with(|first: char| first.is_ascii_digit()) && self.version.as_deref() != Some(&version) {
            self.version = Some(version.clone());
            self.findings.push(Finding::Version(version));
        }
    }

    /// Whether this pip names files of any host without their URL, as it does from 26.1 on; `None` where it did not
    /// tell its version.
    pub(super) fn hides_urls(&self) -> Option<bool> {
        let version: pep440_rs::Version = self.version.as_deref()?.parse().ok()?;
        Some(version.release() >= &[26, 1])
    }

    /// pip listed what it installed.
    pub(super) fn tell_installed(&mut self, side: Side, list: &[u8]) {
        for (name, version) in list.split(|&byte| byte == b' ').filter_map(names::listed) {
            self.facts(side).use_release(Release::new(&name, &version));
            if self.installed.len() < LISTED && self.installed.insert((name.clone(), version.clone())) {
                self.findings.push(Finding::Installed { name, version });
            }
        }
        self.facts(side).concluded = true;
    }

    /// What nothing was found for, whichever text says so.
    pub(super) fn tell_missing(&mut self) {
        let [one, other] = &mut self.facts;
        let mut missing = std::mem::take(&mut one.missing);
        missing.append(&mut other.missing);
        self.findings.extend(missing.into_iter().map(|requirement| Finding::Missing { requirement }));
    }

    pub(super) fn tell_blind_spot(&mut self, reason: &str) {
        self.findings.push(Finding::BlindSpot(reason.to_owned()));
    }

    /// Hands over what is to be told since the last time, artifacts first.
    pub(super) fn tell(&mut self, all: bool, sink: &mut impl FnMut(Finding)) {
        let mut artifact = |number: usize, record, clues| {
            sink(Finding::Artifact { number: number as u64, record: Box::new(record), clues: Box::new(clues) });
        };
        if all {
            self.table.all_changed(&mut artifact)
        } else {
            self.table.changed(&mut artifact)
        }
        self.attempts.ready().for_each(|attempt| sink(Finding::Attempt(Box::new(attempt))));
        self.findings.drain(..).for_each(sink);
    }
}

impl Facts {
    pub(super) fn use_release(&mut self, release: Release) {
        if self.used.len() < LISTED {
            self.used.insert(release);
        }
    }

    pub(super) fn note_error(&mut self, error: &[u8]) {
        // `No matching distribution found for six==1.99 (from -r requirements.txt (line 1))`, in every version.
        if let Some(asked) = text(error).split_once("No matching distribution found for ").map(|(_, asked)| asked)
            && self.missing.len() < LISTED
        {
            self.missing.insert(asked.split(" (from ").next().unwrap_or(asked).trim().to_owned());
        }
        if self.errors.len() == 8 {
            self.errors.pop_front();
        }
        self.errors.push_back(text(&error[..error.len().min(400)]));
    }

    /// The line that tells more about the last error.
    pub(super) fn explain_error(&mut self, description: &[u8]) {
        if let Some(error) = self.errors.back_mut().filter(|error| error.len() < 400) {
            error.push_str(": ");
            error.push_str(&text(&description[..description.len().min(400)]));
        }
    }

    pub(super) fn note_wrong(&mut self, filename: Vec<u8>, how: &'static str) {
        if self.wrong.len() < LISTED {
            self.wrong.insert(filename, how);
        }
    }

    pub(super) fn note_present_wrong(&mut self, filename: Vec<u8>) {
        if self.present_wrong.len() < LISTED {
            self.present_wrong.insert(filename);
        }
    }

    pub(super) fn look_in_indexes(&mut self, list: &[u8]) {
        note(&mut self.indexes, list);
    }

    pub(super) fn look_in_directories(&mut self, list: &[u8]) {
        note(&mut self.directories, list);
    }

    /// Whether a file at this path lies in a directory that pip was told to look in. Either path may be relative to a
    /// working directory that the text does not tell; then the components that there are must agree.
    pub(super) fn is_in_directory(&self, path: &[u8]) -> bool {
        let parent = &path[..path.len() - url::last_component(path).len()];
        let parent = components(parent);
        self.directories.iter().any(|directory| {
            let path = url::file_path(directory);
            let directory = components(path.as_deref().unwrap_or(directory));
            let (shorter, longer) =
                if directory.len() < parent.len() { (&directory, &parent) } else { (&parent, &directory) };
            if shorter.is_empty() { longer.is_empty() } else { longer.ends_with(shorter) }
        })
    }

    /// Whether a file may come from a host that is not PyPI's.
    pub(super) fn may_be_elsewhere(&self) -> bool {
        let remote = |place: &Vec<u8>| place.starts_with(b"http");
        self.direct || self.indexes.iter().chain(&self.directories).any(remote)
    }
}

/// The components of a path that count: neither `.` nor `..` at its head, nor empty ones.
fn components(path: &[u8]) -> Vec<&[u8]> {
    path.split(|&byte| byte == b'/').filter(|part| !matches!(*part, b"" | b"." | b"..")).collect()
}

fn note(places: &mut Vec<Vec<u8>>, list: &[u8]) {
    for place in memchr::memmem::find_iter(list, b", ").chain([list.len()]).scan(0, |start, end| {
        let place = &list[*start..end];
        *start = (end + 2).min(list.len());
        Some(place)
    }) {
        if places.len() < 64 && !places.iter().any(|known| known == place) {
            places.push(place.to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Facts;

    #[test]
    fn knows_the_files_of_its_directories() {
        let mut facts = Facts::default();
        facts.look_in_directories(b"wheelhouse, /srv/wheels, file:///opt/more, https://files.example/links.html");
        assert_eq!(facts.directories.len(), 4);
        for inside in ["./wheelhouse/a.whl", "/app/wheelhouse/a.whl", "./wheels/a.whl", "/opt/more/a.whl"] {
            assert!(facts.is_in_directory(inside.as_bytes()), "{inside}");
        }
        for outside in ["./wheelhouse/sub/a.whl", "./other/a.whl", "/opt/a.whl", "./a.whl"] {
            assert!(!facts.is_in_directory(outside.as_bytes()), "{outside}");
        }
        assert!(facts.may_be_elsewhere());
    }
}

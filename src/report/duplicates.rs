//! The same file obtained more than once, and several versions of one package: within a session, over steps, sessions
//! and machines.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::history::{Identity, Package, package};
use super::quantity::bytes;
use super::sheet::{Cell, Paper, Sheet, Tone};
use crate::event::json;
use crate::event::{Ecosystem, Filename, Purpose, Session, SessionId, canonical_name};

/// What was found so far; sessions are added one by one.
#[derive(Debug, Default)]
pub struct Duplicates {
    files: HashMap<Identity, Downloads>,
    versions: BTreeMap<Package, BTreeSet<String>>,
    copies: BTreeMap<String, Vec<(String, String, u64)>>,
    sessions: u64,
}

/// The downloads of one file.
#[derive(Debug, Default)]
struct Downloads {
    package: Option<Package>,
    version: Option<String>,
    label: String,
    count: u64,
    bytes: u64,
    wasted: u64,
    sessions: BTreeSet<SessionId>,
    machines: BTreeSet<String>,
    steps: BTreeSet<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    sessions: u64,
    wasted_bytes: u64,
    /// Files that were downloaded more than once, the largest waste first.
    files: Vec<File<'a>>,
    /// Packages of which one session obtained several versions.
    versions: Vec<Versions<'a>>,
    /// Distributions of which a wheelhouse holds several files.
    wheelhouse: Vec<Copies<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    package: &'a str,
    ecosystem: Option<Ecosystem>,
    versions: Vec<&'a str>,
    file: &'a str,
    occurrences: u64,
    bytes: u64,
    wasted_bytes: u64,
    sessions: &'a BTreeSet<SessionId>,
    machines: &'a BTreeSet<String>,
    steps: &'a BTreeSet<String>,
    remedy: &'static str,
}

#[derive(Serialize)]
struct Versions<'a> {
    package: &'a str,
    ecosystem: Ecosystem,
    occurrences: usize,
    versions: &'a BTreeSet<String>,
    remedy: &'static str,
}

#[derive(Serialize)]
struct Copies<'a> {
    package: &'a str,
    occurrences: usize,
    versions: BTreeSet<&'a str>,
    files: Vec<&'a str>,
    bytes: u64,
    remedy: &'static str,
}

impl Duplicates {
    /// Adds the downloads of a session.
    pub fn add(&mut self, session: &Session) {
        self.sessions += 1;
        let mut versions: BTreeMap<Package, BTreeSet<String>> = BTreeMap::new();
        for artifact in session.downloads.all().filter(|artifact| artifact.kind.is_package()) {
            let package = package(artifact);
            if let (Some(package), Some(version), true, Some(_)) =
                (&package, &artifact.version, artifact.purpose == Purpose::Runtime, artifact.cached())
            {
                versions.entry(package.clone()).or_default().insert(version.to_string());
            }
            let (Some(false), Some(identity)) = (artifact.cached(), Identity::of(artifact)) else { continue };
            let downloads = self.files.entry(identity).or_default();
            downloads.count += 1;
            downloads.bytes += artifact.size_bytes.unwrap_or(0);
            if downloads.count > 1 {
                downloads.wasted += artifact.size_bytes.unwrap_or(0);
            }
            downloads.label = artifact.label().to_owned();
            downloads.package = package;
            downloads.version = artifact.version.as_deref().map(str::to_owned);
            downloads.sessions.insert(session.session_id.clone());
            downloads.machines.extend(session.build_info.hostname.clone());
            downloads.steps.extend(artifact.step.as_ref().and_then(|step| step.instruction.clone()));
        }
        for (package, several) in versions.into_iter().filter(|(_, versions)| versions.len() > 1) {
            self.versions.entry(package).or_default().extend(several);
        }
    }

    /// Adds a file of a wheelhouse by its name; what is no distribution is passed over.
    pub fn add_copy(&mut self, file: &str, size: u64) {
        if let Some(name) = Filename::parse(file) {
            let copies = self.copies.entry(canonical_name(&name.name)).or_default();
            copies.push((file.to_owned(), name.version, size));
        }
    }

    /// Whether anything is there more than once.
    pub fn is_empty(&self) -> bool {
        let document = self.document();
        document.files.is_empty() && document.versions.is_empty() && document.wheelhouse.is_empty()
    }

    fn document(&self) -> Document<'_> {
        let mut files: Vec<_> = self.files.values().filter(|downloads| downloads.count > 1).map(File::of).collect();
        files.sort_by(|one, other| (other.wasted_bytes, one.file).cmp(&(one.wasted_bytes, other.file)));
        let versions = self.versions.iter().map(|((ecosystem, package), versions)| Versions {
            package,
            ecosystem: *ecosystem,
            occurrences: versions.len(),
            versions,
            remedy: "pin one version in a constraints file that all installs share",
        });
        let several = self.copies.iter().filter(|(_, copies)| copies.len() > 1);
        let wheelhouse = several.map(|(package, copies)| Copies {
            package,
            occurrences: copies.len(),
            versions: copies.iter().map(|(_, version, _)| version.as_str()).collect(),
            files: copies.iter().map(|(file, ..)| file.as_str()).collect(),
            bytes: copies.iter().map(|(.., size)| size).sum(),
            remedy: "`wheeltap wheelhouse prune` keeps what the requirements need",
        });
        Document {
            schema: 1,
            sessions: self.sessions,
            wasted_bytes: files.iter().map(|file| file.wasted_bytes).sum(),
            files,
            versions: versions.collect(),
            wheelhouse: wheelhouse.collect(),
        }
    }

    /// As one JSON object; ends with a newline.
    pub fn json(&self) -> String {
        json::text(&self.document())
    }

    /// For people; ends with a newline.
    pub fn text(&self, paper: Paper) -> String {
        let found = self.document();
        let mut sheet = Sheet::new(paper);
        let headline = match (found.files.len(), self.is_empty()) {
            (_, true) => "nothing is there more than once".to_owned(),
            (0, false) => "no file was downloaded more than once".to_owned(),
            (1, _) => format!("1 file was downloaded more than once, {} wasted", bytes(found.wasted_bytes)),
            (count, _) => {
                format!("{count} files were downloaded more than once, {} wasted", bytes(found.wasted_bytes))
            }
        };
        sheet.line(if self.is_empty() { Tone::Good } else { Tone::Heading }, &headline);
        let shown = sheet.shown(found.files.len());
        let row = |file: &File<'_>| {
            let places = match (file.machines.len(), file.sessions.len(), file.steps.len()) {
                (2.., sessions, _) => format!("on {} machines, in {sessions} sessions", file.machines.len()),
                (_, sessions @ 2.., _) => format!("in {sessions} sessions"),
                (.., steps @ 2..) => format!("in {steps} steps"),
                _ => "in one session".to_owned(),
            };
            let cells = vec![
                Cell::text(&format!("  {}", file.file)),
                Cell::figure(format!("{} times", file.occurrences)),
                Cell::figure(bytes(file.wasted_bytes)),
                Cell::text(&places),
            ];
            (Tone::Plain, cells)
        };
        sheet.table(&found.files[..shown].iter().map(row).collect::<Vec<_>>());
        let lists: [(&str, Vec<(&str, String)>); 2] = [
            (
                "several versions in one session",
                found
                    .versions
                    .iter()
                    .map(|one| (one.package, one.versions.iter().cloned().collect::<Vec<_>>().join(", ")))
                    .collect(),
            ),
            (
                "several files in the wheelhouse",
                found.wheelhouse.iter().map(|one| (one.package, one.files.join(", "))).collect(),
            ),
        ];
        for (title, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
            sheet.gap();
            sheet.line(Tone::Heading, title);
            let row = |(package, what): &(&str, String)| {
                (Tone::Plain, vec![Cell::text(&format!("  {package}")), Cell::text(what)])
            };
            sheet.table(&list.iter().map(row).collect::<Vec<_>>());
        }
        let mut remedies: Vec<&str> = found.files.iter().map(|file| file.remedy).collect();
        remedies.extend(found.versions.iter().map(|one| one.remedy));
        remedies.extend(found.wheelhouse.iter().map(|one| one.remedy));
        remedies.sort_unstable();
        remedies.dedup();
        if !remedies.is_empty() {
            sheet.gap();
            remedies.iter().for_each(|remedy| sheet.paragraph("to do: ", Tone::Plain, remedy));
        }
        sheet.into_text()
    }
}

impl<'a> File<'a> {
    fn of(downloads: &'a Downloads) -> Self {
        let ecosystem = downloads.package.as_ref().map(|package| package.0);
        let is_deb = ecosystem == Some(Ecosystem::Deb);
        let remedy = match (downloads.machines.len(), downloads.steps.len()) {
            (2.., _) if is_deb => {
                "let the machines share an archive of packages: a mirror, or apt's archives carried along"
            }
            (2.., _) => "let the machines share a wheelhouse (`wheeltap wheelhouse build`, `pack`) or a caching index",
            (_, 2..) => "install it in one stage that the others build upon, or mount the same cache in each step",
            _ if is_deb => "keep apt's archives: a cache mount at /var/cache/apt, and no docker-clean",
            _ => "keep pip's cache: a cache mount at /root/.cache/pip, no --no-cache-dir",
        };
        File {
            package: downloads.package.as_ref().map_or(downloads.label.as_str(), |package| &package.1),
            ecosystem,
            versions: downloads.version.as_deref().into_iter().collect(),
            file: &downloads.label,
            occurrences: downloads.count,
            bytes: downloads.bytes,
            wasted_bytes: downloads.wasted,
            sessions: &downloads.sessions,
            machines: &downloads.machines,
            steps: &downloads.steps,
            remedy,
        }
    }
}

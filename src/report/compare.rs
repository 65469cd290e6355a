//! What one session took on that another did not, and why.
//!
//! Refuses to compare what is not known: bytes are said to have changed only where both digests are there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::history::{History, Package, package};
use super::quantity::bytes;
use super::reasons::{Reason, explain};
use super::sheet::{Cell, Paper, Sheet, Tone};
use super::text::{files, meaning};
use crate::event::json;
use crate::event::{Artifact, Ecosystem, Origin, Session, SessionId, Sha256};

/// What differs between two sessions.
#[derive(Debug, Serialize)]
pub struct Comparison<'a> {
    schema: u32,
    before: &'a SessionId,
    after: &'a SessionId,
    /// Whether both records are whole: else a file that is missing may just not have been seen.
    complete: bool,
    totals: [Totals; 2],
    /// Other bytes under the same file name: an alarm.
    changed_bytes: Vec<Change<'a>>,
    added: Vec<Change<'a>>,
    removed: Vec<Change<'a>>,
    changed_version: Vec<Change<'a>>,
    changed_origin: Vec<Change<'a>>,
    /// The same version, downloaded in both.
    downloaded_again: Vec<Change<'a>>,
}

#[derive(Debug, Serialize)]
struct Totals {
    downloads: u64,
    bytes_downloaded: u64,
    cached: u64,
    duration_seconds: Option<f64>,
}

/// One package that differs.
#[derive(Debug, Serialize)]
struct Change<'a> {
    ecosystem: Ecosystem,
    package: String,
    filename: Option<&'a str>,
    before: Option<Side<'a>>,
    after: Option<Side<'a>>,
    /// Why it was downloaded now.
    reason: Option<Reason>,
    remedy: Option<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
struct Side<'a> {
    versions: Vec<&'a str>,
    origins: Vec<Origin>,
    bytes: u64,
    sha256: Option<Sha256>,
}

/// The files of one package in one session.
type ByPackage<'a> = BTreeMap<Package, Vec<&'a Artifact>>;

impl<'a> Comparison<'a> {
    /// Compares; `before` is the older session.
    pub fn of(before: &'a Session, after: &'a Session) -> Self {
        let mut history = History::default();
        history.add(before);
        let reasons: BTreeMap<_, _> = explain(after, &history)
            .into_iter()
            .map(|download| (std::ptr::from_ref(download.artifact), download.reason))
            .collect();
        let why = |files: Option<&Vec<&Artifact>>| {
            files.into_iter().flatten().find_map(|artifact| reasons.get(&std::ptr::from_ref(*artifact)).copied())
        };
        let (old, new) = (by_package(before), by_package(after));
        let mut comparison = Comparison {
            schema: 1,
            before: &before.session_id,
            after: &after.session_id,
            complete: before.summary.complete && after.summary.complete,
            totals: [before, after].map(Totals::of),
            changed_bytes: changed_bytes(before, after),
            added: Vec::new(),
            removed: Vec::new(),
            changed_version: Vec::new(),
            changed_origin: Vec::new(),
            downloaded_again: Vec::new(),
        };
        for package in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let sides = [old.get(package), new.get(package)].map(|files| files.map(|files| Side::of(files)));
            let cause = why(new.get(package));
            // What was not there before was not downloaded before, whatever a setting does to the next build.
            let (list, reason) = match &sides {
                [None, _] => (&mut comparison.added, cause.and(Some(Reason::Cold))),
                [_, None] => (&mut comparison.removed, None),
                [Some(one), Some(other)] if one.versions != other.versions => {
                    (&mut comparison.changed_version, cause.and(Some(Reason::Changed)))
                }
                [Some(one), Some(other)] if one.origins != other.origins => (&mut comparison.changed_origin, cause),
                _ if cause.is_some() => (&mut comparison.downloaded_again, cause),
                _ => continue,
            };
            let [before, after] = sides;
            let remedy = reason.and_then(|reason| reason.remedy(package.0));
            list.push(Change {
                ecosystem: package.0,
                package: package.1.clone(),
                filename: None,
                before,
                after,
                reason,
                remedy,
            });
        }
        comparison
    }

    /// Whether the same file name has other bytes than it had.
    pub fn is_alarm(&self) -> bool {
        !self.changed_bytes.is_empty()
    }

    /// Whether both records are whole.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// As one JSON object; ends with a newline.
    pub fn json(&self) -> String {
        json::text(self)
    }

    /// For people; ends with a newline.
    pub fn text(&self, paper: Paper) -> String {
        let mut sheet = Sheet::new(paper);
        let [one, other] = &self.totals;
        let headline = format!(
            "{} downloaded instead of {}, {} from caches or local files instead of {}",
            files(other.downloads),
            one.downloads,
            other.cached,
            one.cached
        );
        sheet.paragraph("", Tone::Heading, &headline);
        let circumstances = format!(
            "session {} against {}; {} over the network instead of {}, indexes included",
            self.after,
            self.before,
            bytes(other.bytes_downloaded),
            bytes(one.bytes_downloaded)
        );
        sheet.paragraph("", Tone::Plain, &circumstances);
        let lists = [
            ("other bytes under the same name", Tone::Bad, &self.changed_bytes),
            ("added", Tone::Heading, &self.added),
            ("removed", Tone::Heading, &self.removed),
            ("other version", Tone::Heading, &self.changed_version),
            ("other origin", Tone::Heading, &self.changed_origin),
            ("downloaded again", Tone::Heading, &self.downloaded_again),
        ];
        for (title, tone, list) in lists.into_iter().filter(|(.., list)| !list.is_empty()) {
            sheet.gap();
            sheet.line(tone, title);
            let shown = sheet.shown(list.len());
            sheet.table(&list[..shown].iter().map(Change::row).collect::<Vec<_>>());
            if shown < list.len() {
                sheet.line(Tone::Faint, &format!("  and {} more", list.len() - shown));
            }
        }
        if self.lists().next().is_none() {
            sheet.gap();
            sheet.line(Tone::Good, "the same packages, the same versions, from the same places");
        }
        self.explanations(&mut sheet);
        if !self.complete {
            sheet.gap();
            sheet.paragraph(
                "",
                Tone::Doubtful,
                "at least one of the records has gaps: what is missing in it may just not have been seen",
            );
        }
        sheet.into_text()
    }

    fn lists(&self) -> impl Iterator<Item = &Change<'a>> {
        [
            &self.changed_bytes,
            &self.added,
            &self.removed,
            &self.changed_version,
            &self.changed_origin,
            &self.downloaded_again,
        ]
        .into_iter()
        .flatten()
    }

    /// What the words of the lists mean, each once, and what to change.
    fn explanations(&self, sheet: &mut Sheet) {
        let spared = self.changed_origin.iter().filter_map(|change| change.after.as_ref());
        let origins: BTreeSet<Origin> =
            spared.flat_map(|side| &side.origins).copied().filter(|origin| !meaning(*origin).is_empty()).collect();
        let mut reasons = BTreeSet::new();
        reasons.extend(self.lists().filter_map(|change| Some((change.reason?, change.remedy))));
        if !origins.is_empty() || !reasons.is_empty() {
            sheet.gap();
            sheet.line(Tone::Heading, "why");
        }
        for origin in origins {
            sheet.paragraph(&format!("  {}: ", origin.as_str()), Tone::Plain, meaning(origin));
        }
        for (reason, remedy) in reasons {
            sheet.paragraph(&format!("  {}: ", reason.as_str()), Tone::Plain, reason.meaning());
            if let Some(remedy) = remedy {
                sheet.paragraph("    to do: ", Tone::Plain, remedy);
            }
        }
    }
}

impl Totals {
    fn of(session: &Session) -> Self {
        Totals {
            downloads: session.summary.total_downloads,
            bytes_downloaded: session.summary.bytes_downloaded,
            cached: session.summary.total_cached,
            duration_seconds: session.duration_seconds,
        }
    }
}

impl<'a> Side<'a> {
    fn of(files: &[&'a Artifact]) -> Self {
        let set = |values: BTreeSet<_>| values.into_iter().collect();
        Side {
            versions: set(files.iter().filter_map(|file| file.version.as_deref()).collect()),
            origins: files.iter().map(|file| file.origin).collect::<BTreeSet<_>>().into_iter().collect(),
            bytes: files.iter().filter_map(|file| file.size_bytes).sum(),
            sha256: if let [one] = files { one.sha256 } else { None },
        }
    }

    fn version(&self) -> String {
        self.versions.join(", ")
    }

    fn origin(&self) -> String {
        self.origins.iter().map(|origin| origin.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Change<'_> {
    fn row(&self) -> (Tone, Vec<Cell>) {
        let course = |what: &dyn Fn(&Side<'_>) -> String| match (&self.before, &self.after) {
            (Some(before), Some(after)) if what(before) != what(after) => {
                format!("{} -> {}", what(before), what(after))
            }
            (before, after) => after.as_ref().or(before.as_ref()).map(what).unwrap_or_default(),
        };
        let size = self.after.as_ref().or(self.before.as_ref()).map_or(0, |side| side.bytes);
        let name = self.filename.unwrap_or(&self.package);
        let cells = vec![
            Cell::text(&format!("  {name}")),
            Cell::text(&course(&|side| side.version())),
            Cell::figure(if size == 0 { "-".to_owned() } else { bytes(size) }),
            Cell::text(&course(&|side| side.origin())),
            Cell::text(self.reason.map_or("", Reason::as_str)),
        ];
        (Tone::Plain, cells)
    }
}

/// The package files that were obtained, by package.
fn by_package(session: &Session) -> ByPackage<'_> {
    let mut files = ByPackage::new();
    for artifact in session.downloads.all() {
        if artifact.kind.is_package()
            && artifact.origin != Origin::Failed
            && let Some(package) = package(artifact)
        {
            files.entry(package).or_default().push(artifact);
        }
    }
    files
}

/// Files of the same name and other bytes. What was built here differs each time, by its time stamps.
fn changed_bytes<'a>(before: &'a Session, after: &'a Session) -> Vec<Change<'a>> {
    let compared = |artifact: &&Artifact| {
        artifact.kind.is_package() && !matches!(artifact.origin, Origin::Built | Origin::WheelCache | Origin::Failed)
    };
    let key = |artifact: &'a Artifact| Some(((artifact.ecosystem, artifact.filename.as_deref()?), artifact));
    let mut old = BTreeMap::new();
    old.extend(before.downloads.all().filter(compared).filter_map(key));
    let mut new = BTreeMap::new();
    new.extend(after.downloads.all().filter(compared).filter_map(key));
    let changed = new.into_iter().filter_map(|((ecosystem, filename), now)| {
        let then = old.get(&(ecosystem, filename))?;
        (then.sha256? != now.sha256?).then(|| Change {
            ecosystem,
            package: package(now).map_or_else(|| filename.to_owned(), |package| package.1),
            filename: Some(filename),
            before: Some(Side::of(&[then])),
            after: Some(Side::of(&[now])),
            reason: None,
            remedy: Some("the file was replaced where it comes from, or on its way: compare both before you use it"),
        })
    });
    changed.collect()
}

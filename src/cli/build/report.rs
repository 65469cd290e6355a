//! What a build comes to: a few lines behind docker's own, and `build_report.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::short;
use crate::classify::buildkit::{Build, State, Vertex};
use crate::cli::{Console, Tone, counted};
use crate::event::{Artifact, Origin, Session, printable};
use crate::report::{Analysis, History, SUMMARY_BYTES, bytes, markdown_of, seconds};

/// A build that has ended, with its session.
pub(super) struct Report<'a> {
    pub(super) service: &'a str,
    pub(super) build: Option<&'a Build>,
    pub(super) session: &'a Session,
    /// What the sessions before it had.
    pub(super) earlier: &'a History,
    pub(super) notes: &'a [String],
}

/// Package files of one step.
#[derive(Clone, Copy, Default)]
struct Taken {
    downloaded: u64,
    cached: u64,
    failed: u64,
    unknown: u64,
    bytes: u64,
}

impl Report<'_> {
    /// Package files by the step that took them on.
    fn by_step(&self) -> BTreeMap<&str, Taken> {
        let mut steps: BTreeMap<&str, Taken> = BTreeMap::new();
        for artifact in self.session.downloads.all().filter(|artifact| artifact.kind.is_package()) {
            let Some(step) = &artifact.step else { continue };
            let taken = steps.entry(&step.id).or_default();
            match artifact.cached() {
                Some(false) => {
                    taken.downloaded += 1;
                    taken.bytes += artifact.size_bytes.unwrap_or(0);
                }
                Some(true) => taken.cached += 1,
                None if artifact.origin == Origin::Failed => taken.failed += 1,
                None => taken.unknown += 1,
            }
        }
        steps
    }

    /// The known bytes of the package files.
    fn package_bytes(&self, cached: bool) -> u64 {
        let packages = self.session.downloads.all().filter(|artifact| artifact.kind.is_package());
        packages.filter(|artifact| artifact.cached() == Some(cached)).filter_map(|artifact| artifact.size_bytes).sum()
    }

    /// The vertices that are steps.
    fn steps(&self) -> impl Iterator<Item = &Vertex> {
        self.build.iter().flat_map(|build| &build.steps).filter(|vertex| vertex.name.index.is_some())
    }

    /// Says it on stderr. No line begins as one of docker's.
    pub(super) fn show(&self, files: &[&Path], console: &mut Console) {
        let taken = self.by_step();
        for vertex in self.steps() {
            let Some(taken) = taken.get(vertex.id.as_str()) else { continue };
            let state = if vertex.state == State::Cached { ", replayed by the layer cache" } else { "" };
            console.talk(&format!("wheeltap: {} {}: {}{state}", vertex.id, title(vertex), taken.text()));
        }
        let summary = &self.session.summary;
        let cached = self
            .build
            .and_then(Build::cached_rate)
            .map_or(String::new(), |rate| format!("; {:.0} % of the steps cached", rate * 100.0));
        console.talk(&format!(
            "wheeltap: {}: {} downloaded ({}), {} cached ({}), {} failed, {} unknown; with indexes {} came over the network{cached}",
            self.service,
            summary.total_downloads,
            bytes(self.package_bytes(false)),
            summary.total_cached,
            bytes(self.package_bytes(true)),
            summary.total_failed,
            summary.total_unknown,
            bytes(summary.bytes_downloaded),
        ));
        for note in self.notes.iter().chain(&self.session.degraded).chain(&self.session.blind_spots) {
            console.say(Tone::Doubtful, "wheeltap", note);
        }
        let failed = |one: &&Artifact| one.origin == Origin::Failed && one.kind.is_package();
        for artifact in self.session.downloads.all().filter(failed) {
            let reason = artifact.reason.as_deref().unwrap_or("it was not obtained");
            console.say(Tone::Bad, "wheeltap", &format!("missing: {}: {reason}", artifact.label()));
        }
        for missing in &self.session.network.completeness.missing {
            console.say(Tone::Bad, "wheeltap", &format!("missing: {}: nothing offered it", missing.requirement));
        }
        let files: Vec<String> = files.iter().map(|path| short(path)).collect();
        console.talk(&format!("wheeltap: {}", files.join(", ")));
    }

    /// The page.
    pub(super) fn markdown(&self) -> String {
        let analysis = Analysis::of(self.session, self.earlier);
        let mut page = markdown_of(&[analysis], SUMMARY_BYTES);
        let mut table = format!("\n## What the builder did for {}\n\n", cell(self.service));
        table.push_str("| step | instruction | state | time |\n| --- | --- | --- | ---: |\n");
        let mut any = false;
        for vertex in self.steps() {
            any = true;
            let time = vertex.seconds.map_or_else(|| "-".to_owned(), seconds);
            let _ =
                writeln!(table, "| {} | {} | {} | {time} |", vertex.id, cell(&title(vertex)), vertex.state.as_str(),);
        }
        if any {
            if let Some(rate) = self.build.and_then(Build::cached_rate) {
                let _ = writeln!(table, "\n{:.0} % of the steps came from the layer cache.", rate * 100.0);
            }
            page.push_str(&table);
        }
        if !self.notes.is_empty() {
            page.push_str("\n## Notes\n\n");
            self.notes.iter().for_each(|note| page.push_str(&format!("- {}\n", cell(note))));
        }
        page
    }
}

impl Taken {
    fn text(&self) -> String {
        let mut parts =
            vec![format!("{} downloaded ({})", self.downloaded, bytes(self.bytes)), format!("{} cached", self.cached)];
        if self.failed > 0 {
            parts.push(counted(self.failed as usize, "missing", "missing"));
        }
        if self.unknown > 0 {
            parts.push(format!("{} unknown", self.unknown));
        }
        parts.join(", ")
    }
}

/// `[builder 2/5] RUN pip install six`, cut to a readable length.
fn title(vertex: &Vertex) -> String {
    let name = &vertex.name;
    let stage = name.stage.as_deref().map(|stage| format!("{stage} ")).unwrap_or_default();
    let place =
        name.index.zip(name.total).map(|(index, total)| format!("[{stage}{index}/{total}] ")).unwrap_or_default();
    let mut title = format!("{place}{}", name.instruction);
    if let Some((end, _)) = title.char_indices().nth(100) {
        title.truncate(end);
        title.push('…');
    }
    title
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for letter in printable(text).chars() {
        if "\\`*_{}[]<>|#~&".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

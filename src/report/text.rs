//! A session for people: what was downloaded, what was cached, at one look; then what is wrong or not known.

use std::collections::HashSet;

use super::NamedFile;
use super::analysis::Analysis;
use super::figures::{Figures, Tally};
use super::quantity::{bytes, seconds};
use super::reasons::{Explained, Reason};
use super::shares::Share;
use super::sheet::{Cell, Paper, Sheet, Tone};
use crate::event::{Artifact, Ecosystem, Invocation, Origin, Session, Step};

/// The report on a session, whose `files` are named at its end. Ends with a newline.
pub fn text(analysis: &Analysis<'_>, files: &[NamedFile], paper: Paper) -> String {
    let (session, figures) = (analysis.session, &analysis.figures);
    let mut sheet = Sheet::new(paper);
    let (tone, headline) = headline(session, figures);
    sheet.paragraph("", tone, &headline);
    sheet.paragraph("", Tone::Plain, &circumstances(session));
    rates(analysis).into_iter().for_each(|rates| sheet.paragraph("", Tone::Plain, &rates));
    origins(&mut sheet, figures);
    steps(&mut sheet, analysis);
    remedies(&mut sheet, analysis);
    downloads(&mut sheet, analysis);
    list(&mut sheet, "failed", Tone::Bad, session, |origin| origin == Origin::Failed);
    list(&mut sheet, "unknown", Tone::Doubtful, session, |origin| origin == Origin::Unknown);
    reasons(&mut sheet, "degraded", session, &session.degraded, |invocation| &invocation.degraded);
    reasons(&mut sheet, "blind spots", session, &session.blind_spots, |invocation| &invocation.blind_spots);
    let unended: Vec<_> = session.invocations.iter().filter(|invocation| !invocation.has_ended()).collect();
    if !unended.is_empty() {
        sheet.gap();
        sheet.line(Tone::Doubtful, "end not seen");
        for invocation in unended {
            sheet.line(Tone::Plain, &format!("  {}", command(invocation)));
        }
    }
    if !files.is_empty() {
        sheet.gap();
        let row = |(what, path): &NamedFile| (Tone::Faint, vec![Cell::text(what), Cell::text(path)]);
        // A path that was cut is of no use to anybody.
        let mut whole = Sheet::new(Paper { width: None, ..paper });
        whole.table(&files.iter().map(row).collect::<Vec<_>>());
        return sheet.into_text() + &whole.into_text();
    }
    sheet.into_text()
}

/// The answer in one sentence.
pub(super) fn headline(session: &Session, figures: &Figures) -> (Tone, String) {
    let summary = &session.summary;
    let (downloaded, cached) = (Figures::sum(&figures.packages, false), Figures::sum(&figures.packages, true));
    let failed = match summary.total_failed {
        0 => String::new(),
        count => format!("; {} failed", files(count)),
    };
    if downloaded.files > 0 {
        let rest = match cached.files {
            0 => "nothing came from a cache".to_owned(),
            _ => format!("{} came from caches or local files ({})", cached.files, size(cached)),
        };
        let verb = if downloaded.files == 1 { "was" } else { "were" };
        let text = format!("{} {verb} downloaded ({}), {rest}{failed}", files(downloaded.files), size(downloaded));
        return (if failed.is_empty() { Tone::Heading } else { Tone::Bad }, text);
    }
    if !summary.complete || summary.total_failed > 0 {
        let missing = match (summary.total_failed, summary.total_unknown) {
            (0, 0) => "but the record has gaps, named below".to_owned(),
            (0, count) => format!("but the origin of {} is unknown", files(count)),
            (count, 0) => format!("and {} failed", files(count)),
            (failed, unknown) => format!("{} failed, and the origin of {} is unknown", files(failed), unknown),
        };
        let tone = if summary.total_failed > 0 { Tone::Bad } else { Tone::Doubtful };
        return (tone, format!("no download was seen, {missing}"));
    }
    let text = match cached.files {
        0 => "nothing was downloaded, and nothing was needed".to_owned(),
        1 => {
            format!("nothing was downloaded: the one package file came from a cache or a local file ({})", size(cached))
        }
        count => format!(
            "nothing was downloaded: all {count} package files came from caches or local files ({})",
            size(cached)
        ),
    };
    (Tone::Good, text)
}

/// When, how long, by which tools.
pub(super) fn circumstances(session: &Session) -> String {
    let mut tools: Vec<(String, usize)> = Vec::new();
    for invocation in session.invocations.iter().filter(|run| !run.is_replayed()) {
        let tool = match &invocation.tool_version {
            Some(version) => format!("{} {version}", invocation.tool),
            None => invocation.tool.clone(),
        };
        match tools.iter_mut().find(|(known, _)| *known == tool) {
            Some((_, count)) => *count += 1,
            None => tools.push((tool, 1)),
        }
    }
    let tools: Vec<_> = tools
        .into_iter()
        .map(|(tool, count)| if count == 1 { tool } else { format!("{count} runs of {tool}") })
        .collect();
    let mut parts = vec![format!("session {}", session.session_id)];
    parts.extend(session.duration_seconds.map(seconds));
    parts.push(if tools.is_empty() { "no tool ran".to_owned() } else { tools.join(", ") });
    let replayed: HashSet<_> = session
        .invocations
        .iter()
        .filter(|run| run.is_replayed())
        .map(|run| run.step.as_ref().map(|step| &step.id))
        .collect();
    match replayed.len() {
        0 => {}
        1 => parts.push("1 step came from the layer cache".to_owned()),
        count => parts.push(format!("{count} steps came from the layer cache")),
    }
    parts.join(", ")
}

/// Rates and times of what was obtained; `None` where nothing was.
pub(super) fn rates(analysis: &Analysis<'_>) -> Option<String> {
    let session = analysis.session;
    let percent = |rate: f64| format!("{:.0} %", rate * 100.0);
    let by_bytes =
        analysis.hit_rate_by_bytes().map_or(String::new(), |rate| format!(" ({} of the bytes)", percent(rate)));
    let mut parts = vec![format!("cache hit rate {}{by_bytes}", percent(session.summary.cache_hit_rate?))];
    if let (Some(time), Some(speed)) = (analysis.transfer.seconds, analysis.transfer.speed()) {
        parts.push(format!("{} waiting for downloads, at least {}/s", seconds(time), bytes(speed as u64)));
    }
    if analysis.downloaded().files > 0 {
        let bound = if analysis.is_bound() { "at most " } else { "" };
        parts.push(format!("optimization score {bound}{} of 100", analysis.optimization_score()));
    }
    Some(parts.join(", "))
}

/// What each step of the image build took on.
fn steps(sheet: &mut Sheet, analysis: &Analysis<'_>) {
    if analysis.steps.is_empty() {
        return;
    }
    sheet.gap();
    sheet.line(Tone::Heading, "steps");
    let row = |(step, share): &(Option<&Step>, Share)| {
        let cells = vec![
            Cell::text(&format!("  {}", step.map_or("-", |step| &step.id))),
            Cell::figure(share.seconds.map_or_else(|| "-".to_owned(), seconds)),
            Cell::figure(format!("{} downloaded", share.downloaded.files)),
            Cell::figure(if share.downloaded.files == 0 { String::new() } else { size(share.downloaded) }),
            Cell::figure(format!("{} cached", share.cached.files)),
            Cell::text(&step.map_or_else(String::new, written)),
        ];
        (Tone::Plain, cells)
    };
    sheet.table(&analysis.steps.iter().map(row).collect::<Vec<_>>());
}

/// What to change so that less is downloaded, the largest part first.
fn remedies(sheet: &mut Sheet, analysis: &Analysis<'_>) {
    let avoidable = analysis.avoidable_largest_first();
    if avoidable.is_empty() {
        return;
    }
    sheet.gap();
    sheet.line(Tone::Doubtful, "avoidable");
    for (&(reason, ecosystem), &tally) in avoidable {
        sheet.line(Tone::Plain, &format!("  {}: {} ({})", reason.as_str(), files(tally.files), size(tally)));
        sheet.paragraph("    because ", Tone::Plain, reason.meaning());
        for line in places(analysis, reason, ecosystem) {
            sheet.line(Tone::Faint, &format!("    by      {line}"));
        }
        if let Some(remedy) = reason.remedy(ecosystem) {
            sheet.paragraph("    to do   ", Tone::Plain, remedy);
        }
    }
}

/// The instructions of the Dockerfile, else the command lines, that downloaded for this reason.
pub(super) fn places(analysis: &Analysis<'_>, reason: Reason, ecosystem: Ecosystem) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    for download in &analysis.downloads {
        if download.reason != reason || download.artifact.ecosystem != ecosystem {
            continue;
        }
        let run = || {
            let id = download.artifact.invocation.as_ref()?;
            analysis.session.invocations.iter().find(|run| run.id == *id)
        };
        let step = download.artifact.step.as_ref().filter(|step| step.instruction.is_some()).map(written);
        let place = step.or_else(|| run().map(command));
        places.extend(place.filter(|place| !places.contains(place)));
    }
    places
}

/// An instruction with its line in the Dockerfile, as far as they are known.
pub(super) fn written(step: &Step) -> String {
    let instruction = step.instruction.as_deref().unwrap_or_default();
    let instruction: Vec<_> = instruction.split_whitespace().collect();
    let line = step.line.map_or_else(String::new, |line| format!("line {line}: "));
    format!("{line}{}", instruction.join(" "))
}

/// The table of origins.
fn origins(sheet: &mut Sheet, figures: &Figures) {
    let mut rows = Vec::new();
    let mut row = |tone, name: &str, tally: Tally, remark: &str| {
        rows.push((
            tone,
            vec![
                Cell::text(name),
                Cell::figure(tally.files.to_string()),
                Cell::figure(if tally.files == tally.unsized_files { String::new() } else { size(tally) }),
                Cell::text(remark),
            ],
        ));
    };
    let of = |origin| figures.packages.get(&origin).copied();
    row(Tone::Heading, "downloaded", Figures::sum(&figures.packages, false), "");
    row(Tone::Heading, "cached", Figures::sum(&figures.packages, true), "");
    for (origin, tally) in figures.packages.iter().filter(|(origin, _)| origin.cached() == Some(true)) {
        row(Tone::Plain, &format!("  {}", origin.as_str()), *tally, meaning(*origin));
    }
    let rest = [(Origin::Built, Tone::Plain), (Origin::Failed, Tone::Bad), (Origin::Unknown, Tone::Doubtful)];
    for (origin, tone) in rest {
        if let Some(tally) = of(origin) {
            row(tone, origin.as_str(), tally, meaning(origin));
        }
    }
    let (downloaded, cached) = (Figures::sum(&figures.others, false), Figures::sum(&figures.others, true));
    for (tally, name) in [(downloaded, "indexes downloaded"), (cached, "indexes cached")] {
        if tally.files > 0 {
            row(Tone::Faint, name, tally, "index pages, lists, metadata");
        }
    }
    sheet.gap();
    sheet.table(&rows);
}

/// What an origin is, for who has not read the documentation.
pub(super) fn meaning(origin: Origin) -> &'static str {
    match origin {
        Origin::HttpCache => "pip's cache of what it downloaded before",
        Origin::WheelCache => "pip's cache of what it built before",
        Origin::Wheelhouse => "a directory of wheels (--find-links)",
        Origin::Destination => "already lay where it was to go",
        Origin::ArchiveCache => "apt's archives",
        Origin::ListCache => "an apt index that was current",
        Origin::Local => "a local path or repository",
        Origin::LayerCache => "recorded by an earlier build, in an image layer",
        Origin::Built => "made here",
        Origin::Failed => "not obtained, or not what was expected",
        Origin::Unknown => "the evidence does not decide",
        Origin::Downloaded | Origin::Vcs => "",
    }
}

/// The package files that were downloaded, each with why and from where.
fn downloads(sheet: &mut Sheet, analysis: &Analysis<'_>) {
    if analysis.downloads.is_empty() {
        return;
    }
    sheet.gap();
    sheet.line(Tone::Heading, "downloaded");
    let shown = sheet.shown(analysis.downloads.len());
    let row = |download: &Explained<'_>| {
        let reason = download.reason.as_str();
        let why = match &download.changed_from {
            Some(version) => format!("{reason}, was {version}"),
            None => reason.to_owned(),
        };
        let mut cells = named(download.artifact);
        cells.extend([Cell::text(&why), Cell::text(download.artifact.source.as_deref().unwrap_or(""))]);
        (Tone::Plain, cells)
    };
    sheet.table(&analysis.downloads[..shown].iter().map(row).collect::<Vec<_>>());
    if shown < analysis.downloads.len() {
        sheet.line(Tone::Faint, &format!("  and {} more", analysis.downloads.len() - shown));
    }
}

/// Package, version and size.
fn named(artifact: &Artifact) -> Vec<Cell> {
    let name = artifact.name.as_deref().unwrap_or_else(|| artifact.label());
    vec![
        Cell::text(&format!("  {name}")),
        Cell::text(artifact.version.as_deref().unwrap_or("-")),
        Cell::figure(artifact.size_bytes.map_or_else(|| "-".to_owned(), bytes)),
    ]
}

/// The package files of some origins, each with what is known of it.
fn list(sheet: &mut Sheet, title: &str, tone: Tone, session: &Session, chosen: impl Fn(Origin) -> bool) {
    let artifacts: Vec<_> =
        session.downloads.all().filter(|artifact| artifact.kind.is_package() && chosen(artifact.origin)).collect();
    if artifacts.is_empty() {
        return;
    }
    sheet.gap();
    sheet.line(tone, title);
    let shown = sheet.shown(artifacts.len());
    let row = |artifact: &&Artifact| {
        let because = artifact.reason.as_deref().or(artifact.source.as_deref());
        let mut cells = named(artifact);
        cells.push(Cell::text(because.unwrap_or("")));
        (Tone::Plain, cells)
    };
    sheet.table(&artifacts[..shown].iter().map(row).collect::<Vec<_>>());
    if shown < artifacts.len() {
        sheet.line(Tone::Faint, &format!("  and {} more", artifacts.len() - shown));
    }
}

/// Why the record is not what it should be: the session's own reasons, then those of each invocation.
fn reasons(
    sheet: &mut Sheet,
    title: &str,
    session: &Session,
    own: &[String],
    of: impl Fn(&Invocation) -> &Vec<String>,
) {
    let mut all: Vec<(String, usize)> = own.iter().map(|reason| (reason.clone(), 1)).collect();
    for invocation in &session.invocations {
        for reason in of(invocation) {
            let reason = format!("{}: {reason}", invocation.tool);
            // A hundred runs have the same gap: it is said once.
            match all.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => all.push((reason, 1)),
            }
        }
    }
    if all.is_empty() {
        return;
    }
    sheet.gap();
    sheet.line(Tone::Doubtful, title);
    let shown = sheet.shown(all.len());
    for (reason, count) in &all[..shown] {
        match count {
            1 => sheet.paragraph("  ", Tone::Plain, reason),
            count => sheet.paragraph("  ", Tone::Plain, &format!("{reason} ({count} times)")),
        }
    }
    if shown < all.len() {
        sheet.line(Tone::Faint, &format!("  and {} more", all.len() - shown));
    }
}

/// A step in a line: `#9 [build 2/5] RUN pip install ...`, of what is known.
pub(super) fn step_title(step: &Step) -> String {
    let mut place: Vec<String> = step.stage.iter().cloned().collect();
    place.extend(step.index.map(|index| match step.total {
        Some(total) => format!("{index}/{total}"),
        None => index.to_string(),
    }));
    let place = if place.is_empty() { String::new() } else { format!(" [{}]", place.join(" ")) };
    format!("{}{place} {}", step.id, written(step)).trim_end().to_owned()
}

pub(super) fn command(invocation: &Invocation) -> String {
    if invocation.argv.is_empty() { invocation.tool.clone() } else { invocation.argv.join(" ") }
}

pub(super) fn files(count: u64) -> String {
    format!("{count} package file{}", if count == 1 { "" } else { "s" })
}

/// The size of files, of which some may have none.
pub(super) fn size(tally: Tally) -> String {
    match (tally.unsized_files, tally.bytes) {
        (0, total) => bytes(total),
        (_, 0) => "size unknown".to_owned(),
        (_, total) => format!("at least {}", bytes(total)),
    }
}

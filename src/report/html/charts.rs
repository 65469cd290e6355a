//! The parts of the page that are drawn. Lengths are percentages in attributes, since the page's policy forbids styles
//! in attributes; so the drawings fit any width and any paper.

use std::collections::BTreeSet;

use super::data::family;
use super::escape::escaped;
use crate::event::{Artifact, Invocation, Origin, Session};
use crate::report::analysis::{Analysis, largest_first};
use crate::report::figures::Tally;
use crate::report::quantity::{bytes, seconds};
use crate::report::shares::Share;
use crate::report::text::{command, meaning, size, step_title};

/// The most rows of a drawing; the table has the rest.
const ROWS: usize = 60;

/// The most files in the list of the largest.
const LARGEST: usize = 12;

/// All package files as one bar, by origin.
pub(super) fn origins(analysis: &Analysis<'_>) -> String {
    let packages = &analysis.figures.packages;
    let total: u64 = packages.values().map(|tally| tally.files).sum();
    if total == 0 {
        return String::new();
    }
    let mut order: Vec<_> = packages.iter().collect();
    order.sort_by_key(|(origin, _)| (family_order(**origin), **origin));
    let (mut bar, mut legend, mut from) = (String::new(), String::new(), 0.0);
    for (place, (&origin, &tally)) in order.into_iter().enumerate() {
        let share = tally.files as f64 / total as f64 * 100.0;
        // Neighbours of one colour are told apart by how much of it they have.
        let opacity = 1.0 - (place % 3) as f64 * 0.22;
        let class = family(origin);
        bar += &format!(
            "<rect class=\"{class}\" x=\"{from:.3}%\" width=\"{share:.3}%\" height=\"100%\" opacity=\"{opacity:.2}\">\
             <title>{}: {}</title></rect>",
            origin.as_str(),
            tally.files
        );
        from += share;
        let known = if tally.files == tally.unsized_files { String::new() } else { format!(" · {}", size(tally)) };
        let what = match meaning(origin) {
            "" => String::new(),
            what => format!(" · {}", escaped(what)),
        };
        legend += &format!(
            "<li><svg class=\"dot {class}\" opacity=\"{opacity:.2}\" aria-hidden=\"true\"></svg><span><b>{}</b> {}</span>\
             <span>{}{what}</span></li>\n",
            tally.files,
            origin.as_str(),
            known.trim_start_matches(" · ")
        );
    }
    let indexes: Vec<_> = [(false, "downloaded"), (true, "cached")]
        .into_iter()
        .map(|(cached, name)| (crate::report::figures::Figures::sum(&analysis.figures.others, cached), name))
        .filter(|(tally, _)| tally.files > 0)
        .map(|(tally, name)| format!("{} {name} ({})", tally.files, size(tally)))
        .collect();
    let indexes = match indexes.is_empty() {
        true => String::new(),
        false => format!(
            "<p class=\"soft\"><small>Beside these, index pages, lists and metadata: {}.</small></p>\n",
            indexes.join(", ")
        ),
    };
    format!(
        "<section aria-labelledby=\"origins\">\n<h2 id=\"origins\">Where the package files came from</h2>\n\
         <svg class=\"bar\" role=\"img\" aria-label=\"package files by origin\"><rect class=\"track\" width=\"100%\" height=\"100%\"/>{bar}</svg>\n\
         <ul class=\"legend\">\n{legend}</ul>\n{indexes}</section>\n"
    )
}

fn family_order(origin: Origin) -> usize {
    ["downloaded", "cached", "built", "failed", "unknown"].iter().position(|name| *name == family(origin)).unwrap_or(9)
}

/// When each run was under way and when its downloads were there.
pub(super) fn waterfall(analysis: &Analysis<'_>) -> String {
    let session = analysis.session;
    let timed = |(run, share): &'_ (&'_ Invocation, Share)| {
        let start = run.started_at?.microseconds() as f64 / 1e6;
        (run.via != "text").then_some((start, start + run.duration_seconds?, share.clone()))
    };
    let runs: Vec<_> = analysis.runs.iter().filter_map(|run| Some((run.0, timed(run)?))).collect();
    let Some(zero) = runs.iter().map(|(_, (start, ..))| *start).min_by(f64::total_cmp) else { return String::new() };
    let end = runs.iter().map(|(_, (_, end, _))| *end).fold(zero, f64::max);
    let length = (end - zero).max(1e-3);
    let at = |moment: f64| (moment - zero) / length * 100.0;
    let mut rows = String::new();
    let mut group = None;
    for (run, (start, end, share)) in runs.iter().take(ROWS) {
        if run.step != group {
            group = run.step.clone();
            if let Some(step) = &group {
                rows += &format!("<li class=\"group\"><small>{}</small></li>\n", escaped(&step_title(step)));
            }
        }
        let class = if run.exit_code == Some(0) { "run" } else { "failed" };
        let mut marks = String::new();
        for (artifact, moment) in arrivals(session, run) {
            marks += &format!(
                "<rect class=\"{}\" x=\"{:.2}%\" y=\"2\" width=\"2\" height=\"12\"><title>{}</title></rect>",
                family(artifact.origin),
                at(moment),
                escaped(artifact.label())
            );
        }
        let text = command(run);
        let told = format!(
            "{text}: {} downloaded, {} cached, {}",
            share.downloaded.files,
            share.cached.files,
            seconds(end - start)
        );
        rows += &format!(
            "<li><span class=\"label mono\" title=\"{0}\">{0}</span><svg role=\"img\" aria-label=\"{1}\">\
             <rect class=\"{class}\" x=\"{2:.2}%\" width=\"{3:.2}%\" height=\"16\" rx=\"4\"><title>{1}</title></rect>{marks}</svg>\
             <span class=\"amount\">{4}</span></li>\n",
            escaped(&text),
            escaped(&told),
            at(*start),
            ((end - start) / length * 100.0).max(0.25),
            seconds(end - start)
        );
    }
    let more = match runs.len().saturating_sub(ROWS) {
        0 => String::new(),
        more => format!("<p class=\"soft\">and {more} more runs</p>\n"),
    };
    format!(
        "<section class=\"long\" aria-labelledby=\"waterfall\">\n<h2 id=\"waterfall\">Runs over time</h2>\n<ol class=\"rows\">\n{rows}</ol>\n{more}\
         <div class=\"axis\" aria-hidden=\"true\"><span></span><svg><text x=\"0\" y=\"13\">0 s</text>\
         <text x=\"50%\" y=\"13\" text-anchor=\"middle\">{}</text><text x=\"100%\" y=\"13\" text-anchor=\"end\">{}</text></svg><span></span></div>\n\
         <ul class=\"legend\"><li><span class=\"dot downloaded\"></span><span>a download was there</span></li>\
         <li><span class=\"dot cached\"></span><span>a cached file was there</span></li></ul>\n</section>\n",
        seconds(length / 2.0),
        seconds(length)
    )
}

/// When files of a run were there; of very many a part, since marks of two pixels would cover each other.
fn arrivals<'a>(session: &'a Session, run: &Invocation) -> Vec<(&'a Artifact, f64)> {
    let of_run = |artifact: &&Artifact| artifact.invocation.as_ref() == Some(&run.id) && artifact.kind.is_package();
    let all: Vec<_> = session
        .downloads
        .all()
        .filter(of_run)
        .filter_map(|artifact| Some((artifact, artifact.at?.microseconds() as f64 / 1e6)))
        .collect();
    let every = all.len().div_ceil(120).max(1);
    all.into_iter().step_by(every).collect()
}

/// Downloaded against cached by step of the image build.
pub(super) fn steps(analysis: &Analysis<'_>) -> String {
    let part = |share: &Share| {
        [
            ("downloaded", share.downloaded),
            ("cached", share.cached),
            ("built", share.built),
            ("failed", share.failed),
            ("unknown", share.unknown),
        ]
    };
    let total = |share: &Share| part(share).iter().map(|(_, tally)| tally.files).sum::<u64>();
    let most = analysis.steps.iter().map(|(_, share)| total(share)).max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let (mut rows, mut classes) = (String::new(), BTreeSet::new());
    for (step, share) in analysis.steps.iter().take(ROWS) {
        let name = step.map_or_else(|| "outside of steps".to_owned(), step_title);
        let (mut bars, mut from, mut told, mut counts) = (String::new(), 0.0, Vec::new(), Vec::new());
        for (class, tally) in part(share).into_iter().filter(|(_, tally)| tally.files > 0) {
            classes.insert(class);
            counts.push(format!("{} {class}", tally.files));
            let width = tally.files as f64 / most as f64 * 100.0;
            let of = if tally.files == tally.unsized_files { String::new() } else { format!(" ({})", size(tally)) };
            told.push(format!("{} {class}{of}", tally.files));
            bars += &format!(
                "<rect class=\"{class}\" x=\"{from:.2}%\" width=\"{width:.2}%\" height=\"16\"><title>{} {class}{of}</title></rect>",
                tally.files
            );
            from += width;
        }
        rows += &format!(
            "<li class=\"group\"><small>{}</small></li>\n\
             <li><span class=\"label\" title=\"{1}\">{1}</span><svg role=\"img\" aria-label=\"{2}\"><rect class=\"track\" width=\"100%\" height=\"16\"/>{bars}</svg>\
             <span class=\"amount\">{3}</span></li>\n",
            escaped(&name),
            if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") },
            if told.is_empty() { "nothing".to_owned() } else { told.join(", ") },
            share.seconds.map_or_else(|| "–".to_owned(), seconds)
        );
    }
    let legend: String = ["downloaded", "cached", "built", "failed", "unknown"]
        .into_iter()
        .filter(|class| classes.contains(class))
        .map(|class| format!("<li><span class=\"dot {class}\"></span><span>{class}</span></li>"))
        .collect();
    format!(
        "<section class=\"long\" aria-labelledby=\"steps\">\n<h2 id=\"steps\">Steps: downloaded against cached</h2>\n<ol class=\"rows\">\n{rows}</ol>\n\
         <ul class=\"legend\">{legend}</ul>\n</section>\n"
    )
}

/// The largest files beside the reasons of downloads.
pub(super) fn largest_and_why(analysis: &Analysis<'_>) -> String {
    let packages = || analysis.session.downloads.all().filter(|artifact| artifact.kind.is_package());
    let largest = largest_first(packages().filter(|artifact| artifact.size_bytes.is_some()));
    let most = largest.first().and_then(|artifact| artifact.size_bytes).unwrap_or(0).max(1);
    let row = |class: &str, name: &str, note: &str, share: f64, amount: &str| {
        format!(
            "<li><span class=\"label\">{}<small>{}</small></span><svg aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"16\" rx=\"3\"/>\
             <rect class=\"{class}\" width=\"{share:.2}%\" height=\"16\" rx=\"3\"/></svg><span class=\"amount\">{amount}</span></li>\n",
            escaped(name),
            escaped(note)
        )
    };
    let mut sections = String::new();
    if !largest.is_empty() {
        let rows: String = largest
            .iter()
            .take(LARGEST)
            .map(|artifact| {
                let size = artifact.size_bytes.unwrap_or(0);
                let name = artifact.name.as_deref().unwrap_or_else(|| artifact.label());
                let note = format!("{} {}", artifact.version.as_deref().unwrap_or(""), artifact.origin.as_str());
                row(family(artifact.origin), name, note.trim(), size as f64 / most as f64 * 100.0, &bytes(size))
            })
            .collect();
        sections += &format!(
            "<section aria-labelledby=\"largest\">\n<h2 id=\"largest\">The largest files</h2>\n<ol class=\"rows narrow\">\n{rows}</ol>\n</section>\n"
        );
    }
    let mut reasons: Vec<(crate::report::Reason, Tally)> = Vec::new();
    for download in &analysis.downloads {
        let known = reasons.iter().position(|(reason, _)| *reason == download.reason);
        let place = known.unwrap_or_else(|| {
            reasons.push((download.reason, Tally::default()));
            reasons.len() - 1
        });
        reasons[place].1.count(download.artifact);
    }
    reasons.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.files));
    if let Some(most) = reasons.first().map(|(_, tally)| tally.files) {
        let rows: String = reasons
            .iter()
            .map(|(reason, tally)| {
                let class = if reason.is_avoidable() { "downloaded" } else { "unknown" };
                let share = tally.files as f64 / most as f64 * 100.0;
                row(class, reason.as_str(), reason.meaning(), share, &tally.files.to_string())
            })
            .collect();
        sections += &format!(
            "<section aria-labelledby=\"why-title\">\n<h2 id=\"why-title\">Why files were downloaded</h2>\n<ol class=\"rows narrow\">\n{rows}</ol>\n\
             <ul class=\"legend\"><li><span class=\"dot downloaded\"></span><span>avoidable</span></li><li><span class=\"dot unknown\"></span><span>not avoidable, or not known</span></li></ul>\n</section>\n"
        );
    }
    format!("<div class=\"split\">\n{sections}</div>\n")
}

/// The sessions that were given, downloads and time of each.
pub(super) fn history(analyses: &[Analysis<'_>]) -> String {
    if analyses.len() < 2 {
        return String::new();
    }
    let shown = &analyses[analyses.len().saturating_sub(120)..];
    let most = shown.iter().map(|one| one.session.summary.bytes_downloaded).max().unwrap_or(0).max(1);
    let width = 100.0 / shown.len() as f64;
    let (mut bars, mut rows) = (String::new(), String::new());
    for (place, one) in shown.iter().enumerate() {
        let summary = &one.session.summary;
        // 110 pixels of bars above a line of text.
        let height = (summary.bytes_downloaded as f64 / most as f64 * 110.0).max(2.0);
        bars += &format!(
            "<rect class=\"{}\" x=\"{:.2}%\" y=\"{:.1}\" width=\"{:.2}%\" height=\"{height:.1}\" rx=\"3\"><title>{}: {} in {} downloads</title></rect>",
            if summary.total_downloads == 0 { "cached" } else { "downloaded" },
            place as f64 * width + width * 0.1,
            122.0 - height,
            width * 0.8,
            one.session.session_id,
            bytes(summary.bytes_downloaded),
            summary.total_downloads
        );
    }
    for one in shown.iter().rev().take(20) {
        let summary = &one.session.summary;
        rows += &format!(
            "<tr><th scope=\"row\">{}</th><td class=\"figure\">{}</td><td class=\"figure\">{}</td><td class=\"figure\">{}</td>\
             <td class=\"figure\">{}</td><td class=\"figure\">{}</td></tr>\n",
            one.session.session_id,
            summary.total_downloads,
            bytes(summary.bytes_downloaded),
            summary.total_cached,
            summary.cache_hit_rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.0} %", rate * 100.0)),
            one.session.duration_seconds.map_or_else(|| "–".to_owned(), seconds)
        );
    }
    format!(
        "<section class=\"long\" aria-labelledby=\"history\">\n<h2 id=\"history\">History: bytes downloaded by session</h2>\n\
         <svg class=\"history\" role=\"img\" aria-label=\"bytes downloaded by session, oldest first; the table below has the figures\">{bars}\
         <text x=\"0\" y=\"142\">{}</text><text x=\"100%\" y=\"142\" text-anchor=\"end\">{}</text></svg>\n\
         <table class=\"plain\"><thead><tr><th scope=\"col\">session</th><th scope=\"col\" class=\"figure\">downloads</th><th scope=\"col\" class=\"figure\">bytes</th>\
         <th scope=\"col\" class=\"figure\">cached</th><th scope=\"col\" class=\"figure\">hit rate</th><th scope=\"col\" class=\"figure\">time</th></tr></thead><tbody>\n{rows}</tbody></table>\n</section>\n",
        shown[0].session.session_id,
        shown[shown.len() - 1].session.session_id
    )
}

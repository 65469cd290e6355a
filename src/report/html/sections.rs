//! The parts of the page that are words and figures.

use super::escape::{escaped, with_code};
use crate::event::printable;
use crate::report::analysis::Analysis;
use crate::report::figures::Tally;
use crate::report::gaps::gaps_of;
use crate::report::quantity::{bytes, seconds};
use crate::report::text::{files, places, size};

/// The table that the script fills, with its controls.
pub(super) const TABLE: &str = "<section class=\"long\" id=\"files\" aria-labelledby=\"files-title\">\n\
<h2 id=\"files-title\">All files</h2>\n<noscript><p>The table needs JavaScript, which this viewer does not run.</p></noscript>\n\
<div id=\"interactive\" hidden>\n<div class=\"controls\" role=\"search\">\n\
<input type=\"search\" id=\"search\" placeholder=\"Filter by name, version, file or address\" aria-label=\"Filter files\">\n\
<select id=\"origin\" aria-label=\"Origin\"><option value=\"\">every origin</option></select>\n\
<select id=\"why\" aria-label=\"Reason\"><option value=\"\">every reason</option></select>\n\
<select id=\"step\" aria-label=\"Step\"><option value=\"\">every step</option></select>\n\
<span id=\"count\" class=\"soft\" role=\"status\"></span>\n</div>\n\
<div class=\"scroller\" id=\"scroller\" tabindex=\"0\" role=\"region\" aria-label=\"Files\">\n<table id=\"table\">\n\
<colgroup><col width=\"23%\"><col width=\"8%\"><col width=\"13%\"><col width=\"10%\"><col width=\"9%\"><col width=\"12%\"><col></colgroup>\n\
<thead><tr><th scope=\"col\" data-key=\"name\"><button type=\"button\">Package</button></th>\
<th scope=\"col\" data-key=\"kind\"><button type=\"button\">Kind</button></th>\
<th scope=\"col\" data-key=\"origin\"><button type=\"button\">Origin</button></th>\
<th scope=\"col\" data-key=\"size\" class=\"figure\" aria-sort=\"descending\"><button type=\"button\">Size</button></th>\
<th scope=\"col\" data-key=\"time\" class=\"figure\"><button type=\"button\">Waited</button></th>\
<th scope=\"col\" data-key=\"why\"><button type=\"button\">Why</button></th>\
<th scope=\"col\" data-key=\"from\"><button type=\"button\">From</button></th></tr></thead>\n\
<tbody id=\"artifacts\"></tbody>\n</table>\n</div>\n</div>\n\
<dialog id=\"details\" aria-labelledby=\"title\"><h2 id=\"title\"></h2><dl id=\"fields\"></dl>\
<button type=\"button\" class=\"close\" id=\"close\">Close</button></dialog>\n</section>\n";

/// What must not be overlooked.
pub(super) fn warnings(analysis: &Analysis<'_>) -> String {
    let summary = &analysis.session.summary;
    let mut warnings = String::new();
    if summary.total_failed > 0 {
        warnings += &format!(
            "<p class=\"warning bad\">{} failed; the table below says why.</p>\n",
            files(summary.total_failed)
        );
    }
    if analysis.is_bound() {
        warnings += "<p class=\"warning\">The record has gaps: what was obtained is at least what stands here. \
                     <a href=\"#gaps\">What could not be seen</a></p>\n";
    }
    warnings
}

/// The figures at one look.
pub(super) fn tiles(analysis: &Analysis<'_>) -> String {
    let summary = &analysis.session.summary;
    let mut tiles = String::from("<ul class=\"tiles\">\n");
    let mut tile = |class: &str, name: &str, value: &str, note: &str| {
        let dot = if class.is_empty() { String::new() } else { format!("<span class=\"dot {class}\"></span>") };
        tiles += &format!(
            "<li><span class=\"name\">{dot}{name}</span><span class=\"value\">{value}</span><span class=\"note\">{note}</span></li>\n"
        );
    };
    let sized = |tally: Tally| if tally.files == 0 { "no package file".to_owned() } else { size(tally) };
    let (downloaded, cached) = (analysis.downloaded(), analysis.cached());
    tile("downloaded", "Downloaded", &downloaded.files.to_string(), &sized(downloaded));
    tile("cached", "From caches", &cached.files.to_string(), &sized(cached));
    let percent = |rate: Option<f64>| rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
    tile(
        "",
        "Cache hit rate",
        &percent(summary.cache_hit_rate),
        &match analysis.hit_rate_by_bytes() {
            Some(rate) => format!("{} of the bytes", percent(Some(rate))),
            None => "of package files".to_owned(),
        },
    );
    tile(
        "",
        "Waiting for downloads",
        &analysis.transfer.seconds.map_or_else(|| "–".to_owned(), |time| format!("≤ {}", seconds(time))),
        &match analysis.transfer.speed() {
            Some(speed) => format!("at least {}/s", bytes(speed as u64)),
            None => "no times in the record".to_owned(),
        },
    );
    let repeated = analysis.repeated();
    tile(
        "",
        "Downloaded twice",
        &repeated.files.to_string(),
        &match repeated.files {
            0 => "no file came again".to_owned(),
            _ => format!("{} wasted", size(repeated)),
        },
    );
    if summary.total_failed + summary.total_unknown > 0 {
        let (class, note) = match summary.total_failed {
            0 => ("unknown", "origin not decided"),
            _ => ("failed", "failed or not decided"),
        };
        tile(class, "In doubt", &(summary.total_failed + summary.total_unknown).to_string(), note);
    }
    tiles + "</ul>\n"
}

/// The score and what makes it up, each part with what to change.
pub(super) fn remedies(analysis: &Analysis<'_>) -> String {
    if analysis.downloaded().files == 0 {
        return String::new();
    }
    let score = analysis.optimization_score();
    let avoidable = analysis.avoidable_largest_first();
    let bound = if analysis.is_bound() { "At most " } else { "" };
    let sentence = match avoidable.len() {
        0 => "By what the evidence says, no further run need download these files again.".to_owned(),
        _ => format!("A further run would download {} again that it need not.", size(analysis.avoidable())),
    };
    // The circle's length is 100 by its radius; of no length, its round end would still be a dot.
    let part = match score {
        0 => String::new(),
        _ => format!(
            "<circle class=\"part\" cx=\"21\" cy=\"21\" r=\"15.9155\" stroke-dasharray=\"{score} 100\" transform=\"rotate(-90 21 21)\"/>"
        ),
    };
    let mut section = format!(
        "<section aria-labelledby=\"change\">\n<h2 id=\"change\">What to change</h2>\n<div class=\"score\">\
         <svg viewBox=\"0 0 42 42\" role=\"img\" aria-label=\"optimization score {score} of 100\">\
         <circle cx=\"21\" cy=\"21\" r=\"15.9155\"/>\
{part}\
         <text x=\"21\" y=\"25.2\">{score}</text></svg>\
         <div><p><b>{bound}{score} of 100</b><br>{sentence}</p></div></div>\n<ul class=\"reasons\">\n"
    );
    for (&(reason, ecosystem), &tally) in avoidable {
        section += &format!("<li><b>{}</b> ({}): {}", files(tally.files), size(tally), escaped(reason.meaning()));
        for place in places(analysis, reason, ecosystem).iter().take(5) {
            section += &format!("<br><code>{}</code>", escaped(place));
        }
        if let Some(remedy) = reason.remedy(ecosystem) {
            section += &format!("<p class=\"remedy\">{}</p>", with_code(remedy));
        }
        section += "</li>\n";
    }
    section + "</ul>\n</section>\n"
}

/// Why the record is not whole.
pub(super) fn gaps(analysis: &Analysis<'_>) -> String {
    let gaps = gaps_of(analysis.session);
    if gaps.is_empty() && !analysis.is_bound() {
        return String::new();
    }
    let mut section = "<section class=\"long\" id=\"gaps\" aria-labelledby=\"gaps-title\">\n<h2 id=\"gaps-title\">What could not be seen</h2>\n\
         <table class=\"plain\"><thead><tr><th scope=\"col\">what</th><th scope=\"col\">of</th><th scope=\"col\">why</th>\
         <th scope=\"col\" class=\"figure\">times</th></tr></thead><tbody>\n"
        .to_owned();
    if analysis.session.summary.total_unknown > 0 {
        section += &format!(
            "<tr><td>unknown</td><td>session</td><td>the evidence does not decide the origin of {}</td><td class=\"figure\">1</td></tr>\n",
            files(analysis.session.summary.total_unknown)
        );
    }
    for (gap, times) in gaps {
        section += &format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"figure\">{times}</td></tr>\n",
            gap.what,
            escaped(gap.of),
            escaped(&gap.why)
        );
    }
    section + "</tbody></table>\n</section>\n"
}

/// Where it was recorded.
pub(super) fn footer(analysis: &Analysis<'_>) -> String {
    let info = &analysis.session.build_info;
    let mut facts: Vec<String> = vec![format!("wheeltap {}", info.wheeltap_version), info.platform.clone()];
    facts.extend(info.hostname.clone());
    facts.extend(info.build_args.iter().map(|(name, value)| format!("{name}={value}")));
    facts.retain(|fact| !fact.trim().is_empty());
    format!(
        "<footer>\n<p>{}</p>\n<p>Sizes are exact and in decimal units. A file's wait is the time since the file before it in the same run was \
         there, so it is an upper bound. Reasons are judged against {} earlier sessions of the same directory.</p>\n</footer>\n",
        escaped(&printable(&facts.join(" · "))),
        analysis.earlier_sessions
    )
}

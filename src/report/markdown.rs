//! Sessions as markdown, for the summary page of a CI job and for `build_report.md`.
//!
//! Refuses to be larger than it may be: rows that would not fit are counted instead. Refuses to pass markup on: what a
//! log says is text, whatever characters it is made of.

use std::fmt::Write as _;

use super::analysis::{Analysis, largest_first};
use super::figures::{Figures, Tally};
use super::gaps::{Gap, gaps_of};
use super::history::History;
use super::quantity::{bytes, seconds};
use super::reasons::{Explained, Reason};
use super::shares::Share;
use super::text::{circumstances, headline, meaning, places, rates, size};
use crate::event::{Artifact, Ecosystem, Origin, Session, Step, printable};

/// What a step of GitHub's CI may write to its summary page, less some room for what others write there.
pub const SUMMARY_BYTES: usize = 1024 * 1024 - 16 * 1024;

/// Room for the note that something was left out.
const NOTE_BYTES: usize = 300;

/// The most characters of a text from a record that stand in one cell.
const CELL: usize = 240;

/// The report on `sessions`, oldest first as they are given, in at most `most_bytes` bytes: first all of them at one
/// look, then each with its files, steps and gaps. What does not fit is left out, and a note at the end says how much.
pub fn markdown(sessions: &[Session], most_bytes: usize) -> String {
    let mut earlier = History::default();
    let analyse = |session| {
        let analysis = Analysis::of(session, &earlier);
        earlier.add(session);
        analysis
    };
    markdown_of(&sessions.iter().map(analyse).collect::<Vec<_>>(), most_bytes)
}

/// The same of sessions that were analysed already.
pub fn markdown_of(analyses: &[Analysis<'_>], most_bytes: usize) -> String {
    let mut page = Page { text: String::new(), room: most_bytes.saturating_sub(NOTE_BYTES), omitted: 0 };
    page.block("# Build report\n");
    if analyses.is_empty() {
        page.block("\nThere is no session: `wheeltap run -- COMMAND` records one.\n");
    }
    let several = analyses.len() > 1;
    if several {
        overview(&mut page, analyses);
    }
    for analysis in analyses {
        if several {
            page.block(&format!("\n## Session {}\n", analysis.session.session_id));
        }
        one(&mut page, analysis, if several { "###" } else { "##" });
    }
    page.into_text()
}

/// The text while it is written, and how much may follow.
struct Page {
    text: String,
    room: usize,
    omitted: usize,
}

impl Page {
    /// Writes something whole or not at all.
    fn block(&mut self, block: &str) -> bool {
        let fits = self.text.len() + block.len() <= self.room;
        if fits {
            self.text.push_str(block);
        } else {
            self.omitted += block.lines().filter(|line| !line.is_empty()).count();
        }
        fits
    }

    /// A table with its title; cells are markdown already. In a header, `#` before a word sets its column to the right.
    fn table(&mut self, title: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return;
        }
        let names: Vec<_> = header.iter().map(|name| name.trim_start_matches('#')).collect();
        let rules: Vec<_> = header.iter().map(|name| if name.starts_with('#') { "---:" } else { "---" }).collect();
        let mut fits = self.block(&format!("\n{title}\n\n| {} |\n| {} |\n", names.join(" | "), rules.join(" | ")));
        for row in rows {
            // After a row that was left out, no shorter one may slip in: the reader would take the list for whole.
            if fits {
                fits = self.block(&format!("| {} |\n", row.join(" | ")));
            } else {
                self.omitted += 1;
            }
        }
    }

    fn into_text(mut self) -> String {
        if self.omitted > 0 {
            let _ = write!(
                self.text,
                "\n> **Cut.** {} more lines would not fit here. `wheeltap report --format html` shows everything.\n",
                self.omitted
            );
        }
        self.text
    }
}

/// All sessions, a line each.
fn overview(page: &mut Page, analyses: &[Analysis<'_>]) {
    let rows = analyses.iter().map(|Analysis { session, .. }| {
        let summary = &session.summary;
        let rate = summary.cache_hit_rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        vec![
            session.session_id.to_string(),
            summary.total_downloads.to_string(),
            bytes(summary.bytes_downloaded),
            summary.total_cached.to_string(),
            rate,
            (summary.total_failed + summary.total_unknown).to_string(),
            session.duration_seconds.map_or_else(|| "-".to_owned(), seconds),
            if summary.complete { "yes" } else { "**no**" }.to_owned(),
        ]
    });
    let header = ["session", "#downloads", "#bytes", "#cached", "#hit rate", "#failed or unknown", "#time", "complete"];
    page.table(&format!("{} sessions", analyses.len()), &header, rows);
}

fn one(page: &mut Page, analysis: &Analysis<'_>, level: &str) {
    let (session, figures) = (analysis.session, &analysis.figures);
    let (_, headline) = headline(session, figures);
    let rates = rates(analysis).map_or(String::new(), |rates| format!("  \n{}", escaped(&rates)));
    page.block(&format!("\n**{}**\n\n{}{rates}\n", escaped(&headline), escaped(&circumstances(session))));
    origins(page, figures, level);
    remedies(page, analysis, level);
    let steps = &analysis.steps;
    let row = |(step, share): &(Option<&Step>, Share)| {
        let instruction = step.and_then(|step| step.instruction.as_deref());
        vec![
            step.map_or_else(|| "-".to_owned(), |step| escaped(&step_name(step))),
            step.and_then(|step| step.line).map_or_else(|| "-".to_owned(), |line| line.to_string()),
            instruction.map_or_else(|| "-".to_owned(), code),
            share.seconds.map_or_else(|| "-".to_owned(), seconds),
            tally(share.downloaded),
            tally(share.cached),
            (share.failed.files + share.unknown.files).to_string(),
        ]
    };
    page.table(
        &format!("{level} Steps"),
        &["step", "#line", "instruction", "#time", "#downloaded", "#cached", "#failed or unknown"],
        steps.iter().map(row),
    );
    gaps(page, session, level);
    list(page, &format!("{level} Failed"), session, |origin| origin == Origin::Failed);
    list(page, &format!("{level} Unknown"), session, |origin| origin == Origin::Unknown);
    downloads(page, analysis, level);
}

/// What to change so that less is downloaded.
fn remedies(page: &mut Page, analysis: &Analysis<'_>, level: &str) {
    let avoidable = analysis.avoidable_largest_first();
    let row = |(&(reason, ecosystem), &sum): (&(Reason, Ecosystem), &Tally)| {
        let places: Vec<_> = places(analysis, reason, ecosystem).iter().take(3).map(|place| code(place)).collect();
        vec![
            tally(sum),
            format!("**{}**: {}", reason.as_str(), reason.meaning()),
            places.join("<br>"),
            // A remedy is our own text, with its commands in backticks.
            reason.remedy(ecosystem).unwrap_or_default().replace('|', "\\|"),
        ]
    };
    page.table(
        &format!("{level} Avoidable downloads"),
        &["#files", "why", "by", "what to do"],
        avoidable.into_iter().map(row),
    );
}

/// The package files that were downloaded, the largest first, each with its reason.
fn downloads(page: &mut Page, analysis: &Analysis<'_>, level: &str) {
    let mut downloads: Vec<_> = analysis.downloads.iter().collect();
    downloads.sort_by_key(|download| std::cmp::Reverse(download.artifact.size_bytes));
    let row = |download: &Explained<'_>| {
        let mut cells = named(download.artifact);
        cells.push(match &download.changed_from {
            Some(version) => format!("{} (was {})", download.reason.as_str(), escaped(version)),
            None => download.reason.as_str().to_owned(),
        });
        cells.push(download.artifact.source.as_deref().map(code).unwrap_or_default());
        cells
    };
    page.table(
        &format!("{level} Downloaded"),
        &["package", "version", "#size", "why", "from"],
        downloads.into_iter().map(row),
    );
}

/// Package, version and size.
fn named(artifact: &Artifact) -> Vec<String> {
    vec![
        escaped(artifact.name.as_deref().unwrap_or_else(|| artifact.label())),
        artifact.version.as_deref().map_or_else(|| "-".to_owned(), escaped),
        artifact.size_bytes.map_or_else(|| "-".to_owned(), bytes),
    ]
}

/// The table of origins.
fn origins(page: &mut Page, figures: &Figures, level: &str) {
    let row = |name: String, tally: Tally, remark: &str| {
        let size = if tally.files == tally.unsized_files { String::new() } else { size(tally) };
        vec![name, tally.files.to_string(), size, remark.to_owned()]
    };
    let mut rows = vec![
        row("**downloaded**".to_owned(), Figures::sum(&figures.packages, false), ""),
        row("**cached**".to_owned(), Figures::sum(&figures.packages, true), ""),
    ];
    for (origin, tally) in &figures.packages {
        if origin.cached() != Some(false) {
            rows.push(row(origin.as_str().to_owned(), *tally, meaning(*origin)));
        }
    }
    for (cached, name) in [(false, "indexes downloaded"), (true, "indexes cached")] {
        let tally = Figures::sum(&figures.others, cached);
        if tally.files > 0 {
            rows.push(row(name.to_owned(), tally, "index pages, lists, metadata"));
        }
    }
    page.table(&format!("{level} Origins"), &["origin", "#files", "#bytes", ""], rows.into_iter());
}

/// Why the record is not what it should be.
fn gaps(page: &mut Page, session: &Session, level: &str) {
    let row = |(gap, count): (Gap<'_>, usize)| {
        vec![gap.what.to_owned(), escaped(gap.of), escaped(&gap.why), count.to_string()]
    };
    page.table(
        &format!("{level} What could not be seen"),
        &["what", "of", "why", "#times"],
        gaps_of(session).into_iter().map(row),
    );
}

/// The package files of some origins.
fn list(page: &mut Page, title: &str, session: &Session, chosen: impl Fn(Origin) -> bool) {
    let of_origin = |artifact: &&Artifact| artifact.kind.is_package() && chosen(artifact.origin);
    // What a reader may save most by.
    let artifacts = largest_first(session.downloads.all().filter(of_origin));
    let row = |artifact: &Artifact| {
        let source = artifact.source.as_deref().map(code);
        let because = artifact.reason.as_deref().map(escaped).or(source);
        let mut cells = named(artifact);
        cells.push(because.unwrap_or_default());
        cells
    };
    page.table(title, &["package", "version", "#size", "why"], artifacts.into_iter().map(row));
}

/// `#9 build 2/5`, of what is known.
fn step_name(step: &Step) -> String {
    let mut name = step.id.clone();
    for part in [
        step.stage.clone(),
        step.index.map(|index| match step.total {
            Some(total) => format!("{index}/{total}"),
            None => index.to_string(),
        }),
    ] {
        name.extend(part.map(|part| format!(" {part}")));
    }
    name
}

fn tally(tally: Tally) -> String {
    match tally.files {
        0 => "0".to_owned(),
        files => format!("{files} ({})", size(tally)),
    }
}

/// Text as text: everything that markdown or HTML would act on stands behind a backslash or as an entity, so that no
/// name, address or reason becomes a link, a picture, a mention or a cell of its own.
fn escaped(text: &str) -> String {
    let text = shortened(text);
    let text = printable(&text);
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let within = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // What opens a link or a mention without any brackets.
            '@' => out.push_str("&#64;"),
            ':' if rest.peek() == Some(&'/') => out.push_str("&#58;"),
            '_' if within => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '#' | '!' => out.extend(['\\', character]),
            _ => out.push(character),
        }
        before = character;
    }
    out
}

/// A text in the letters of a program, in a cell of a table.
fn code(text: &str) -> String {
    let text = shortened(text);
    // A fence is longer than any run of backticks in it; a table divides at `|` even there.
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", printable(&text).replace('|', "\\|"))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{code, escaped};

    #[test]
    fn what_a_log_says_is_no_markup() {
        assert_eq!(escaped("charset_normalizer 1.0"), "charset_normalizer 1.0");
        assert_eq!(
            escaped("[x](javascript:1) <img src=x> @team a|b `c` **d** _e_ https://h.example/\u{1b}"),
            "\\[x\\](javascript:1) &lt;img src=x&gt; &#64;team a\\|b \\`c\\` \\*\\*d\\*\\* \\_e\\_ \
             https&#58;//h.example/\\\\x1b"
        );
        assert_eq!(code("a `b` | c"), "`` a `b` \\| c ``");
        assert_eq!(escaped(&"é".repeat(1000)).chars().count(), 241);
    }
}

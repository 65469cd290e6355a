//! Sessions for machines that watch: OpenMetrics for a textfile collector, JUnit for a CI service, commands for GitHub.
//!
//! Refuses to name packages in labels: a series for each of thousands of names is what kills a monitoring system.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::analysis::Analysis;
use super::budget::Case;
use super::figures::Tally;
use super::gaps::gaps_of;
use super::text::headline;
use crate::event::{Ecosystem, Origin, printable};

/// The metrics of a session in the text format of Prometheus and OpenMetrics; ends with `# EOF`.
pub fn openmetrics(analysis: &Analysis<'_>) -> String {
    let session = analysis.session;
    let mut files: BTreeMap<(&str, Origin), Tally> = BTreeMap::new();
    for artifact in session.downloads.all().filter(|artifact| artifact.kind.is_package()) {
        files.entry((ecosystem(artifact.ecosystem), artifact.origin)).or_default().count(artifact);
    }
    let labels =
        |(ecosystem, origin): &(&str, Origin)| format!("{{ecosystem=\"{ecosystem}\",origin=\"{}\"}}", origin.as_str());
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: Vec<(String, f64)>| {
        if !samples.is_empty() {
            let _ = write!(text, "# HELP wheeltap_{name} {help}\n# TYPE wheeltap_{name} gauge\n");
        }
        for (labels, value) in samples {
            let _ = writeln!(text, "wheeltap_{name}{labels} {value}");
        }
    };
    let one = |value: f64| vec![(String::new(), value)];
    let some = |value: Option<f64>| value.map_or(Vec::new(), one);
    family(
        "package_files",
        "Package files of the session by origin.",
        files.iter().map(|(key, tally)| (labels(key), tally.files as f64)).collect(),
    );
    family(
        "package_bytes",
        "Bytes of package files of known size by origin.",
        files.iter().map(|(key, tally)| (labels(key), tally.bytes as f64)).collect(),
    );
    family("downloaded_bytes", "Bytes downloaded, of any kind.", one(session.summary.bytes_downloaded as f64));
    family(
        "cache_hit_ratio",
        "Cached package files over cached and downloaded ones.",
        some(session.summary.cache_hit_rate),
    );
    family("download_seconds", "Time in which downloads were waited for, at most.", some(analysis.transfer.seconds));
    family(
        "session_duration_seconds",
        "Time from the opening of the session to its last event.",
        some(session.duration_seconds),
    );
    family(
        "avoidable_bytes",
        "Bytes that a further run would download again although it need not, by reason.",
        analysis
            .avoidable
            .iter()
            .map(|((reason, world), tally)| {
                let labels = format!("{{ecosystem=\"{}\",reason=\"{}\"}}", ecosystem(*world), reason.as_str());
                (labels, tally.bytes as f64)
            })
            .collect(),
    );
    family(
        "repeated_downloads",
        "Downloads of a file that the session had downloaded already.",
        one(analysis.repeated().files as f64),
    );
    family(
        "optimization_score",
        "Share of downloaded bytes that was not avoidable, 0 to 100.",
        one(analysis.optimization_score() as f64),
    );
    family("network_attempts", "Visible tries to reach the network.", one(session.summary.network_attempts as f64));
    family("session_complete", "Whether the record has no gaps.", one(f64::from(u8::from(session.summary.complete))));
    let at = session.finished_at.map(|moment| moment.microseconds() as f64 / 1e6);
    family("session_finished_timestamp_seconds", "When the last event of the session happened.", some(at));
    text + "# EOF\n"
}

fn ecosystem(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Pypi => "pypi",
        Ecosystem::Deb => "deb",
        Ecosystem::Other => "other",
    }
}

/// A JUnit document: a case for each limit of a budget, and one for each file that failed or is unknown.
pub fn junit(analysis: &Analysis<'_>, budget: &[Case]) -> String {
    let session = analysis.session;
    let (mut cases, mut failures, mut skipped) = (String::new(), 0, 0);
    let mut count = 0;
    let mut case = |class: &str, name: &str, outcome: Option<(bool, &str)>| {
        count += 1;
        let _ = write!(cases, "    <testcase classname=\"wheeltap.{class}\" name=\"{}\"", xml(name));
        cases += &match outcome {
            None => "/>\n".to_owned(),
            Some((true, why)) => {
                failures += 1;
                format!("><failure message=\"{}\"/></testcase>\n", xml(why))
            }
            Some((false, why)) => {
                skipped += 1;
                format!("><skipped message=\"{}\"/></testcase>\n", xml(why))
            }
        };
    };
    for limit in budget {
        let outcome = match limit.kept {
            Some(true) => None,
            Some(false) => Some((true, limit.said.as_str())),
            None => Some((false, limit.said.as_str())),
        };
        case("budget", &limit.name, outcome);
    }
    for artifact in session.downloads.all().filter(|artifact| artifact.kind.is_package()) {
        let why = artifact.reason.as_deref().unwrap_or("no reason is recorded");
        match artifact.origin {
            Origin::Failed => case("files", artifact.label(), Some((true, why))),
            Origin::Unknown => case("files", artifact.label(), Some((false, why))),
            _ => {}
        }
    }
    let gaps = gaps_of(session);
    let gap = gaps.first().map(|(gap, _)| format!("{}: {} ({} in all)", gap.what, gap.why, gaps.len()));
    case("record", "the record is whole", gap.as_deref().map(|gap| (false, gap)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"wheeltap {}\" tests=\"{count}\" failures=\"{failures}\" \
         errors=\"0\" skipped=\"{skipped}\" time=\"{:.3}\">\n{cases}  </testsuite>\n</testsuites>\n",
        session.session_id,
        session.duration_seconds.unwrap_or(0.0)
    )
}

fn xml(text: &str) -> String {
    let text = printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    // Two code points that XML has no way to write.
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// What a job on GitHub shall notice, as the workflow commands that its runner reads from the output.
pub fn annotations(analysis: &Analysis<'_>, budget: &[Case]) -> String {
    let mut text = String::new();
    let mut say = |level: &str, title: &str, message: &str| {
        let title = printable(title).replace('%', "%25").replace(':', "%3A").replace(',', "%2C");
        let message = printable(message).replace('%', "%25");
        let _ = writeln!(text, "::{level} title={title}::{message}");
    };
    let session = analysis.session;
    for limit in budget.iter().filter(|limit| limit.kept == Some(false)) {
        say("error", &format!("budget of {} exceeded", limit.name), &limit.said);
    }
    let failed =
        session.downloads.all().filter(|artifact| artifact.origin == Origin::Failed && artifact.kind.is_package());
    // The runner shows ten of a kind; the summary has all.
    for artifact in failed.take(10) {
        say(
            "error",
            "a file was not obtained",
            &format!("{}: {}", artifact.label(), artifact.reason.as_deref().unwrap_or("")),
        );
    }
    for ((reason, world), tally) in &analysis.avoidable {
        let remedy = reason.remedy(*world).unwrap_or_default();
        let size = super::text::size(*tally);
        let places = super::text::places(analysis, *reason, *world);
        let place = places.first().map(|place| format!("{place}: ")).unwrap_or_default();
        let others = if places.len() > 1 { format!(" (and {} more)", places.len() - 1) } else { String::new() };
        say(
            "warning",
            &format!("{} avoidable downloads ({size})", tally.files),
            &format!("{place}{}{others}; {remedy}", reason.meaning()),
        );
    }
    if analysis.is_bound() {
        say(
            "warning",
            "the record has gaps",
            "figures are at least what is shown; the summary names what could not be seen",
        );
    }
    say("notice", "wheeltap", &headline(session, &analysis.figures).1);
    text
}

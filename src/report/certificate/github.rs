//! The certificate for GitHub Actions: annotations as workflow commands, then a step summary in Markdown.
//!
//! The first lines, those that begin with `::`, are for the job's log; the rest is for `$GITHUB_STEP_SUMMARY`, which the
//! caller appends to where there is one.

use std::fmt::Write as _;

use super::document::{Certificate, Verdict};
use super::judge::described;

/// Both parts.
pub fn github(certificate: &Certificate) -> String {
    annotations(certificate) + &summary(certificate)
}

/// The workflow commands, one a line.
pub fn annotations(certificate: &Certificate) -> String {
    let mut text = String::new();
    for reach in &certificate.attempts {
        let level = if reach.known { "notice" } else { "error" };
        let _ = writeln!(text, "::{level} title=network attempt::{}", command(&described(reach)));
    }
    for missing in &certificate.missing {
        let message = format!("{} was not there; {}", missing.requirement, missing.remedy);
        let _ = writeln!(text, "::error title=missing offline::{}", command(&message));
    }
    if certificate.verdict == Verdict::Unknown {
        for reason in &certificate.reasons {
            let _ = writeln!(text, "::warning title=evidence incomplete::{}", command(reason));
        }
    }
    text
}

/// The summary in Markdown.
pub fn summary(certificate: &Certificate) -> String {
    let mut text = String::new();
    let mark = match certificate.verdict {
        Verdict::Pass => ":white_check_mark:",
        Verdict::Fail => ":x:",
        Verdict::Unknown => ":grey_question:",
    };
    let _ = writeln!(text, "## {mark} Offline build: {}\n", certificate.verdict.as_str());
    let _ = writeln!(text, "`{}`\n", certificate.command.argv.join(" ").replace('`', "'"));
    for reason in &certificate.reasons {
        let _ = writeln!(text, "- {}", cell(reason));
    }
    if !certificate.attempts.is_empty() {
        text.push_str("\n| tool | host | address | tries | wanted | known |\n|---|---|---|---:|---|---|\n");
        for reach in &certificate.attempts {
            let or_none = |value: &Option<String>| cell(value.as_deref().unwrap_or("-"));
            let (host, addr, wanted) = (or_none(&reach.host), or_none(&reach.addr), or_none(&reach.wanted));
            let known = if reach.known { "yes" } else { "no" };
            let _ =
                writeln!(text, "| {} | {host} | {addr} | {} | {wanted} | {known} |", cell(&reach.tool), reach.count);
        }
    }
    if !certificate.missing.is_empty() {
        text.push_str("\n| missing | remedy |\n|---|---|\n");
        for missing in &certificate.missing {
            let _ =
                writeln!(text, "| {} | `{}` |", cell(&missing.requirement), missing.remedy.replace(['`', '|'], "'"));
        }
    }
    text
}

/// The text of a workflow command, which ends with its line.
fn command(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text in a table or a list.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

//! The certificate as JUnit XML: a case for the verdict, one for each attempt, missing thing and artifact, one for each
//! step of an image build.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::document::{Certificate, Verdict};
use super::judge::described;
use crate::event::{Origin, Session};

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

struct TestCase {
    class: &'static str,
    name: String,
    outcome: Outcome,
}

/// The document.
pub fn junit(certificate: &Certificate, session: &Session) -> String {
    let cases = cases(certificate, session);
    let failed = cases.iter().filter(|case| matches!(case.outcome, Outcome::Failed(_))).count();
    let skipped = cases.iter().filter(|case| matches!(case.outcome, Outcome::Skipped(_))).count();
    let seconds = session.duration_seconds.unwrap_or(0.0);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!("tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\"", cases.len());
    let _ = writeln!(text, "<testsuites name=\"wheeltap verify\" {counts} time=\"{seconds:.3}\">");
    let _ = writeln!(text, "  <testsuite name=\"offline {}\" {counts} time=\"{seconds:.3}\">", certificate.session_id);
    for case in &cases {
        let _ = write!(text, "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"", case.class, escaped(&case.name));
        let _ = match &case.outcome {
            Outcome::Passed => writeln!(text, "/>"),
            Outcome::Failed(why) => {
                writeln!(text, "><failure message=\"{0}\">{0}</failure></testcase>", escaped(why))
            }
            Outcome::Skipped(why) => writeln!(text, "><skipped message=\"{}\"/></testcase>", escaped(why)),
        };
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

fn cases(certificate: &Certificate, session: &Session) -> Vec<TestCase> {
    let reasons = certificate.reasons.join("; ");
    let outcome = match certificate.verdict {
        Verdict::Pass => Outcome::Passed,
        Verdict::Fail => Outcome::Failed(reasons),
        Verdict::Unknown => Outcome::Skipped(reasons),
    };
    let mut cases = vec![TestCase { class: "wheeltap.verdict", name: "offline".to_owned(), outcome }];
    let mut steps = BTreeSet::new();
    // Of a step whoever watched one of its tools says nothing.
    let watches = session.network.completeness.witnesses.iter().filter(|watch| watch.invocation.is_none());
    let watches: Vec<_> = watches.filter_map(|watch| Some((watch, watch.step.as_ref()?))).collect();
    for (_, step) in watches.iter().filter(|(_, step)| steps.insert(step.id.clone())) {
        let is_complete = watches.iter().filter(|(_, other)| other.id == step.id).all(|(watch, _)| watch.is_complete());
        let tried = certificate.attempts.iter().find(|reach| !reach.known && reach.step.as_ref() == Some(*step));
        let outcome = match tried {
            Some(reach) => Outcome::Failed(described(reach)),
            None if is_complete => Outcome::Passed,
            None => Outcome::Skipped("not all of it was seen".to_owned()),
        };
        let instruction = step.instruction.as_deref().unwrap_or_default();
        cases.push(TestCase { class: "wheeltap.step", name: format!("{} {instruction}", step.id), outcome });
    }
    for artifact in session.downloads.all().filter(|artifact| artifact.kind.is_package()) {
        let outcome = match (artifact.origin, artifact.cached()) {
            (Origin::Failed, _) => Outcome::Failed(artifact.reason.as_deref().unwrap_or("not obtained").to_owned()),
            (_, Some(false)) => Outcome::Failed("came over the network".to_owned()),
            (Origin::Unknown, _) => Outcome::Skipped(artifact.reason.as_deref().unwrap_or("origin unknown").to_owned()),
            _ => Outcome::Passed,
        };
        cases.push(TestCase { class: "wheeltap.artifact", name: artifact.label().to_owned(), outcome });
    }
    for missing in &certificate.missing {
        let outcome = Outcome::Failed(format!("not there; {}", missing.remedy));
        cases.push(TestCase { class: "wheeltap.missing", name: missing.requirement.clone(), outcome });
    }
    for reach in &certificate.attempts {
        let name = reach.host.clone().or_else(|| reach.addr.clone()).unwrap_or_else(|| "unknown".to_owned());
        let outcome = if reach.known { Outcome::Passed } else { Outcome::Failed(described(reach)) };
        cases.push(TestCase { class: "wheeltap.attempt", name, outcome });
    }
    cases
}

/// Text for an attribute or an element: what XML 1.0 has no place for is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(' '),
            c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

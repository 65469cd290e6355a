//! The certificate for people.

use std::fmt::Write as _;

use super::document::{Certificate, Reach, Verdict};
use super::judge::described;

/// More of a list is only counted.
const SHOWN: usize = 20;

/// The certificate in lines, the verdict first.
pub fn text(certificate: &Certificate) -> String {
    let mut text = String::new();
    let Certificate { verdict, session_id, command, .. } = certificate;
    let what = match verdict {
        Verdict::Pass => "this build needs no network",
        Verdict::Fail => "this build needs the network, or failed without it",
        Verdict::Unknown => "the evidence does not suffice",
    };
    let _ = writeln!(text, "{}: {what}", verdict.as_str());
    let _ = writeln!(text, "  session   {session_id}");
    let end = match (command.exit_code, command.exit_signal) {
        (_, Some(signal)) => format!("ended by signal {signal}"),
        (Some(code), None) => format!("exit status {code}"),
        (None, None) => "end not seen".to_owned(),
    };
    let _ = writeln!(text, "  command   {} ({end})", command.argv.join(" "));
    let _ = writeln!(text, "  boundary  {}", certificate.boundary);
    list(&mut text, "because", certificate.reasons.iter().map(|reason| vec![reason.clone()]));
    list(&mut text, "attempts", certificate.attempts.iter().map(attempt));
    list(
        &mut text,
        "missing",
        certificate.missing.iter().map(|one| vec![one.requirement.clone(), format!("to have it: {}", one.remedy)]),
    );
    list(
        &mut text,
        "not vouched for by a wheelhouse or an archive",
        certificate.unmatched.iter().map(|one| vec![format!("{} ({}): {}", one.filename, one.origin, one.reason)]),
    );
    list(&mut text, "not seen", certificate.blind_spots.iter().map(|spot| vec![spot.clone()]));
    text
}

fn attempt(reach: &Reach) -> Vec<String> {
    let mut lines = vec![format!("{}{}", described(reach), if reach.known { " (known)" } else { "" })];
    let mut facts = Vec::new();
    facts.extend(reach.addr.as_ref().map(|addr| format!("at {addr}")));
    facts.extend(reach.proto.clone());
    facts.extend(reach.seconds.filter(|seconds| *seconds >= 0.001).map(|seconds| format!("over {seconds:.3} s")));
    facts.extend(reach.uid.map(|uid| format!("user {uid}")));
    facts.extend(reach.step.as_ref().map(|step| format!("step {}", step.id)));
    if !facts.is_empty() {
        lines.push(facts.join(", "));
    }
    if !reach.chain.is_empty() {
        let chain: Vec<String> = reach.chain.iter().map(|process| shortened(process)).collect();
        lines.push(format!("by {}", chain.join(" <- ")));
    }
    lines
}

fn shortened(process: &str) -> String {
    match process.char_indices().nth(100) {
        Some((at, _)) => format!("{}...", &process[..at]),
        None => process.to_owned(),
    }
}

fn list(text: &mut String, title: &str, entries: impl ExactSizeIterator<Item = Vec<String>>) {
    let count = entries.len();
    if count == 0 {
        return;
    }
    let _ = writeln!(text, "  {title}:");
    for entry in entries.take(SHOWN) {
        for (number, line) in entry.iter().enumerate() {
            let _ = writeln!(text, "    {}{line}", if number == 0 { "- " } else { "  " });
        }
    }
    if count > SHOWN {
        let _ = writeln!(text, "    - and {} more, which the document has", count - SHOWN);
    }
}

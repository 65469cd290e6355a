//! The findings of a certificate as SARIF 2.1.0.

use serde_json::{Value, json};

use super::document::{Certificate, Verdict};
use super::judge::described;
use crate::event::json::text;

/// The document; without findings it has no results.
pub fn sarif(certificate: &Certificate) -> String {
    let rule = |id: &str, text: &str| json!({"id": id, "shortDescription": {"text": text}});
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "wheeltap",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [
                    rule("network-attempt", "A process of the build tried to reach the network"),
                    rule("missing-offline", "Something was wanted and not there"),
                    rule("offline-failure", "The build does not succeed without the network"),
                    rule("evidence-incomplete", "The evidence does not suffice for a verdict"),
                ],
            }},
            "invocations": [invocation(certificate)],
            "results": results(certificate),
        }],
    });
    text(&document)
}

/// How the command ended: SARIF knows no null.
fn invocation(certificate: &Certificate) -> Value {
    let mut invocation = json!({"executionSuccessful": certificate.verdict == Verdict::Pass});
    if let Some(code) = certificate.command.exit_code {
        invocation["exitCode"] = code.into();
    }
    if let Some(signal) = certificate.command.exit_signal {
        invocation["exitSignalNumber"] = signal.into();
    }
    invocation
}

fn results(certificate: &Certificate) -> Vec<Value> {
    let location = |name: &str, kind: &str| json!([{"logicalLocations": [{"fullyQualifiedName": name, "kind": kind}]}]);
    let mut results = Vec::new();
    for reach in &certificate.attempts {
        let step = reach.step.as_ref().map(|step| step.id.as_str()).unwrap_or("build");
        let mut result = json!({
            "ruleId": "network-attempt",
            "level": if reach.known { "note" } else { "error" },
            "message": {"text": described(reach)},
            "locations": location(step, "step"),
            "properties": {"addr": reach.addr, "proto": reach.proto, "count": reach.count, "chain": reach.chain},
        });
        if reach.known {
            result["suppressions"] = json!([{"kind": "external", "justification": "accepted by --known"}]);
        }
        results.push(result);
    }
    for missing in &certificate.missing {
        results.push(json!({
            "ruleId": "missing-offline",
            "level": "error",
            "message": {"text": format!("{} was wanted and not there; to have it: {}", missing.requirement, missing.remedy)},
            "locations": location(&missing.name, "package"),
        }));
    }
    let rest = match certificate.verdict {
        Verdict::Fail if results.is_empty() => Some(("offline-failure", "error")),
        Verdict::Unknown => Some(("evidence-incomplete", "warning")),
        _ => None,
    };
    if let Some((rule, level)) = rest {
        results.extend(certificate.reasons.iter().map(|reason| {
            json!({"ruleId": rule, "level": level, "message": {"text": reason}, "locations": location("build", "build")})
        }));
    }
    results
}

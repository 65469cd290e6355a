//! What a build may take on, and whether it kept within that.
//!
//! Refuses to pass a build on half a record: where nothing is over its limit but the record has gaps, that is said.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::analysis::Analysis;
use super::quantity::{bytes, seconds};
use crate::event::{Session, SessionId};

/// A budget file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Budget {
    /// What must not be exceeded.
    pub limits: Limits,
    /// By how much the session that was accepted last may be exceeded.
    pub growth: Limits,
    /// Whether a record with gaps may pass.
    pub allow_incomplete: bool,
}

/// Limits; what is not named is not limited.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Limits {
    downloads: Option<Amount>,
    bytes: Option<Amount>,
    seconds: Option<Amount>,
    duplicates: Option<Amount>,
    unknown: Option<Amount>,
    failed: Option<Amount>,
    /// The only hosts that may be downloaded from; under `growth`, hosts beside those accepted.
    hosts: Option<Vec<String>>,
}

/// `10`, `2.5`, `"5 MB"`, `"10 %"`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
enum Amount {
    Absolute(f64),
    /// Of the accepted figure.
    Percent(f64),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(i64),
    Number(f64),
    Text(String),
}

impl TryFrom<Written> for Amount {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let text = match written {
            Written::Whole(number) if number >= 0 => return Ok(Amount::Absolute(number as f64)),
            Written::Number(number) if number >= 0.0 => return Ok(Amount::Absolute(number)),
            Written::Whole(_) | Written::Number(_) => return Err("a limit is not negative".to_owned()),
            Written::Text(text) => text,
        };
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let number: f64 =
            text[..end].parse().map_err(|_| format!("`{text}` is no amount: write 10, \"5 MB\" or \"10 %\""))?;
        let factor = match text[end..].trim() {
            "" | "bytes" | "B" | "s" => 1.0,
            "kB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            "min" => 60.0,
            "%" => return Ok(Amount::Percent(number)),
            unit => return Err(format!("`{unit}` is no unit: write bytes, kB, MB, GB, s, min or %")),
        };
        Ok(Amount::Absolute(number * factor))
    }
}

/// What is compared of a session; written for the next comparison when a session is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// The format's version.
    pub schema: u32,
    /// The session that was accepted.
    pub session_id: SessionId,
    downloads: f64,
    bytes: f64,
    seconds: Option<f64>,
    duplicates: f64,
    unknown: f64,
    failed: f64,
    hosts: BTreeSet<String>,
}

impl Accepted {
    /// The figures of a session.
    pub fn of(analysis: &Analysis<'_>) -> Self {
        let session = analysis.session;
        Accepted {
            schema: 1,
            session_id: session.session_id.clone(),
            downloads: session.summary.total_downloads as f64,
            bytes: session.summary.bytes_downloaded as f64,
            seconds: session.duration_seconds,
            duplicates: analysis.repeated().files as f64,
            unknown: session.summary.total_unknown as f64,
            failed: session.summary.total_failed as f64,
            hosts: hosts(session),
        }
    }

    fn amounts(&self) -> [(&'static str, Option<f64>); 6] {
        [
            ("downloads", Some(self.downloads)),
            ("bytes", Some(self.bytes)),
            ("seconds", self.seconds),
            ("duplicates", Some(self.duplicates)),
            ("unknown", Some(self.unknown)),
            ("failed", Some(self.failed)),
        ]
    }
}

/// One limit, and how the session stands to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// `downloads`, `growth of bytes`, `hosts`.
    pub name: String,
    /// What was allowed and what was, in words.
    pub said: String,
    /// Whether it was kept; `None` where the record does not say.
    pub kept: Option<bool>,
}

/// Each limit of `budget` against a session, and against the one that was accepted last.
pub fn judge(budget: &Budget, analysis: &Analysis<'_>, accepted: Option<&Accepted>) -> Vec<Case> {
    let now = Accepted::of(analysis);
    let mut cases = Vec::new();
    for ((name, value), limit) in now.amounts().into_iter().zip(budget.limits.amounts()) {
        if let Some(Amount::Absolute(limit)) = limit {
            cases.push(case(name.to_owned(), name, value, limit));
        }
    }
    cases.extend(
        budget.limits.hosts.as_ref().map(|allowed| {
            hosts_case("hosts", &now.hosts, |host| allowed.iter().any(|pattern| matches(pattern, host)))
        }),
    );
    let Some(accepted) = accepted else {
        cases.extend((budget.growth != Limits::default()).then(|| Case {
            name: "growth".to_owned(),
            said: "no session was accepted yet: `--accept` accepts this one".to_owned(),
            kept: None,
        }));
        return cases;
    };
    for (((name, value), limit), (_, before)) in
        now.amounts().into_iter().zip(budget.growth.amounts()).zip(accepted.amounts())
    {
        if let (Some(limit), Some(before)) = (limit, before) {
            let most = match limit {
                Amount::Absolute(more) => before + more,
                Amount::Percent(percent) => before * (1.0 + percent / 100.0),
            };
            cases.push(case(format!("growth of {name}"), name, value, most));
        }
    }
    cases.extend(budget.growth.hosts.as_ref().map(|allowed| {
        let known = |host: &str| accepted.hosts.contains(host) || allowed.iter().any(|pattern| matches(pattern, host));
        hosts_case("new hosts", &now.hosts, known)
    }));
    cases
}

impl Limits {
    fn amounts(&self) -> [Option<Amount>; 6] {
        [self.downloads, self.bytes, self.seconds, self.duplicates, self.unknown, self.failed]
    }
}

impl Budget {
    /// A limit that can never be reckoned: a share of nothing.
    pub fn fault(&self) -> Option<String> {
        let is_share = |amount: &Option<Amount>| matches!(amount, Some(Amount::Percent(_)));
        self.limits.amounts().iter().any(is_share).then(|| {
            "a percentage stands under `[limits]`: it is of the accepted session, and stands under `[growth]`"
                .to_owned()
        })
    }
}

fn case(name: String, what: &str, value: Option<f64>, most: f64) -> Case {
    let say = |amount: f64| match what {
        "bytes" => bytes(amount as u64),
        "seconds" => seconds(amount),
        _ => format!("{}", amount.floor()),
    };
    match value {
        Some(value) => {
            Case { name, said: format!("{} where {} are allowed", say(value), say(most)), kept: Some(value <= most) }
        }
        None => Case { name, said: "the record does not say".to_owned(), kept: None },
    }
}

fn hosts_case(name: &str, hosts: &BTreeSet<String>, is_allowed: impl Fn(&str) -> bool) -> Case {
    let others: Vec<_> = hosts.iter().filter(|host| !is_allowed(host)).map(String::as_str).collect();
    let said = match others.is_empty() {
        true => format!("{} hosts, all of them allowed", hosts.len()),
        false => format!("not allowed: {}", others.join(", ")),
    };
    Case { name: name.to_owned(), said, kept: Some(others.is_empty()) }
}

/// `*.example` is every host below `example`.
fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => host.ends_with(end),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

/// The hosts that anything was downloaded from.
fn hosts(session: &Session) -> BTreeSet<String> {
    let downloaded = session.downloads.all().filter(|artifact| artifact.cached() == Some(false));
    downloaded.filter_map(|artifact| host(artifact.source.as_deref()?)).collect()
}

fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

//! The one command that fetches what is missing.
//!
//! Refuses to put a secret on a command line: where requirements files say from where to fetch, the command names the
//! files and not what stands in them.

use std::collections::BTreeSet;

use super::super::requirements::{Flag, Requirements, Source};
use super::super::target::Target;
use super::{Finding, Report, Wish};
use crate::event::{shell_word, text};

/// One requirement for all `wishes` of a distribution.
pub(super) fn merged(name: &str, wishes: &[&Wish]) -> String {
    let mut extras = BTreeSet::<String>::new();
    extras.extend(wishes.iter().flat_map(|wish| &wish.extras).map(ToString::to_string));
    let specifiers: BTreeSet<String> =
        wishes.iter().flat_map(|wish| wish.specifiers.iter()).map(|one| one.to_string().replace(' ', "")).collect();
    let extras = match extras.is_empty() {
        true => String::new(),
        false => format!("[{}]", extras.into_iter().collect::<Vec<_>>().join(",")),
    };
    format!("{name}{extras}{}", specifiers.into_iter().collect::<Vec<_>>().join(","))
}

/// The command, as a shell line, that fetches into `wheelhouse` what `report` misses; `None` if nothing can be fetched.
/// `foreign` are Python and platform where they are not those of the machine.
pub fn remedy(
    report: &Report,
    readings: &[Requirements],
    wheelhouse: &str,
    foreign: Option<(&str, &str)>,
) -> Option<String> {
    let mut pip = vec!["pip".to_owned(), "download".to_owned(), "--dest".to_owned(), shell_word(wheelhouse)];
    if let Some((python, platform)) = foreign {
        pip.extend(["--only-binary=:all:".to_owned(), "--python-version".to_owned(), shell_word(python)]);
        let platforms = Target::platforms_for_pip(platform);
        pip.extend(platforms.iter().flat_map(|platform| ["--platform".to_owned(), shell_word(platform)]));
    }
    let pip = pip.join(" ");
    let mut commands: Vec<String> = Vec::new();
    let installs = report.findings.iter().filter(|finding| is_fetchable(finding) && to_build(finding).is_none());
    let installs: Vec<_> = installs.collect();
    let are_all_missing = installs.iter().all(|finding| matches!(finding, Finding::Missing { .. }));
    // Only pip knows which versions agree, and only the files know where to look and what to accept.
    let whole = !are_all_missing
        || readings
            .iter()
            .any(|reading| reading.demands_hashes() || reading.options.iter().any(|option| option.flag.says_where()));
    let where_to_look: String = (readings.iter().flat_map(|reading| &reading.options))
        .filter(|option| matches!(option.flag, Flag::IndexUrl | Flag::ExtraIndexUrl | Flag::TrustedHost))
        .filter_map(|option| {
            option
                .written
                .as_deref()
                .filter(|value| !value.contains(['@', '$']))
                .map(|value| format!("{} {} ", option.flag.name(), shell_word(value)))
        })
        .collect();
    let what = match (whole, foreign) {
        (false, _) => requirements(&installs).join(" "),
        // By its markers pip passes over lines that count for the target alone, so that what is missing is named too.
        (true, Some(_)) if are_all_missing => {
            let named = requirements(&installs).join(" ");
            // It forgets the digests of such lines too, and the next check compares them.
            match readings.iter().all(|reading| can_limit(reading) && !reading.demands_hashes()) {
                true => format!("{} {named}", files("-c", readings)),
                false => format!("{where_to_look}{named}"),
            }
        }
        (true, _) => files("-r", readings),
    };
    match (installs.is_empty(), foreign) {
        (true, _) => {}
        (false, None) => commands.push(format!("{pip} {what}")),
        // What the machine that runs pip needs besides, there may be none of for the target.
        (false, Some(_)) => commands.push(format!("{pip} {what} || {pip} --no-deps {what}")),
    }
    for group in missing_for_builds(report) {
        let wanted: Vec<_> = group.iter().map(|requirement| shell_word(requirement)).collect();
        commands.push(format!("{pip} {}{}", where_to_look, wanted.join(" ")));
    }
    if let ([first, _, ..], true) = (commands.as_mut_slice(), foreign.is_some() && !installs.is_empty()) {
        *first = format!("{{ {first}; }}");
    }
    (!commands.is_empty()).then(|| commands.join(" && "))
}

/// What builds lack, in groups that pip can fetch each at once: they are wanted in environments of their own, and what
/// two of them want may exclude each other.
pub fn missing_for_builds(report: &Report) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<(&str, &str)>> = Vec::new();
    let wanted = report.findings.iter().filter_map(|finding| match finding {
        Finding::Missing { name, requirement, to_build: Some(_), .. } => Some((name.as_str(), requirement.as_str())),
        _ => None,
    });
    let mut wanted: Vec<_> = wanted.collect();
    // A name alone is met by whatever meets more.
    wanted.sort_by_key(|(name, requirement)| name == requirement);
    for pair in wanted {
        let is_met = |(other, wanted): &(&str, &str)| *other == pair.0 && (*wanted == pair.1 || pair.0 == pair.1);
        if groups.iter().flatten().any(is_met) {
            continue;
        }
        match groups.iter_mut().find(|group| group.iter().all(|(other, _)| *other != pair.0)) {
            Some(group) => group.push(pair),
            None => groups.push(vec![pair]),
        }
    }
    groups.iter().map(|group| group.iter().map(|(_, requirement)| (*requirement).to_owned()).collect()).collect()
}

/// The files, each under an option of pip.
fn files(option: &str, readings: &[Requirements]) -> String {
    let files = readings.iter().filter_map(|reading| reading.files.first());
    let files = files.map(|file| format!("{option} {}", shell_word(&text(file.as_os_str().as_encoded_bytes()))));
    files.collect::<Vec<_>>().join(" ")
}

/// Whether pip takes a file for constraints too: then its options count, and nothing of it is installed.
fn can_limit(reading: &Requirements) -> bool {
    reading.entries.iter().all(|entry| {
        let requirement = &entry.requirement;
        !entry.editable && requirement.extras.is_empty() && requirement.source == Source::Index
    })
}

fn is_fetchable(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::Missing { .. } | Finding::Conflict { .. } | Finding::WrongHash { .. } | Finding::Broken { .. }
    )
}

fn to_build(finding: &Finding) -> Option<&str> {
    match finding {
        Finding::Missing { to_build, .. } | Finding::Conflict { to_build, .. } => to_build.as_deref(),
        _ => None,
    }
}

fn requirements(findings: &[&Finding]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for finding in findings {
        if let Finding::Missing { requirement, .. } = finding {
            found.push(shell_word(requirement));
        }
    }
    found.dedup();
    found
}

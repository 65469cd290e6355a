//! What was wanted and not there, each with the command that would have it there next time.

use super::document::Missing;
use crate::event::{Artifact, Ecosystem, Invocation, Kind, Origin, Session, shell_word};

/// What a session missed, in the order in which it was wanted.
pub(super) fn of(session: &Session) -> Vec<Missing> {
    let mut missing: Vec<Missing> = Vec::new();
    let mut add = |one: Missing| {
        if !missing.contains(&one) {
            missing.push(one);
        }
    };
    for one in &session.network.completeness.missing {
        add(of_tool(&one.tool, &one.requirement));
    }
    for artifact in session.downloads.all().filter(|artifact| artifact.origin == Origin::Failed) {
        add(of_file(artifact));
    }
    for invocation in &session.invocations {
        let named = session
            .downloads
            .all()
            .any(|one| one.origin == Origin::Failed && one.invocation.as_ref() == Some(&invocation.id));
        let failed = invocation.exit_code.is_some_and(|code| code != 0);
        if failed && !named && invocation.tool.starts_with("apt") {
            wanted_packages(invocation).for_each(|name| add(of_tool("apt-get", name)));
        }
    }
    missing
}

fn of_tool(tool: &str, requirement: &str) -> Missing {
    if tool.starts_with("apt") {
        let name = requirement.split(['=', '/', ':']).next().unwrap_or(requirement);
        let remedy = format!("apt-get install --download-only {}", shell_word(requirement));
        return Missing { name: name.to_owned(), requirement: requirement.to_owned(), remedy };
    }
    let name = requirement.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).next().unwrap_or(requirement);
    let remedy = format!("pip download --dest wheelhouse {}", shell_word(requirement));
    Missing { name: name.to_owned(), requirement: requirement.to_owned(), remedy }
}

fn of_file(artifact: &Artifact) -> Missing {
    let name = artifact.name.clone().unwrap_or_else(|| artifact.label().to_owned());
    let version = artifact.version.as_ref();
    match (artifact.ecosystem, artifact.kind) {
        (Ecosystem::Deb, Kind::Index | Kind::Metadata | Kind::Other) => Missing {
            requirement: artifact.source.clone().unwrap_or_else(|| name.clone()),
            name,
            remedy: "apt-get update".to_owned(),
        },
        (Ecosystem::Deb, _) => {
            let requirement = version.map_or(name.clone(), |version| format!("{name}={version}"));
            of_tool("apt-get", &requirement)
        }
        _ => of_tool("pip", &version.map_or(name.clone(), |version| format!("{name}=={version}"))),
    }
}

/// The packages that an installation was to bring.
fn wanted_packages(invocation: &Invocation) -> impl Iterator<Item = &str> {
    let words = invocation.argv.iter().skip(1).map(String::as_str);
    let mut words = words.skip_while(|word| !matches!(*word, "install" | "download" | "build-dep" | "source"));
    let installs = words.next().is_some();
    words.filter(move |word| installs && word.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

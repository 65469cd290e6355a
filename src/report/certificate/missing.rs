//! What was wanted and not there, each with the command that would have it there next time.

use super::document::Missing;
use crate::event::{Artifact, Ecosystem, Invocation, InvocationId, Kind, Origin, Session, shell_word};
use crate::report::places::Places;

/// Where wheels are put for a pip that was told of no directory.
const WHEELHOUSE: &str = "wheelhouse";

/// What a session missed, in the order in which it was wanted.
pub(super) fn of(session: &Session) -> Vec<Missing> {
    let mut missing: Vec<Missing> = Vec::new();
    let mut add = |one: Missing| {
        if !missing.contains(&one) {
            missing.push(one);
        }
    };
    for one in &session.network.completeness.missing {
        add(of_tool(session, &one.tool, &one.requirement, one.invocation.as_ref()));
    }
    let failed = session.downloads.all().filter(|artifact| artifact.origin == Origin::Failed);
    for artifact in failed.filter(|artifact| !is_refused_index(artifact)) {
        add(of_file(session, artifact));
    }
    missing
}

/// apt asks for an index in one form after the other: that a server has no such form is an answer.
fn is_refused_index(artifact: &Artifact) -> bool {
    let is_answer = artifact.reason.as_deref().is_some_and(|reason| reason.starts_with("HttpError404"));
    is_answer && !artifact.kind.is_package()
}

fn of_tool(session: &Session, tool: &str, requirement: &str, invocation: Option<&InvocationId>) -> Missing {
    if tool.starts_with("apt") && requirement.contains(".deb") {
        return of_path(requirement);
    }
    if tool.starts_with("apt") {
        let name = requirement.split(['=', '/', ':']).next().unwrap_or(requirement);
        let remedy = format!("apt-get install --yes --download-only {}", shell_word(requirement));
        return Missing { name: name.to_owned(), requirement: requirement.to_owned(), remedy };
    }
    let name = requirement.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).next().unwrap_or(requirement);
    let run = invocation.and_then(|id| session.invocations.iter().find(|one| one.id == *id));
    let remedy = download(requirement, run, run.map(|run| Places::of(session, run)).unwrap_or_default());
    Missing { name: name.to_owned(), requirement: requirement.to_owned(), remedy }
}

/// Of the path of a package, or of a pattern that no file fits.
fn of_path(path: &str) -> Missing {
    let (directory, file) = path.rsplit_once('/').unwrap_or((".", path));
    let mut words = file.split('_');
    let package = match (words.next(), words.next(), words.next()) {
        (Some(name), Some(version), Some(_)) => format!("{name}={}", version.replace("%3a", ":")),
        (name, ..) => name.unwrap_or(file).trim_end_matches(".deb").to_owned(),
    };
    let name = package.split('=').next().unwrap_or(&package);
    let remedy = match name.contains(['*', '?', '[']) {
        true => format!("cp *.deb {}/", shell_word(directory)),
        false => format!("apt-get download {} && mv {name}_*.deb {}/", shell_word(&package), shell_word(directory)),
    };
    Missing { name: name.to_owned(), requirement: path.to_owned(), remedy }
}

/// Has a wheel where this pip looks for it, and has it look there: what an index offers needs the network.
fn download(requirement: &str, run: Option<&Invocation>, places: Places<'_>) -> String {
    let directory = places.directories.first().copied().unwrap_or(WHEELHOUSE);
    let to = |directory: &str| format!("pip download --dest {} {}", shell_word(directory), shell_word(requirement));
    match run {
        // The context has it under the name that it has in the image, most often.
        Some(run) if run.step.is_some() => to(directory.trim_end_matches('/').rsplit('/').next().unwrap_or(directory)),
        Some(_) if places.directories.is_empty() || !places.no_index => {
            let links = places.directories.is_empty().then_some(" PIP_FIND_LINKS=\"$PWD/wheelhouse\"");
            format!("{} && export PIP_NO_INDEX=1{}", to(directory), links.unwrap_or_default())
        }
        _ => to(directory),
    }
}

fn of_file(session: &Session, artifact: &Artifact) -> Missing {
    let name = artifact.name.as_deref().unwrap_or_else(|| artifact.label()).to_owned();
    let version = artifact.version.as_ref();
    match (artifact.ecosystem, artifact.kind) {
        (Ecosystem::Deb, Kind::Index | Kind::Metadata | Kind::Other) => Missing {
            requirement: artifact.source.as_deref().unwrap_or(&name).to_owned(),
            name,
            remedy: "apt-get update".to_owned(),
        },
        (Ecosystem::Deb, _) => {
            let requirement = version.map_or(name.clone(), |version| format!("{name}={version}"));
            of_tool(session, "apt-get", &requirement, None)
        }
        _ => {
            let requirement = version.map_or(name.clone(), |version| format!("{name}=={version}"));
            of_tool(session, "pip", &requirement, artifact.invocation.as_ref())
        }
    }
}

//! Which requirement brought each file.

use crate::manifest::closure::{Candidate, Wish};
use crate::manifest::requirements::{Entry, Requirements};
use crate::manifest::target::Target;
use crate::manifest::wheelhouse::Success;

/// Notes the requirement of each line, and who has it: lines of requirements files before distributions.
pub(super) fn attribute(
    lines: &mut [Success],
    candidates: &[Candidate],
    readings: &[Requirements],
    target: Option<&Target>,
) {
    let entries: Vec<&Entry> =
        readings.iter().flat_map(|reading| &reading.entries).filter(|entry| !entry.constraint).collect();
    for line in lines {
        let Some(candidate) = candidates.iter().find(|candidate| candidate.filename == line.filename) else { continue };
        let mut found: Vec<(String, String)> = (entries.iter())
            .filter(|entry| asks(entry, candidate))
            .map(|entry| (entry.shown(), entry.place.to_string()))
            .collect();
        if found.is_empty() {
            let needs = candidates.iter().flat_map(|one| one.requires.iter().map(move |wish| (one, wish)));
            let needs = needs.filter(|(_, wish)| meets(wish, candidate) && counts(wish, target));
            found = needs.map(|(one, wish)| (wish.text.clone(), format!("{} {}", one.name, one.version))).collect();
        }
        if found.is_empty() {
            let builds = candidates.iter().filter_map(|one| Some((one, one.build.as_ref()?)));
            let builds = builds.flat_map(|(one, build)| build.requires.iter().map(move |wish| (one, wish)));
            let builds = builds.filter(|(_, wish)| meets(wish, candidate));
            found = builds.map(|(one, wish)| (wish.text.clone(), format!("the build of {}", one.filename))).collect();
        }
        line.requirement = found.first().map(|(requirement, _)| requirement.clone()).or(line.requirement.take());
        if !found.is_empty() {
            line.required_by = found.into_iter().map(|(_, by)| by).collect();
            line.required_by.dedup();
        }
    }
}

fn asks(entry: &Entry, candidate: &Candidate) -> bool {
    let name = entry.requirement.name.as_deref();
    name.is_some_and(|name| meets(&Wish::of(&entry.requirement, name, String::new()), candidate))
}

fn meets(wish: &Wish, candidate: &Candidate) -> bool {
    wish.name == candidate.name && wish.takes(&candidate.version)
}

/// Whether a wish may count: extras are not followed here, so every one of them may have been asked for.
fn counts(wish: &Wish, target: Option<&Target>) -> bool {
    let Some(marker) = &wish.marker else { return true };
    marker.text.contains("extra") || target.is_none_or(|target| target.applies(Some(marker), &[]))
}

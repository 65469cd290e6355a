//! What to change, with the line of the Dockerfile that it is about.
//!
//! Refuses to advise what the log gives no reason for: each rule names the step that it was seen in.

use serde::Serialize;

use super::super::mounts::cache_mount;
use super::{LARGE, Layer, ProfileStep, SLOW};
use crate::dockerfile::{Call, Pip, Places, Task, copies_the_context, instructions};
use crate::event::{Ecosystem, directory_of_links};

/// One thing to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Which rule it comes from; stable.
    pub rule: &'static str,
    /// The step, if it is about one.
    pub step: Option<String>,
    /// The line of the Dockerfile on which that step begins, where it is known.
    pub line: Option<usize>,
    /// What to do, and why.
    pub text: String,
}

/// The advice for these steps.
pub(super) fn of(
    steps: &[ProfileStep],
    cached_rate: Option<f64>,
    dockerfile: Option<&str>,
    layers: &[Layer],
) -> Vec<Advice> {
    let places = dockerfile.map(Places::of).unwrap_or_default();
    let shown = steps.iter().map(|step| step.instruction.clone());
    let written = instructions(dockerfile.unwrap_or_default()).into_iter().map(|(_, text)| text);
    let sets = |text: &String| {
        ["ENV ", "ARG "].iter().any(|word| text.get(..4).is_some_and(|is| is.eq_ignore_ascii_case(word)))
    };
    let variables: Vec<String> = shown.chain(written).filter(sets).collect();
    let is_rid_of_clean = steps.iter().any(|step| step.instruction.contains("docker-clean"));
    let mut all = Vec::new();
    for (place, step) in steps.iter().enumerate().filter(|(_, step)| step.index.is_some()) {
        let before: Vec<&ProfileStep> = steps[..place]
            .iter()
            .filter(|other| other.index.is_some() && other.stage == step.stage && other.platform == step.platform)
            .collect();
        let mut say = |rule, text: String| {
            // Of two calls of pip the same can be said.
            if all.iter().any(|known: &Advice| known.rule == rule && known.step.as_ref() == Some(&step.id)) {
                return;
            }
            let line = places.line(step.stage.as_deref(), &step.instruction);
            all.push(Advice { rule, step: Some(step.id.clone()), line, text });
        };
        Place { step, before, is_rid_of_clean, variables: &variables }.advise(&mut say);
    }
    if let Some(rate) = cached_rate.filter(|rate| *rate > 0.0 && *rate < 0.5) {
        let text = format!(
            "only {:.0} % of the steps came from the layer cache (aim at 80 % for a rebuild): put what changes often last",
            rate * 100.0
        );
        all.push(Advice { rule: "poor-cache", step: None, line: None, text });
    }
    for layer in layers.iter().filter(|layer| layer.bytes > LARGE) {
        let line = layer.created_by.strip_prefix("RUN ").and_then(|command| {
            let command = command.strip_prefix("/bin/sh -c ").unwrap_or(command);
            places.line(None, &format!("RUN {command}"))
        });
        let text = format!("a layer of {} bytes: a multi-stage build leaves what only builds need behind", layer.bytes);
        all.push(Advice { rule: "large-layer", step: None, line, text });
    }
    let count = layers.iter().filter(|layer| layer.bytes > 0).count();
    if count > 20 {
        let text = format!("{count} layers: combine steps that change together");
        all.push(Advice { rule: "many-layers", step: None, line: None, text });
    }
    all
}

/// A step among the others.
struct Place<'a> {
    step: &'a ProfileStep,
    /// Those before it in its stage.
    before: Vec<&'a ProfileStep>,
    /// Whether any step of the build does away with docker-clean.
    is_rid_of_clean: bool,
    /// The instructions that set variables.
    variables: &'a [String],
}

impl Place<'_> {
    fn advise(&self, say: &mut impl FnMut(&'static str, String)) {
        let step = self.step;
        if let (Some(seconds), Some(why)) = (step.seconds, step.slow_because) {
            let why = match why {
                "network" => "it goes to the network: a cache mount or a wheelhouse spares that",
                "build" => "it builds from source: keep the wheels (`wheeltap wheelhouse build`)",
                _ => "its output does not say why",
            };
            say("slow-step", format!("takes {seconds:.1} s (more than {SLOW:.0} s): {why}"));
        }
        let Some(task) = Task::of(&step.instruction) else { return };
        let calls = task.calls();
        self.of_apt(&task, &calls, say);
        for call in &calls {
            if let Call::Pip(pip) = call {
                self.of_pip(pip, &task, say);
            }
        }
        if step.clipped {
            say("clipped", "printed more than the builder shows: its figures are lower bounds".to_owned());
        }
    }

    fn of_apt(&self, task: &Task<'_>, calls: &[Call<'_>], say: &mut impl FnMut(&'static str, String)) {
        let step = self.step;
        let (updates, installs) = (leaves_lists(task, calls), calls.iter().any(is_install));
        if updates && !installs && task.is_whole() {
            say("apt-combine", "updates without installing: a cached layer of old lists makes later installs fail; combine `apt-get update` with `apt-get install` in one RUN".to_owned());
        }
        if !installs {
            return;
        }
        let updated =
            |other: &&ProfileStep| Task::of(&other.instruction).is_some_and(|task| leaves_lists(&task, &task.calls()));
        if !calls.iter().any(is_update) && task.is_whole() && self.before.iter().any(updated) {
            say("apt-combine", "installs from lists that an earlier step fetched: combine both in one RUN".to_owned());
        }
        if cache_mount(&step.instruction, Ecosystem::Deb).is_some() {
            if !self.is_rid_of_clean {
                say("docker-clean", "mounts a cache for apt's archives, which Debian's docker-clean empties: remove /etc/apt/apt.conf.d/docker-clean first".to_owned());
            }
        } else if step.debs > 0 {
            let text = "--mount=type=cache,target=/var/cache/apt,sharing=locked keeps them";
            say("apt-cache-mount", format!("downloads {} packages at each run: {text}", step.debs));
        }
    }

    fn of_pip(&self, pip: &Pip<'_>, task: &Task<'_>, say: &mut impl FnMut(&'static str, String)) {
        let step = self.step;
        let sets = |name: &str| self.variables.iter().any(|instruction| instruction.contains(name));
        let named = pip.value(&["--cache-dir"]).or(pip.variable("PIP_CACHE_DIR"));
        let is_cached = match named {
            Some(directory) => task.mounts.iter().any(|mount| directory.starts_with(mount.target)),
            None => cache_mount(&step.instruction, Ecosystem::Pypi).is_some(),
        };
        // A mount of which the log does not tell whose it is may be pip's by a variable of the image.
        let may_be_cached = task.mounts.iter().any(|mount| !mount.target.contains("/apt"));
        let no_cache = pip.no_cache_option();
        let no_cache =
            no_cache.or(pip.variable("PIP_NO_CACHE_DIR").filter(|value| !value.is_empty()).map(|_| "PIP_NO_CACHE_DIR"));
        let packages = step.downloads.saturating_sub(step.debs);
        if let Some(said) = no_cache.filter(|_| is_cached) {
            say("no-cache-dir", format!("mounts a cache for pip and tells pip not to use it: leave {said} out"));
        } else if !is_cached && !may_be_cached && packages > 0 {
            let text = "--mount=type=cache,target=/root/.cache/pip keeps them";
            let but = no_cache.map_or_else(String::new, |said| format!(", without {said}"));
            say("pip-cache-mount", format!("downloads {packages} packages at each run: {text}{but}"));
        }
        let links = pip.value(&["--find-links", "-f"]).or(pip.variable("PIP_FIND_LINKS"));
        if links.and_then(directory_of_links).is_some() && !pip.has_no_index() && !sets("PIP_NO_INDEX") {
            let text =
                "takes wheels from a directory but asks the index as well: with --no-index it cannot go to the network";
            say("find-links-index", text.to_owned());
        }
        let copy = self.before.iter().find(|other| copies_the_context(&other.instruction));
        if let Some(copy) = copy.filter(|_| !pip.is_of_a_directory()) {
            let text = "any changed file makes it run again; copy the requirements first, the rest afterwards";
            say("copy-order", format!("comes after `{}`: {text}", copy.instruction));
        }
    }
}

fn is_install(call: &Call<'_>) -> bool {
    matches!(call, Call::AptInstall(_))
}

fn is_update(call: &Call<'_>) -> bool {
    matches!(call, Call::AptUpdate)
}

/// Whether a step brings lists into its layer.
fn leaves_lists(task: &Task<'_>, calls: &[Call<'_>]) -> bool {
    calls.iter().any(is_update) && !task.mounts.iter().any(|mount| "/var/lib/apt/lists".starts_with(mount.target))
}

#[cfg(test)]
mod tests;

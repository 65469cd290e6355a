//! What to change, with the line of the Dockerfile that it is about.
//!
//! Refuses to advise what the log gives no reason for: each rule names the step that it was seen in.

use serde::Serialize;

use super::{LARGE, Layer, ProfileStep, SLOW};
use crate::dockerfile::Places;

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
    let mut all = Vec::new();
    for (place, step) in steps.iter().enumerate().filter(|(_, step)| step.index.is_some()) {
        let before: Vec<&ProfileStep> = steps[..place]
            .iter()
            .filter(|other| other.index.is_some() && other.stage == step.stage && other.platform == step.platform)
            .collect();
        let mut say = |rule, text: String| {
            let line = places.line(step.stage.as_deref(), &step.instruction);
            all.push(Advice { rule, step: Some(step.id.clone()), line, text });
        };
        of_step(step, &before, &mut say);
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

fn of_step(step: &ProfileStep, before: &[&ProfileStep], say: &mut impl FnMut(&'static str, String)) {
    let text = step.instruction.as_str();
    if let (Some(seconds), Some(why)) = (step.seconds, step.slow_because) {
        let why = match why {
            "network" => "it goes to the network: a cache mount or a wheelhouse spares that",
            "build" => "it builds from source: keep the wheels (`wheeltap wheelhouse build`)",
            _ => "its output does not say why",
        };
        say("slow-step", format!("takes {seconds:.1} s (more than {SLOW:.0} s): {why}"));
    }
    if !text.starts_with("RUN ") {
        return;
    }
    let has = |words: &str| text.contains(words);
    let mounts =
        |path: &str| text.split_whitespace().any(|flag| flag.starts_with("--mount=type=cache") && flag.contains(path));
    let updates = has("apt-get update") || has("apt update");
    let apt_installs = has("apt-get install") || has("apt-get -y install") || has("apt install");
    let pip_installs = ["install", "download", "wheel"].iter().any(|verb| {
        let calls = text.match_indices("pip").map(|(at, _)| &text[at..]);
        calls.into_iter().any(|call| call.split_whitespace().nth(1) == Some(verb))
    });
    if updates && !apt_installs {
        say("apt-combine", "updates without installing: a cached layer of old lists makes later installs fail; combine `apt-get update` with `apt-get install` in one RUN".to_owned());
    }
    if apt_installs && !updates && before.iter().any(|other| other.instruction.contains("apt-get update")) {
        say("apt-combine", "installs from lists that an earlier step fetched: combine both in one RUN".to_owned());
    }
    if apt_installs && mounts("/var/cache/apt") {
        let keeps = |instruction: &str| {
            instruction.contains("docker-clean") || instruction.contains("Keep-Downloaded-Packages")
        };
        if !keeps(text) && !before.iter().any(|other| keeps(&other.instruction)) {
            say("docker-clean", "mounts a cache for apt's archives, which Debian's docker-clean empties: remove /etc/apt/apt.conf.d/docker-clean first".to_owned());
        }
    } else if apt_installs && step.downloads > 0 {
        say(
            "apt-cache-mount",
            format!(
                "downloads {} packages at each run: --mount=type=cache,target=/var/cache/apt,sharing=locked keeps them",
                step.downloads
            ),
        );
    }
    if pip_installs {
        let is_cached = mounts("pip") || mounts("/root/.cache") || mounts("/.cache");
        if is_cached && has("--no-cache-dir") {
            say(
                "no-cache-dir",
                "mounts a cache for pip and tells pip not to use it: leave --no-cache-dir out".to_owned(),
            );
        } else if !is_cached && step.downloads > 0 && !has("--find-links") {
            say(
                "pip-cache-mount",
                format!(
                    "downloads {} packages at each run: --mount=type=cache,target=/root/.cache/pip keeps them",
                    step.downloads
                ),
            );
        }
        if has("--find-links") && !has("--no-index") {
            say(
                "find-links-index",
                "takes wheels from a directory but asks the index as well: with --no-index it cannot go to the network"
                    .to_owned(),
            );
        }
        let copies_all = before.iter().find(|other| {
            let mut words = other.instruction.split_whitespace().filter(|word| !word.starts_with("--"));
            matches!(words.next(), Some("COPY" | "ADD"))
                && words.next() == Some(".")
                && !other.instruction.contains("--from=")
        });
        if let Some(copy) = copies_all {
            say(
                "copy-order",
                format!(
                    "comes after `{}`: any changed file makes it run again; copy the requirements first, the rest afterwards",
                    copy.instruction
                ),
            );
        }
    }
    if step.clipped {
        say("clipped", "printed more than the builder shows: its figures are lower bounds".to_owned());
    }
}

//! A profile for people.

use std::fmt::Write as _;

use super::super::quantity::{bytes, seconds};
use super::{LARGE, Profile, SLOW};
use crate::event::printable;

/// What of a profile is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The steps with their times.
    Steps,
    /// The layers of the image.
    Layers,
    /// What came from the layer cache.
    Cache,
}

/// The parts of a profile that are wanted, and the advice.
pub fn text(profile: &Profile, parts: &[Part]) -> String {
    let mut text = String::new();
    let wall = profile.wall_seconds.map_or_else(|| "not told by the log".to_owned(), seconds);
    let _ = writeln!(
        text,
        "{} build, {} steps, time: {wall}",
        profile.builder,
        profile.steps.iter().filter(|step| step.index.is_some()).count()
    );
    if parts.contains(&Part::Steps) {
        let _ = writeln!(
            text,
            "\n{:>5} {:>10} {:>9} {:>8} {:>9}  instruction",
            "step", "state", "time", "network", "downloads"
        );
        for step in
            profile.steps.iter().filter(|step| step.index.is_some() || step.seconds.is_some_and(|time| time >= 1.0))
        {
            let time = step.seconds.map_or_else(|| "-".to_owned(), seconds);
            let mark = if step.seconds.is_some_and(|time| time > SLOW) { " (slow)" } else { "" };
            let more = if step.clipped { " or more" } else { "" };
            let _ = writeln!(
                text,
                "{:>5} {:>10} {:>9} {:>8} {:>9}  {}{mark}{more}",
                step.id,
                step.state,
                time,
                step.network_operations,
                step.downloads,
                short(&step.instruction)
            );
        }
        if !profile.critical_path.is_empty() {
            let _ = writeln!(text, "\ncritical path: {}", profile.critical_path.join(" -> "));
        }
    }
    if parts.contains(&Part::Cache) {
        let rate =
            profile.cached_rate.map_or_else(|| "nothing counts".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        let _ = writeln!(text, "\nfrom the layer cache: {rate}");
        let counted =
            profile.steps.iter().filter(|step| step.index.is_some() && !step.instruction.starts_with("FROM "));
        if let Some(first) = counted.clone().find(|step| step.state != "cached")
            && counted.clone().any(|step| step.state == "cached")
        {
            let _ = writeln!(text, "first step that was not cached: {} {}", first.id, short(&first.instruction));
        }
    }
    if parts.contains(&Part::Layers) {
        if profile.layers.is_empty() {
            text.push_str("\nlayers: name the image with --image\n");
        } else {
            let _ = writeln!(text, "\n{:>10}  layer", "size");
            for layer in profile.layers.iter().filter(|layer| layer.bytes > 0) {
                let mark = if layer.bytes > LARGE { " (large)" } else { "" };
                let _ = writeln!(text, "{:>10}  {}{mark}", bytes(layer.bytes), short(&layer.created_by));
            }
            let total: u64 = profile.layers.iter().map(|layer| layer.bytes).sum();
            let _ = writeln!(text, "{:>10}  in all", bytes(total));
        }
    }
    if !profile.advice.is_empty() {
        text.push_str("\nadvice:\n");
        for advice in &profile.advice {
            let line = advice.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            let step = advice.step.as_deref().map(|step| format!("{step} ")).unwrap_or_default();
            let _ = writeln!(text, "  {line}{step}{} [{}]", printable(&advice.text), advice.rule);
        }
    }
    text
}

fn short(instruction: &str) -> String {
    let mut short: String = printable(instruction).chars().take(90).collect();
    if instruction.chars().count() > 90 {
        short.push('…');
    }
    short
}

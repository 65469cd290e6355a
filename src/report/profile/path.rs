//! The critical path of a build: the chain of steps, each waiting for the one before, that took longest.

use std::collections::HashMap;

use crate::classify::buildkit::{Build, Vertex};

/// The names of the steps on it, first to last; empty where the log names no inputs (only rawjson does).
pub(super) fn critical(build: &Build) -> Vec<String> {
    let by_digest: HashMap<&str, usize> =
        build.steps.iter().enumerate().filter_map(|(place, vertex)| Some((vertex.digest.as_deref()?, place))).collect();
    if build.steps.iter().all(|vertex| vertex.inputs.is_empty()) {
        return Vec::new();
    }
    let mut longest: Vec<Option<(f64, Option<usize>)>> = vec![None; build.steps.len()];
    for place in 0..build.steps.len() {
        measure(build, place, &by_digest, &mut longest, build.steps.len());
    }
    let last = (0..build.steps.len()).max_by(|&one, &other| length(&longest, one).total_cmp(&length(&longest, other)));
    let mut path = Vec::new();
    let mut at = last;
    while let Some(place) = at.filter(|_| path.len() <= build.steps.len()) {
        path.push(build.steps[place].id.clone());
        at = longest[place].and_then(|(_, before)| before);
    }
    path.reverse();
    path
}

fn length(longest: &[Option<(f64, Option<usize>)>], place: usize) -> f64 {
    longest[place].map_or(0.0, |(length, _)| length)
}

/// Finds the longest chain that ends with a step. A log that is not of a build may name circles, which end somewhere.
fn measure(
    build: &Build,
    place: usize,
    by_digest: &HashMap<&str, usize>,
    longest: &mut Vec<Option<(f64, Option<usize>)>>,
    depth: usize,
) {
    if longest[place].is_some() || depth == 0 {
        return;
    }
    let vertex: &Vertex = &build.steps[place];
    let mut best = (0.0, None);
    for input in &vertex.inputs {
        let Some(&before) = by_digest.get(input.as_str()).filter(|&&before| before != place) else { continue };
        measure(build, before, by_digest, longest, depth - 1);
        let length = length(longest, before);
        if best.1.is_none() || length > best.0 {
            best = (length, Some(before));
        }
    }
    longest[place] = Some((best.0 + vertex.seconds.unwrap_or(0.0), best.1));
}

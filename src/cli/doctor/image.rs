//! The caches of an image build, as its Dockerfile has them.

use std::path::Path;

use super::check::{Check, Verdict};
use crate::dockerfile::{Tool, caches};
use crate::event::Redactor;

const ABOUT: &str = "image";

/// What the Dockerfile `text` says of its caches.
pub(super) fn checks(file: &Path, text: &str, redactor: &Redactor) -> Vec<Check> {
    let diagnoses = caches(text);
    if diagnoses.is_empty() {
        let sound = format!("`{}`: no step of pip or apt-get does without its cache", file.display());
        return vec![Verdict::Ok.of(ABOUT, sound)];
    }
    let check = |one: crate::dockerfile::Diagnosis| {
        let tool = match one.tool {
            Tool::Pip => "pip's cache",
            Tool::Apt => "apt's archives",
        };
        Verdict::Cache(one.state)
            .of(ABOUT, format!("`{}:{}`, {tool}: {}", file.display(), one.line, one.text))
            .seen_by(redactor.text(&one.evidence))
            .hint(redactor.text(&one.remedy))
    };
    diagnoses.into_iter().map(check).collect()
}

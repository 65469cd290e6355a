//! `wheeltap wheelhouse check`: the files against the manifest, or against requirements.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::Place;
use super::contents::{Contents, manifest_of};
use super::findings::Document;
use super::interpreter::Choice;
use crate::cli::report::OneFormat;
use crate::cli::{Console, Hint as _, Status, Tone, counted, requirements};
use crate::event::json;
use crate::manifest::closure::{self, Locals};
use crate::manifest::requirements::{DependencyManifest, Requirements, Source, read};
use crate::store::{self, Surroundings};

/// Check the files against the manifest, or against requirements for an installation without network
///
/// Without requirements every line of the manifest is held against the files. With requirements it is reckoned whether
/// `pip install --no-index --find-links DIR` would succeed in an empty environment: what the files need in turn, by the
/// markers of that environment, and what source distributions need to be built. Nothing is run and nothing is fetched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap wheelhouse check
  wheeltap wheelhouse check --requirements requirements.txt
  wheeltap wheelhouse check --requirements requirements.txt --python .venv/bin/python
  wheeltap wheelhouse check --requirements requirements.txt --python 3.12 --platform musllinux_1_2_x86_64

Exit status:
  0  all is there
  1  something is missing, superfluous or changed
  2  bad usage, or a requirements file that pip would refuse
  3  nothing is missing that can be known, but a source distribution may ask for more once it is built")]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The requirements files that are to be satisfied
    #[arg(long, short = 'r', value_name = "FILE", num_args = 1..)]
    requirements: Vec<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    /// How to show it: text, json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    format: OneFormat,
}

/// Checks.
pub(super) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    match arguments.requirements.is_empty() {
        true => against_manifest(arguments.place.path(), arguments.format, console),
        false => against_requirements(&arguments, console),
    }
}

fn against_manifest(directory: &Path, format: OneFormat, console: &mut Console) -> anyhow::Result<Status> {
    let contents = Contents::of(directory)?;
    let Some(manifest) = manifest_of(directory)? else {
        let none: anyhow::Result<Status> = (|| bail!("cannot check `{}`: it has no manifest", directory.display()))();
        return none.hint("`wheeltap wheelhouse manifest --write` makes one; --requirements FILE checks without one");
    };
    let differences = manifest.compare(&contents.present());
    match format {
        OneFormat::Json => {
            let findings: Vec<_> = differences.iter().map(ToString::to_string).collect();
            let document = serde_json::json!({
                "schema": 1, "wheelhouse": directory.display().to_string(), "files": contents.files.len(),
                "complete": findings.is_empty(), "findings": findings,
            });
            json::document(&mut console.data(), &document)?;
        }
        OneFormat::Text => {
            for difference in &differences {
                let text = difference.to_string();
                let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
                console.line_with(Tone::Bad, word, rest)?;
            }
            if differences.is_empty() {
                let files = counted(contents.files.len(), "file", "files");
                console.line(&format!("{}: {files}, as the manifest says", directory.display()))?;
            }
        }
    }
    Ok(if differences.is_empty() { Status::Ok } else { Status::Finding })
}

fn against_requirements(arguments: &Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let directory = arguments.place.path();
    let readings: Vec<_> = arguments.requirements.iter().map(|file| read(file, &Surroundings)).collect();
    let asked = DependencyManifest::new(&readings, None, crate::cli::now(), &requirements::redactor());
    requirements::report(&asked.errors, &asked.warnings, console);
    if !asked.errors.is_empty() {
        return Ok(Status::Usage);
    }
    let chosen = arguments.choice.target()?;
    let contents = Contents::of(directory)?;
    let report = closure::check(&readings, &contents.pool(), &locals(&readings), &chosen.target);
    let foreign = chosen.foreign.as_ref().map(|(python, platform)| (python.as_str(), platform.as_str()));
    let remedy = closure::remedy(&report, &readings, &directory.display().to_string(), foreign);
    let is_foreign = foreign.is_some() && remedy.is_some();
    let document = Document::new(directory, chosen.target.label(), &report, remedy, &requirements::redactor());
    match arguments.format {
        OneFormat::Json => json::document(&mut console.data(), &document)?,
        OneFormat::Text => {
            document.show(console)?;
            if is_foreign {
                let hint = "check again afterwards: pip weighs markers by the Python that runs it, and passes over what \
                            the other alone needs";
                console.line_with(Tone::Hint, "hint:", hint)?;
            }
        }
    }
    Ok(match (report.findings.is_empty(), report.doubts.is_empty()) {
        (false, _) => Status::Finding,
        (true, false) => Status::Incomplete,
        (true, true) => Status::Ok,
    })
}

/// What lies at the paths that requirements name.
pub(super) fn locals(readings: &[Requirements]) -> Locals {
    let entries = readings.iter().flat_map(|reading| &reading.entries);
    let mut locals: Locals = HashMap::new();
    for location in entries.filter_map(|entry| match &entry.requirement.source {
        Source::Path(path) => Some((path, PathBuf::from(path))),
        Source::Url(url) => Some((url, file_of_url(url)?)),
        Source::Index | Source::Repository(_) => None,
    }) {
        locals.entry(location.0.clone()).or_insert_with(|| store::local(&location.1));
    }
    locals
}

/// The path of a `file:` URL on this machine.
fn file_of_url(url: &str) -> Option<PathBuf> {
    let rest = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:")).and(url.get(5..))?;
    let path = rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
    let path = path.split(['#', '?']).next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    Some(PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes)))
}

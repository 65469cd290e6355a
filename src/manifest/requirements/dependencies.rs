//! The dependency manifest: what requirements files ask for, as a JSON document without secrets.

use serde::{Deserialize, Serialize};

use super::{Entry, Flag, GlobalOption, Problem, Requirements};
use crate::event::{Moment, Redactor, WHEELHOUSE_BESIDE_INDEX, directory_of_links};

/// The version of the document's format.
const SCHEMA: u32 = 1;

/// The dependency manifest. Every field is always present, `null` where unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DependencyManifest {
    /// The format's version.
    pub schema: u32,
    /// When the files were read.
    pub parsed_at: Moment,
    /// Every file that was read, in the order of reading.
    pub files: Vec<String>,
    /// How many dependencies there are, constraints apart.
    pub total_dependencies: usize,
    /// The requirements, in pip's order.
    pub dependencies: Vec<Dependency>,
    /// The options that hold for all.
    pub options: Vec<GivenOption>,
    /// What pip would refuse.
    pub errors: Vec<Remark>,
    /// What pip ignores or takes otherwise than it looks.
    pub warnings: Vec<Remark>,
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The distribution as it is written; `null` where only its metadata tell.
    pub name: Option<String>,
    /// The requirement with its specifiers, extras, URL and marker.
    pub requirement: String,
    /// The stage of the build that it is for, where the caller said so.
    pub stage: Option<String>,
    /// When it was read.
    pub parsed_at: Moment,
    /// The file that holds it.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its extras.
    pub extras: Vec<String>,
    /// The versions that it accepts; empty for any.
    pub specifier: String,
    /// When it counts.
    pub marker: Option<String>,
    /// The digests that it accepts, each as `sha256:...`.
    pub hashes: Vec<String>,
    /// The URL or path that it is to come from.
    pub url: Option<String>,
    /// `-e`.
    pub editable: bool,
    /// It limits versions and asks for nothing.
    pub constraint: bool,
}

/// An option that holds for all requirements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenOption {
    /// Its usual name.
    pub option: String,
    /// Its value.
    pub value: Option<String>,
    /// The file that holds it.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
}

/// What there is to say of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The file.
    pub file: String,
    /// Its line, from 1; `null` for the file as a whole.
    pub line: Option<usize>,
    /// What is wrong or odd.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl DependencyManifest {
    /// The manifest of several readings. `redactor` knows the secrets of the environment.
    pub fn new(readings: &[Requirements], stage: Option<&str>, parsed_at: Moment, redactor: &Redactor) -> Self {
        let text = |path: &std::path::Path| crate::event::text(path.as_os_str().as_encoded_bytes());
        let entries = || readings.iter().flat_map(|reading| &reading.entries);
        let dependencies: Vec<_> = entries()
            .map(|entry| Dependency {
                name: entry.requirement.name.clone(),
                requirement: redactor.text(&entry.shown()),
                stage: stage.map(str::to_owned),
                parsed_at,
                file: text(&entry.place.file),
                line: entry.place.line,
                extras: entry.requirement.extras.clone(),
                specifier: entry.requirement.specifiers.to_string(),
                marker: entry.requirement.marker.as_ref().map(|marker| marker.text.clone()),
                hashes: entry.hashes.clone(),
                url: entry.written_location.as_deref().map(|location| redactor.text(location)),
                editable: entry.editable,
                constraint: entry.constraint,
            })
            .collect();
        let options = readings.iter().flat_map(|reading| &reading.options).map(|option| GivenOption {
            option: option.flag.name().to_owned(),
            value: option.written.as_deref().map(|value| redactor.text(value)),
            file: text(&option.place.file),
            line: option.place.line,
        });
        let remarks = |problems: &mut dyn Iterator<Item = &Problem>| -> Vec<Remark> {
            let remark = |problem: &Problem| Remark {
                file: text(&problem.place.file),
                line: Some(problem.place.line).filter(|line| *line > 0),
                message: redactor.text(&problem.fault.to_string()),
                hint: Some(problem.hint().to_owned()).filter(|hint| !hint.is_empty()),
            };
            problems.map(remark).collect()
        };
        let mut files: Vec<String> = Vec::new();
        for file in readings.iter().flat_map(|reading| &reading.files).map(|file| text(file)) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        DependencyManifest {
            schema: SCHEMA,
            parsed_at,
            files,
            total_dependencies: dependencies.iter().filter(|dependency| !dependency.constraint).count(),
            options: options.collect(),
            errors: remarks(&mut readings.iter().flat_map(|reading| &reading.errors)),
            warnings: [remarks(&mut readings.iter().flat_map(|reading| &reading.warnings)), bypasses(readings)]
                .concat(),
            dependencies,
        }
    }
}

/// The wheelhouses that are named without `--no-index` in any of the files: an option of one counts for all.
fn bypasses(readings: &[Requirements]) -> Vec<Remark> {
    let options = || readings.iter().flat_map(|reading| &reading.options);
    if options().any(|option| option.flag == Flag::NoIndex) {
        return Vec::new();
    }
    let is_here = |option: &&GlobalOption| option.value.as_deref().and_then(directory_of_links).is_some();
    let named = options().filter(|option| option.flag == Flag::FindLinks).filter(is_here);
    let remark = |option: &GlobalOption| Remark {
        file: crate::event::text(option.place.file.as_os_str().as_encoded_bytes()),
        line: Some(option.place.line),
        message: WHEELHOUSE_BESIDE_INDEX.to_owned(),
        hint: Some("add `--no-index`".to_owned()),
    };
    named.map(remark).collect()
}

impl Entry {
    /// The requirement as a record shows it: with its variables filled in only where that is needed to know what is
    /// asked for. In a URL a variable most often is a token.
    pub fn shown(&self) -> String {
        if !self.written.contains("${") || self.requirement.source.location().is_some() {
            return self.written.clone();
        }
        let requirement = &self.requirement;
        let mut shown = requirement.name.clone().unwrap_or_default();
        if !requirement.extras.is_empty() {
            shown.push_str(&format!("[{}]", requirement.extras.join(",")));
        }
        shown.push_str(&requirement.specifiers.to_string());
        if let Some(marker) = &requirement.marker {
            shown.push_str(&format!("; {}", marker.text));
        }
        shown
    }
}

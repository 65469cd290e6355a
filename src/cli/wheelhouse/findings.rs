//! What a check against requirements found, for programs and for people.

use std::path::Path;

use serde::Serialize;

use crate::cli::{Console, Tone, counted};
use crate::event::Redactor;
use crate::manifest::closure::{Asked, Finding, Report};

/// The version of the document's format.
const SCHEMA: u32 = 1;

/// The answer as a document.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    schema: u32,
    wheelhouse: String,
    target: String,
    /// `true`, `false`, or `null` where only a build can tell.
    complete: Option<bool>,
    install: Vec<String>,
    build: Vec<Tool>,
    findings: Vec<Line>,
    doubts: Vec<Line>,
    remedy: Option<String>,
}

/// A file that another one is built with.
#[derive(Debug, Serialize)]
struct Tool {
    filename: String,
    to_build: String,
}

#[derive(Debug, Serialize)]
struct Line {
    kind: &'static str,
    /// The distribution or the file.
    name: String,
    /// What is wanted of it.
    requirement: Option<String>,
    /// The file that cannot be built for it.
    to_build: Option<String>,
    /// Who asked.
    asked_by: Vec<String>,
    /// The rest.
    detail: Vec<String>,
}

impl Document {
    pub(super) fn new(
        wheelhouse: &Path,
        target: &str,
        report: &Report,
        remedy: Option<String>,
        redactor: &Redactor,
    ) -> Self {
        let findings: Vec<_> = report.findings.iter().map(|finding| Line::of(finding, redactor)).collect();
        let doubts: Vec<_> = report
            .doubts
            .iter()
            .map(|doubt| Line {
                kind: "doubt",
                name: doubt.filename.clone(),
                requirement: None,
                to_build: None,
                asked_by: Vec::new(),
                detail: vec![doubt.reason.clone()],
            })
            .collect();
        let tools = report
            .chosen
            .iter()
            .filter_map(|chosen| Some(Tool { filename: chosen.filename.clone(), to_build: chosen.to_build.clone()? }));
        Document {
            schema: SCHEMA,
            wheelhouse: wheelhouse.display().to_string(),
            target: target.to_owned(),
            complete: match (findings.is_empty(), doubts.is_empty()) {
                (false, _) => Some(false),
                (true, true) => Some(true),
                (true, false) => None,
            },
            install: report
                .chosen
                .iter()
                .filter(|one| one.to_build.is_none())
                .map(|one| one.filename.clone())
                .collect(),
            build: tools.collect(),
            findings,
            doubts,
            remedy,
        }
    }

    /// Shows it to people: findings and the remedy, or that all is there.
    pub(super) fn show(&self, console: &mut Console) -> std::io::Result<()> {
        for (tone, lines) in [(Tone::Bad, &self.findings), (Tone::Doubtful, &self.doubts)] {
            for line in lines {
                console.line_with(tone, &format!("{}:", line.kind), &line.text())?;
                for detail in line.detail.iter().filter(|_| line.kind == "missing") {
                    console.line(&format!("  {detail}"))?;
                }
            }
        }
        let installed = counted(self.install.len(), "file", "files");
        let verdict = match self.complete {
            Some(true) => format!("{} suffices for {}: {installed} to install", self.wheelhouse, self.target),
            Some(false) => format!("{} does not suffice for {}", self.wheelhouse, self.target),
            None => format!("{} may suffice for {}: only a build can tell", self.wheelhouse, self.target),
        };
        console.line(&verdict)?;
        if let Some(remedy) = &self.remedy {
            console.line_with(Tone::Hint, "fetch:", remedy)?;
        } else if self.complete.is_none() {
            let hint = "a wheel in its place leaves no doubt: `wheeltap wheelhouse build --build-wheels` makes one";
            console.line_with(Tone::Hint, "hint:", hint)?;
        }
        Ok(())
    }
}

impl Line {
    fn of(finding: &Finding, redactor: &Redactor) -> Self {
        let by = |asked: &[Asked]| -> Vec<String> {
            asked.iter().map(|one| redactor.text(&format!("{} ({})", one.requirement, one.by))).collect()
        };
        let line = |kind, name: &str| Line {
            kind,
            name: redactor.text(name),
            requirement: None,
            to_build: None,
            asked_by: Vec::new(),
            detail: Vec::new(),
        };
        match finding {
            Finding::Missing { name, requirement, asked, unfit, to_build } => Line {
                requirement: Some(requirement.clone()),
                to_build: to_build.clone(),
                asked_by: by(asked),
                detail: unfit.clone(),
                ..line("missing", name)
            },
            Finding::Conflict { name, asked, to_build } => {
                Line { to_build: to_build.clone(), asked_by: by(asked), ..line("conflict", name) }
            }
            Finding::Network(asked) => Line { asked_by: vec![asked.by.clone()], ..line("network", &asked.requirement) },
            Finding::Broken { filename, reason } => Line { detail: vec![reason.clone()], ..line("broken", filename) },
            Finding::WrongHash { filename, by } => Line { asked_by: vec![by.clone()], ..line("hash", filename) },
            Finding::Unhashed { filename, asked } => Line { asked_by: by(asked), ..line("unhashed", filename) },
            Finding::Circle(files) => {
                Line { detail: files.clone(), ..line("circle", files.first().map_or("", String::as_str)) }
            }
        }
    }

    /// What follows the kind.
    fn text(&self) -> String {
        let asked = self.asked_by.join(", ");
        let wanted = self.requirement.as_deref().unwrap_or(&self.name);
        let built = self.to_build.as_ref().map(|file| format!(", to build {file}")).unwrap_or_default();
        match self.kind {
            "missing" => format!("{wanted}{built}, for {asked}"),
            "conflict" => format!("no file of {wanted} serves all{built}: {asked}"),
            "network" => format!("{wanted} ({asked}) is fetched from its own place, whatever lies here"),
            "hash" => format!("{wanted}: its sha256 is not one of those at {asked}"),
            "unhashed" => format!("{wanted}: hashes are demanded, and none is given for it; it is needed for {asked}"),
            "circle" => format!("these need each other to be built: {}", self.detail.join(" -> ")),
            _ => format!("{wanted}: {}", self.detail.join("; ")),
        }
    }
}

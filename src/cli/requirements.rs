//! `wheeltap requirements FILE...`: what requirements files ask for, as a table or as the dependency manifest.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use serde::Serialize;

use super::report::OneFormat;
use super::sessions::{each, key, sources};
use super::{Console, Status, Tone, counted, now};
use crate::event::{Artifact, Ecosystem, Purpose, Redactor, canonical_name, json};
use crate::ledger::{Extent, Source};
use crate::manifest::requirements::{
    Contradiction, Dependency, DependencyManifest, Mention, Obtained, Remark, Review, read,
};
use crate::store::Surroundings;

/// Show what requirements files ask for, with each error's file and line
///
/// The files are read as pip reads them, with those that they include by -r and -c. Nothing is fetched or resolved.
/// Then they are held against each other: which requirements exclude each other, which are not pinned and not hashed;
/// and against sessions: what none obtained, and what they obtained that no file names. The JSON form is the dependency
/// manifest, with all that under `review`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap requirements requirements.txt
  wheeltap requirements --format json requirements*.txt | jq '.dependencies[].name'
  wheeltap requirements --sessions logs/build requirements*.txt

Exit status: 0; 1 if requirements exclude each other; 2 if pip would refuse a line; 3 if a session cannot be read.")]
pub(crate) struct Arguments {
    /// The requirements files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// How to show it: text, json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    format: OneFormat,
    /// The stage of the build that the requirements are for, noted with each
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
    /// Session documents, journals, log directories or stamps to hold the files against
    #[arg(long, value_name = "DIR")]
    sessions: Vec<PathBuf>,
}

/// The manifest with what there is to say of it as a whole.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    manifest: &'a DependencyManifest,
    review: &'a Review,
}

/// Shows the files.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let readings: Vec<_> = arguments.files.iter().map(|file| read(file, &Surroundings)).collect();
    let manifest = DependencyManifest::new(&readings, arguments.stage.as_deref(), now(), &redactor());
    let (obtained, read) = match arguments.sessions.as_slice() {
        [] => (None, Status::Ok),
        wanted => {
            let (obtained, status) = obtained(wanted, console)?;
            (Some(obtained), status)
        }
    };
    let review = Review::new(&readings, obtained.as_ref(), &redactor());
    match arguments.format {
        OneFormat::Json => {
            let document = Document { manifest: &manifest, review: &review };
            json::document(&mut console.data(), &document)?;
        }
        OneFormat::Text => {
            show(&manifest, console)?;
            show_review(&review, console)?;
        }
    }
    report(&manifest.errors, &manifest.warnings, console);
    Ok(match (manifest.errors.is_empty(), review.contradictions.is_empty()) {
        (false, _) => Status::Usage,
        (true, false) => Status::Finding,
        (true, true) => read,
    })
}

/// The distributions that sessions obtained to be installed; what only builds needed no file is expected to name.
fn obtained(wanted: &[PathBuf], console: &mut Console) -> anyhow::Result<(BTreeSet<Obtained>, Status)> {
    let mut all = BTreeSet::new();
    let status = each(&sources(wanted, Extent::All)?, console, Source::read, key, |loaded, _| {
        let is_meant = |artifact: &&Artifact| {
            artifact.ecosystem == Ecosystem::Pypi && artifact.kind.is_package() && artifact.purpose == Purpose::Runtime
        };
        all.extend(loaded.session.downloads.all().filter(is_meant).filter_map(|artifact| {
            Some(Obtained {
                name: canonical_name(artifact.name.as_deref()?),
                version: artifact.version.as_deref().map(str::to_owned),
            })
        }));
        Ok(())
    })?;
    Ok((all, status))
}

fn show_review(review: &Review, console: &mut Console) -> std::io::Result<()> {
    for Contradiction { name, marker, between } in &review.contradictions {
        let place = |one: &Mention| format!("`{}` ({}:{})", one.requirement, one.file, one.line);
        let between: Vec<_> = between.iter().map(place).collect();
        let when = marker.as_ref().map_or(String::new(), |marker| format!(" where {marker}"));
        let text = format!("{name}: no version is in all of {}{when}", between.join(", "));
        console.line_with(Tone::Bad, "contradiction:", &text)?;
    }
    let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
    let mentions = |mentions: &[Mention]| -> Vec<String> {
        mentions.iter().map(|one| format!("{} ({}:{})", one.name, one.file, one.line)).collect()
    };
    rows.push(("unpinned:", mentions(&review.unpinned)));
    rows.push(("unhashed:", mentions(&review.unhashed)));
    rows.extend(review.in_no_session.iter().map(|unseen| ("in no session:", mentions(unseen))));
    rows.extend(review.in_no_file.iter().map(|unnamed| {
        let shown = |one: &Obtained| format!("{} {}", one.name, one.version.as_deref().unwrap_or("?"));
        ("in no file:", unnamed.iter().map(shown).collect())
    }));
    for (word, row) in rows.iter().filter(|(_, row)| !row.is_empty()) {
        console.line_with(Tone::Doubtful, word, &format!("{}: {}", row.len(), row.join(", ")))?;
    }
    Ok(())
}

/// What is known of the secrets of this environment.
pub(super) fn redactor() -> Redactor {
    let environment: Vec<_> = std::env::vars_os().collect();
    Redactor::learn([], environment.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

/// Says what is wrong and what is odd.
pub(super) fn report(errors: &[Remark], warnings: &[Remark], console: &mut Console) {
    for (tone, label, remarks) in [(Tone::Doubtful, "warning", warnings), (Tone::Bad, "error", errors)] {
        for remark in remarks {
            let line = remark.line.map_or(String::new(), |line| format!(":{line}"));
            console.say(tone, label, &format!("{}{line}: {}", remark.file, remark.message));
            if let Some(hint) = &remark.hint {
                console.say(Tone::Hint, "hint", hint);
            }
        }
    }
}

fn show(manifest: &DependencyManifest, console: &mut Console) -> std::io::Result<()> {
    let names: Vec<_> = manifest.dependencies.iter().map(named).collect();
    // A column and the blanks after it; nothing where no requirement has anything in it.
    let column = |texts: &mut dyn Iterator<Item = &str>, most: usize| match texts.map(|text| text.chars().count()).max()
    {
        None | Some(0) => 0,
        Some(width) => width.min(most) + 2,
    };
    let name_width = column(&mut names.iter().map(String::as_str), 40);
    let specifier_width = column(&mut manifest.dependencies.iter().map(|one| one.specifier.as_str()), 30);
    for (dependency, name) in manifest.dependencies.iter().zip(&names) {
        let remarks = remarks_on(dependency);
        let place = format!("{}:{}", dependency.file, dependency.line);
        console.line(&format!("{name:name_width$}{:specifier_width$}{place}{remarks}", dependency.specifier))?;
    }
    let constraints = manifest.dependencies.len() - manifest.total_dependencies;
    let mut total = format!(
        "{} from {}",
        counted(manifest.total_dependencies, "dependency", "dependencies"),
        counted(manifest.files.len(), "file", "files")
    );
    if constraints > 0 {
        total.push_str(&format!(", {}", counted(constraints, "constraint", "constraints")));
    }
    console.line(&total)
}

fn named(dependency: &Dependency) -> String {
    let name = dependency.name.as_deref().or(dependency.url.as_deref()).unwrap_or("?");
    match dependency.extras.as_slice() {
        [] => name.to_owned(),
        extras => format!("{name}[{}]", extras.join(",")),
    }
}

fn remarks_on(dependency: &Dependency) -> String {
    let mut remarks = String::new();
    if let (Some(url), true) = (&dependency.url, dependency.name.is_some()) {
        remarks.push_str(&format!("  @ {url}"));
    }
    if let Some(marker) = &dependency.marker {
        remarks.push_str(&format!("  if {marker}"));
    }
    for (is_so, remark) in [(dependency.editable, "editable"), (dependency.constraint, "constraint")] {
        if is_so {
            remarks.push_str(&format!("  ({remark})"));
        }
    }
    match dependency.hashes.len() {
        0 => {}
        count => remarks.push_str(&format!("  ({})", counted(count, "hash", "hashes"))),
    }
    remarks
}

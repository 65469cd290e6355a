//! `wheeltap requirements FILE...`: what requirements files ask for, as a table or as the dependency manifest.

use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::{Console, Status, Tone, counted, now};
use crate::event::Redactor;
use crate::manifest::requirements::{Dependency, DependencyManifest, Remark, read};
use crate::store::Surroundings;

/// Show what requirements files ask for, with each error's file and line
///
/// The files are read as pip reads them, with those that they include by -r and -c. Nothing is fetched or resolved.
/// The JSON form is the dependency manifest.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap requirements requirements.txt
  wheeltap requirements --format json requirements*.txt | jq '.dependencies[].name'

Exit status: 0, or 2 if pip would refuse a line.")]
pub(crate) struct Arguments {
    /// The requirements files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// How to show it: text, json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    format: Format,
    /// The stage of the build that the requirements are for, noted with each
    #[arg(long, value_name = "NAME")]
    stage: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Shows the files.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let readings: Vec<_> = arguments.files.iter().map(|file| read(file, &Surroundings)).collect();
    let manifest = DependencyManifest::new(&readings, arguments.stage.as_deref(), now(), &redactor());
    match arguments.format {
        Format::Json => {
            serde_json::to_writer_pretty(console.data(), &manifest).map_err(std::io::Error::from)?;
            writeln!(console.data())?;
        }
        Format::Text => show(&manifest, console)?,
    }
    report(&manifest.errors, &manifest.warnings, console);
    Ok(if manifest.errors.is_empty() { Status::Ok } else { Status::Usage })
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

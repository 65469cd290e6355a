//! `wheeltap site-packages [DIR]`: what installed packages weigh, and what of it could go.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::report::OneFormat;
use super::{Cannot as _, Console, Hint as _, Status, Tone, counted};
use crate::event::json;
use crate::store::{Installed, Removable, Share, installed};

/// The version of the document's format.
const SCHEMA: u32 = 1;

/// Show what installed packages weigh, and what of it could go
///
/// Bytes by package, and what nothing needs: compiled files beside their sources, tests, stale metadata, several sets of
/// metadata of one name. Nothing is removed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap site-packages
  wheeltap site-packages .venv/lib/python3.11/site-packages
  wheeltap site-packages --format json | jq '.packages[:10]'

Exit status: 0, whatever could go; 2 if the directory cannot be read")]
pub(crate) struct Arguments {
    /// The directory of installed packages [default: that of `python3`]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// How to show it: text, json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    format: OneFormat,
}

/// Shows it.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let directory = arguments.directory.map_or_else(of_python, Ok)?;
    let found = installed(&directory).cannot().hint("name a directory of installed packages")?;
    let could_go = could_go(&found);
    match arguments.format {
        OneFormat::Json => {
            let mut document = serde_json::json!({"schema": SCHEMA, "directory": directory.display().to_string()});
            let fields = serde_json::to_value(&found).context("cannot write the document")?;
            if let (Some(document), serde_json::Value::Object(fields)) = (document.as_object_mut(), fields) {
                document.extend(fields);
                document.insert("could_go".to_owned(), serde_json::to_value(could_go)?);
            }
            json::document(&mut console.data(), &document)?;
        }
        OneFormat::Text => show(&directory.display().to_string(), &found, could_go, console)?,
    }
    Ok(Status::Ok)
}

/// Where the Python on `PATH` installs to.
fn of_python() -> anyhow::Result<PathBuf> {
    let ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = Command::new("python3").args(["-I", "-c", ask]).stdin(Stdio::null()).output();
    let hint = "name the directory: `wheeltap site-packages DIR`";
    let output = output.context("cannot ask `python3` where packages are").hint(hint)?;
    let said = crate::event::text(&output.stdout);
    match said.lines().next().filter(|_| output.status.success()) {
        Some(directory) => Ok(PathBuf::from(directory)),
        None => (|| bail!("cannot ask `python3` where packages are"))().hint(hint),
    }
}

/// What could go in all. A test that lies within something stale counts once.
fn could_go(found: &Installed) -> Share {
    let apart = |test: &&Removable| {
        let is_within = |stale: &Removable| std::path::Path::new(&test.path).starts_with(&stale.path);
        !found.stale.iter().any(is_within)
    };
    let removable = found.tests.iter().filter(apart).chain(&found.stale).map(|one| one.share);
    removable
        .chain([found.compiled])
        .fold(Share::default(), |sum, one| Share { files: sum.files + one.files, bytes: sum.bytes + one.bytes })
}

fn show(directory: &str, found: &Installed, could_go: Share, console: &mut Console) -> std::io::Result<()> {
    let width = found.packages.iter().map(|one| one.name.len() + one.version.len() + 1).max().unwrap_or(0).max(9);
    let files = |count: usize| counted(count, "file", "files");
    for one in &found.packages {
        let name = format!("{} {}", one.name, one.version);
        console.line(&format!("{name:width$}  {:>12}  {}", one.bytes, files(one.files)))?;
    }
    if found.unowned.files > 0 {
        console.line(&format!(
            "{:width$}  {:>12}  {}",
            "(unowned)",
            found.unowned.bytes,
            files(found.unowned.files)
        ))?;
    }
    let packages = counted(found.packages.len(), "package", "packages");
    console.line(&format!("{directory}: {packages}, {}, {} bytes", files(found.files), found.bytes))?;
    for one in &found.several {
        console.line_with(Tone::Bad, "several:", &format!("{}: {}", one.name, one.metadata.join(", ")))?;
    }
    for one in &found.stale {
        let text = format!("{}: {} ({} bytes)", one.path, one.reason, one.share.bytes);
        console.line_with(Tone::Doubtful, "stale:", &text)?;
    }
    for one in &found.tests {
        console.line_with(Tone::Doubtful, "tests:", &format!("{} ({} bytes)", one.path, one.share.bytes))?;
    }
    if found.compiled.files > 0 {
        let text = format!("__pycache__: {} ({} bytes)", files(found.compiled.files), found.compiled.bytes);
        console.line_with(Tone::Doubtful, "compiled:", &text)?;
    }
    console.line(&format!("could go: {}, {} bytes; nothing was removed", files(could_go.files), could_go.bytes))
}

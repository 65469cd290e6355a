//! `wheeltap doctor`: what this environment lets be recorded, which of its caches are cold, disabled, broken or bypassed,
//! and what to do about it.
//!
//! Refuses to mend anything itself, and to run pip or apt for more than their versions and configuration.

mod apt;
mod check;
mod image;
mod pip;
mod recording;
mod settings;

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::Context as _;

use super::report::OneFormat;
use super::which::Chain;
use super::{Console, Status, Tone, requirements, shims, text_of};
use crate::event::json;
use crate::shim::DEFAULT_PATH;
use check::Check;
use settings::Settings;

/// The version of the document's format.
const SCHEMA: u32 = 1;

/// Say what this environment allows, which caches are of no use and why, and what to do about it
///
/// Looked at are what recording needs, the caches of pip and apt on this machine, and the Dockerfile of the working
/// directory or those that are named. Nothing is changed and nothing is fetched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Each line begins with a word: `ok`, `note` (worth knowing), `warning` (something will not be
recorded), `error` (nothing can be); of a cache `cold` (it holds nothing, or is not kept),
`disabled` (the tool is told to do without), `broken` (the tool cannot use it), `bypassed` (it is
whole, and the tool looks elsewhere).

Exit status: 0 if there is nothing to mend, else 1: an error, or a cache of which a hint says how
to mend it")]
pub(crate) struct Arguments {
    /// A Dockerfile to look at [default: Dockerfile, where there is one]
    #[arg(long, value_name = "FILE")]
    dockerfile: Vec<PathBuf>,
    /// How to show it: text, json
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    format: OneFormat,
}

/// Looks and says.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let executable = shims::executable().context("cannot look at this environment")?;
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let mut checks = recording::checks(&executable, &path);
    let real = |name: &str| Chain::look(OsStr::new(name), &path, &executable).real().map(|real| real.file.clone());
    let tool = ["pip", "pip3"].into_iter().find_map(real).unwrap_or_else(|| PathBuf::from("pip"));
    checks.extend(pip::checks(&tool, &Settings::read(&tool, requirements::redactor())));
    checks.extend(real("apt-config").into_iter().flat_map(|tool| apt::checks(&tool)));
    let dockerfiles = match arguments.dockerfile.is_empty() {
        true => vec![PathBuf::from("Dockerfile")].into_iter().filter(|file| file.is_file()).collect(),
        false => arguments.dockerfile,
    };
    for file in dockerfiles {
        checks.extend(image::checks(&file, &text_of(&file)?, &requirements::redactor()));
    }
    match arguments.format {
        OneFormat::Text => checks.iter().try_for_each(|check| show(check, console))?,
        OneFormat::Json => {
            let to_mend = checks.iter().filter(|check| check.is_to_be_mended()).count();
            let document = serde_json::json!({"schema": SCHEMA, "to_mend": to_mend, "checks": checks});
            json::document(&mut console.data(), &document)?;
        }
    }
    Ok(if checks.iter().any(Check::is_to_be_mended) { Status::Finding } else { Status::Ok })
}

fn show(check: &Check, console: &mut Console) -> std::io::Result<()> {
    let (tone, word) = check.verdict.word();
    let evidence = check.evidence.as_ref().map_or(String::new(), |evidence| format!(" ({evidence})"));
    console.line_with(tone, word, &format!("{}{evidence}", check.text))?;
    match &check.remedy {
        Some(remedy) => console.line_with(Tone::Hint, "  hint:", remedy),
        None => Ok(()),
    }
}

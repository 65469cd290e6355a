//! One requirements file: by pip as a whole, and line by line where pip refuses that.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::mpsc::Sender;

use anyhow::Context as _;
use tempfile::NamedTempFile;

use super::Said;
use super::outcome::{Outcome, reason};
use super::pip::{Ended, Pip};
use crate::cli::explained;
use crate::event::text;
use crate::manifest::requirements::{Entry, Flag, GlobalOption, Requirements};

/// A requirements file to work on.
pub(super) struct Task<'a> {
    pub(super) file: PathBuf,
    pub(super) reading: &'a Requirements,
    /// The wheelhouse holds all of it already, as far as can be known.
    pub(super) suffices: bool,
}

impl Task<'_> {
    /// Has pip fetch what the file asks for.
    pub(super) fn run(&self, pip: &Pip, said: &Sender<Said>) -> Outcome {
        let mut outcome = Outcome::new(self.file.clone());
        let entries: Vec<&Entry> = self.reading.entries.iter().filter(|entry| !entry.constraint).collect();
        if self.suffices && self.is_there(&entries, pip, said, &mut outcome) {
            return outcome;
        }
        fetch(&self.file, self.reading, &entries, pip, said, &mut outcome);
        outcome
    }

    /// Whether pip agrees, without network, that the wheelhouse holds all of it.
    fn is_there(&self, entries: &[&Entry], pip: &Pip, said: &Sender<Said>, outcome: &mut Outcome) -> bool {
        let links = pip.wheelhouse().as_os_str().to_owned();
        let wanted = ["--no-index".into(), "--find-links".into(), links, "-r".into(), self.file.clone().into()];
        let ended = call(&self.file, &wanted, pip, said).ok().filter(|ended| ended.status.success());
        ended.inspect(|ended| outcome.passed_over(&ended.lines, entries)).is_some()
    }
}

fn fetch(
    file: &Path,
    reading: &Requirements,
    entries: &[&Entry],
    pip: &Pip,
    said: &Sender<Said>,
    outcome: &mut Outcome,
) {
    for problem in &reading.errors {
        outcome.invalid(problem);
    }
    if reading.errors.is_empty() && entries.is_empty() {
        return;
    }
    if reading.errors.is_empty() {
        match call(file, &["-r".into(), file.into()], pip, said) {
            Err(error) => {
                outcome.failed(explained(&error));
                return;
            }
            Ok(ended) => {
                outcome.passed_over(&ended.lines, entries);
                if ended.status.success() {
                    return;
                }
                if entries.len() == 1 || is_hopeless(&ended.status) {
                    match entries {
                        [only] => outcome.unmet(only, reason(&ended.lines, &ended.status)),
                        _ => outcome.failed(reason(&ended.lines, &ended.status)),
                    }
                    return;
                }
            }
        }
    }
    for entry in entries {
        let tried = Alone::write(entry, reading).and_then(|alone| call(file, &alone.arguments(reading), pip, said));
        match tried {
            Err(error) => outcome.unmet(entry, explained(&error)),
            Ok(ended) => {
                outcome.passed_over(&ended.lines, &[entry]);
                if !ended.status.success() {
                    outcome.unmet(entry, reason(&ended.lines, &ended.status));
                }
                if is_hopeless(&ended.status) {
                    break;
                }
            }
        }
    }
}

pub(super) fn call(file: &Path, wanted: &[OsString], pip: &Pip, said: &Sender<Said>) -> anyhow::Result<Ended> {
    let words: Vec<_> = pip.line(wanted).iter().map(|word| text(word.as_encoded_bytes())).collect();
    let _ = said.send(Said::Command(file.to_owned(), words.join(" ")));
    pip.run(wanted, |line| {
        let _ = said.send(Said::Line(file.to_owned(), line.to_vec()));
    })
}

/// Whether a further run would end the same: pip did not start, or was interrupted.
fn is_hopeless(status: &ExitStatus) -> bool {
    status.code().is_none_or(|code| code >= 126)
}

/// One requirement in a file of its own, with the options and the constraints of those that it came from. Variables
/// are left for pip to fill in, so that no secret is written.
struct Alone {
    requirement: NamedTempFile,
    constraints: NamedTempFile,
}

impl Alone {
    fn write(entry: &Entry, reading: &Requirements) -> anyhow::Result<Self> {
        let options: String = reading.options.iter().map(|option| format!("{}\n", option_line(option))).collect();
        let limits = reading.entries.iter().filter(|entry| entry.constraint);
        let limits: String = limits.map(|limit| format!("{}\n", entry_line(limit))).collect();
        Ok(Alone {
            requirement: temporary(&format!("{options}{}\n", entry_line(entry)))?,
            constraints: temporary(&limits)?,
        })
    }

    fn arguments(&self, reading: &Requirements) -> Vec<OsString> {
        let mut arguments = vec!["-r".into(), self.requirement.path().into()];
        arguments.extend(["-c".into(), self.constraints.path().into()]);
        // Where hashes are demanded, every dependency is a line of its own.
        arguments.extend(reading.demands_hashes().then(|| OsString::from("--no-deps")));
        arguments
    }
}

/// Requirements in a file of their own, with the options of those that need them.
pub(super) fn with_options(requirements: &[String], readings: &[Requirements]) -> anyhow::Result<NamedTempFile> {
    let options = readings.iter().flat_map(|reading| &reading.options).filter(|option| option.flag.says_where());
    let options: String = options.map(|option| format!("{}\n", option_line(option))).collect();
    temporary(&format!("{options}{}\n", requirements.join("\n")))
}

fn temporary(content: &str) -> anyhow::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix("wheeltap-")
        .suffix(".txt")
        .tempfile()
        .context("cannot make a temporary file")?;
    file.write_all(content.as_bytes()).context("cannot write a temporary file")?;
    Ok(file)
}

fn entry_line(entry: &Entry) -> String {
    let mut line = if entry.editable { format!("-e {}", quoted(&entry.written)) } else { entry.written.clone() };
    line.extend(entry.hashes.iter().map(|hash| format!(" --hash={hash}")));
    line.extend(entry.config_settings.iter().map(|setting| format!(" --config-settings {}", quoted(setting))));
    line
}

fn option_line(option: &GlobalOption) -> String {
    let Some(value) = &option.written else { return option.flag.name().to_owned() };
    // A directory of links is taken from that of the file, if it is there.
    let beside = option.place.file.parent().unwrap_or(Path::new("")).join(value);
    let beside: Option<PathBuf> =
        std::path::absolute(&beside).ok().filter(|path| option.flag == Flag::FindLinks && path.exists());
    let value = beside.and_then(|path| path.to_str().map(str::to_owned)).unwrap_or_else(|| value.clone());
    format!("{} {}", option.flag.name(), quoted(&value))
}

/// One word for pip, which divides options as a shell does.
fn quoted(word: &str) -> String {
    match word.contains(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\' | '#')) {
        true => format!("'{}'", word.replace('\'', "'\"'\"'")),
        false => word.to_owned(),
    }
}

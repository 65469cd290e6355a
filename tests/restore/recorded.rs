//! Recorded runs of pip, without a log and with one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use wheeltap::restore::{Facts, Restorer, Stream};

use crate::pip_runs::{self, Files, Runs};

/// The same run twice.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) facts: Facts,
    pub(crate) bare_stdout: Vec<u8>,
    pub(crate) bare_stderr: Vec<u8>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) log: Vec<u8>,
    pub(crate) merged: Option<Merged>,
}

/// The same again with both streams in one pipe.
pub(crate) struct Merged {
    pub(crate) bare: Vec<u8>,
    pub(crate) logged: Vec<u8>,
    pub(crate) log: Vec<u8>,
}

/// Every scenario there is, or those of the corpus that is asked for.
pub(crate) fn all() -> Vec<Scenario> {
    let only = std::env::var("WHEELTAP_SCENARIO").unwrap_or_default();
    let mut scenarios = match std::env::var_os("WHEELTAP_CORPUS").map(PathBuf::from) {
        Some(place) if place.join("pip").is_dir() => of(&pip_runs::below(&place.join("pip"))),
        Some(place) => of(&pip_runs::below(&place)),
        None => bundled(),
    };
    scenarios.retain(|scenario| scenario.name.contains(&only));
    assert!(!scenarios.is_empty(), "nothing is recorded there");
    scenarios
}

/// The scenarios of this repository.
pub(crate) fn bundled() -> Vec<Scenario> {
    let mut scenarios = of(pip_runs::kept());
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pip-restored");
    for file in entries(&place).iter().flat_map(|version| entries(version)) {
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        let version = file.parent().unwrap().file_name().unwrap().to_string_lossy();
        scenarios.extend(read(&version, &name(&file), &sections(&fs::read(&file).unwrap())));
    }
    scenarios
}

fn of(runs: &Runs) -> Vec<Scenario> {
    runs.iter().filter_map(|((version, scenario), files)| read(version, scenario, files)).collect()
}

fn entries(place: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn read(version: &str, scenario: &str, parts: &Files) -> Option<Scenario> {
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default();
    let command: serde_json::Value = serde_json::from_slice(&part("cmd")).ok()?;
    if command["tty"] == true || !parts.keys().any(|name| name.starts_with("log")) {
        return None;
    }
    let argv: Vec<OsString> = command["argv"].as_array()?.iter().map(|word| word.as_str().unwrap().into()).collect();
    let env: BTreeMap<String, String> = serde_json::from_value(command["env"].clone()).ok()?;
    let merged = parts.contains_key("both.log").then(|| Merged {
        bare: part("both"),
        logged: part("log.both"),
        log: part("both.log"),
    });
    Some(Scenario {
        name: format!("{version}/{scenario}"),
        facts: Facts::of(&argv, |name| env.get(name).map(OsString::from)),
        bare_stdout: part("stdout"),
        bare_stderr: part("stderr"),
        stdout: part("log.stdout"),
        stderr: part("log.stderr"),
        log: part("log"),
        merged,
    })
}

/// A scenario in one file: each part of it below `===== NAME`, what is empty left out.
fn sections(file: &[u8]) -> Files {
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        match (line.strip_prefix(b"===== "), parts.last_mut()) {
            (Some(b"without newline\n"), Some((_, part))) => drop(part.pop()),
            (Some(name), _) => parts.push((String::from_utf8_lossy(name).trim_end().to_owned(), Vec::new())),
            (None, part) => part.unwrap().1.extend(line),
        }
    }
    parts.into_iter().collect()
}

impl Scenario {
    /// pip's version.
    pub(crate) fn version(&self) -> &str {
        self.name.split_once('/').map_or("", |(version, _)| version)
    }

    /// Whether anything is given back.
    pub(crate) fn is_touched(&self) -> bool {
        self.restored() != [self.stdout.clone(), self.stderr.clone()]
    }

    /// What the restorer makes of standard output and standard error, the whole log known beforehand.
    pub(crate) fn restored(&self) -> [Vec<u8>; 2] {
        let mut restorer = Restorer::new(self.facts.clone());
        restorer.log(&self.log);
        let [mut stdout, mut stderr] = [Vec::new(), Vec::new()];
        restorer.pass(Stream::Stdout, &self.stdout, &mut stdout);
        restorer.pass(Stream::Stderr, &self.stderr, &mut stderr);
        restorer.close(Stream::Stdout, &mut stdout);
        restorer.close(Stream::Stderr, &mut stderr);
        stderr.extend(restorer.leftover());
        [stdout, stderr]
    }

    /// What it makes of one stream.
    pub(crate) fn restore(&self, stream: Stream, log: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut restorer = Restorer::new(self.facts.clone());
        let mut output = Vec::new();
        restorer.log(log);
        restorer.pass(stream, bytes, &mut output);
        restorer.close(stream, &mut output);
        output.extend(restorer.leftover());
        output
    }
}

//! Recorded runs of pip, without a log and with one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use wheeltap::restore::{Facts, Restorer, Stream};

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

/// Every scenario there is.
pub(crate) fn all() -> Vec<Scenario> {
    let place = std::env::var_os("WHEELTAP_CORPUS").map(PathBuf::from);
    let place = place.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pip"));
    let only = std::env::var("WHEELTAP_SCENARIO").unwrap_or_default();
    let directories = directories(&place).into_iter().flat_map(|version| directories(&version));
    let recorded = directories.filter(|directory| directory.join("log.stdout").exists());
    let scenarios: Vec<_> = recorded.filter_map(|place| read(&place)).filter(|it| it.name.contains(&only)).collect();
    assert!(!scenarios.is_empty(), "nothing recorded under {}", place.display());
    scenarios
}

fn directories(place: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.retain(|entry| entry.is_dir());
    entries.sort();
    entries
}

fn read(place: &Path) -> Option<Scenario> {
    let file = |name: &str| fs::read(place.join(name)).unwrap_or_default();
    let command: serde_json::Value = serde_json::from_slice(&file("cmd")).ok()?;
    if command["tty"] == true {
        return None;
    }
    let argv: Vec<OsString> = command["argv"].as_array()?.iter().map(|word| word.as_str().unwrap().into()).collect();
    let env: BTreeMap<String, String> = serde_json::from_value(command["env"].clone()).ok()?;
    let merged = place.join("both").exists().then(|| Merged {
        bare: file("both"),
        logged: file("log.both"),
        log: file("both.log"),
    });
    let version = place.parent()?.file_name()?.to_string_lossy();
    Some(Scenario {
        name: format!("{version}/{}", place.file_name()?.to_string_lossy()),
        facts: Facts::of(&argv, |name| env.get(name).map(OsString::from)),
        bare_stdout: file("stdout"),
        bare_stderr: file("stderr"),
        stdout: file("log.stdout"),
        stderr: file("log.stderr"),
        log: file("log"),
        merged,
    })
}

impl Scenario {
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

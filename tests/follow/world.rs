//! A pip, its index, a place, and commands in it with a session around them.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::index::Index;
use crate::support::pips::RealPip;
use crate::support::place::{Place, Run, Side};
use crate::support::streams::{Ended, Streams};

pub(crate) struct World {
    pub(crate) index: Index,
    pub(crate) place: Place,
}

impl World {
    pub(crate) fn new(version: &str) -> World {
        let pip = RealPip::provide(version).unwrap();
        let mut index = Index::start(&pip).unwrap();
        index.begin(&json!([]));
        World { index, place: Place::new(&pip) }
    }

    /// Runs a line of shell on its own.
    pub(crate) fn bare(&self, line: &str) -> Ended {
        self.run(&["bash", "-c", line], &[], Streams::default())
    }

    /// Runs a line of shell with a session around it; `options` are those of `wheeltap run`.
    pub(crate) fn recorded(&self, options: &str, line: &str) -> (Ended, Value) {
        self.recorded_with(options, line, &[])
    }

    pub(crate) fn recorded_with(&self, options: &str, line: &str, variables: &[(&str, &str)]) -> (Ended, Value) {
        self.recorded_command(options, &["bash", "-c", line], variables, Streams::default())
    }

    /// Runs a command with a session around it; the variables reach it sorted by their names.
    pub(crate) fn recorded_command(
        &self,
        options: &str,
        command: &[&str],
        variables: &[(&str, &str)],
        streams: Streams,
    ) -> (Ended, Value) {
        let mut argv = vec![env!("CARGO_BIN_EXE_wheeltap"), "run"];
        argv.extend(options.split_whitespace());
        argv.push("--");
        argv.extend(command);
        let before = self.place.sessions().len();
        let ended = self.run(&argv, variables, streams);
        let mut sessions = self.place.sessions();
        assert_eq!(sessions.len(), before + 1, "{}", text(&ended.stderr));
        (ended, sessions.pop().unwrap())
    }

    pub(crate) fn run(&self, argv: &[&str], variables: &[(&str, &str)], streams: Streams) -> Ended {
        let logs = self.place.logs().to_str().unwrap().to_owned();
        let mut env = vec![("WHEELTAP_LOG_DIR".to_owned(), Some(logs))];
        env.extend(variables.iter().map(|(name, value)| (name.to_string(), Some(value.to_string()))));
        let argv = argv.iter().map(|argument| argument.to_string()).collect();
        self.place.run(Side::Bare, &Run { argv, env, streams, ..Run::default() }, &self.index)
    }

    /// What the session must say of a file that the index served.
    pub(crate) fn served(&self, name: &str) -> Value {
        let bytes = std::fs::read(self.index.file(name)).unwrap();
        json!([name, self.index.url(name), bytes.len(), hexadecimal(&bytes)])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.root().join(name)
    }
}

/// The same of the artifacts of an array, sorted by name.
pub(crate) fn described(artifacts: &Value) -> Vec<Value> {
    let all = artifacts.as_array().unwrap().iter();
    let mut described: Vec<_> =
        all.map(|one| json!([one["filename"], one["source"], one["size_bytes"], one["sha256"]])).collect();
    described.sort_by_key(ToString::to_string);
    described
}

/// One field of each member of an array.
pub(crate) fn each<'a>(array: &'a Value, field: &str) -> Vec<&'a Value> {
    array.as_array().unwrap().iter().map(|one| &one[field]).collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn hexadecimal(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

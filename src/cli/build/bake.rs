//! `docker buildx bake`: what it builds, as it prints it itself, and the same with other Dockerfiles.
//!
//! Refuses to read the user's files: it sets what is to be different on the command line, behind what the user sets.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde::Deserialize;

use super::command::Command;
use super::engine::ask;
use super::target::{Target, Wrapped};

/// What is built.
pub(super) struct Definition {
    words: Vec<OsString>,
    target: BTreeMap<String, Target>,
}

/// What `--print` prints of it.
#[derive(Deserialize)]
struct Printed {
    #[serde(default)]
    target: BTreeMap<String, Target>,
}

impl Definition {
    /// Has the client say what it would build.
    ///
    /// # Errors
    /// Why that cannot be known beforehand.
    pub(super) fn resolve(command: &Command) -> anyhow::Result<Definition> {
        let comes_through_input = ["-", "-f-", "-f=-", "--file=-"].map(OsString::from);
        anyhow::ensure!(
            !command.words[command.options..].iter().any(|word| comes_through_input.contains(word)),
            "its definition comes through standard input"
        );
        // A definition that lies elsewhere has its contexts there, too.
        let is_elsewhere = |word: &OsString| word.as_bytes().iter().any(|byte| b":/".contains(byte));
        anyhow::ensure!(!command.operands.iter().any(is_elsewhere), "its definition is not on this machine");
        let mut words = command.words.clone();
        words.insert(command.options, "--print".into());
        let printed: Printed = serde_json::from_slice(&ask(&words)?)?;
        Ok(Definition { words: command.words.clone(), target: printed.target })
    }

    /// The builds.
    pub(super) fn targets(&self) -> Vec<Target> {
        self.target.iter().map(|(name, target)| target.clone().named(name)).collect()
    }

    /// The command line that builds the wrapped ones.
    pub(super) fn words(&self, wrapped: &[Wrapped], context: Option<(&str, &Path)>) -> Vec<OsString> {
        let mut words = self.words.clone();
        let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let set = |target: &Wrapped, key: &str, value: &Path| {
            let mut setting = OsString::from(format!("{}.{key}=", target.name));
            setting.push(value);
            ["--set".into(), setting]
        };
        let each = wrapped.iter().flat_map(|target| {
            let carried = context.map(|(name, directory)| set(target, &format!("contexts.{name}"), directory));
            [Some(set(target, "dockerfile", &target.file)), carried].into_iter().flatten().flatten()
        });
        words.splice(end..end, each);
        words
    }
}

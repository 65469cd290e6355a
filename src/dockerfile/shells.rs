//! Which shell a stage begins with: that of the image it builds on, or of the stage.

use std::collections::HashMap;

use parse_dockerfile::FromInstruction;

use super::expand::{expand, words};
use super::wrapping::Injection;

/// A shell, or why it is not known.
pub(super) type Shell = Result<Vec<String>, String>;

/// The values that the builder has for what stands before the first stage.
#[derive(Default)]
pub(super) struct Arguments(HashMap<String, String>);

impl Arguments {
    /// Takes an `ARG` instruction's words; a value that is not known makes the name unknown.
    pub(super) fn take(&mut self, text: &str, escape: char, injection: &Injection<'_>) {
        for word in words(text, escape) {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, expand(default, &self.0, escape)),
                // Those that are named for a platform have a value of the builder's own.
                None if word.starts_with("TARGET") || word.starts_with("BUILD") => (word, None),
                None => (word, Some(String::new())),
            };
            match (injection.argument)(name).or(default) {
                Some(value) => self.0.insert(name.to_owned(), value),
                None => self.0.remove(name),
            };
        }
    }

    /// The shell in force at the beginning of a stage.
    pub(super) fn base_shell(
        &self,
        from: &FromInstruction<'_>,
        escape: char,
        stages: &HashMap<String, Shell>,
        injection: &Injection<'_>,
    ) -> Shell {
        let unknown = "its base image is named by a variable that only the builder knows";
        let image = expand(&from.image.value, &self.0, escape).ok_or(unknown)?;
        match stages.get(&image.to_lowercase()) {
            Some(shell) => shell.clone(),
            None => (injection.shell)(&image),
        }
    }
}

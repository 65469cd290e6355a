//! What the instruction of a step asks of pip and apt: calls of them, the variables they are given, the caches at hand.
//!
//! Refuses to look into here documents and scripts: what they run is not known, and [`Task::is_whole`] says so.

use super::commands::{Simple, commands};
use super::mounts::CacheMount;
use crate::event::truth_value;

/// A `RUN` instruction.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// The caches that it mounts.
    pub mounts: Vec<CacheMount<'a>>,
    /// What it runs, as it is written.
    pub(super) text: &'a str,
    pub(super) commands: Vec<Simple>,
}

/// A call of one of the tools.
#[derive(Clone, Debug)]
pub enum Call<'a> {
    /// pip, to fetch something.
    Pip(Pip<'a>),
    /// apt, to bring its lists up to date.
    AptUpdate,
    /// apt, to fetch packages; the words of the command.
    AptInstall(&'a [String]),
}

const APT_INSTALLS: [&str; 6] = ["install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "reinstall"];

impl<'a> Task<'a> {
    /// Of an instruction as it is written or shown; `None` if it is no `RUN`.
    pub fn of(instruction: &'a str) -> Option<Self> {
        let (keyword, rest) = instruction.split_once(char::is_whitespace)?;
        keyword.eq_ignore_ascii_case("RUN").then(|| Task::running(rest))
    }

    /// Of what follows the word `RUN`.
    pub(super) fn running(rest: &'a str) -> Self {
        let flags = rest.split_whitespace().take_while(|word| word.starts_with("--"));
        let mounts = flags.clone().filter_map(|flag| CacheMount::of(flag.strip_prefix("--mount=")?)).collect();
        let length = flags.last().map_or(0, |last| last.as_ptr() as usize - rest.as_ptr() as usize + last.len());
        let text = &rest[length..];
        Task { mounts, text, commands: commands(text) }
    }

    /// The calls of pip and apt, in their order.
    pub fn calls(&self) -> Vec<Call<'_>> {
        let (mut calls, mut exported) = (Vec::new(), Vec::new());
        for one in &self.commands {
            if one.words.is_empty() {
                exported.extend(&one.assignments);
            } else if let Some(words) = pip(one) {
                let assignments = exported.iter().copied().chain(&one.assignments).collect();
                calls.push(Call::Pip(Pip { words, assignments }));
            } else if let Some("apt-get" | "apt") = one.name() {
                match one.words.iter().find(|word| *word == "update" || APT_INSTALLS.contains(&word.as_str())) {
                    Some(verb) if verb == "update" => calls.push(Call::AptUpdate),
                    Some(_) if !is_offline(&one.words) => calls.push(Call::AptInstall(&one.words)),
                    _ => {}
                }
            }
        }
        calls
    }

    /// Whether every command is known: none is a script, stands in a variable or in a here document, or is one that
    /// starts others.
    pub fn is_whole(&self) -> bool {
        let starts_others = |one: &Simple| {
            let starter =
                ["sh", "bash", "dash", "ash", "source", ".", "eval", "xargs", "parallel", "python", "python3"];
            let is_script = one.words.first().is_some_and(|word| word.contains('$') || word.contains('/'));
            one.name().is_some_and(|name| starter.contains(&name)) || is_script && !is_tool(one)
        };
        !self.text.contains("<<") && !self.commands.iter().any(starts_others)
    }
}

/// Whether a command is one of the tools by its path.
fn is_tool(one: &Simple) -> bool {
    matches!(one.name(), Some("apt-get" | "apt" | "rm")) || pip(one).is_some()
}

/// Whether what lies in the image already is all that is installed.
fn is_offline(words: &[String]) -> bool {
    let operands = words.iter().skip_while(|word| !APT_INSTALLS.contains(&word.as_str())).skip(1);
    let mut operands = operands.filter(|word| !word.starts_with('-')).peekable();
    let is_local = operands.peek().is_some() && operands.all(|word| word.contains('/') && word.contains(".deb"));
    is_local || words.iter().any(|word| word == "--no-download")
}

/// The words after the name of pip, if it is called to fetch.
fn pip(command: &Simple) -> Option<&[String]> {
    let name = command.name()?;
    let is_version = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    let words = match command.words.as_slice() {
        [_, words @ ..] if name.strip_prefix("pip").is_some_and(is_version) => words,
        [_, words @ ..] if name.strip_prefix("python").is_some_and(is_version) => {
            let at = words.iter().position(|word| word == "-m")?;
            words.get(at + 1).filter(|module| *module == "pip")?;
            &words[at + 2..]
        }
        _ => return None,
    };
    words.iter().any(|word| PIP_FETCHES.contains(&word.as_str())).then_some(words)
}

const PIP_FETCHES: [&str; 4] = ["install", "download", "wheel", "lock"];

/// A call of pip that fetches.
#[derive(Clone, Debug)]
pub struct Pip<'a> {
    pub(super) words: &'a [String],
    /// What the step sets for it, the last one of a name in force.
    pub(super) assignments: Vec<&'a (String, String)>,
}

impl<'a> Pip<'a> {
    /// The value of the first of these options.
    pub fn value(&self, names: &[&str]) -> Option<&'a str> {
        self.values(names).next()
    }

    pub(super) fn values(&self, names: &[&str]) -> impl Iterator<Item = &'a str> {
        self.words.iter().enumerate().filter_map(|(at, word)| match word.split_once('=') {
            Some((name, value)) if names.contains(&name) => Some(value),
            _ if names.contains(&word.as_str()) => self.words.get(at + 1).map(String::as_str),
            _ => None,
        })
    }

    /// What the step sets a variable to.
    pub fn variable(&self, name: &str) -> Option<&'a str> {
        self.assignments.iter().rfind(|(set, _)| set == name).map(|(_, value)| value.as_str())
    }

    /// The option by which it is told to keep no cache.
    pub fn no_cache_option(&self) -> Option<&'a str> {
        // pip takes any unambiguous beginning of an option.
        let is_flag = |word: &&String| word.len() >= "--no-ca".len() && "--no-cache-dir".starts_with(word.as_str());
        self.words.iter().find(is_flag).map(String::as_str)
    }

    /// Whether it is told to ask no index.
    pub fn has_no_index(&self) -> bool {
        self.words.iter().any(|word| word == "--no-index")
            || self.variable("PIP_NO_INDEX").is_some_and(|value| truth_value(value) == Some(true))
    }

    /// Whether it installs from a directory, and nothing else: `pip install -e .`.
    pub fn is_of_a_directory(&self) -> bool {
        let named = self.words.iter().skip_while(|word| !PIP_FETCHES.contains(&word.as_str())).skip(1);
        let mut named = named.filter(|word| !word.starts_with('-') || word.starts_with("-r")).peekable();
        named.peek().is_some() && named.all(|word| word.starts_with('.') && !word.ends_with(".txt"))
    }
}

/// Whether an instruction brings the whole context into the image.
pub fn copies_the_context(instruction: &str) -> bool {
    let Some((keyword, rest)) = instruction.split_once(char::is_whitespace) else { return false };
    let words = commands(rest).into_iter().next().unwrap_or_default().words;
    let sources = words.split_last().map_or(&[][..], |(_, sources)| sources);
    matches!(keyword.to_ascii_uppercase().as_str(), "COPY" | "ADD")
        && !rest.contains("--from=")
        && sources.iter().any(|source| matches!(source.as_str(), "." | "./"))
}

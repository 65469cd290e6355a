//! Which caches the steps of a Dockerfile make no use of, and why: what pip and apt-get would fetch again each time a
//! step runs.
//!
//! Refuses to know the base image: what only official images hold is said to be theirs. Here documents are not looked
//! into.

use std::collections::HashMap;

use super::commands::{Simple, commands};
use super::instructions;
use super::mounts::CacheMount;
use super::task::{Call, Pip, Task};
use crate::event::CacheState::{self, Broken, Bypassed, Cold, Disabled};
use crate::event::{
    PLAIN_INDEX, WHEELHOUSE_BESIDE_INDEX, directory_of_links, is_no_of_apt, is_plain_index, truth_value,
};

/// Whose cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// pip's.
    Pip,
    /// apt's archives.
    Apt,
}

/// What keeps a cache from being of use to a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The line on which the step begins, from 1.
    pub line: usize,
    /// Whose cache.
    pub tool: Tool,
    /// How.
    pub state: CacheState,
    /// What that means.
    pub text: String,
    /// What says so, as it is written.
    pub evidence: String,
    /// What to change.
    pub remedy: String,
}

/// What is in force at a point of a stage.
#[derive(Clone, Debug)]
struct Stage {
    variables: HashMap<String, (String, usize)>,
    user: String,
    /// Whether anything before took docker-clean away.
    is_rid_of_clean: bool,
    /// Whether apt was told to keep packages, which `apt-get` does of itself and `apt` does not.
    keeps_packages: Option<bool>,
}

/// What is wrong with the caches of the steps of the Dockerfile `text`.
pub fn caches(text: &str) -> Vec<Diagnosis> {
    let fresh =
        Stage { variables: HashMap::new(), user: "root".to_owned(), is_rid_of_clean: false, keeps_packages: None };
    let mut stage = fresh.clone();
    let (mut stages, mut name): (HashMap<String, Stage>, Option<String>) = (HashMap::new(), None);
    let (mut found, mut number) = (Vec::new(), 0);
    for (line, instruction) in instructions(text) {
        let (keyword, rest) = instruction.split_once(char::is_whitespace).unwrap_or((&instruction, ""));
        match keyword.to_ascii_uppercase().as_str() {
            "FROM" => {
                if let Some(name) = name.take() {
                    stages.insert(name, stage);
                }
                let words: Vec<_> = rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
                stage = words.first().and_then(|base| stages.get(&base.to_lowercase())).unwrap_or(&fresh).clone();
                name = Some(words.get(2).map_or_else(|| number.to_string(), |name| name.to_lowercase()));
                number += 1;
            }
            "USER" => stage.user = rest.split(':').next().unwrap_or_default().trim().to_owned(),
            "ENV" | "ARG" => {
                let pairs = commands(rest);
                let old = rest.split_once(char::is_whitespace).filter(|(name, _)| !name.contains('='));
                let old = old.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
                for (name, value) in old.into_iter().chain(pairs.into_iter().flat_map(|one| one.assignments)) {
                    stage.variables.insert(name, (value, line));
                }
            }
            "RUN" => step(line, rest, &mut stage, &mut found),
            _ => {}
        }
    }
    found
}

fn step(line: usize, rest: &str, stage: &mut Stage, found: &mut Vec<Diagnosis>) {
    let task = Task::running(rest);
    // What this step does away with counts from its beginning: it comes first wherever it is of use.
    stage.is_rid_of_clean |= task.text.contains("docker-clean");
    if let Some(keeps) = keeps_packages(task.text) {
        stage.keeps_packages = Some(keeps);
    }
    for call in task.calls() {
        match call {
            Call::Pip(pip) => {
                let mut variables = stage.variables.clone();
                variables.extend(pip.assignments.iter().map(|(name, value)| (name.clone(), (value.clone(), line))));
                found.extend(pip.diagnoses(line, &variables, stage, &task.mounts));
            }
            Call::AptInstall(words) => found.extend(apt(line, words, &task.commands, stage, &task.mounts)),
            Call::AptUpdate => {}
        }
    }
    found.dedup();
}

impl Pip<'_> {
    fn diagnoses(
        &self,
        line: usize,
        variables: &HashMap<String, (String, usize)>,
        stage: &Stage,
        mounts: &[CacheMount<'_>],
    ) -> Option<Diagnosis> {
        let set = |name: &str| variables.get(name).filter(|(value, _)| !value.is_empty());
        let diagnosis = |state, text: &str, evidence: String, remedy: String| {
            Some(Diagnosis { line, tool: Tool::Pip, state, text: text.to_owned(), evidence, remedy })
        };
        let no_index = self.words.iter().any(|word| word == "--no-index")
            || set("PIP_NO_INDEX").is_some_and(|(value, _)| truth_value(value) == Some(true));
        let links = self.value(&["--find-links", "-f"]).or(set("PIP_FIND_LINKS").map(|(value, _)| value.as_str()));
        if no_index {
            // Nothing is downloaded, so that nothing is to be kept.
            return None;
        }
        if let Some(links) = links.filter(|links| directory_of_links(links).is_some()) {
            return diagnosis(
                Bypassed,
                WHEELHOUSE_BESIDE_INDEX,
                format!("`--find-links {links}`"),
                "add `--no-index`".to_owned(),
            );
        }
        let directory = cache_of(self.value(&["--cache-dir"]), &set, stage);
        let mount =
            directory.as_deref().and_then(|directory| mounts.iter().find(|mount| holds(mount.target, directory)));
        let said = self.no_cache_option().map(|word| (format!("`{word}`"), "leave it out".to_owned()));
        let said = said.or_else(|| {
            let (value, at) = set("PIP_NO_CACHE_DIR")?;
            let no = if truth_value(value) == Some(true) { "" } else { ", which disables whatever its value" };
            let evidence = format!("`PIP_NO_CACHE_DIR={value}` on line {at}{no}");
            Some((evidence, format!("take it out of line {at}")))
        });
        let uid = match stage.user.as_str() {
            user if is_root(user) => String::new(),
            user if user.starts_with(|c: char| c.is_ascii_digit()) => format!(",uid={user}"),
            _ => ",uid=...".to_owned(),
        };
        let target = directory.as_deref().unwrap_or("...");
        let wanted = format!("`--mount=type=cache,target={target}{uid}`");
        if let Some((evidence, remedy)) = said {
            let keep = match mount {
                Some(_) => "; the step's cache mount then serves".to_owned(),
                None => format!(", and mount a cache: {wanted} keeps it out of the image"),
            };
            return diagnosis(Disabled, "pip is told to keep no cache", evidence, format!("{remedy}{keep}"));
        }
        let directory = directory?;
        if let Some(mount) = mount {
            let foreign = !is_root(&stage.user) && mount.uid.is_none();
            let owned = mount.uid.is_some_and(|uid| uid != "0") && is_root(&stage.user);
            if !foreign && !owned {
                let index =
                    self.value(&["--index-url", "-i", "--pypi-url"]).map(|url| (url, "`--index-url`".to_owned()));
                let index = index.or_else(|| {
                    let (url, at) = set("PIP_INDEX_URL")?;
                    Some((url.as_str(), format!("`PIP_INDEX_URL` on line {at}")))
                });
                let trusted = set("PIP_TRUSTED_HOST").map_or("", |(hosts, _)| hosts.as_str());
                let trusted = || self.values(&["--trusted-host"]).chain(trusted.split_whitespace());
                let (_, evidence) = index.filter(|(url, _)| is_plain_index(url, trusted()))?;
                return diagnosis(Bypassed, PLAIN_INDEX, evidence, "name the index by `https:`".to_owned());
            }
            let text = "the cache mount is another user's: pip warns, and keeps nothing";
            let owner = mount.uid.unwrap_or("0");
            let evidence = format!("`{}` belongs to user {owner}, and the step runs as `{}`", mount.target, stage.user);
            let remedy = if foreign {
                "add `,uid=` with that user's number to the mount"
            } else {
                "take `uid=` out of the mount"
            };
            return diagnosis(Broken, text, evidence, remedy.to_owned());
        }
        let meant = mounts.iter().find(|mount| mount.target.contains("pip") || mount.target.ends_with("/.cache"));
        if let Some(mount) = meant {
            let text = "a cache is mounted where pip does not look";
            let evidence = format!("`{}` is mounted, and pip's cache is `{directory}`", mount.target);
            return diagnosis(Bypassed, text, evidence, format!("mount it at `{directory}`"));
        }
        let text = "it is in a layer of the image, and gone when the step runs again";
        diagnosis(Cold, text, "no cache mount".to_owned(), format!("`RUN {}`", wanted.trim_matches('`')))
    }
}

/// Where pip keeps its cache in a step; `given` is the value of `--cache-dir`.
fn cache_of<'a>(
    given: Option<&str>,
    set: &dyn Fn(&str) -> Option<&'a (String, usize)>,
    stage: &Stage,
) -> Option<String> {
    let variable = |name: &str| set(name).map(|(value, _)| value.trim_end_matches('/').to_owned());
    let home = || match stage.user.as_str() {
        user if is_root(user) => Some("/root".to_owned()),
        // The home of a number stands in the image.
        user if user.starts_with(|c: char| c.is_ascii_digit()) => None,
        user => Some(format!("/home/{user}")),
    };
    let directory = given.map(str::to_owned).or_else(|| variable("PIP_CACHE_DIR"));
    let directory = directory.or_else(|| variable("XDG_CACHE_HOME").map(|base| format!("{base}/pip")));
    let directory = directory.or_else(|| variable("HOME").or_else(home).map(|home| format!("{home}/.cache/pip")));
    directory.filter(|path| !path.contains('$'))
}

fn is_root(user: &str) -> bool {
    matches!(user, "" | "root" | "0")
}

/// Whether what is at `target` holds `directory`.
fn holds(target: &str, directory: &str) -> bool {
    directory.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn apt(line: usize, words: &[String], all: &[Simple], stage: &Stage, mounts: &[CacheMount<'_>]) -> Option<Diagnosis> {
    const USUAL: &str = "/var/cache/apt/archives";
    const MOUNT: &str = "--mount=type=cache,target=/var/cache/apt,sharing=locked";
    let diagnosis = |state, text: &str, evidence: String, remedy: String| {
        Some(Diagnosis { line, tool: Tool::Apt, state, text: text.to_owned(), evidence, remedy })
    };
    let moved = words.iter().find_map(|word| {
        let word = word.strip_prefix("-o").unwrap_or(word).trim_start_matches('=');
        let word = word.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case("Dir::Cache::archives"));
        word.map(|(_, value)| value.trim_end_matches('/').to_owned())
    });
    let archives = moved.as_deref().unwrap_or(USUAL);
    let Some(mount) = mounts.iter().find(|mount| holds(mount.target, archives)) else {
        if let Some(mount) =
            mounts.iter().find(|mount| mount.target.contains("/apt") && !mount.target.contains("/lib/"))
        {
            let text = "a cache is mounted where apt does not look";
            let evidence = format!("`{}` is mounted, and apt's archives are `{archives}`", mount.target);
            return diagnosis(Bypassed, text, evidence, format!("mount it at `{archives}`"));
        }
        let text = "they are in a layer of the image, and gone when the step runs again";
        let remedy = format!("`RUN {MOUNT} rm -f /etc/apt/apt.conf.d/docker-clean && apt-get ...`");
        return diagnosis(Cold, text, "no cache mount".to_owned(), remedy);
    };
    let cleans = all.iter().find(|one| {
        let is = |name: &str| one.name() == Some(name);
        let removes = || one.words.iter().any(|word| holds(mount.target, word.trim_end_matches(['*', '/'])));
        ((is("apt-get") || is("apt")) && one.words.iter().any(|word| word == "clean")) || (is("rm") && removes())
    });
    if let Some(cleans) = cleans {
        let text = "the step empties the cache that it mounts";
        return diagnosis(Disabled, text, format!("`{}`", cleans.words.join(" ")), "leave that out".to_owned());
    }
    if !stage.is_rid_of_clean {
        let text =
            "a cache is mounted, and the official images of Debian and Ubuntu delete each package from it at once";
        let evidence = "nothing before removes `/etc/apt/apt.conf.d/docker-clean`".to_owned();
        let remedy = "begin the step with `rm -f /etc/apt/apt.conf.d/docker-clean`".to_owned();
        return diagnosis(Disabled, text, evidence, remedy);
    }
    let said = || words.join(" ");
    let is_apt = words.first().is_some_and(|word| word.rsplit('/').next() == Some("apt"));
    match keeps_packages(&said()).or(stage.keeps_packages) {
        Some(false) => {
            let text = "a cache is mounted, and apt is told to keep no package that it has installed";
            let evidence = format!("`{KEEP}` is said to be false");
            diagnosis(Disabled, text, evidence, "leave that out".to_owned())
        }
        None if is_apt => {
            let text = "a cache is mounted, and `apt`, unlike `apt-get`, keeps no package that it has installed";
            let remedy = format!("use `apt-get`, or `-o {KEEP}=true`");
            diagnosis(Disabled, text, format!("`{}`", said()), remedy)
        }
        _ => None,
    }
}

const KEEP: &str = "APT::Keep-Downloaded-Packages";

/// What `text` says last of the setting, as a value on a command line or in a file that it writes.
fn keeps_packages(text: &str) -> Option<bool> {
    let at = text.to_ascii_lowercase().rfind("keep-downloaded-packages")?;
    let value = text[at + "keep-downloaded-packages".len()..].trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let value = value.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    Some(!is_no_of_apt(value))
}

#[cfg(test)]
mod tests;

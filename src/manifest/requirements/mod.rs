//! Requirements files, read as pip reads them (its reference is the behaviour of pip 26; PEP 440 and PEP 508 by
//! `pep440_rs` and `pep508_rs`).
//!
//! Refuses to fetch, to resolve, and to stop at the first fault: every fault of every file is reported with its line.
//! Files, variables and the kind of a path come from a [`World`], so that this sees nothing itself.

mod decode;
mod dependencies;
mod fault;
mod file;
mod lines;
mod location;
mod options;
mod pep508;
mod requirement;
mod review;
mod words;

use std::path::{Path, PathBuf};

pub use dependencies::{Dependency, DependencyManifest, GivenOption, Remark};
pub use fault::{Fault, Problem};
pub use file::read;
pub use options::Flag;
pub use requirement::{Marker, Requirement, Source};
pub use review::{Contradiction, Mention, Obtained, Review};

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A file.
    File,
    /// A directory that pip can install: it holds `pyproject.toml` or `setup.py`.
    Project,
    /// Any other directory.
    Directory,
    /// Nothing.
    Absent,
}

/// The world around a requirements file.
pub trait World {
    /// The bytes of a file; a relative path is meant from the working directory.
    ///
    /// # Errors
    /// Why it cannot be read, as the system puts it.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;

    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// What stands at a path of a requirement, which pip takes from the working directory.
    fn kind(&self, path: &str) -> PathKind;
}

/// Where something was said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; the first one where a line is continued.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", crate::event::text(self.file.as_os_str().as_encoded_bytes()), self.line)
    }
}

/// One requirement of a file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// As it is written, comments and continuations gone, variables not filled in, options cut off.
    pub written: String,
    /// What it asks for, variables filled in: a URL may hold a secret.
    pub requirement: Requirement,
    /// The URL or path as it is written, variables not filled in.
    pub written_location: Option<String>,
    /// `-e`.
    pub editable: bool,
    /// It stands in a constraints file: it limits versions and asks for nothing.
    pub constraint: bool,
    /// The accepted digests, each as `sha256:...`.
    pub hashes: Vec<String>,
    /// `--config-settings`, as they are written.
    pub config_settings: Vec<String>,
}

/// An option that holds for the whole of a file and those that include it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalOption {
    /// Where it stands.
    pub place: Place,
    /// Which.
    pub flag: Flag,
    /// Its value, variables filled in: it may hold a secret.
    pub value: Option<String>,
    /// Its value as it is written.
    pub written: Option<String>,
}

/// What one or more requirements files say.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// Every file that was read, in the order of reading.
    pub files: Vec<PathBuf>,
    /// The requirements, in pip's order.
    pub entries: Vec<Entry>,
    /// The options that hold for all.
    pub options: Vec<GlobalOption>,
    /// What pip would refuse.
    pub errors: Vec<Problem>,
    /// What pip ignores or takes otherwise than it looks.
    pub warnings: Vec<Problem>,
}

impl Requirements {
    /// Whether pip would demand a hash of everything (`--require-hashes`, or one hash anywhere).
    pub fn demands_hashes(&self) -> bool {
        let said = |flag| self.options.iter().any(|option| option.flag == flag);
        let hashed = self.entries.iter().any(|entry| !entry.constraint && !entry.hashes.is_empty());
        (hashed || said(Flag::RequireHashes)) && !said(Flag::NoRequireHashes)
    }
}

#[cfg(test)]
mod tests;

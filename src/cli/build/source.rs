//! The user's Dockerfile, found as the client finds it, and the rewritten one beside it under the same name.
//!
//! Refuses to touch the file itself.

use std::ffi::{OsStr, OsString};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::command::Command;

/// A Dockerfile.
pub(super) struct Source {
    pub(super) text: String,
    /// Where it lies; `None` if it came through standard input, or stands in a file of several builds.
    pub(super) path: Option<PathBuf>,
    /// Whether it came in the place of a context.
    is_context: bool,
}

impl Source {
    /// That of a single build.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub(super) fn find(command: &Command) -> anyhow::Result<Source> {
        let Some(context) = command.context() else { anyhow::bail!("no context is named") };
        let file = command.file.as_ref().map(|(_, file)| file);
        let is_context = context == "-";
        if is_context || file.is_some_and(|file| file == "-") {
            anyhow::ensure!(
                !is_context || file.is_none_or(|file| file == "-"),
                "the context comes through standard input as an archive"
            );
            return Ok(Source { text: standard_input()?, path: None, is_context });
        }
        Source::read(Path::new(context), file.map(Path::new))
    }

    /// `file`, or the usual one of a context.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub(super) fn read(context: &Path, file: Option<&Path>) -> anyhow::Result<Source> {
        anyhow::ensure!(context.is_dir(), "its context is not a directory of this machine");
        let path = match file {
            Some(file) => file.to_owned(),
            None => {
                let usual = context.join("Dockerfile");
                let lower = context.join("dockerfile");
                if !usual.exists() && lower.exists() { lower } else { usual }
            }
        };
        let bytes = std::fs::read(&path).map_err(|error| anyhow::anyhow!("`{}`: {error}", path.display()))?;
        let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("`{}` is not UTF-8", path.display()))?;
        Ok(Source { text, path: Some(path), is_context: false })
    }

    /// One that stands in another file.
    pub(super) fn inline(text: String) -> Source {
        Source { text, path: None, is_context: false }
    }

    /// Whether the text names its own frontend, which is newer than here documents.
    pub(super) fn has_frontend(&self) -> bool {
        let mut head = self.text.lines().map_while(|line| line.trim().strip_prefix('#'));
        head.any(|line| line.trim_start().to_ascii_lowercase().starts_with("syntax"))
    }

    /// Writes the rewritten text under the same name into a directory that is to be made, with the list of ignored files
    /// that goes with that name.
    pub(super) fn write(&self, text: &str, directory: &Path) -> anyhow::Result<PathBuf> {
        std::fs::create_dir(directory)?;
        let name = self.path.as_deref().and_then(Path::file_name).unwrap_or(OsStr::new("Dockerfile"));
        let file = directory.join(name);
        std::fs::write(&file, text)?;
        if let Some(path) = &self.path {
            let ignored = |path: &Path| {
                let mut name: OsString = path.as_os_str().to_owned();
                name.push(".dockerignore");
                PathBuf::from(name)
            };
            if ignored(path).is_file() {
                std::fs::copy(ignored(path), ignored(&file))?;
            }
        }
        Ok(file)
    }

    /// What stands in for a context that was none: an empty directory.
    pub(super) fn context(&self, place: &Path) -> anyhow::Result<Option<PathBuf>> {
        if !self.is_context {
            return Ok(None);
        }
        let directory = place.join("empty");
        std::fs::create_dir(&directory)?;
        Ok(Some(directory))
    }
}

/// Reads a Dockerfile from standard input; what is none is put back, as a file in the place of standard input.
fn standard_input() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    let is_archive = bytes.starts_with(&[0x1f, 0x8b]) || bytes.get(257..262) == Some(b"ustar") || bytes.contains(&0);
    let mut file = tempfile::tempfile()?;
    file.write_all(&bytes)?;
    file.rewind()?;
    rustix::stdio::dup2_stdin(&file)?;
    anyhow::ensure!(!is_archive, "the context comes through standard input as an archive");
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("the Dockerfile from standard input is not UTF-8"))
}

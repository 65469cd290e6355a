//! Whether what a build writes down lies in its own context: then each build changes what `COPY . .` copies, and with it
//! the key of every layer from there on.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::command::Command;
use crate::cli::build::short;

/// What to say of log directories in the context that no `.dockerignore` names.
pub(super) fn warning(command: &Command, directories: &[PathBuf]) -> Option<String> {
    let context = Path::new(command.context()?).canonicalize().ok()?;
    let file = command.file.as_ref().map(|(_, file)| {
        let mut name = file.clone();
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    let own = file.and_then(|file| std::fs::read_to_string(file).ok());
    let patterns = own.or_else(|| std::fs::read_to_string(context.join(".dockerignore")).ok()).unwrap_or_default();
    let in_context = directories.iter().find(|directory| {
        let relative =
            directory.canonicalize().ok().and_then(|path| path.strip_prefix(&context).map(Path::to_owned).ok());
        relative.is_some_and(|relative| !relative.as_os_str().is_empty() && !is_ignored(&relative, &patterns))
    })?;
    let first = in_context.canonicalize().ok()?;
    let first = first.strip_prefix(&context).ok()?.iter().next().unwrap_or(OsStr::new("logs")).to_owned();
    Some(format!(
        "`{}` lies in the context, so that each build changes it: name `{}/` in .dockerignore",
        short(in_context),
        Path::new(&first).display()
    ))
}

/// Whether the patterns of a `.dockerignore` leave a path out: the last that matches it, or a directory above, decides.
fn is_ignored(path: &Path, patterns: &str) -> bool {
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let mut ignored = false;
    for line in patterns.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (pattern, ignores) = match line.strip_prefix('!') {
            Some(rest) => (rest, false),
            None => (line, true),
        };
        let pattern = pattern.trim_start_matches("./").trim_matches('/');
        let pattern = pattern.strip_suffix("/**").unwrap_or(pattern);
        let Ok(pattern) = glob::Pattern::new(pattern) else { continue };
        if path.ancestors().any(|above| !above.as_os_str().is_empty() && pattern.matches_path_with(above, options)) {
            ignored = ignores;
        }
    }
    ignored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_docker() {
        let path = Path::new("logs/build");
        for pattern in ["logs", "logs/", "/logs", "./logs", "logs/**", "**/logs", "log?", "*", "logs/build", "*/build"]
        {
            assert!(is_ignored(path, pattern), "{pattern}");
        }
        for pattern in ["", "# logs", "build", "logs/other", "logs\n!logs/build"] {
            assert!(!is_ignored(path, pattern), "{pattern}");
        }
    }
}

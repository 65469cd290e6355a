//! The user's Dockerfile, found as the client finds it, and handed to the builder with its steps wrapped.
//!
//! Refuses to touch the file itself: the rewritten one lies in a temporary directory under the same name. Refuses, with
//! the reason, whatever could make another build of it: then the build runs as it was typed.

use std::ffi::{OsStr, OsString};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::carrier::{Carrier, WATCHING, WRAPPER};
use super::command::{Command, Kind};
use super::engine::{Bases, Carriage, Engine, is_other_platform};
use crate::dockerfile::{Injected, Injection, Left, Names, Places, inject};

/// A build whose steps are wrapped.
pub(super) struct Rewritten {
    /// The command line.
    pub(super) words: Vec<OsString>,
    /// The names that the steps have for the user.
    pub(super) names: Names,
    /// What was left as it stands.
    pub(super) left: Vec<Left>,
    /// What base images have run, with the image that brings it.
    pub(super) triggers: Vec<(String, String)>,
    /// Where the instructions stand in the user's file.
    pub(super) places: Places,
    /// Whether BuildKit has to be asked for by variable, since the client would use the builder before it.
    pub(super) asks_for_buildkit: bool,
    /// Holds the rewritten Dockerfile while the build runs.
    _place: TempDir,
}

/// Rewrites the build.
///
/// # Errors
/// The reason why it is left as it stands.
pub(super) fn rewrite(command: &Command, watches: bool) -> anyhow::Result<Rewritten> {
    let variable = std::env::var_os("DOCKER_BUILDKIT");
    match command.kind {
        Kind::Build if variable.as_deref() == Some(OsStr::new("0")) => {
            anyhow::bail!("DOCKER_BUILDKIT=0 asks for the builder before BuildKit, which cannot mount our executable")
        }
        Kind::Build | Kind::Buildx => {}
        Kind::Several => {
            anyhow::bail!("it is several builds with a file of their own; inject each with `docker build`")
        }
        Kind::Other => anyhow::bail!("it is no `docker build`"),
    }
    if let Some(platform) = command.platform.as_deref().filter(|platform| is_other_platform(platform)) {
        anyhow::bail!("it builds for {}, and this executable is not of that platform", platform.display());
    }
    let engine = Engine::new(command.client());
    if let Some(reason) = engine.lacks_buildkit().filter(|_| command.kind == Kind::Build) {
        anyhow::bail!("{reason}");
    }
    let source = Source::find(command)?;
    let place = tempfile::Builder::new().prefix("wheeltap-build-").tempdir()?;
    let carriage = engine.carriage(command.kind == Kind::Buildx);
    let carrier = Carrier::prepare(&engine, carriage, place.path())?;
    let bases = Bases::of(&engine);
    let value = |name: &str| {
        let of_command = command.arguments.iter().rev().find(|(known, _)| known == name);
        of_command.map(|(_, value)| value.to_string_lossy().into_owned())
    };
    let wrapper: &[&str] = if watches { &WATCHING } else { &WRAPPER };
    let injection = Injection {
        mount: &carrier.mount,
        wrapper,
        here_documents: carriage == Carriage::NamedContext
            || engine.knows_here_documents()
            || has_frontend(&source.text),
        argument: &value,
        shell: &|image| bases.shell(image),
    };
    let injected = inject(&source.text, &injection).map_err(|error| anyhow::anyhow!("{error}"))?;
    anyhow::ensure!(!injected.wrapped.is_empty(), "{}", nothing_to_wrap(&injected));
    let file = source.write(&injected.text, place.path())?;
    let context = source.context(place.path())?;
    Ok(Rewritten {
        words: command.rewritten(file.as_os_str(), context.as_deref().map(Path::as_os_str), &carrier.options),
        names: Names::new(&source.text, &injected, wrapper),
        left: injected.left,
        triggers: bases.triggers(),
        places: Places::of(&source.text),
        asks_for_buildkit: command.kind == Kind::Build && variable.is_none(),
        _place: place,
    })
}

/// Where the instructions of a build that is left as it stands are; nowhere, if its Dockerfile cannot be read beforehand.
pub(super) fn places(command: &Command) -> Places {
    let is_stream = |word: &OsString| word == "-";
    let comes_through_input =
        command.context.iter().any(is_stream) || command.file.iter().any(|(_, file)| is_stream(file));
    match command.kind {
        Kind::Build | Kind::Buildx if !comes_through_input => {
            Source::find(command).map_or_else(|_| Places::default(), |source| Places::of(&source.text))
        }
        _ => Places::default(),
    }
}

impl Rewritten {
    /// Why a step of that name was left as it stands; `None` if it was not.
    pub(super) fn why_left(&self, instruction: &str) -> Option<String> {
        let trigger = self.triggers.iter().find(|(_, run)| has_command_of(instruction, run));
        let left = || self.left.iter().find(|left| has_command_of(instruction, &left.instruction));
        trigger
            .map(|(image, _)| format!("it comes with `{image}` (ONBUILD)"))
            .or_else(|| left().map(|left| left.reason.clone()))
    }
}

/// Whether an instruction, as it is shown, has the command whose first line is `begun`.
fn has_command_of(instruction: &str, begun: &str) -> bool {
    let begun = begun.lines().next().unwrap_or_default().trim_end_matches(['\\', '`']).trim();
    let command = begun.split_once(char::is_whitespace).map_or("", |(_, command)| command.trim());
    !command.is_empty() && instruction.contains(command)
}

fn nothing_to_wrap(injected: &Injected) -> String {
    match injected.left.first() {
        Some(left) => format!("no step can be wrapped: line {}: {}", left.line, left.reason),
        None => "it has no RUN".to_owned(),
    }
}

/// Whether the text names its own frontend, which is newer than here documents.
fn has_frontend(text: &str) -> bool {
    let mut head = text.lines().map_while(|line| line.trim().strip_prefix('#'));
    head.any(|line| line.trim_start().to_ascii_lowercase().starts_with("syntax"))
}

/// A Dockerfile.
struct Source {
    text: String,
    /// Where it lies; `None` if it came through standard input.
    path: Option<PathBuf>,
    /// Whether it came in the place of a context.
    is_context: bool,
}

impl Source {
    fn find(command: &Command) -> anyhow::Result<Source> {
        let Some(context) = &command.context else { anyhow::bail!("no context is named") };
        let file = command.file.as_ref().map(|(_, file)| file);
        let is_context = context == "-";
        if is_context || file.is_some_and(|file| file == "-") {
            anyhow::ensure!(
                !is_context || file.is_none_or(|file| file == "-"),
                "the context comes through standard input as an archive"
            );
            return Ok(Source { text: standard_input()?, path: None, is_context });
        }
        let directory = Path::new(context);
        anyhow::ensure!(directory.is_dir(), "its context is not a directory of this machine");
        let path = match file {
            Some(file) => PathBuf::from(file),
            None => {
                let usual = directory.join("Dockerfile");
                let lower = directory.join("dockerfile");
                if !usual.exists() && lower.exists() { lower } else { usual }
            }
        };
        let bytes = std::fs::read(&path).map_err(|error| anyhow::anyhow!("`{}`: {error}", path.display()))?;
        let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("`{}` is not UTF-8", path.display()))?;
        Ok(Source { text, path: Some(path), is_context: false })
    }

    /// Writes the rewritten text under the same name, with the list of ignored files that goes with that name.
    fn write(&self, text: &str, place: &Path) -> anyhow::Result<PathBuf> {
        let directory = place.join("dockerfile");
        std::fs::create_dir(&directory)?;
        let name = self.path.as_deref().and_then(Path::file_name).unwrap_or(OsStr::new("Dockerfile"));
        let file = directory.join(name);
        std::fs::write(&file, text)?;
        if let Some(path) = &self.path {
            let ignored = |path: &Path| {
                let mut name = path.as_os_str().to_owned();
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
    fn context(&self, place: &Path) -> anyhow::Result<Option<PathBuf>> {
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

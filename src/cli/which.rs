//! `wheeltap which TOOL`: what would run, and why.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::links::{self, INTERPRETERS, Place, TOOLS};
use super::{Console, Status, Tone};
use crate::shim::{DEFAULT_PATH, is_set, look_up};

/// Say which file runs under a name, whether that run is recorded, and why
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap which pip
  wheeltap which .venv/bin/pip

Exit status: 0 if something would run, 1 if nothing would")]
pub(crate) struct Arguments {
    /// The name of a tool, or a path
    #[arg(value_name = "TOOL")]
    tool: OsString,
}

/// Says it.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let executable = super::shims::executable()?;
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    if arguments.tool.as_bytes().contains(&b'/') {
        return of_a_path(Path::new(&arguments.tool), &path, &executable, console);
    }
    let chain = Chain::look(&arguments.tool, &path, &executable);
    let name = arguments.tool.display();
    let Some(real) = chain.real() else {
        console.line(&format!("`{name}` does not run: {}", chain.why_nothing_runs()))?;
        chain.show(console)?;
        return Ok(Status::Finding);
    };
    console.line(&format!("`{name}` runs `{}`, {}", real.file.display(), chain.recorded(&arguments.tool)))?;
    chain.show(console)?;
    Ok(Status::Ok)
}

fn of_a_path(file: &Path, path: &OsStr, executable: &Path, console: &mut Console) -> anyhow::Result<Status> {
    let name = file.display();
    if !file.is_file() || access(file, Access::EXEC_OK).is_err() {
        let why = if file.exists() { "it is not executable" } else { "there is no such file" };
        console.line(&format!("`{name}` does not run: {why}"))?;
        return Ok(Status::Finding);
    }
    if links::is_same_file(file, executable) && is_tool(file.file_name()) {
        let next = Chain::look(file.file_name().unwrap_or_default(), path, executable);
        let next = next.real().map_or("nothing".to_owned(), |real| format!("`{}`", real.file.display()));
        console.line(&format!("`{name}` is a shim and starts {next}"))?;
    } else {
        console.line(&format!("`{name}` runs, recorded by no shim: a path is not searched for ({})", nature(file)))?;
        console.say(Tone::Hint, "hint", "`wheeltap run -- COMMAND` follows what is started by its path");
    }
    Ok(Status::Ok)
}

/// One file of the name that was asked for.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Its place on `PATH`, from 1.
    place: usize,
    pub(super) file: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Shim,
    Tool,
    NotExecutable,
}

/// All files of one name on `PATH`, in its order.
#[derive(Debug)]
pub(super) struct Chain(Vec<Candidate>);

impl Chain {
    pub(super) fn look(name: &OsStr, path: &OsStr, executable: &Path) -> Chain {
        let mut chain = Vec::new();
        for (at, entry) in std::env::split_paths(path).enumerate() {
            let found = look_up(name, Some(entry.as_os_str()), &[]);
            let refused = found.not_executable.map(|file| (file, Kind::NotExecutable));
            let program = found.programs.into_iter().map(|(file, _)| {
                let is_ours = matches!(links::look(&file, executable), Ok(Place::Ours | Place::Stale(_)));
                (file, if is_ours { Kind::Shim } else { Kind::Tool })
            });
            let candidates = program.chain(refused);
            chain.extend(candidates.map(|(file, kind)| Candidate { place: at + 1, file, kind }));
        }
        Chain(chain)
    }

    /// What runs in the end.
    pub(super) fn real(&self) -> Option<&Candidate> {
        self.0.iter().find(|candidate| candidate.kind == Kind::Tool)
    }

    /// Whether a shim comes before what runs.
    pub(super) fn has_shim_first(&self) -> bool {
        let first = self.0.iter().find(|candidate| candidate.kind != Kind::NotExecutable);
        first.is_some_and(|candidate| candidate.kind == Kind::Shim)
    }

    fn why_nothing_runs(&self) -> &'static str {
        let kinds = || self.0.iter().map(|candidate| candidate.kind);
        if kinds().any(|kind| kind == Kind::Shim) {
            "there is a shim, but nothing behind it on PATH"
        } else if kinds().next().is_some() {
            "what there is on PATH is not executable"
        } else {
            "there is nothing of that name on PATH"
        }
    }

    fn recorded(&self, name: &OsStr) -> &'static str {
        if !is_tool(Some(name)) {
            "which wheeltap has no shim for"
        } else if !self.has_shim_first() {
            "not recorded: no shim comes before it"
        } else if is_disabled() {
            "not recorded: `WHEELTAP_DISABLE` is set"
        } else if TOOLS.iter().any(|tool| name == *tool) {
            "recorded by the shim before it"
        } else {
            "and its `-m pip` is recorded by the shim before it"
        }
    }

    fn show(&self, console: &mut Console) -> std::io::Result<()> {
        let width = self.0.iter().map(|candidate| candidate.file.as_os_str().len()).max().unwrap_or(0);
        let mut seen_real = false;
        for Candidate { place, file, kind } in &self.0 {
            let role = match kind {
                Kind::NotExecutable => "not executable, passed over".to_owned(),
                Kind::Shim if seen_real => "a shim that comes too late".to_owned(),
                Kind::Shim => "shim, starts the next one".to_owned(),
                Kind::Tool if seen_real => "hidden".to_owned(),
                Kind::Tool => format!("runs: {}", nature(file)),
            };
            seen_real |= *kind == Kind::Tool;
            console.line(&format!("{place:>4}  {:width$}  {role}", file.display().to_string()))?;
        }
        Ok(())
    }
}

/// Whether there is a shim for this name.
fn is_tool(name: Option<&OsStr>) -> bool {
    name.is_some_and(|name| TOOLS.iter().chain(&INTERPRETERS).any(|tool| name == *tool))
}

/// Whether the environment turns the shims off.
pub(super) fn is_disabled() -> bool {
    is_set("WHEELTAP_DISABLE")
}

/// What a file is, in a few words: where a link leads, which interpreter a script asks for.
fn nature(file: &Path) -> String {
    let mut start = [0; 256];
    let read = std::fs::File::open(file).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let line = start[..read].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let kind = match line.strip_prefix(b"#!") {
        Some(interpreter) => format!("a script for `{}`", crate::event::text(interpreter.trim_ascii())),
        None if line.starts_with(b"\x7fELF") => "a program".to_owned(),
        None => "a file without `#!`".to_owned(),
    };
    match std::fs::read_link(file) {
        Ok(target) => format!("{kind}, a link to `{}`", target.display()),
        Err(_) => kind,
    }
}

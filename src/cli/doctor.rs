//! `wheeltap doctor`: what this environment allows, and what to do about the rest.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use rustix::fs::{Access, access};

use super::which::{self, Chain};
use super::{Console, Status, Tone, shims};
use crate::ledger::{Directory, SESSION_VARIABLE};
use crate::shim::DEFAULT_PATH;

/// Say what this environment allows, and what to do about the rest
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Each line begins with a word: `ok`, `note` (worth knowing), `warning` (something will not be
recorded), `error` (nothing can be).

Exit status: 0 unless there is an error, then 1")]
pub(crate) struct Arguments {}

/// One thing that was looked at.
struct Check {
    verdict: Verdict,
    text: String,
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Ok,
    Note,
    Warning,
    Error,
}

impl Verdict {
    fn word(self) -> (Tone, &'static str) {
        match self {
            Verdict::Ok => (Tone::Good, "ok"),
            Verdict::Note => (Tone::Hint, "note"),
            Verdict::Warning => (Tone::Doubtful, "warning"),
            Verdict::Error => (Tone::Bad, "error"),
        }
    }

    fn of(self, text: impl Into<String>) -> Check {
        Check { verdict: self, text: text.into(), hint: None }
    }
}

impl Check {
    fn hint(mut self, hint: impl Into<String>) -> Check {
        self.hint = Some(hint.into());
        self
    }
}

/// Looks and says.
pub(crate) fn run(_arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let executable = shims::executable().context("cannot look at this environment")?;
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let mut checks = vec![
        Verdict::Ok.of(format!("wheeltap {}, `{}`", env!("CARGO_PKG_VERSION"), executable.display())),
        log_directory(&Directory::from_environment()),
    ];
    checks.extend(["pip", "pip3"].map(|name| tool(name, &path, &executable)));
    // A machine without apt-get is none the worse for it.
    let has_apt = Chain::look(OsStr::new("apt-get"), &path, &executable).real().is_some();
    checks.extend(has_apt.then(|| tool("apt-get", &path, &executable)));
    checks.push(interpreters(&path, &executable));
    checks.extend(variables());
    checks.push(processes());
    let worst = checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok);
    for Check { verdict, text, hint } in checks {
        let (tone, word) = verdict.word();
        console.line_with(tone, word, &text)?;
        if let Some(hint) = hint {
            console.line_with(Tone::Hint, "  hint:", &hint)?;
        }
    }
    Ok(if worst == Verdict::Error { Status::Finding } else { Status::Ok })
}

/// Whether a session can be written, without making anything: the directory is made when it is needed.
fn log_directory(directory: &Directory) -> Check {
    let place = directory.path().display().to_string();
    let absolute = match directory.absolute() {
        Ok(absolute) => absolute.path().to_owned(),
        Err(error) => return Verdict::Error.of(format!("log directory `{place}`: cannot {error}")),
    };
    let existing = absolute.ancestors().find(|above| above.exists()).unwrap_or(Path::new("/"));
    let writable = existing.is_dir() && access(existing, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    match (writable, existing == absolute) {
        (true, true) => Verdict::Ok.of(format!("log directory `{place}`: writable")),
        (true, false) => Verdict::Ok.of(format!("log directory `{place}`: will be made")),
        (false, _) => Verdict::Error
            .of(format!("log directory `{place}`: `{}` cannot be written to", existing.display()))
            .hint("name another directory with `WHEELTAP_LOG_DIR`"),
    }
}

/// Whether there is a tool, which, and whether a shim sees it.
fn tool(name: &str, path: &OsStr, executable: &Path) -> Check {
    let chain = Chain::look(OsStr::new(name), path, executable);
    let Some(real) = chain.real() else {
        return Verdict::Warning.of(format!("`{name}`: there is none on PATH"));
    };
    let file = real.file.display();
    let version = version(&real.file).unwrap_or("its version is not known".to_owned());
    match chain.has_shim_first() {
        true => Verdict::Ok.of(format!("`{name}`: recorded; the shim starts `{file}`, {version}")),
        false => Verdict::Warning
            .of(format!("`{name}`: not recorded; PATH finds `{file}`, {version}"))
            .hint("`wheeltap run -- COMMAND` records one command, `wheeltap shims install` records every run"),
    }
}

/// Whether `python -m pip` is seen.
fn interpreters(path: &OsStr, executable: &Path) -> Check {
    let found = ["python3", "python"].map(|name| Chain::look(OsStr::new(name), path, executable));
    let seen = found.iter().filter(|chain| chain.real().is_some()).all(Chain::has_shim_first);
    if found.iter().all(|chain| chain.real().is_none()) {
        Verdict::Note.of("`python -m pip`: there is no Python on PATH")
    } else if seen {
        Verdict::Ok.of("`python -m pip`: recorded")
    } else {
        Verdict::Note
            .of("`python -m pip`: passes the shims by")
            .hint("`wheeltap run` follows it; or `wheeltap shims install --python`")
    }
}

/// What the environment switches.
fn variables() -> Vec<Check> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut checks = Vec::new();
    if which::is_disabled() {
        checks.push(Verdict::Warning.of("`WHEELTAP_DISABLE` is set: nothing is recorded"));
    }
    if set("WHEELTAP_PIP_LOG").is_some_and(|value| value == "never") {
        checks
            .push(Verdict::Warning.of("`WHEELTAP_PIP_LOG=never`: pip is asked for no log; URLs and more stay unknown"));
    }
    if let Some(session) = set(SESSION_VARIABLE) {
        checks.push(
            Verdict::Note.of(format!("`{SESSION_VARIABLE}`: what runs here joins session {}", session.display())),
        );
    }
    for name in ["PIP_LOG", "PIP_LOG_FILE", "PIP_LOCAL_LOG"] {
        if let Some(log) = set(name) {
            let text = format!("`{name}`: pip writes its log to `{}`, which is read and left as it is", log.display());
            checks.push(Verdict::Note.of(text));
        }
    }
    if set("PIP_NO_CACHE_DIR").is_some() {
        let text = "`PIP_NO_CACHE_DIR` is set: pip keeps nothing, so everything is downloaded every time";
        checks.push(Verdict::Note.of(text).hint("pip takes any value for yes, `0` and `off` too"));
    }
    checks
}

/// Whether `run` can tell which process wrote a log.
fn processes() -> Check {
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    match own.read_dir() {
        Ok(_) => Verdict::Ok.of("`/proc`: readable; pips that pass the shims by can be followed"),
        Err(error) => Verdict::Warning
            .of(format!("`/proc`: {error}; pips that pass the shims by are found without their command lines")),
    }
}

/// The first two words that a tool says of itself: `pip 24.0 from ...`, `apt 2.6.1 (amd64)`.
fn version(tool: &Path) -> Option<String> {
    let mut command = Command::new(tool);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    Some(format!("{} {}", words.next()?, words.next()?))
}

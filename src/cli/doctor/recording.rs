//! What this environment lets be recorded.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Access, access};

use super::check::{Check, Verdict};
use crate::cli::which::{self, Chain};
use crate::ledger::{Directory, SESSION_VARIABLE};

const ABOUT: &str = "recording";

/// Looks at what recording needs.
pub(super) fn checks(executable: &Path, path: &OsStr) -> Vec<Check> {
    let mut checks = vec![
        Verdict::Ok.of(ABOUT, format!("wheeltap {}, `{}`", env!("CARGO_PKG_VERSION"), executable.display())),
        log_directory(&Directory::from_environment()),
    ];
    checks.extend(["pip", "pip3"].map(|name| tool(name, path, executable)));
    // A machine without apt-get is none the worse for it.
    let has_apt = Chain::look(OsStr::new("apt-get"), path, executable).real().is_some();
    checks.extend(has_apt.then(|| tool("apt-get", path, executable)));
    checks.push(interpreters(path, executable));
    checks.extend(variables());
    checks.push(processes());
    checks
}

/// Whether a session can be written, without making anything: the directory is made when it is needed.
fn log_directory(directory: &Directory) -> Check {
    let place = directory.path().display().to_string();
    let absolute = match directory.absolute() {
        Ok(absolute) => absolute.path().to_owned(),
        Err(error) => return Verdict::Error.of(ABOUT, format!("log directory `{place}`: cannot {error}")),
    };
    let existing = absolute.ancestors().find(|above| above.exists()).unwrap_or(Path::new("/"));
    let writable = existing.is_dir() && access(existing, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    match (writable, existing == absolute) {
        (true, true) => Verdict::Ok.of(ABOUT, format!("log directory `{place}`: writable")),
        (true, false) => Verdict::Ok.of(ABOUT, format!("log directory `{place}`: will be made")),
        (false, _) => Verdict::Error
            .of(ABOUT, format!("log directory `{place}`: `{}` cannot be written to", existing.display()))
            .hint("name another directory with `WHEELTAP_LOG_DIR`"),
    }
}

/// Whether there is a tool, which, and whether a shim sees it.
fn tool(name: &str, path: &OsStr, executable: &Path) -> Check {
    let chain = Chain::look(OsStr::new(name), path, executable);
    let Some(real) = chain.real() else {
        return Verdict::Warning.of(ABOUT, format!("`{name}`: there is none on PATH"));
    };
    let file = real.file.display();
    let version = version(&real.file).unwrap_or("its version is not known".to_owned());
    match chain.has_shim_first() {
        true => Verdict::Ok.of(ABOUT, format!("`{name}`: recorded; the shim starts `{file}`, {version}")),
        false => Verdict::Warning
            .of(ABOUT, format!("`{name}`: not recorded; PATH finds `{file}`, {version}"))
            .hint("`wheeltap run -- COMMAND` records one command, `wheeltap shims install` records every run"),
    }
}

/// Whether `python -m pip` is seen.
fn interpreters(path: &OsStr, executable: &Path) -> Check {
    let found = ["python3", "python"].map(|name| Chain::look(OsStr::new(name), path, executable));
    let seen = found.iter().filter(|chain| chain.real().is_some()).all(Chain::has_shim_first);
    if found.iter().all(|chain| chain.real().is_none()) {
        Verdict::Note.of(ABOUT, "`python -m pip`: there is no Python on PATH")
    } else if seen {
        Verdict::Ok.of(ABOUT, "`python -m pip`: recorded")
    } else {
        Verdict::Note
            .of(ABOUT, "`python -m pip`: passes the shims by")
            .hint("`wheeltap run` follows it; or `wheeltap shims install --python`")
    }
}

/// What the environment switches.
fn variables() -> Vec<Check> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut checks = Vec::new();
    if which::is_disabled() {
        checks.push(Verdict::Warning.of(ABOUT, "`WHEELTAP_DISABLE` is set: nothing is recorded"));
    }
    if set("WHEELTAP_PIP_LOG").is_some_and(|value| value == "never") {
        checks.push(
            Verdict::Warning.of(ABOUT, "`WHEELTAP_PIP_LOG=never`: pip is asked for no log; URLs and more stay unknown"),
        );
    }
    if let Some(session) = set(SESSION_VARIABLE) {
        checks.push(
            Verdict::Note
                .of(ABOUT, format!("`{SESSION_VARIABLE}`: what runs here joins session {}", session.display())),
        );
    }
    for name in ["PIP_LOG", "PIP_LOG_FILE", "PIP_LOCAL_LOG"] {
        if let Some(log) = set(name) {
            let text = format!("`{name}`: pip writes its log to `{}`, which is read and left as it is", log.display());
            checks.push(Verdict::Note.of(ABOUT, text));
        }
    }
    checks
}

/// Whether `run` can tell which process wrote a log.
fn processes() -> Check {
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    match own.read_dir() {
        Ok(_) => Verdict::Ok.of(ABOUT, "`/proc`: readable; pips that pass the shims by can be followed"),
        Err(error) => Verdict::Warning
            .of(ABOUT, format!("`/proc`: {error}; pips that pass the shims by are found without their command lines")),
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

//! One call of a tool, from its name to its end.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::fault::quietly;
use super::guard::{self, DEEPEST, Guard, Here};
use super::lookup::{Candidates, FileId, go_on, is_tool, without_shims};
use super::python;
use super::recording::{self, Begin, Call};
use super::tool::{Tool, base_name};
use super::watcher::Watcher;
use crate::supervise::{self, End, Error, Program, Setting};

/// Runs `tool` with `arguments` and records it.
pub fn run(tool: Tool, argv0: OsString, arguments: Vec<OsString>) -> End {
    run_with(recording::begin, tool, argv0, arguments)
}

/// The same, with recordings of the caller's choice.
pub fn run_with(begin: Begin, tool: Tool, argv0: OsString, arguments: Vec<OsString>) -> End {
    if !is_set("WHEELTAP_DEBUG") {
        // What panics is caught, and nobody asked to hear of it.
        std::panic::set_hook(Box::new(|_| {}));
    }
    let here = Here::new(&arguments);
    let before = std::env::var(guard::VARIABLE).ok().and_then(|text| text.parse::<Guard>().ok());
    let goes_on = before.as_ref().is_some_and(|guard| guard.goes_on(&here));
    let passed = before.as_ref().filter(|_| goes_on).map(Guard::passed).unwrap_or_default();
    let name = base_name(&argv0).to_owned();
    let found = go_on(&name, std::env::var_os("PATH").as_deref(), &here.ourselves, passed);
    if let Some(guard) = before.as_ref().filter(|guard| guard.depth >= DEEPEST) {
        let what = format!("came back to itself {} times: two shims call each other", guard.depth);
        return failed(&name, &what, 127);
    }
    let shim = Shim { tool, name, argv0, arguments, here, before, goes_on };
    if !shim.is_transparent()
        && let Some((path, id)) = found.programs.first()
        && let Some(end) = shim.record(begin, path, *id)
    {
        return end;
    }
    shim.exec(found)
}

struct Shim {
    tool: Tool,
    name: OsString,
    argv0: OsString,
    arguments: Vec<OsString>,
    here: Here,
    before: Option<Guard>,
    goes_on: bool,
}

impl Here {
    fn new(arguments: &[OsString]) -> Here {
        let mut ourselves = Vec::with_capacity(2);
        for path in supervise::executed_path().into_iter().chain([PathBuf::from("/proc/self/exe")]) {
            ourselves.extend(FileId::of(&path).filter(|id| !ourselves.contains(id)));
        }
        Here {
            process: std::process::id(),
            parent: std::os::unix::process::parent_id(),
            directory: FileId::of(Path::new(".")),
            arguments: guard::hashes(arguments),
            ourselves,
        }
    }
}

impl Shim {
    /// Whether this call is not to be recorded, whatever it is.
    fn is_transparent(&self) -> bool {
        let covered = |guard: &Guard| guard.covers(self.tool, |name| std::env::var_os(name));
        self.goes_on || is_set("WHEELTAP_DISABLE") || self.before.as_ref().is_some_and(covered)
    }

    /// Runs the tool as a child that is listened to; `None` if there is nothing to record or it did not start.
    fn record(&self, begin: Begin, path: &Path, id: FileId) -> Option<End> {
        let own = match self.tool {
            Tool::Python => 1 + python::arguments_of_pip(&self.arguments)?,
            Tool::Pip | Tool::Apt => 1,
        };
        let called = self.argv(path);
        let call = Call { tool: self.tool, path, arguments: &called, own };
        let mut recording = quietly(|| begin(call)).ok()??;
        let prepared = quietly(|| (recording.environment(), recording.arguments(), recording.interpose()));
        let mut watcher = Watcher::new(self.before.as_ref().is_some_and(Guard::is_recorded));
        let outcome = match prepared {
            Err(source) => Err(Error::Prepare { what: "begin the recording", source }),
            Ok((mut environment, before, interpose)) => {
                let (to_the_tool, its_own) = called.split_at(own);
                let arguments = [to_the_tool, &before, its_own].concat();
                let guard = self.guard(path, id).recording(self.tool, &environment);
                environment.extend(self.settings(path, id, &guard));
                let program = Program { path: path.to_owned(), arguments, environment };
                watcher.run(&program, interpose, recording.as_mut())
            }
        };
        // What the recording makes of it is its own affair; the tool has ended as it has.
        let _ = quietly(|| watcher.tell(recording.as_mut()));
        let _ = quietly(|| recording.end(outcome.as_ref()));
        outcome.ok().map(|outcome| outcome.end)
    }

    /// Becomes the first program that the kernel accepts, as `execvp` does; returns only if there is none.
    fn exec(&self, found: Candidates) -> End {
        let mut refused = None;
        for (path, id) in found.programs {
            let environment = self.settings(&path, id, &self.guard(&path, id));
            let program = Program { arguments: self.argv(&path), path, environment };
            let source = match supervise::exec(&program) {
                Error::Start { source, .. } | Error::Prepare { source, .. } => source,
            };
            let is_absent = matches!(source.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR));
            let is_denied = source.raw_os_error() == Some(libc::EACCES);
            if refused.is_none() || !is_absent {
                refused = Some((program.path, source));
            }
            if !is_absent && !is_denied {
                break;
            }
        }
        match (refused, found.not_executable) {
            (Some((path, source)), _) => {
                let status = if source.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
                failed(path.as_os_str(), &reason(&source), status)
            }
            (None, Some(path)) => failed(path.as_os_str(), "Permission denied", 126),
            (None, None) => failed(&self.name, "command not found", 127),
        }
    }

    /// The tool's arguments: a shim that was called by its path is called as the tool's path would have been. So is an
    /// interpreter, however it was called: it finds itself, and with that its libraries, by looking for its name.
    fn argv(&self, path: &Path) -> Vec<OsString> {
        let by_path = self.tool == Tool::Python || self.argv0.as_bytes().contains(&b'/');
        let first = if by_path { path.as_os_str() } else { &self.argv0 };
        std::iter::once(first.to_owned()).chain(self.arguments.iter().cloned()).collect()
    }

    fn guard(&self, path: &Path, id: FileId) -> Guard {
        Guard::next(self.before.as_ref(), self.goes_on, &self.here, id, is_tool(self.tool, path))
    }

    /// What changes for the tool whether it is recorded or not: the guard, what a shell leaves in `_`, the path of the
    /// command that it started, and for a pip the `PATH`: it looks itself up there, to say how it is called.
    fn settings(&self, path: &Path, id: FileId, guard: &Guard) -> Vec<Setting> {
        let mut settings = vec![guard.setting()];
        let started = std::env::var_os("_").and_then(|path| FileId::of(Path::new(&path)));
        if started.is_some_and(|started| self.here.ourselves.contains(&started)) {
            settings.push(("_".into(), Some(path.into())));
        }
        // Another family's shim goes on searching, and is to find us.
        let path_of_pip = std::env::var_os("PATH").filter(|_| self.is_pip() && guard.is_of_tool(id));
        if let Some(path) = path_of_pip.and_then(|path| without_shims(&path, &self.name, &self.here.ourselves)) {
            settings.push(("PATH".into(), Some(path)));
        }
        settings
    }

    fn is_pip(&self) -> bool {
        match self.tool {
            Tool::Pip => true,
            Tool::Python => python::arguments_of_pip(&self.arguments).is_some(),
            Tool::Apt => false,
        }
    }
}

/// Whether a variable is set to something other than nothing and `0`.
pub(crate) fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0")
}

/// An error as C programs print it: `No such file or directory`, without Rust's number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Says, in a shell's form, why the tool did not run.
fn failed(subject: &OsStr, why: &str, status: i32) -> End {
    let mut line = b"wheeltap: ".to_vec();
    line.extend_from_slice(subject.as_bytes());
    line.extend_from_slice(format!(": {why}\n").as_bytes());
    // There is nobody to tell that nobody can be told.
    let _ = io::stderr().write_all(&line);
    End::Code(status)
}

//! One call of a tool, from its name to its end.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::lookup::{FileId, look_up};
use super::recording::{self, Begin, Call, Recording};
use super::tool::{Tool, base_name};
use crate::supervise::{self, End, Program};

/// Runs `tool` with `arguments` and records it.
pub fn run(tool: Tool, argv0: OsString, arguments: Vec<OsString>) -> End {
    run_with(recording::nothing, tool, argv0, arguments)
}

/// The same, with recordings of the caller's choice.
pub fn run_with(begin: Begin, tool: Tool, argv0: OsString, arguments: Vec<OsString>) -> End {
    std::panic::set_hook(Box::new(|_| {}));
    let name = base_name(&argv0).to_owned();
    let ourselves: Vec<FileId> = FileId::of(Path::new("/proc/self/exe")).into_iter().collect();
    let found = look_up(&name, std::env::var_os("PATH").as_deref(), &ourselves);
    let Some((path, _)) = found.programs.into_iter().next() else {
        return not_found(&name, found.not_executable.as_deref());
    };
    let mut argv = vec![if argv0.as_bytes().contains(&b'/') { path.clone().into_os_string() } else { argv0 }];
    argv.extend(arguments);
    if let Some(recording) = quietly(|| begin(&Call { tool, path: &path, arguments: &argv })).flatten()
        && let Some(end) = record(recording, &path, &argv)
    {
        return end;
    }
    let error = supervise::exec(&Program { path, arguments: argv, environment: Vec::new() });
    complain(&name, &error.to_string());
    End::Code(126)
}

/// Runs the tool under `recording`; `None` if it could not be started that way.
fn record(recording: Box<dyn Recording>, path: &Path, argv: &[OsString]) -> Option<End> {
    let mut recording = recording;
    let environment = quietly(|| recording.environment())?;
    let interpose = quietly(|| recording.interpose())?;
    let program = Program { path: PathBuf::from(path), arguments: argv.to_vec(), environment };
    let outcome = supervise::run(&program, interpose, recording.as_mut());
    quietly(|| recording.end(outcome.as_ref()));
    outcome.ok().map(|outcome| outcome.end)
}

/// `None` if it panics.
fn quietly<T>(what: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(what)).ok()
}

fn not_found(name: &OsStr, not_executable: Option<&Path>) -> End {
    match not_executable {
        Some(path) => {
            complain(path.as_os_str(), "Permission denied");
            End::Code(126)
        }
        None => {
            complain(name, "command not found");
            End::Code(127)
        }
    }
}

fn complain(subject: &OsStr, complaint: &str) {
    let mut line = b"wheeltap: ".to_vec();
    line.extend_from_slice(subject.as_bytes());
    line.extend_from_slice(format!(": {complaint}\n").as_bytes());
    // There is nobody to tell that nobody can be told.
    let _ = std::io::stderr().write_all(&line);
}

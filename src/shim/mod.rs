//! Masquerades as one tool.

use std::ffi::{OsStr, OsString};

/// A tool that is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// pip, under any of its names.
    Pip,
}

impl Tool {
    /// The tool whose name the last component of `argv[0]` is.
    pub fn from_argv0(_argv0: &OsStr) -> Option<Tool> {
        None
    }
}

/// How a shim ends: as its tool ended.
#[derive(Debug)]
pub struct Ending;

impl Ending {
    /// The status for `main` to end with; if the tool was ended by a signal, ends by the same one.
    pub fn leave(self) -> std::process::ExitCode {
        std::process::ExitCode::SUCCESS
    }
}

/// Runs `tool` with `arguments`.
pub fn run(_tool: Tool, _argv0: OsString, _arguments: Vec<OsString>) -> Ending {
    Ending
}

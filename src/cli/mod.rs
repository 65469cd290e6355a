//! The console: one file a verb.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the console.
pub fn run(_name: OsString, _arguments: Vec<OsString>) -> ExitCode {
    ExitCode::SUCCESS
}

//! The one binary: `argv[0]` decides between the shim of a tool, a part that apt has it play and the console, before any
//! parser, logger or configuration exists. This is the only place that ends the process.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let arguments: Vec<_> = arguments.collect();
    if let Some(part) = wheeltap::shim::apt::Part::of(&name, &arguments) {
        return part.play(name).leave();
    }
    match wheeltap::shim::Tool::from_argv0(&name) {
        Some(tool) => wheeltap::shim::run(tool, name, arguments).leave(),
        None => wheeltap::cli::run(name, arguments),
    }
}

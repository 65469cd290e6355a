//! An image build with the network of its steps cut, and judged at its end.

use std::ffi::OsString;

use super::{Format, judge, show};
use crate::cli::{Console, Status, build};
use crate::report::certificate::Case;

/// The name under which log and layers of a verification are kept.
const SERVICE: &str = "verify";

/// Whether the command builds an image.
pub(super) fn is_build(command: &[OsString]) -> bool {
    build::is_build(command)
}

/// Runs the build and judges.
pub(super) fn run(
    command: Vec<OsString>,
    inject: bool,
    case: Case,
    format: Format,
    console: &mut Console,
) -> anyhow::Result<Status> {
    let built = build::build(SERVICE, command, inject, true, console)?;
    match built.session {
        Some((session, files)) => show(&judge(&session, case), &session, &files, format, console),
        None => Err(anyhow::anyhow!("cannot judge the build: there is no session of it")),
    }
}

//! `wheeltap diff A B`: why this build downloaded what that one did not.

use std::path::PathBuf;

use super::report::{OneFormat, paper};
use super::sessions::{sources, whole};
use super::{Console, Hint as _, Status};
use crate::ledger::Extent;
use crate::report::Comparison;

/// Show what one session took on that another did not, and why
///
/// Packages that were added, removed, came in another version or from another place, each download with its reason.
/// Other bytes under the same file name are an alarm.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap diff 20261119_153600 20261120_153600
  wheeltap diff yesterday/downloads_20261119_153600.json today/ --format json | jq '.added'

Exit status:
  0  no file has other bytes under its name
  1  one has
  2  a session cannot be read
  3  none was seen, but a record has gaps")]
pub(crate) struct Arguments {
    /// The older session: a document, a journal, a log directory (its latest session) or a stamp
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The newer one
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: OneFormat,
}

/// Compares.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let load = |path: PathBuf, console: &mut Console| whole(&sources(&[path], Extent::Latest)?, console);
    let (before, read_before) = load(arguments.before, console)?;
    let (after, read_after) = load(arguments.after, console)?;
    let [before, after] = [before, after].map(|sessions| sessions.into_iter().next());
    let (Some(before), Some(after)) = (before, after) else {
        return Err(anyhow::anyhow!("cannot compare: a session is missing")).hint(super::sessions::NO_SESSION);
    };
    let comparison = Comparison::of(&before.session, &after.session);
    let text = match arguments.format {
        OneFormat::Text => comparison.text(paper(console)),
        OneFormat::Json => comparison.json(),
    };
    console.data().write_all(text.as_bytes())?;
    let is_whole = read_before == Status::Ok && read_after == Status::Ok;
    Ok(match (comparison.is_alarm(), is_whole && comparison.is_complete()) {
        (true, _) => Status::Finding,
        (false, false) => Status::Incomplete,
        (false, true) => Status::Ok,
    })
}

//! Where recording is joined to the shim: the shim runs the tool, a [`Recording`] listens.

use std::ffi::OsString;
use std::path::Path;

use super::Tool;
use crate::supervise::{self, Interpose, Outcome, Setting, Tap};

/// One call of a tool, before the tool runs.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The tool.
    pub tool: Tool,
    /// The real tool, found on `PATH`, as a bare call would name it.
    pub path: &'a Path,
    /// The arguments, `argv[0]` included, as the tool gets them.
    pub arguments: &'a [OsString],
}

/// One invocation that is recorded.
///
/// Every method is called under `catch_unwind`, and the tool runs whatever they do. None may start a thread before the
/// tool has ended, nor write to a standard descriptor while it runs.
pub trait Recording: Tap {
    /// The variables that the tool gets other than ours. They reach every process that the tool starts: a nested call of
    /// the same tool that still has them is not recorded again.
    fn environment(&self) -> Vec<Setting> {
        Vec::new()
    }

    /// The streams that have to go through the tap.
    fn interpose(&self) -> Interpose {
        Interpose::default()
    }

    /// The tool has ended and all that it wrote is forwarded; or it could not be supervised, in which case it is about to
    /// run unrecorded, with none of the variables above.
    fn end(self: Box<Self>, outcome: Result<&Outcome, &supervise::Error>);
}

/// Begins the recording of a call; `None` if it is not worth one (it cannot download, or nothing can be recorded): the
/// tool then replaces the shim.
pub type Begin = fn(&Call<'_>) -> Option<Box<dyn Recording>>;

/// Records nothing.
pub(super) fn nothing(_call: &Call<'_>) -> Option<Box<dyn Recording>> {
    None
}

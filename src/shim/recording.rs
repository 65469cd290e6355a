//! Where recording is joined to the shim: the shim runs the tool, a [`Recording`] listens.

use std::ffi::OsString;
use std::path::Path;

use super::{Tool, apt, pip};
use crate::supervise::{self, Interpose, Outcome, Setting, Tap};
use crate::witness::{Mode, Sighting};

/// One call of a tool, before the tool runs.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The tool.
    pub tool: Tool,
    /// The real tool, found on `PATH`, as a bare call would name it.
    pub path: &'a Path,
    /// The arguments, `argv[0]` included, as the tool gets them.
    pub arguments: &'a [OsString],
    /// Where the tool's own arguments begin: behind `argv[0]`, or behind `-m pip`.
    pub own: usize,
}

impl<'a> Call<'a> {
    /// The tool's own arguments.
    pub fn own_arguments(&self) -> &'a [OsString] {
        self.arguments.get(self.own..).unwrap_or_default()
    }
}

/// One invocation that is recorded.
///
/// Every method is called under `catch_unwind`, and the tool runs whatever they do. None may write to a standard
/// descriptor while the tool runs, and none may start a thread but those of [`Tap`], which are called when all signals
/// are blocked: a thread that they start inherits that, so that it takes no signal away from the supervisor.
pub trait Recording: Tap + Send {
    /// The variables that the tool gets other than ours. They reach every process that the tool starts: a nested call of
    /// the same tool that still has them is not recorded again.
    fn environment(&self) -> Vec<Setting> {
        Vec::new()
    }

    /// Arguments that the tool gets before its own ones.
    fn arguments(&self) -> Vec<OsString> {
        Vec::new()
    }

    /// The streams that have to go through the tap.
    fn interpose(&self) -> Interpose {
        Interpose::default()
    }

    /// What a witness of the network saw while the tool ran; not called where nothing was to be seen.
    fn watched(&mut self, _mode: Mode, _sighting: &Sighting) {}

    /// The tool has ended and all that it wrote is forwarded; or it could not be supervised, in which case it is about to
    /// run unrecorded, with none of the variables above.
    fn end(self: Box<Self>, outcome: Result<&Outcome, &supervise::Error>);
}

/// Begins the recording of a call; `None` if it is not worth one (it cannot download, or nothing can be recorded): the
/// tool then replaces the shim.
pub type Begin = for<'a> fn(Call<'a>) -> Option<Box<dyn Recording + 'a>>;

/// Begins the recording of a call as its tool is recorded.
pub(super) fn begin(call: Call<'_>) -> Option<Box<dyn Recording + '_>> {
    match call.tool {
        Tool::Pip | Tool::Python => pip::begin(call),
        Tool::Apt => apt::begin(call),
    }
}

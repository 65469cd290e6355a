//! With which status the console ends: stable, so that scripts and CI jobs may depend on it.

use std::process::ExitCode;

use crate::supervise::End;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// All is well: 0.
    Ok,
    /// Something that was asked about is not as it should be: 1.
    Finding,
    /// Bad usage or bad input: 2.
    Usage,
    /// What is known does not suffice for an answer: 3.
    Incomplete,
    /// As the command that was wrapped.
    Ended(End),
}

impl Status {
    /// The status for `main` to end the process with; a wrapped command that a signal ended is followed into it.
    pub(crate) fn leave(self) -> ExitCode {
        match self {
            Status::Ok => ExitCode::SUCCESS,
            Status::Finding => ExitCode::from(1),
            Status::Usage => ExitCode::from(2),
            Status::Incomplete => ExitCode::from(3),
            Status::Ended(end) => end.leave(),
        }
    }
}

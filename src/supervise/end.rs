//! How a child ended, and ending in the same way.

use std::process::ExitCode;

use super::signals;

/// The end of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// It exited with this status, 0 to 255.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
}

impl End {
    /// Ends this process by the signal that ended the child, or says with which status `main` is to end it: the child's
    /// own, or 128+n where the signal has no effect, because PID 1 ignores its own (exec-form `RUN`).
    pub fn leave(self) -> ExitCode {
        if let End::Signal(signal) = self {
            signals::leave_no_core();
            signals::raise(signal);
        }
        ExitCode::from(self.status())
    }

    /// The status as a shell shows it in `$?`.
    pub fn status(self) -> u8 {
        match self {
            End::Code(code) => code as u8,
            End::Signal(signal) => 128u8.wrapping_add(signal as u8),
        }
    }
}

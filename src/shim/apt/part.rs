//! The parts that our binary plays when apt starts it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::configuration::HOOK;
use crate::supervise::End;

/// The variable by which the shim tells the parts where to record: two paths with a colon between them.
pub(super) const VARIABLE: &str = "WHEELTAP_APT_TAP";

/// A part, and where to record what it learns.
#[derive(Debug)]
pub struct Part {
    role: Role,
    record: PathBuf,
}

#[derive(Clone, Copy, Debug)]
enum Role {
    Method,
    Hook,
}

impl Part {
    /// The part that a process is to play, by how it was started; `None` for most.
    ///
    /// apt starts a method without arguments, under the path of the method that it believes to start.
    pub fn of(argv0: &OsStr, arguments: &[OsString]) -> Option<Part> {
        let records = std::env::var_os(VARIABLE)?;
        let mut records =
            records.as_bytes().splitn(2, |byte| *byte == b':').map(|path| PathBuf::from(OsStr::from_bytes(path)));
        let (methods, hook) = (records.next()?, records.next()?);
        match arguments {
            [argument] if argument == HOOK => Some(Part { role: Role::Hook, record: hook }),
            [] if argv0.as_bytes().starts_with(b"/") => Some(Part { role: Role::Method, record: methods }),
            _ => None,
        }
    }

    /// Plays it.
    pub fn play(self, argv0: OsString) -> End {
        match self.role {
            Role::Method => super::method::relay(argv0, &self.record),
            Role::Hook => super::hook::note(&self.record),
        }
    }
}

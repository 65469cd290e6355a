//! Why a program was not started.

use std::io;
use std::path::PathBuf;

/// Why a program was not started. Everything is as it was before the attempt.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused the program.
    #[error("start {}: {source}", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something of ours could not be had; the program itself may well be startable.
    #[error("{what}: {source}")]
    Prepare {
        /// What we wanted to do.
        what: &'static str,
        /// Why we could not.
        source: io::Error,
    },
}

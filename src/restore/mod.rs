//! What pip's log takes from the streams, given back byte for byte.
//!
//! A pip that writes a log believes that it shows everything: it no longer prints the output of a build that fails, and
//! what it does print now depends on the log's level instead of the console's. All of it is in the log.
//! [`Restorer`] stands in the streams and prints what a pip without a log prints; where nobody stands in them it says
//! what was swallowed. [`plan()`] says whether a run can have a log at all.
//!
//! Refuses to guess at a line that it does not know: such a line passes as it came, and a block that finds no place is
//! given up whole ([`Restorer::leftover`]). The formats are pip's own (`_internal/utils/subprocess.py`, `logging.py`,
//! `exceptions.py`, `build_env.py`, versions 20.3 to 26.3).

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod bars;
mod block;
mod classic;
mod entry;
mod errors;
mod facts;
mod hushed;
mod inprocess;
mod level;
mod lines;
mod lower;
mod nested;
mod plain;
mod plan;
mod render;
mod restorer;
mod stillness;
mod subprocess;
mod traceback;
mod verbose;
mod words;
mod workplace;

pub use facts::Facts;
pub use plan::{Plan, Terminals, plan};
pub use restorer::{Restorer, Stream};

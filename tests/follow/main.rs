//! `wheeltap run` around pips that pass the shims by: real pips against the index on the loopback.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod build;
mod own_log;
mod runs;
mod unseen;
mod world;

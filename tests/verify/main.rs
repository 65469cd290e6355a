//! `wheeltap verify` against programs that reach out in every way, in network namespaces of its own.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod certificate;
mod evasions;
mod harness;
mod images;
#[allow(dead_code, reason = "shared by all tests")]
#[path = "../support/requires.rs"]
mod requires;
mod transparency;

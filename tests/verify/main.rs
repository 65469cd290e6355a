//! `wheeltap verify` against programs that reach out in every way, in network namespaces of its own.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bytes;
mod certificate;
mod downloads;
mod environments;
mod evasions;
mod formats;
mod harness;

mod images;
mod in_builds;
mod names;
mod parity;
mod privileges;
mod reaching;
#[allow(dead_code, reason = "shared by all tests")]
#[path = "../support/requires.rs"]
mod requires;
#[path = "../support/schema.rs"]
mod schema;
mod shims;
mod transparency;
mod unseen;

//! What nobody may notice: each test runs the same command bare and through a shim and compares.
//!
//! The tool is `tests/fixtures/tool.c`. The shim is the product's binary, and `shim.rs` beside this file where a
//! recording of the test's choice is needed. Each behaviour is a page in `docs/contract/`, cited above its tests.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/requires.rs"]
mod requires;
#[path = "../support/tool.rs"]
mod tool;

#[cfg(debug_assertions)]
mod broken;
mod ends;
mod faults;
mod harness;
mod inherited;
mod left_behind;
mod lookup;
mod other_shims;
mod output;
mod places;
mod signals;
mod stops;
mod streams;
mod terminal;

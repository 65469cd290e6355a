//! Wheelhouses: filled, checked against their manifest, and held against what pip itself would install from them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "wheelhouse/against_pip.rs"]
mod against_pip;
#[path = "wheelhouse/build.rs"]
mod build;
#[path = "wheelhouse/check.rs"]
mod check;
#[allow(dead_code, reason = "this binary uses a part of it")]
#[path = "console/harness.rs"]
mod harness;
mod support;

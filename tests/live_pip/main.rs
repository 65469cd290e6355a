//! Real pips against the loopback index, bare and through the shim: nothing may differ but what the shim records, and
//! what it records must be what the server and the disk say.
//!
//! Each version is a test of its own; it prints how many artifacts were recorded right, wrong, not at all, or as
//! unknown.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../support/mod.rs"]
mod support;

mod alike;
mod beside;
mod held;
mod interpreter;
mod live;
mod scenario;
mod scenarios;
mod secrets;
mod settings;
mod terminal;
mod truth;

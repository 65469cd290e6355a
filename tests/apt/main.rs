//! What is said of apt's runs: recorded ones, whose truth a server and the disk told, and live ones in chroots; and what is
//! said of its caches before a run.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod caches;
mod chroot;
mod corpus;
mod lab;
mod live;
mod recorded;
mod relay;
mod scenarios;
mod score;
mod splits;
mod state;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod texts;
mod truth;

//! What is said of apt's runs: recorded ones, whose truth a server and the disk told, and live ones in chroots.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod corpus;
mod recorded;
mod relay;
mod splits;
mod table;
mod texts;
mod truth;

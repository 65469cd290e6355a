//! Requirements files as pip itself reads them, and the verb that shows them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "requirements/against_pip.rs"]
mod against_pip;
#[allow(dead_code, reason = "this binary uses a part of it")]
#[path = "console/harness.rs"]
mod harness;
#[path = "requirements/review.rs"]
mod review;
mod support;
#[path = "requirements/verb.rs"]
mod verb;

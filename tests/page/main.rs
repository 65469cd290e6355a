//! The page of `wheeltap report --format html` in a real Chromium. What an installation of it sees is what a reader sees:
//! no message on the console, no request, and a table that filters and sorts.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and says what it skips")]

mod browser;
mod looks;

//! Follows the pips that pass the shims by (`.venv/bin/pip`, an interpreter by its absolute path).
//!
//! `PIP_LOG` leads every pip of a session to one place; here its log is read as it grows, cut into the runs that wrote
//! it, classified and recorded. Refuses to influence a run: it reads, and nothing waits for it.

mod installed;
mod intake;
mod merge;
mod runs;
mod writer;

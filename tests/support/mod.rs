//! What integration tests share: real pips, a package index on the loopback, a place to run both.
//!
//! [`pips::RealPip`] is a pip, [`index::Index`] an index that behaves as PyPI or as it is told to misbehave,
//! [`place::Place`] a directory that looks the same for each run, bare or through the shim, and [`requires`] says what
//! a test needs of the machine.

#![allow(dead_code, reason = "each test binary uses a part of this")]

pub(crate) mod binary;
pub(crate) mod index;
pub(crate) mod picture;
pub(crate) mod pips;
pub(crate) mod place;
pub(crate) mod requires;
pub(crate) mod schema;
pub(crate) mod streams;
pub(crate) mod tree;
pub(crate) mod wheels;

//! What integration tests share: real pips, a package index on the loopback, a place to run both.

#![allow(dead_code, reason = "each test binary uses a part of this")]

pub(crate) mod pips;

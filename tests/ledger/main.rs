//! The ledger as many processes, full disks and damaged files find it.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "each test binary uses a part of this")]
#[path = "../support/requires.rs"]
mod requires;
#[path = "../support/schema.rs"]
mod schema;

mod crowd;
mod damage;
mod documents;
mod events;
mod places;

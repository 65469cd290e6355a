//! What lies on disk: requirements files and wheelhouses.
//!
//! Refuses to run anything and to reach the network.

mod surroundings;

pub use surroundings::Surroundings;

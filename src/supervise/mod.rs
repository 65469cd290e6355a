//! A child process, its signals, its streams and its end.
//!
//! Knows bytes, not artifacts. Refuses to be noticed: what the child sees and what its caller sees is what they would
//! see without a supervisor in between, and whatever goes wrong in a [`Tap`] never reaches either of them.

mod tap;

pub use tap::{Stream, Tap};

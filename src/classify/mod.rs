//! Bytes of tools in, findings out.
//!
//! Refuses to see a file, a clock, a process or the environment, and refuses to depend on how the bytes are cut: any
//! split gives the same findings. What the bytes do not decide is `unknown` with a reason, never a guess.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod apt;
pub mod buildkit;
mod finding;
pub mod pip;
mod shown;

pub use finding::{Channel, Clues, Doubt, End, Finding, LocalTime};
pub use shown::shown;

//! What was asked for: requirements files, and the manifest that a wheelhouse carries.
//!
//! Refuses to see anything itself: files, environment and clock are handed in, and what is written is returned.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod closure;
pub mod metadata;
mod platform;
pub mod requirements;
pub mod target;
pub mod wheelhouse;

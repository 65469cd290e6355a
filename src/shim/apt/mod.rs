//! What is added to `apt-get` and `apt`: the messages of their acquire methods, and what they hand to dpkg.
//!
//! ```text
//! shim ── APT_CONFIG ──► apt ──┬─► our binary as the method `http` ◄──► the real method
//!                              └─► our binary as a Pre-Install-Pkgs hook
//! ```
//!
//! apt is told by a configuration of ours, read before all others, to start this very binary in place of its acquire
//! methods, and as a hook before dpkg. It is named as `/proc/PID/exe` of the shim, and the configuration and the records
//! are files in memory that only that process has: so nothing is written anywhere, nothing is left behind, and neither a
//! full disk nor the removal of the shim's directory in the middle of a run matters. Standard streams are inherited.
//!
//! Refuses to parse apt's text, and to insist: where the image's own configuration overrides ours, the difference that
//! the run made to apt's directories is what is left, and the session says so.

mod command;
mod configuration;
mod disk;
mod dpkg;
mod hook;
mod memory;
mod method;
mod part;
mod question;
mod recording;
mod survey;

pub use part::Part;
pub(crate) use recording::begin;

//! The certificate of an offline run: whether a build needs the network, and on what evidence.
//!
//! Refuses to be generous: PASS is said only if everything was watched and nothing was tried, FAIL only with what shows
//! it, and whatever lies between is UNKNOWN with what is missing.

mod document;
mod github;
mod judge;
mod junit;
mod known;
mod missing;
mod sarif;
mod servers;
#[cfg(test)]
mod tests;
mod text;

pub use document::{Certificate, Missing, Reach, SCHEMA, Unmatched, Verdict};
pub use github::{annotations, github, summary};
pub use judge::{Case, certify};
pub use junit::junit;
pub use known::{Known, KnownFault};
pub use sarif::sarif;
pub use text::text;

//! What apt's own text says: standard output, standard error, or both in one.
//!
//! The text was made for people: rounded sizes, nothing about what lay in a cache, translated words, and the output of
//! dpkg and of maintainer scripts in the same stream. So a line counts only where apt can have printed it (before dpkg
//! starts), and a conclusion from a missing line only where apt's own figures bear it out.

mod clean;
mod dpkg;
mod error;
mod figure;
mod item;
mod outcome;
mod plan;
mod run;
mod stream;

pub(crate) use item::Subject;
pub(crate) use outcome::{Outcome, Taken};
pub(crate) use stream::{Summary, Text};

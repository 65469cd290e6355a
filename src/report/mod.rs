//! Sessions in, figures and text out.
//!
//! Refuses to open, list or write anything: sessions, paths, width and colour are given. Refuses to sound surer than
//! its sessions are: where the record is incomplete, "nothing was downloaded" is not said.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod analysis;
mod budget;
pub mod certificate;
mod compare;
mod duplicates;
mod figures;
mod gaps;
mod history;
mod html;
mod json;
mod lock;
mod manifest;
mod markdown;
mod metrics;
mod mounts;
mod places;
pub mod profile;
mod quantity;
mod reasons;
mod shares;
mod sheet;
#[cfg(test)]
mod tests;
mod text;
mod timing;
mod trend;

pub use analysis::Analysis;
pub use budget::{Accepted, Budget, Case, Limits, judge};
pub use compare::Comparison;
pub use duplicates::Duplicates;
pub use figures::{Figures, Tally};
pub use history::{History, Identity, Package, package};
pub use html::html;
pub use json::json;
pub use lock::Lock;
pub use manifest::dependency_manifest;
pub use markdown::{SUMMARY_BYTES, markdown, markdown_of};
pub use metrics::{annotations, junit, openmetrics};
pub use quantity::{bytes, seconds};
pub use reasons::{Explained, Reason, explain};
pub use shares::{Share, by_invocation, by_step};
pub use sheet::Paper;
pub use text::text;
pub use timing::Transfer;
pub use trend::{Day, Point, Trend};

/// A file of a session that a report names: what it is, and its path as text.
pub type NamedFile = (&'static str, String);

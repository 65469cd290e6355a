//! pip's log and streams in, what pip obtained out.
//!
//! One [`Classifier`] reads one run of pip: its log, its standard output and error, or any part of them. The text of
//! pip 20.3 to the newest is understood; its forms are in `grammar`, and what they mean where they stand in `voice`.
//!
//! ```text
//! bytes -> lines -> (log: record) -> grammar -> place -> voice -> table -> verdict
//! ```
//!
//! Refuses to take `Collecting`, `Getting page` or `Downloading link` for a download, an interrupted transfer for a
//! finished one, and rounded sizes for sizes.

mod attempts;
mod classifier;
mod grammar;
mod lines;
mod links;
mod log;
mod names;
mod pages;
mod place;
mod run;
mod runs;
mod sources;
mod table;
mod transfers;
mod url;
mod verdict;
mod voice;

pub use classifier::{Classifier, Options};
pub use runs::{Piece, Runs};

//! The journal of a session, the fold that makes everything else of it, and the log directory where both lie.
//!
//! ```text
//! Directory -> Journal::open | join -> append(events) ... -> finish: read, fold, publish
//! ```
//!
//! Any number of processes append to one journal at once; whoever ends folds it, and nobody waits for anybody. Refuses
//! to be in the way: every failure is an [`Error`] for the caller to record or to drop, nothing half written ever
//! stands under a final name, and what was appended stays readable whatever is killed or full.

mod directory;
mod error;
mod fold;
mod glimpse;
mod journal;
mod machine;
mod past;
mod publish;
mod read;
mod replacement;
mod session;
mod shelf;
mod text;

pub use crate::event::json::document;
pub use directory::{DIRECTORY_VARIABLE, Directory, Files};
pub use error::Error;
pub use fold::fold;
pub use glimpse::Glimpse;
pub use journal::{Journal, SESSION_VARIABLE};
pub use machine::{build_info, invocation_id};
pub use read::{Recorded, read_journal};
pub use replacement::replace;
pub use session::{Loaded, load, read_document};
pub use shelf::{Extent, Source};

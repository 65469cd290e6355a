//! The words of the project as types: artifact, origin, evidence, attempt, invocation, session; the lines of the
//! journal and the session document that is folded from them.
//!
//! Refuses to know where any of it comes from or goes: no file, no clock, no process, no environment. What enters a
//! record as text passes [`Redactor`] first; every field of the document is always present (`null` where unknown).

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod artifact;
mod buffer;
mod bytes;
mod cache;
mod filename;
mod journal;
pub mod json;
mod line;
pub mod marked;
mod moment;
mod network;
mod past;
mod plain;
mod redact;
mod session;
mod summary;
mod truth;

pub use artifact::{Artifact, Ecosystem, Evidence, Kind, Origin, Purpose, Sha256, Step};
pub use buffer::Buffer;
pub use bytes::{printable, shell_word, text};
pub use cache::{CacheState, PLAIN_INDEX, WHEELHOUSE_BESIDE_INDEX, directory_of_links, is_plain_index};
pub use filename::{Filename, Tags, canonical_name, sdist_stem};
pub use journal::{Attempt, AttemptKind, Event};
pub use line::artifact_of_line;
pub use moment::Moment;
pub use network::{
    Command, Completeness, Connection, Missing, Network, Unavailable, Unexplained, Watch, Watched, host_of,
};
pub use past::{Instruction, Obtained, Past};
pub use plain::is_plain;
pub use redact::{REDACTED, Redactor};
pub use session::{BuildInfo, Downloads, Invocation, InvocationId, SCHEMA, Session, SessionId};
pub use summary::{Summary, install_method};
pub use truth::{is_no_of_apt, truth_value};

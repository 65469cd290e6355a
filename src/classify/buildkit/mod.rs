//! The log of an image build in, its steps out: what each did, how long it took, what it took on.
//!
//! Three languages, told apart by their first words: BuildKit's plain progress, its `rawjson`, and the text of the
//! legacy builder. What a step printed is read by the classifiers of the tools; what shims inside wrote as marked lines
//! ([`crate::event::marked`]) is collected. Refuses to add up what ran at the same time, and to take a clipped output
//! for a whole one.
//!
//! ```text
//! bytes -> (plain | rawjson | legacy) -> steps -> (pip, apt: text) -> build
//! ```

mod build;
mod clock;
mod legacy;
mod name;
mod plain;
mod rawjson;
mod step;

pub use build::{Build, Builder, Reader};
pub use name::Name;
pub use plain::{Content, glued as plain_glued, line as plain_line};
pub use step::{State, Vertex};

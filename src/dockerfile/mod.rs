//! A Dockerfile in, the same with its `RUN` steps wrapped out, line for line.
//!
//! Instructions and their places come from a parser; here documents, which it knows only at the beginning of a command,
//! are covered up for it. What a builder would have run is run by the same shell, word for word, under a program of
//! the caller's choice; every other byte stays where it was, and so does every line number. Refuses to guess: what
//! cannot be wrapped without changing what it does is left as it stands, and named.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod caches;
mod commands;
mod context;
mod expand;
mod heredoc;
mod inject;
mod instructions;
mod lines;
mod mounts;
mod names;
mod output;
mod places;
mod script;
mod shells;
mod task;
mod words;
mod wrapping;

pub use caches::{Diagnosis, Tool, caches};
pub use context::{Above, above};
pub use inject::inject;
pub use instructions::instructions;
pub use mounts::CacheMount;
pub use names::Names;
pub use places::Places;
pub use task::{Call, Pip, Task, copies_the_context};
pub use wrapping::{Error, Injected, Injection, Left, Wrapped};

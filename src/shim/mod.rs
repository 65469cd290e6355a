//! Masquerades as one tool: finds the real one, runs it as if it had been called itself, and lets a [`Recording`] listen.
//!
//! Refuses to let anything that goes wrong here reach the tool: whatever fails before it starts leads to a plain `exec`
//! of it, whatever fails later is caught.

pub mod apt;
mod fault;
mod guard;
mod lookup;
pub(crate) mod pip;
mod python;
mod recording;
mod run;
mod session;
mod tool;
pub(crate) mod watch;
mod watcher;

pub(crate) use fault::quietly;
pub(crate) use lookup::{DEFAULT_PATH, FileId, look_up};
pub use recording::{Begin, Call, Recording};
pub(crate) use run::is_set;
pub use run::{run, run_with};
pub(crate) use session::{EMIT_VARIABLE, Session};
pub use tool::Tool;

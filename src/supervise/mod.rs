//! A child process, its signals, its streams and its end.
//!
//! Knows bytes, not artifacts. Refuses to be noticed: what the child sees and what its caller sees is what they would
//! see without a supervisor in between, and whatever goes wrong in a [`Tap`] never reaches either of them.
//!
//! [`exec`] replaces this process by a program; [`run()`] starts it as a child and stays. Both give the program what our
//! caller handed down: mask, ignored signals, closed descriptors, environment. Neither searches `PATH`.

mod between;
mod bystander;
mod end;
mod error;
mod inherited;
mod lane;
mod listener;
mod program;
mod relay;
mod run;
mod signals;
mod sink;
mod spawn;
mod tap;

pub use between::{Listen, converse};
pub use end::End;
pub use error::Error;
pub use inherited::executed_path;
pub use listener::panic_text;
pub use program::{Program, Setting, exec};
pub use run::{Interpose, Outcome, Started, run, start};
pub use tap::{Stream, Tap};

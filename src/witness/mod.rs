//! The network as the kernel saw it: who tried to reach what, how much went over which connection, and whether anything
//! could have gone unseen.
//!
//! Three sources, none of which needs the tools' help: notifications of system calls (`seccomp`, [`Mode::Observe`]), the
//! counters of the network namespace, and the sockets that it destroys. The first names, the others keep it honest.
//! Refuses to be a boundary: a call that is notified is carried out by the kernel, which reads its arguments again. What
//! keeps a build in is a network namespace ([`cut_off`]). Knows system calls, addresses and processes, not artifacts.

mod address;
mod caller;
mod calls;
mod counters;
mod cut;
mod dns;
mod entrance;
mod filter;
mod groups;
mod memory;
mod process;
mod record;
mod sighting;
mod sockets;
mod supervisor;
mod sys;
#[cfg(test)]
mod tests;
mod unix;
#[allow(clippy::module_inception, reason = "the module's one type")]
mod witness;

pub use counters::{Counters, Extent};
pub use cut::{Boundary, Means, cut_off, inherited_sockets, is_cut_off};
pub use record::{HostSource, OutsideServer, Tries};
pub use sighting::{Method, Sighting, Unavailable};
pub use sockets::Bytes;
pub use witness::{Mode, VARIABLE, Wish, Witness, above, marker};

//! A collection in one file, to be carried to another machine: a tar archive, in a gzip frame if its name says so.
//!
//! Its first member lists the others with size and sha256; they follow in the order of their names, without times,
//! owners or modes of their own. So the same files always give the same bytes. Wheels and packages are compressed
//! already: the gzip frame stores them as they are, which costs next to nothing.
//!
//! Unpacking believes nothing: names are file names of the collection's kind, each once, in the order of the list, and
//! nothing gets its name in the directory before every byte of all of them has been verified.

mod frame;
mod listing;
mod reader;
mod writer;

pub use listing::LISTING;
pub use reader::{Unpacked, unpack};
pub use writer::{Packed, pack};

/// The time of every file, in the pack and unpacked, in seconds since the epoch: the first of 1980, before which zip files
/// cannot reach.
const TIME: u64 = 315_532_800;

/// Told how the work goes on.
pub trait Watch: Sync {
    /// So many bytes there are to do, once it is known.
    fn total(&self, bytes: u64);
    /// So many more are done.
    fn done(&self, bytes: u64);
}

//! What lies on disk: requirements files, wheelhouses with the distributions in them, apt's archives; and one archive
//! made of either, to be carried to another machine.
//!
//! ```text
//! scan -> hashed -> candidate (metadata of wheels and sdists) -> manifest::closure
//! collection -> pack -> one file -> unpack -> collection
//! ```
//!
//! Refuses to run anything, to reach the network, and to write into a wheelhouse anything but its manifest and what was
//! unpacked and verified.

mod archive;
mod candidate;
mod collection;
mod error;
mod installed;
mod pack;
mod package;
mod scan;
mod source_tree;
mod surroundings;

pub use candidate::{candidate, local};
pub use collection::{Collection, Member};
pub use error::Error;
pub use installed::{Installed, Package, Removable, Several, Share, installed};
pub use pack::{LISTING, Packed, Unpacked, Watch, pack, unpack};
pub use package::package_fault;
pub use scan::{Distribution, hashed, scan, sha256};
pub use surroundings::Surroundings;

//! What lies on disk: requirements files, and wheelhouses with the distributions in them.
//!
//! ```text
//! scan -> hashed -> candidate (metadata of wheels and sdists) -> manifest::closure
//! ```
//!
//! Refuses to run anything, to reach the network, and to write into a wheelhouse anything but its manifest.

mod archive;
mod candidate;
mod error;
mod scan;
mod source_tree;
mod surroundings;

pub use candidate::{candidate, local};
pub use error::Error;
pub use scan::{Distribution, hashed, scan, sha256};
pub use surroundings::Surroundings;

//! What `apt-get` and `apt` took on: from the messages between apt and its acquire methods, from the list that apt
//! gives its `DPkg::Pre-Install-Pkgs` hook, and from the text on its streams.
//!
//! The three are told to one [`Classifier`] in any order and in any pieces. The messages say what was fetched, and of a
//! fetched file everything; the hook says what was about to be unpacked, and the difference is what lay in a cache; the
//! text alone says less, and only what its own figures bear out. Refuses to call a file cached because nothing was said
//! about it: that needs a channel which would have said so.

mod attempts;
mod classifier;
mod draft;
mod hook;
mod lines;
mod message;
mod missing;
mod planned;
mod programs;
mod target;
mod text;
mod traffic;

pub use classifier::{Classifier, Runs};
pub use hook::inspected;
pub use message::{Direction, entry};
pub use missing::Missing;
pub use planned::{Found, Planned};
pub use target::PackageFile;

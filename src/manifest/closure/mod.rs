//! Whether the files of a wheelhouse satisfy an installation without network: the closure of requirements over the
//! metadata of the files, as pip resolves it (`--no-index --find-links`, into an empty environment), with the build of
//! each source distribution in an environment of its own.
//!
//! Refuses to call a wheelhouse complete on anything but metadata that bind: what only running a build can tell is a
//! doubt, and a doubt is not a yes.

mod candidate;
mod check;
mod controls;
mod remedy;
mod solve;
mod wish;

pub use candidate::{Build, Candidate, Pool};
pub use check::{Locals, check};
pub use controls::Controls;
pub use remedy::{missing_for_builds, remedy};
pub use wish::Wish;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files that pip would install, and those that it would build with.
    pub chosen: Vec<Chosen>,
    /// Why the installation would fail.
    pub findings: Vec<Finding>,
    /// Why it may fail, as far as can be known without running anything.
    pub doubts: Vec<Doubt>,
}

/// A file that pip would use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chosen {
    /// The file.
    pub filename: String,
    /// The file that is built with it; `None` where it is to be installed.
    pub to_build: Option<String>,
}

/// Something that only a build can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// The file that is built.
    pub filename: String,
    /// What is not known of it.
    pub reason: String,
}

/// Who asked for a distribution, and in which words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The requirement.
    pub requirement: String,
    /// The line of a file, or the distribution that needs it.
    pub by: String,
}

/// Why an installation would fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// No file serves.
    Missing {
        /// The distribution, in canonical form.
        name: String,
        /// The requirement that one file must meet: all that were asked for, in one.
        requirement: String,
        /// Who asked.
        asked: Vec<Asked>,
        /// Files of that distribution that do not serve, each with the reason.
        unfit: Vec<String>,
        /// The file that cannot be built without it; `None` where it is to be installed.
        to_build: Option<String>,
    },
    /// Each who asks could be served, and no file serves all.
    Conflict {
        /// The distribution, in canonical form.
        name: String,
        /// Who asked.
        asked: Vec<Asked>,
        /// The file that cannot be built for it; `None` where it is to be installed.
        to_build: Option<String>,
    },
    /// It is fetched from a place of its own, whatever lies in the wheelhouse.
    Network(Asked),
    /// pip would take this file and could not read it.
    Broken {
        /// The file.
        filename: String,
        /// Why.
        reason: String,
    },
    /// pip would take this file, and its digest is not among those that are accepted.
    WrongHash {
        /// The file.
        filename: String,
        /// Who accepts which.
        by: String,
    },
    /// Hashes are demanded and there is none for this file.
    Unhashed {
        /// The file.
        filename: String,
        /// Who needs it.
        asked: Vec<Asked>,
    },
    /// Sources that need each other to be built.
    Circle(Vec<String>),
}

#[cfg(test)]
mod tests;

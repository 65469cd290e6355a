//! The two kinds of directories whose files are worth carrying from build to build.
//!
//! Refuses what only looks like one of their files: what pip or apt would not take from there stays where it is.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use crate::classify::apt::PackageFile;
use crate::event::Filename;
use crate::manifest::wheelhouse::MANIFEST;

/// A kind of directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Collection {
    /// Wheels and source archives, for `pip install --find-links`, and their manifest.
    Wheelhouse,
    /// apt's archives, `/var/cache/apt/archives`: packages named `NAME_VERSION_ARCH.deb`.
    AptArchives,
}

/// A file of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where it is.
    pub path: PathBuf,
    /// Its name.
    pub filename: String,
    /// Its size.
    pub size_bytes: u64,
}

impl Collection {
    /// Whether a file of that name, a last component and not a path, belongs to such a collection.
    pub fn takes(self, filename: &str) -> bool {
        match self {
            Collection::Wheelhouse => filename == MANIFEST || Filename::parse(filename).is_some(),
            Collection::AptArchives => PackageFile::parse(filename).is_some(),
        }
    }

    /// The files of such a collection in `directory`, by name. Links are followed, as pip and apt do.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub fn members(self, directory: &Path) -> Result<Vec<Member>, Error> {
        let wrong = |source| Error::List { path: directory.to_owned(), source };
        let mut members = Vec::new();
        for entry in fs::read_dir(directory).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let Ok(filename) = entry.file_name().into_string() else { continue };
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            if metadata.is_file() && self.takes(&filename) {
                members.push(Member { path: entry.path(), filename, size_bytes: metadata.len() });
            }
        }
        members.sort_unstable_by(|one, other| one.filename.cmp(&other.filename));
        Ok(members)
    }
}

impl Member {
    /// Removes the file.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> Result<(), Error> {
        fs::remove_file(&self.path).map_err(Error::change("remove", &self.path))
    }
}

impl std::fmt::Display for Collection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Collection::Wheelhouse => "a wheelhouse",
            Collection::AptArchives => "apt's archives",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Collection;

    #[test]
    fn takes_what_pip_and_apt_would_take() {
        let directory = tempfile::tempdir().unwrap();
        let names = [
            "a-1-py3-none-any.whl",
            "wheelhouse_manifest.json",
            "b_1%3a2_all.deb",
            "lock",
            "b_1_all.deb.FAILED",
            ".a-1.tar.gz.tmp",
        ];
        names.iter().for_each(|name| std::fs::write(directory.path().join(name), name).unwrap());
        std::fs::create_dir(directory.path().join("partial_1_all.deb")).unwrap();
        let members = |collection: Collection| -> Vec<String> {
            collection.members(directory.path()).unwrap().into_iter().map(|member| member.filename).collect()
        };
        assert_eq!(members(Collection::Wheelhouse), ["a-1-py3-none-any.whl", "wheelhouse_manifest.json"]);
        assert_eq!(members(Collection::AptArchives), ["b_1%3a2_all.deb"]);
        assert!(Collection::Wheelhouse.members(&directory.path().join("none")).is_err());
    }
}

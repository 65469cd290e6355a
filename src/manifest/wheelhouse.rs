//! The manifest of a wheelhouse, `wheelhouse_manifest.json`: every file in it with where it came from and who asked for
//! it, what could not be had, and what was passed over.
//!
//! Readers tolerate what a newer writer adds. Refuses to look at the files: what is there is handed in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Kind, Moment, Origin, Sha256};

/// The name of the manifest in its wheelhouse.
pub const MANIFEST: &str = "wheelhouse_manifest.json";

/// The version of the document's format.
pub const SCHEMA: u32 = 1;

/// The manifest. Every field is always written, `null` where unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WheelhouseManifest {
    /// The format's version.
    pub schema: u32,
    /// The version of wheeltap that wrote it.
    #[serde(default)]
    pub wheeltap_version: String,
    /// The session that recorded the build of the wheelhouse.
    #[serde(default)]
    pub session_id: Option<String>,
    /// When the build began.
    #[serde(default)]
    pub started_at: Option<Moment>,
    /// When it ended.
    #[serde(default)]
    pub finished_at: Option<Moment>,
    /// How long it took.
    #[serde(default)]
    pub duration_seconds: Option<f64>,
    /// The requirements files.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// The figures.
    #[serde(default)]
    pub summary: Summary,
    /// The files that are there.
    pub success: Vec<Success>,
    /// What was asked for and could not be had.
    #[serde(default)]
    pub errors: Vec<Unmet>,
    /// What was not asked for here, and why.
    #[serde(default)]
    pub skipped: Vec<Unmet>,
}

/// The figures of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// All files.
    pub total_files: usize,
    /// Wheels among them.
    pub wheel_files: usize,
    /// Source distributions among them.
    pub sdist_files: usize,
    /// Wheels that were built by the run.
    pub wheels_built: usize,
    /// Files that were downloaded by the run.
    pub downloaded: usize,
    /// Files that some cache or the wheelhouse itself had.
    pub cached: usize,
    /// The size of all files.
    pub size_bytes: u64,
    /// Requirements that could not be had.
    pub errors: usize,
    /// Requirements that were passed over.
    pub skipped: usize,
}

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Success {
    /// The file.
    pub filename: String,
    /// The distribution, as the file name spells it.
    #[serde(default)]
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Wheel or sdist.
    pub kind: Kind,
    /// The tags of a wheel, as its name has them: `py3-none-any`.
    #[serde(default)]
    pub tags: Option<String>,
    /// The URL that it came from, without secrets.
    #[serde(default)]
    pub url: Option<String>,
    /// Its size.
    pub size_bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
    /// Where it came from in the run that wrote this.
    #[serde(default = "unknown")]
    pub origin: Origin,
    /// Whether some cache spared its download; `null` where that has no answer.
    #[serde(default)]
    pub cached: Option<bool>,
    /// The requirement that asked for it, in its own words.
    #[serde(default)]
    pub requirement: Option<String>,
    /// Who asked: a line of a requirements file, or a distribution.
    #[serde(default)]
    pub required_by: Vec<String>,
    /// When it was obtained.
    #[serde(default)]
    pub at: Option<Moment>,
}

/// A requirement that brought no file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Unmet {
    /// The requirement.
    pub requirement: String,
    /// The file that holds it.
    pub file: Option<String>,
    /// Its line.
    pub line: Option<usize>,
    /// Why.
    pub reason: String,
}

fn unknown() -> Origin {
    Origin::Unknown
}

/// A file as it lies in the wheelhouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Its name.
    pub filename: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its digest, or why it cannot be read.
    pub sha256: Result<Sha256, String>,
}

/// Where a wheelhouse is not as its manifest says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Difference {
    /// A line without a file.
    #[error("missing: {0} is in the manifest and not in the wheelhouse")]
    Missing(String),
    /// A file without a line.
    #[error("extra: {0} is in the wheelhouse and not in the manifest")]
    Extra(String),
    /// A file that is not the one of its line.
    #[error("changed: {filename}: {how}")]
    Changed {
        /// The file.
        filename: String,
        /// In what it differs.
        how: String,
    },
    /// Two lines for one file.
    #[error("twice: {0} is in the manifest twice")]
    Twice(String),
}

impl WheelhouseManifest {
    /// Reads a manifest of this schema or of a newer one.
    ///
    /// # Errors
    /// What is not as it should be, with line and column.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => format!("it is no manifest of a wheelhouse: {error}"),
            _ => format!("it is not JSON: {error}"),
        })
    }

    /// Counts the figures anew.
    pub fn sum_up(&mut self) {
        let count = |wanted: &dyn Fn(&Success) -> bool| self.success.iter().filter(|file| wanted(file)).count();
        self.summary = Summary {
            total_files: self.success.len(),
            wheel_files: count(&|file| file.kind == Kind::Wheel),
            sdist_files: count(&|file| file.kind == Kind::Sdist),
            wheels_built: count(&|file| file.origin == Origin::Built),
            downloaded: count(&|file| file.cached == Some(false)),
            cached: count(&|file| file.cached == Some(true)),
            size_bytes: self.success.iter().map(|file| file.size_bytes).sum(),
            errors: self.errors.len(),
            skipped: self.skipped.len(),
        };
    }

    /// Every line against the files that are there: missing, extra and changed ones.
    pub fn compare(&self, present: &[Present]) -> Vec<Difference> {
        let mut lines: BTreeMap<&str, &Success> = BTreeMap::new();
        let mut differences: Vec<_> = (self.success.iter())
            .filter(|line| lines.insert(&line.filename, line).is_some())
            .map(|line| Difference::Twice(line.filename.clone()))
            .collect();
        for file in present {
            match lines.remove(file.filename.as_str()) {
                None => differences.push(Difference::Extra(file.filename.clone())),
                Some(line) => differences.extend(changed(line, file)),
            }
        }
        differences.extend(lines.keys().map(|filename| Difference::Missing((*filename).to_owned())));
        differences.sort_unstable();
        differences
    }
}

fn changed(line: &Success, file: &Present) -> Option<Difference> {
    let how = match &file.sha256 {
        Err(reason) => format!("it cannot be read: {reason}"),
        Ok(_) if file.size_bytes != line.size_bytes => {
            format!("it has {} bytes, the manifest says {}", file.size_bytes, line.size_bytes)
        }
        Ok(digest) if *digest != line.sha256 => format!("its sha256 is {digest}, the manifest says {}", line.sha256),
        Ok(_) => return None,
    };
    Some(Difference::Changed { filename: file.filename.clone(), how })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(filename: &str, size_bytes: u64, digest: u8) -> Present {
        Present { filename: filename.to_owned(), size_bytes, sha256: Ok(Sha256([digest; 32])) }
    }

    const NEWER: &str = r#"{"schema": 7, "shape": [], "success": [
        {"filename": "a-1-py3-none-any.whl", "kind": "wheel", "size_bytes": 3, "sha256": "0101010101010101010101010101010101010101010101010101010101010101", "origin": "teleported", "aura": 1},
        {"filename": "b-1.tar.gz", "kind": "sdist", "size_bytes": 4, "sha256": "0202020202020202020202020202020202020202020202020202020202020202", "origin": "downloaded"},
        {"filename": "c-1.tar.gz", "kind": "sdist", "size_bytes": 4, "sha256": "0202020202020202020202020202020202020202020202020202020202020202"}]}"#;

    #[test]
    fn reads_what_a_newer_writer_left() {
        let mut manifest = WheelhouseManifest::parse(NEWER.as_bytes()).unwrap();
        manifest.sum_up();
        assert_eq!((manifest.schema, manifest.summary.total_files, manifest.summary.size_bytes), (7, 3, 11));
        assert_eq!(manifest.success[0].origin, Origin::Unknown);
        let again = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(WheelhouseManifest::parse(&again).unwrap(), manifest);
    }

    #[test]
    fn says_what_is_wrong_with_a_manifest() {
        let wrong = |text: &str| WheelhouseManifest::parse(text.as_bytes()).unwrap_err();
        assert!(wrong("{").starts_with("it is not JSON: EOF") && wrong("{").contains("line 1"));
        assert!(wrong("{\"schema\": 1}").contains("missing field `success`"));
        assert!(wrong(&NEWER.replace("0101", "01zz")).contains("not 64 hexadecimal digits"));
    }

    #[test]
    fn names_every_difference() {
        let mut manifest = WheelhouseManifest::parse(NEWER.as_bytes()).unwrap();
        manifest.success.push(manifest.success[0].clone());
        let broken = Present { sha256: Err("gone".to_owned()), ..present("c-1.tar.gz", 4, 2) };
        let there = [present("a-1-py3-none-any.whl", 3, 9), broken, present("d-1.tar.gz", 1, 1)];
        let shown: Vec<_> = manifest.compare(&there).iter().map(ToString::to_string).collect();
        assert_eq!(shown[0], "missing: b-1.tar.gz is in the manifest and not in the wheelhouse");
        assert_eq!(shown[1], "extra: d-1.tar.gz is in the wheelhouse and not in the manifest");
        assert!(shown[2].starts_with("changed: a-1-py3-none-any.whl: its sha256 is 0909"), "{shown:?}");
        assert_eq!(shown[3], "changed: c-1.tar.gz: it cannot be read: gone");
        assert_eq!((shown[4].as_str(), shown.len()), ("twice: a-1-py3-none-any.whl is in the manifest twice", 5));
        let sized = manifest.compare(&[present("b-1.tar.gz", 5, 2)]);
        assert!(sized.iter().any(|one| one.to_string() == "changed: b-1.tar.gz: it has 5 bytes, the manifest says 4"));
    }
}

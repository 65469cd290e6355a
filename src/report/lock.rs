//! A session as lock files: what was obtained, so that the same is obtained again.
//!
//! Refuses to lock what was not proven: a file without a digest is listed as missing, and never locked by its name alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::history::package;
use crate::event::{Artifact, Ecosystem, Kind, Origin, Purpose, Session};

/// The lock of a session.
#[derive(Clone, Debug, Default)]
pub struct Lock<'a> {
    python: BTreeMap<(String, String), Vec<&'a Artifact>>,
    debs: BTreeMap<(String, String, String), &'a Artifact>,
    /// Files that were obtained and cannot be locked, each with why.
    pub missing: BTreeSet<(String, &'static str)>,
}

impl<'a> Lock<'a> {
    /// Of all package files that were obtained for use.
    pub fn of(session: &'a Session) -> Self {
        let mut lock = Lock::default();
        for artifact in session.downloads.all().filter(|artifact| artifact.kind.is_package()) {
            if artifact.purpose == Purpose::Runtime {
                lock.add(artifact);
            }
        }
        // What was built of a source that is locked needs no lock of its own.
        let mut sources = BTreeSet::new();
        sources.extend(lock.python.keys().map(|(name, _)| name.clone()));
        let built = session.downloads.all().filter(|artifact| {
            artifact.purpose == Purpose::Runtime && matches!(artifact.origin, Origin::Built | Origin::WheelCache)
        });
        for artifact in built {
            if package(artifact).is_none_or(|(_, name)| !sources.contains(&name)) {
                lock.missing
                    .insert((artifact.label().to_owned(), "it was built here, and its source is not in the session"));
            }
        }
        lock
    }

    fn add(&mut self, artifact: &'a Artifact) {
        let mut lacks = |why| {
            self.missing.insert((artifact.label().to_owned(), why));
        };
        match artifact.origin {
            Origin::Built | Origin::WheelCache => return,
            Origin::Failed => return lacks("it was not obtained"),
            Origin::Vcs => return lacks("version control has no digest: build a wheel of it"),
            _ => {}
        }
        let (Some((ecosystem, name)), Some(version)) = (package(artifact), &artifact.version) else {
            return lacks("its name or version is unknown");
        };
        if artifact.sha256.is_none() {
            return lacks("no digest of its bytes was recorded");
        }
        match (ecosystem, artifact.kind) {
            (Ecosystem::Deb, Kind::Deb) => {
                let name = artifact.name.as_deref().map_or(name, str::to_owned);
                let arch = artifact.arch.as_deref().unwrap_or("all").to_owned();
                self.debs.insert((name, version.to_string(), arch), artifact);
            }
            (Ecosystem::Pypi, _) => {
                let files = self.python.entry((name, version.to_string())).or_default();
                if files.iter().all(|known| known.sha256 != artifact.sha256) {
                    files.push(artifact);
                }
            }
            _ => {}
        }
    }

    /// How many Python distributions and Debian packages are locked.
    pub fn counts(&self) -> (usize, usize) {
        (self.python.len(), self.debs.len())
    }

    /// A requirements file for `pip install --require-hashes`.
    pub fn requirements(&self) -> String {
        let mut text =
            String::from("# What was obtained; install with: pip install --require-hashes --no-deps -r FILE\n");
        for ((name, version), files) in &self.python {
            let _ = write!(text, "{name}=={version}");
            let mut hashes = BTreeSet::new();
            hashes.extend(files.iter().filter_map(|file| file.sha256));
            hashes.iter().for_each(|hash| {
                let _ = write!(text, " \\\n    --hash=sha256:{hash}");
            });
            text.push('\n');
        }
        text
    }

    /// A lock file as PEP 751 has it, `pylock.toml`.
    pub fn pylock(&self) -> String {
        let mut text = String::from("lock-version = \"1.0\"\ncreated-by = \"wheeltap\"\n");
        for ((name, version), files) in &self.python {
            let _ = write!(text, "\n[[packages]]\nname = {}\nversion = {}\n", quoted(name), quoted(version));
            // A table of its own for the source, lists of tables for the wheels.
            if let Some(source) = files.iter().find(|file| file.kind == Kind::Sdist) {
                let _ = write!(text, "\n[packages.sdist]\n{}", file(source));
            }
            for wheel in files.iter().filter(|file| file.kind == Kind::Wheel) {
                let _ = write!(text, "\n[[packages.wheels]]\n{}", file(wheel));
            }
        }
        text
    }

    /// The Debian packages: name, version, architecture, address and digest of each.
    pub fn debs(&self) -> String {
        let mut text = String::from("version = 1\n");
        for ((name, version, arch), artifact) in &self.debs {
            let _ = write!(
                text,
                "\n[[packages]]\nname = {}\nversion = {}\narchitecture = {}\n",
                quoted(name),
                quoted(version),
                quoted(arch)
            );
            if let Some(source) = &artifact.source {
                let _ = writeln!(text, "url = {}", quoted(source));
            }
            if let Some(size) = artifact.size_bytes {
                let _ = writeln!(text, "size = {size}");
            }
            let _ = writeln!(
                text,
                "sha256 = {}",
                quoted(&artifact.sha256.map(|hash| hash.to_string()).unwrap_or_default())
            );
        }
        text
    }
}

fn file(artifact: &Artifact) -> String {
    let mut text = String::new();
    if let Some(name) = &artifact.filename {
        let _ = writeln!(text, "name = {}", quoted(name));
    }
    if let Some(source) = &artifact.source {
        let key = if source.contains("://") { "url" } else { "path" };
        let _ = writeln!(text, "{key} = {}", quoted(source));
    }
    if let Some(size) = artifact.size_bytes {
        let _ = writeln!(text, "size = {size}");
    }
    let hash = artifact.sha256.map(|hash| hash.to_string()).unwrap_or_default();
    let _ = writeln!(text, "hashes = {{ sha256 = {} }}", quoted(&hash));
    text
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", character as u32);
            }
            character => quoted.push(character),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_stays_a_text_in_toml() {
        for text in ["a \"b\" \\ c", "two\nlines\u{1}\u{85}", "żółw"] {
            let read: std::collections::BTreeMap<String, String> =
                toml::from_str(&format!("key = {}", super::quoted(text))).unwrap();
            assert_eq!(read["key"], text);
        }
    }
}

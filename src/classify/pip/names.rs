//! From the name of a file to the distribution in it, as pip reads it.
//!
//! Refuses to name what the file name does not tell: an archive called `main.zip` has neither name nor version.

use crate::event::{Artifact, Ecosystem, Filename, Kind, canonical_name, sdist_stem, text};

/// The ending of the metadata file beside a wheel (PEP 658).
const METADATA: &[u8] = b".metadata";

/// Whether pip would take a file of this name for a distribution.
pub(super) fn is_distribution(filename: &[u8]) -> bool {
    filename.ends_with(b".whl") || sdist_stem(&text(filename)).is_some()
}

/// The artifact that a file name speaks of. `project` is what pip was looking for, where that is known: it divides
/// names that hold hyphens beyond what PEP 625 allows, just as it does for pip.
pub(super) fn artifact(filename: &[u8], project: Option<&str>) -> Artifact {
    let (stem, metadata) = match filename.strip_suffix(METADATA) {
        Some(stem) => (text(stem), true),
        None => (text(filename), false),
    };
    let kind = match () {
        () if metadata => Kind::Metadata,
        () if stem.ends_with(".whl") => Kind::Wheel,
        () => Kind::Sdist,
    };
    let mut artifact = Artifact::new(Ecosystem::Pypi, kind);
    artifact.filename = Some(text(filename).into());
    let divided = project.filter(|_| kind == Kind::Sdist).and_then(|project| divide(sdist_stem(&stem)?, project));
    match (divided, Filename::parse(&stem)) {
        (Some((name, version)), _) => {
            artifact.name = Some(name.into());
            artifact.version = Some(version.into());
        }
        (None, Some(parsed)) => {
            artifact.name = Some(parsed.name.into());
            artifact.version = Some(parsed.version.into());
            artifact.arch = parsed.tags.map(|tags| tags.platform.into());
        }
        (None, None) => {}
    }
    artifact
}

/// What identifies a release: the canonical name, and the version as PEP 440 compares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Release {
    name: String,
    version: Result<pep440_rs::Version, String>,
}

impl Release {
    pub(super) fn new(name: &str, version: &str) -> Self {
        let version = version.parse().map_err(|_| version.to_lowercase());
        Release { name: canonical_name(name), version }
    }

    /// The release that an artifact belongs to, where its file name tells.
    pub(super) fn of(artifact: &Artifact) -> Option<Self> {
        Some(Release::new(artifact.name.as_deref()?, artifact.version.as_deref()?))
    }
}

/// `name-version` as pip lists what it installed: the last hyphen divides.
pub(super) fn listed(word: &[u8]) -> Option<(String, String)> {
    let word = text(word);
    let (name, version) = word.rsplit_once('-')?;
    (!name.is_empty() && version.starts_with(|first: char| first.is_ascii_digit()))
        .then(|| (name.to_owned(), version.to_owned()))
}

/// The name at the head of a requirement: `Jinja2>=2.0; python_version > "3"`, `six@ https://...`, `a[b]~=1`.
pub(super) fn project(requirement: &[u8]) -> Option<String> {
    let end = requirement.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_.".contains(byte));
    let (name, rest) = requirement.split_at(end.unwrap_or(requirement.len()));
    (!name.is_empty() && !rest.starts_with(b"://") && !rest.starts_with(b"+") && !rest.starts_with(b":"))
        .then(|| text(name))
}

/// Divides the stem of an sdist where the part before a hyphen is the project.
fn divide(stem: &str, project: &str) -> Option<(String, String)> {
    let project = canonical_name(project);
    stem.match_indices('-')
        .map(|(at, _)| (&stem[..at], &stem[at + 1..]))
        .find(|(name, version)| !version.is_empty() && canonical_name(name) == project)
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(filename: &str, project: Option<&str>) -> (Kind, Option<String>, Option<String>) {
        let artifact = artifact(filename.as_bytes(), project);
        (artifact.kind, artifact.name.map(Into::into), artifact.version.map(Into::into))
    }

    #[test]
    fn reads_file_names_with_and_without_their_project() {
        let some = |name: &str, version: &str| (Some(name.to_owned()), Some(version.to_owned()));
        let (kind, name, version) = parts("MarkupSafe-3.0.2-cp311-cp311-manylinux_2_17_x86_64.whl.metadata", None);
        assert_eq!((kind, (name, version)), (Kind::Metadata, some("MarkupSafe", "3.0.2")));
        let (kind, name, version) = parts("foo-bar-1.0-beta2.tar.gz", Some("Foo_Bar"));
        assert_eq!((kind, (name, version)), (Kind::Sdist, some("foo-bar", "1.0-beta2")));
        assert_eq!(parts("main.zip", None), (Kind::Sdist, None, None));
        assert_eq!(parts("tarball", Some("x")), (Kind::Sdist, None, None));
        assert_eq!(artifact(b"a-1-py3-none-linux_x86_64.whl", None).arch.as_deref(), Some("linux_x86_64"));
        assert!(is_distribution(b"a.zip") && !is_distribution(b"demo") && !is_distribution(b"a.txt"));
    }

    #[test]
    fn releases_compare_as_pip_compares_them() {
        assert_eq!(Release::new("Foo.Bar", "1.0"), Release::new("foo-bar", "1.0.0"));
        assert_ne!(Release::new("foo", "1.0"), Release::new("foo", "1.0.post1"));
        assert_eq!(Release::new("foo", "2013b-X"), Release::new("foo", "2013B-x"));
        assert_eq!(listed(b"demo-flit-3.0"), Some(("demo-flit".to_owned(), "3.0".to_owned())));
        assert_eq!(listed(b"demo-flit"), None);
    }

    #[test]
    fn finds_the_project_of_a_requirement() {
        assert_eq!(project(b"MarkupSafe>=2.0 (from jinja2)").as_deref(), Some("MarkupSafe"));
        assert_eq!(project(b"six@ https://files.example/six.whl").as_deref(), Some("six"));
        assert_eq!(project(b"git+https://git.example/x"), None);
        assert_eq!(project(b"https://files.example/x.zip"), None);
    }
}

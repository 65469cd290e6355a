//! What the name of a distribution file says: PEP 427 for wheels, PEP 625 and its looser forerunners for sdists.
//!
//! Refuses to open the file, and to guess: a name that fits neither form is no distribution.

use super::Kind;

/// The endings under which pip takes a file for a source distribution.
const SDIST_ENDINGS: [&str; 6] = [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip"];

/// The parts of the name of a wheel or an sdist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filename {
    /// [`Kind::Wheel`] or [`Kind::Sdist`].
    pub kind: Kind,
    /// The distribution, as the file name spells it (a wheel writes `_` for `-`); see [`canonical_name`].
    pub name: String,
    /// The version, as the file name spells it.
    pub version: String,
    /// The build number of a wheel that has one.
    pub build: Option<String>,
    /// The tags of a wheel.
    pub tags: Option<Tags>,
}

/// The tags of a wheel as its file name has them (PEP 425): each a set of words joined by `.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags {
    /// `py3`, `cp311`, `py2.py3`.
    pub python: String,
    /// `none`, `abi3`, `cp311`.
    pub abi: String,
    /// `any`, `manylinux2014_x86_64.manylinux_2_17_x86_64`.
    pub platform: String,
}

impl std::fmt::Display for Tags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

impl Filename {
    /// The parts of `filename`, which is a last component and not a path; `None` where it names no distribution.
    pub fn parse(filename: &str) -> Option<Self> {
        match filename.strip_suffix(".whl") {
            Some(stem) => Self::wheel(stem),
            None => Self::sdist(filename),
        }
    }

    /// `{name}-{version}(-{build})?-{python}-{abi}-{platform}`: no part holds a hyphen, a build number opens with a
    /// digit.
    fn wheel(stem: &str) -> Option<Self> {
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, tags) = match *parts.as_slice() {
            [name, version, python, abi, platform] => (name, version, None, [python, abi, platform]),
            [name, version, build, python, abi, platform] => (name, version, Some(build), [python, abi, platform]),
            _ => return None,
        };
        let sound = is_name(name)
            && is_version(version)
            && build.is_none_or(|build| build.starts_with(|c: char| c.is_ascii_digit()))
            && tags.iter().all(|tag| !tag.is_empty());
        sound.then(|| Filename {
            kind: Kind::Wheel,
            name: name.to_owned(),
            version: version.to_owned(),
            build: build.map(str::to_owned),
            tags: Some(Tags { python: tags[0].to_owned(), abi: tags[1].to_owned(), platform: tags[2].to_owned() }),
        })
    }

    /// `{name}-{version}{ending}`. The last hyphen divides, as in PEP 625: older names may hold more of them.
    fn sdist(filename: &str) -> Option<Self> {
        let stem = sdist_stem(filename)?;
        let (name, version) = stem.rsplit_once('-')?;
        (is_name(name) && is_version(version)).then(|| Filename {
            kind: Kind::Sdist,
            name: name.to_owned(),
            version: version.to_owned(),
            build: None,
            tags: None,
        })
    }
}

/// The part of an sdist's file name before its ending; `None` where no ending of an archive stands.
pub fn sdist_stem(filename: &str) -> Option<&str> {
    SDIST_ENDINGS.iter().find_map(|ending| filename.strip_suffix(ending))
}

/// The name under which a distribution is known to an index (PEP 503): lower case, runs of `-`, `_`, `.` as one `-`.
pub fn canonical_name(name: &str) -> String {
    let mut canonical = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if canonical.ends_with('-') => {}
            '-' | '_' | '.' => canonical.push('-'),
            other => canonical.extend(other.to_lowercase()),
        }
    }
    canonical
}

fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && name.chars().all(inner)
}

fn is_version(version: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '!' | '+');
    let digits = version.strip_prefix(['v', 'V']).unwrap_or(version);
    digits.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::{Filename, canonical_name};
    use crate::event::Kind;

    type Parts = (Kind, String, String, Option<String>, Option<String>);

    fn parts(filename: &str) -> Option<Parts> {
        let parsed = Filename::parse(filename)?;
        Some((parsed.kind, parsed.name, parsed.version, parsed.build, parsed.tags.map(|tags| tags.to_string())))
    }

    #[test]
    fn reads_wheels() {
        let wheel = |name: &str, version: &str, build: Option<&str>, tags: &str| {
            Some((Kind::Wheel, name.to_owned(), version.to_owned(), build.map(str::to_owned), Some(tags.to_owned())))
        };
        assert_eq!(parts("six-1.16.0-py2.py3-none-any.whl"), wheel("six", "1.16.0", None, "py2.py3-none-any"));
        assert_eq!(parts("a_b-1.0+cu118-1-cp311-cp311-linux_x86_64.whl").unwrap().3.as_deref(), Some("1"));
        assert_eq!(parts("a-1!2.0-py3-none-any.whl"), wheel("a", "1!2.0", None, "py3-none-any"));
        for wrong in [
            "six.whl",
            "six-1.16.0-py3-none.whl",
            "-1-py3-none-any.whl",
            "a-b-py3-none-any.whl",
            "a-1-x-py3-none-any.whl",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn reads_sdists() {
        let sdist = |name: &str, version: &str| Some((Kind::Sdist, name.to_owned(), version.to_owned(), None, None));
        assert_eq!(parts("docopt-0.6.2.tar.gz"), sdist("docopt", "0.6.2"));
        assert_eq!(parts("python-dateutil-2.8.2.tar.gz"), sdist("python-dateutil", "2.8.2"));
        assert_eq!(parts("pytz-2013b.zip"), sdist("pytz", "2013b"));
        for wrong in ["docopt.tar.gz", "README-1.txt", "docopt-latest.tar.gz", ".tar.gz", "docopt-0.6.2.tar.gz.part"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_compare_canonically() {
        assert_eq!(canonical_name("Zope.Interface"), "zope-interface");
        assert_eq!(canonical_name("a-_.B"), "a-b");
    }
}

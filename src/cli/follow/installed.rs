//! What only the installed state betrays: distributions that appeared during a session without any record of a run
//! that brought them.
//!
//! Looks at the directories where Pythons keep distributions, before and after. Refuses to run an interpreter, to read
//! what is inside a distribution, and to call anything missing that came with the interpreter itself (`ensurepip`).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pep440_rs::Version;

use crate::event::{Session, canonical_name, text};
use crate::shim::pip::file_clock;

/// A distribution by its normalized name (PEP 503) and version.
pub(crate) type Distribution = (String, String);

/// What lay where before.
#[derive(Debug)]
pub(crate) struct Before {
    at: SystemTime,
    directories: BTreeMap<PathBuf, Place>,
}

/// A directory of distributions.
#[derive(Debug)]
struct Place {
    there: BTreeSet<Distribution>,
    /// When it had changed last; `None` where it may have changed while it was looked at.
    changed: Option<SystemTime>,
}

impl Before {
    /// Looks into the environments of these prefixes (`sys.prefix`: `/usr`, `/work/.venv`) for what was there `at` a
    /// moment, as [`present`] had it: it may have passed, so that nobody waits for this.
    pub(crate) fn look(prefixes: impl IntoIterator<Item = PathBuf>, at: SystemTime) -> Self {
        let mut directories = BTreeSet::<PathBuf>::new();
        directories.extend(prefixes.into_iter().flat_map(|prefix| directories_of(&prefix)));
        let directories = directories.into_iter().map(|directory| {
            let mut found: Vec<(PathBuf, Distribution)> = distributions(&directory).collect();
            // Asked for afterwards, so that it is later than whatever came while we looked.
            let changed = changed(&directory);
            let is_calm = changed.is_some_and(|changed| changed < at);
            if !is_calm {
                found.retain(|(path, _)| made(path).is_none_or(|made| made <= at));
            }
            let mut there = BTreeSet::new();
            there.extend(found.into_iter().map(|(_, distribution)| distribution));
            (directory, Place { there, changed: changed.filter(|_| is_calm) })
        });
        Before { at, directories: directories.collect() }
    }

    /// The distributions that have appeared in those directories and in the environments of `prefixes`, of which only
    /// now is known: there, those count that are newer than the first look.
    pub(crate) fn appeared(&self, prefixes: impl IntoIterator<Item = PathBuf>) -> Vec<(PathBuf, Distribution)> {
        let mut directories = BTreeSet::<PathBuf>::new();
        directories.extend(self.directories.keys().cloned());
        directories.extend(prefixes.into_iter().flat_map(|prefix| directories_of(&prefix)));
        let mut appeared = Vec::new();
        for directory in directories {
            let known = self.directories.get(&directory);
            if known.is_some_and(|known| known.changed.is_some() && known.changed == changed(&directory)) {
                continue;
            }
            let bundled = bundled(&directory);
            for (path, distribution) in distributions(&directory) {
                let is_new = match known {
                    Some(known) => !known.there.contains(&distribution),
                    None => made(&path).is_some_and(|made| made >= self.at),
                };
                if is_new && !bundled.contains(&distribution) {
                    appeared.push((directory.clone(), distribution));
                }
            }
        }
        appeared.sort_unstable();
        appeared
    }
}

/// Now, by the clock that files are stamped with: it runs behind the others by up to a tick.
pub(crate) fn present() -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(file_clock()).unwrap_or_default())
}

/// The prefixes of the Pythons that a command would find now: of the active environment, and of each directory on `PATH`
/// that holds one.
pub(crate) fn prefixes_in_use() -> Vec<PathBuf> {
    let mut prefixes: Vec<PathBuf> = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from).into_iter().collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let pythons = std::env::split_paths(&path).map(|directory| directory.join("python3")).filter(|file| file.is_file());
    prefixes.extend(pythons.filter_map(|python| prefix_of(&python)));
    prefixes
}

/// `/work/.venv` of `/work/.venv/bin/pip`.
pub(crate) fn prefix_of(program: &Path) -> Option<PathBuf> {
    let directory = program.parent().filter(|_| program.is_absolute())?;
    directory.parent().map(Path::to_owned)
}

/// What to say of distributions that have appeared although nothing that `session` recorded has that name and version:
/// a sentence for each environment.
pub(crate) fn unexplained(appeared: Vec<(PathBuf, Distribution)>, session: &Session) -> Vec<String> {
    let mut obtained: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for artifact in session.downloads.all() {
        if let (Some(name), Some(version)) = (&artifact.name, &artifact.version) {
            obtained.entry(canonical_name(name)).or_default().push(version);
        }
    }
    let mut places: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for (place, (name, version)) in appeared {
        let versions = obtained.get(&name).map_or(&[][..], Vec::as_slice);
        if !versions.iter().any(|obtained| is_same_version(obtained, &version)) {
            places.entry(place).or_default().push(format!("{name} {version}"));
        }
    }
    let sentence = |(place, names): (PathBuf, Vec<String>)| {
        let place = text(place.as_os_str().as_bytes());
        format!("in {place} appeared what no recorded pip brought: {}", names.join(", "))
    };
    places.into_iter().map(sentence).collect()
}

/// Whether two texts are one version by PEP 440: `1.0` and `1.0.0`.
fn is_same_version(one: &str, other: &str) -> bool {
    one == other || Version::from_str(one).is_ok_and(|one| Version::from_str(other) == Ok(one))
}

/// Where the interpreters of one prefix keep distributions; a path once, however it is spelt.
fn directories_of(prefix: &Path) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    for library in ["lib", "lib64", "local/lib"] {
        for version in entries(&prefix.join(library)).filter(|path| is_python(path)) {
            found.extend(
                ["site-packages", "dist-packages"]
                    .into_iter()
                    .filter_map(|kind| version.join(kind).canonicalize().ok()),
            );
        }
    }
    found.into_iter().collect()
}

/// `python3` (Debian's shared directory), `python3.12`, `pypy3.10`.
fn is_python(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.starts_with("python3") || name.starts_with("pypy3")
}

/// The distributions in a directory, with what each is recorded in.
fn distributions(directory: &Path) -> impl Iterator<Item = (PathBuf, Distribution)> {
    entries(directory).filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        let stem = name.strip_suffix(".dist-info").or_else(|| name.strip_suffix(".egg-info"))?;
        let mut parts = stem.splitn(3, '-');
        let distribution = (canonical_name(parts.next()?), parts.next()?.to_owned());
        Some((path, distribution))
    })
}

/// When something last came into a directory or left it, which nobody can set (`st_ctime`).
fn changed(directory: &Path) -> Option<SystemTime> {
    let metadata = directory.metadata().ok()?;
    let nanoseconds = Duration::from_nanos(u64::try_from(metadata.ctime_nsec()).ok()?);
    Some(UNIX_EPOCH + Duration::from_secs(u64::try_from(metadata.ctime()).ok()?) + nanoseconds)
}

/// When a file was made, where the file system knows it, or else changed.
fn made(path: &Path) -> Option<SystemTime> {
    let metadata = path.symlink_metadata().ok()?;
    metadata.created().or_else(|_| metadata.modified()).ok()
}

/// The distributions that come with the interpreter of a virtual environment and are put into it by `ensurepip`.
fn bundled(site_packages: &Path) -> BTreeSet<Distribution> {
    let version = site_packages.parent().and_then(Path::file_name).unwrap_or_default();
    let prefix = site_packages.ancestors().find(|above| above.join("pyvenv.cfg").is_file());
    let Some(configuration) = prefix.and_then(|prefix| fs::read_to_string(prefix.join("pyvenv.cfg")).ok()) else {
        return BTreeSet::new();
    };
    let home = configuration.lines().find_map(|line| line.split_once('=').filter(|(key, _)| key.trim() == "home"));
    let home = home.map(|(_, value)| PathBuf::from(value.trim()));
    let library = home.as_deref().and_then(Path::parent).map(|base| base.join("lib").join(version));
    // Debian keeps the same wheels outside the library.
    let shared = Some(PathBuf::from("/usr/share/python-wheels"));
    let directories = [library.map(|library| library.join("ensurepip/_bundled")), shared];
    let wheels = directories.iter().flatten().flat_map(|directory| entries(directory));
    wheels
        .filter_map(|wheel| {
            let mut parts = wheel.file_name()?.to_str()?.strip_suffix(".whl")?.split('-');
            Some((canonical_name(parts.next()?), parts.next()?.to_owned()))
        })
        .collect()
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(appeared: Vec<(PathBuf, Distribution)>) -> Vec<String> {
        appeared.into_iter().map(|(_, (name, version))| format!("{name} {version}")).collect()
    }

    #[test]
    fn names_what_appeared_where_it_looked_before_and_where_it_did_not() {
        let place = tempfile::tempdir().unwrap();
        let install = |name: &str| fs::create_dir_all(place.path().join(name)).unwrap();
        install("usr/lib/python3.11/site-packages/six-1.16.0.dist-info");
        install("usr/lib/python3.11/site-packages/six");
        install("usr/lib/python3/dist-packages/Foo.Bar-1.egg-info");
        let before = Before::look([place.path().join("usr")], present());
        assert_eq!(named(before.appeared([])), [""; 0]);
        install("usr/lib/python3.11/site-packages/six-1.17.0.dist-info");
        install("usr/lib/python3/dist-packages/Foo.Bar-2-py3.11.egg-info");
        install("venv/lib/python3.11/site-packages/attrs-1.dist-info");
        assert_eq!(named(before.appeared([])), ["foo-bar 2", "six 1.17.0"]);
        assert_eq!(named(before.appeared([place.path().join("venv")])), ["foo-bar 2", "six 1.17.0", "attrs 1"]);
        let late = Before::look([place.path().join("usr")], present() - Duration::from_secs(60));
        assert_eq!(named(late.appeared([])), ["foo-bar 1", "foo-bar 2", "six 1.16.0", "six 1.17.0"]);
        let later = Before::look([], present() + Duration::from_secs(60));
        assert_eq!(named(later.appeared([place.path().join("venv")])), [""; 0]);
    }

    #[test]
    fn what_came_with_the_interpreter_did_not_appear() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let before = Before::look([], SystemTime::UNIX_EPOCH);
        let home = place.path().join("python/bin");
        write("venv/pyvenv.cfg", &format!("home = {}\nversion = 3.11.7\n", home.display()));
        write("python/lib/python3.11/ensurepip/_bundled/pip-23.2.1-py3-none-any.whl", "");
        write("venv/lib/python3.11/site-packages/pip-23.2.1.dist-info/METADATA", "");
        assert_eq!(named(before.appeared([place.path().join("venv")])), [""; 0]);
        write("venv/lib/python3.11/site-packages/pip-24.0.dist-info/METADATA", "");
        assert_eq!(named(before.appeared([place.path().join("venv")])), ["pip 24.0"]);
    }
}

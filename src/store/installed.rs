//! What lies in a directory of installed packages: whose each file is, how large, and what nothing needs.
//!
//! A file belongs to the distribution whose `RECORD` (or `installed-files.txt`) lists it, and a compiled file to the one
//! whose source it was compiled from. Refuses to remove anything, to follow links, and to look outside the directory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Error;
use crate::event::{canonical_name, text};

/// A directory of installed packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Installed {
    /// How many files there are.
    pub files: usize,
    /// Their sizes, added.
    pub bytes: u64,
    /// The distributions, the largest first.
    pub packages: Vec<Package>,
    /// What belongs to no distribution.
    pub unowned: Share,
    /// Files that were compiled from sources which lie beside them; Python compiles anew what it needs.
    pub compiled: Share,
    /// Tests that packages brought along.
    pub tests: Vec<Removable>,
    /// Leftovers of installations and removals.
    pub stale: Vec<Removable>,
    /// Distributions that are there more than once.
    pub several: Vec<Several>,
}

/// Files and their sizes, added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many.
    pub files: usize,
    /// Their sizes, added.
    pub bytes: u64,
}

/// An installed distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Its name, as it calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The directory or file of its metadata.
    pub metadata: String,
    /// How many files of it there are.
    pub files: usize,
    /// Their sizes, added.
    pub bytes: u64,
}

/// Something that nothing needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Removable {
    /// Where, from the directory on.
    pub path: String,
    /// Why nothing needs it.
    pub reason: String,
    /// What it holds, compiled files apart.
    #[serde(flatten)]
    pub share: Share,
}

/// One distribution with several sets of metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Several {
    /// Its name, in canonical form.
    pub name: String,
    /// The metadata with their versions.
    pub metadata: Vec<String>,
}

impl Share {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

/// Looks through `directory`.
///
/// # Errors
/// When it cannot be listed.
pub fn installed(directory: &Path) -> Result<Installed, Error> {
    let mut sizes = BTreeMap::new();
    let top = std::fs::read_dir(directory).map_err(|source| Error::List { path: directory.to_owned(), source })?;
    let mut names: Vec<String> = top.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    sizes_below(directory, Path::new(""), &mut sizes);
    let metadata: Vec<_> = names.iter().filter_map(|name| Metadata::of(directory, name)).collect();
    let mut found = Installed::default();
    let owners: HashMap<&PathBuf, usize> = metadata
        .iter()
        .enumerate()
        .flat_map(|(number, one)| one.files.iter().map(move |file| (file, number)))
        .collect();
    let mut shares = vec![Share::default(); metadata.len()];
    let mut tests: BTreeMap<PathBuf, Share> = BTreeMap::new();
    for (path, bytes) in &sizes {
        found.files += 1;
        found.bytes += bytes;
        let source = source_of(path);
        let within = || metadata.iter().position(|one| path.starts_with(&one.name));
        let owner = owners.get(path).or_else(|| owners.get(source.as_ref()?)).copied().or_else(within);
        match owner {
            Some(number) => shares[number].add(*bytes),
            None => found.unowned.add(*bytes),
        }
        if source.as_ref().is_some_and(|source| sizes.contains_key(source)) {
            found.compiled.add(*bytes);
        } else if let Some(place) = tests_of(path) {
            tests.entry(place).or_default().add(*bytes);
        }
    }
    found.tests = tests
        .into_iter()
        .map(|(path, share)| Removable { path: path.display().to_string(), reason: "tests".to_owned(), share })
        .collect();
    found.stale = stale(&names, &metadata, &sizes);
    found.several = several(&metadata);
    found.packages = metadata
        .into_iter()
        .zip(shares)
        .map(|(one, share)| Package {
            name: one.distribution,
            version: one.version,
            metadata: one.name,
            files: share.files,
            bytes: share.bytes,
        })
        .collect();
    found
        .packages
        .sort_unstable_by(|one, other| other.bytes.cmp(&one.bytes).then_with(|| one.metadata.cmp(&other.metadata)));
    Ok(found)
}

/// The size of each file below, by its path from the directory on.
fn sizes_below(directory: &Path, below: &Path, sizes: &mut BTreeMap<PathBuf, u64>) {
    for entry in std::fs::read_dir(directory.join(below)).into_iter().flatten().flatten() {
        let path = below.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => sizes_below(directory, &path, sizes),
            Ok(kind) if kind.is_file() => drop(sizes.insert(path, entry.metadata().map_or(0, |file| file.len()))),
            _ => {}
        }
    }
}

/// The source of a compiled file: `a/__pycache__/b.cpython-311.pyc` is made of `a/b.py`.
fn source_of(path: &Path) -> Option<PathBuf> {
    let cache = path.parent().filter(|parent| parent.ends_with("__pycache__"))?;
    let name = path.file_name()?.to_str()?.strip_suffix(".pyc")?;
    Some(cache.parent()?.join(format!("{}.py", name.split('.').next()?)))
}

/// The outermost directory of tests that holds a file; at the top such a name may be any package's own.
fn tests_of(path: &Path) -> Option<PathBuf> {
    let mut place = PathBuf::new();
    for (depth, component) in path.parent()?.components().enumerate() {
        place.push(component);
        if depth > 0 && matches!(component.as_os_str().to_str(), Some("tests" | "test")) {
            return Some(place);
        }
    }
    None
}

/// What describes one installed distribution.
struct Metadata {
    /// Its directory or file.
    name: String,
    distribution: String,
    version: String,
    files: BTreeSet<PathBuf>,
}

impl Metadata {
    fn of(directory: &Path, name: &str) -> Option<Self> {
        let (stem, list) = match name.strip_suffix(".dist-info") {
            Some(stem) => (stem, "RECORD"),
            None => (name.strip_suffix(".egg-info")?, "installed-files.txt"),
        };
        let place = directory.join(name);
        let read = |file: &str| std::fs::read(place.join(file)).ok().map(|bytes| text(&bytes));
        let head = read("METADATA").or_else(|| read("PKG-INFO"));
        let head = head.or_else(|| std::fs::read(&place).ok().map(|bytes| text(&bytes))).unwrap_or_default();
        let field = |wanted: &str| {
            let mut lines = head.lines().take_while(|line| !line.is_empty());
            lines.find_map(|line| Some(line.strip_prefix(wanted)?.trim().to_owned()))
        };
        let mut parts = stem.split('-');
        let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        // Paths of `RECORD` are taken from the directory, those of the other list from the metadata.
        let base = if list == "RECORD" { PathBuf::new() } else { PathBuf::from(name) };
        let listed = read(list).unwrap_or_default();
        let path = |line: &str| if list == "RECORD" { first_field(line) } else { line.to_owned() };
        let files = listed.lines().filter_map(|line| inside(&base.join(path(line))));
        Some(Metadata {
            name: name.to_owned(),
            distribution: field("Name:").unwrap_or_else(|| first.to_owned()),
            version: field("Version:").unwrap_or_else(|| second.to_owned()),
            files: files.collect(),
        })
    }
}

/// The path of a line of `RECORD`, which is CSV.
fn first_field(line: &str) -> String {
    let Some(quoted) = line.strip_prefix('"') else { return line.split(',').next().unwrap_or_default().to_owned() };
    let mut field = String::new();
    let mut rest = quoted;
    while let Some((piece, after)) = rest.split_once('"') {
        field.push_str(piece);
        let Some(more) = after.strip_prefix('"') else { break };
        field.push('"');
        rest = more;
    }
    field
}

/// `path` without `.` and `..`; `None` where it leads out of the directory.
fn inside(path: &Path) -> Option<PathBuf> {
    use std::path::Component::{CurDir, Normal, ParentDir};
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Normal(name) => plain.push(name),
            CurDir => {}
            ParentDir if plain.pop() => {}
            _ => return None,
        }
    }
    Some(plain)
}

fn below(path: &str, sizes: &BTreeMap<PathBuf, u64>) -> Share {
    let mut share = Share::default();
    let inside = sizes.iter().filter(|(file, _)| file.starts_with(path) && source_of(file).is_none());
    inside.for_each(|(_, bytes)| share.add(*bytes));
    share
}

/// Metadata that newer ones replace, metadata of nothing, and what a removal that was cut short left.
fn stale(names: &[String], metadata: &[Metadata], sizes: &BTreeMap<PathBuf, u64>) -> Vec<Removable> {
    let removable = |path: &str, reason: String| Removable { path: path.to_owned(), reason, share: below(path, sizes) };
    let mut found = Vec::new();
    for name in names.iter().filter(|name| name.starts_with('~')) {
        found.push(removable(name, "pip was interrupted while it replaced a package".to_owned()));
    }
    for one in metadata.iter().filter(|one| !one.name.starts_with('~')) {
        let same = |other: &&Metadata| canonical_name(&other.distribution) == canonical_name(&one.distribution);
        let is_egg = one.name.ends_with(".egg-info");
        let newer = metadata.iter().filter(same).find(|other| is_egg && other.name.ends_with(".dist-info"));
        let mut brought = one.files.iter().filter(|file| !file.starts_with(&one.name)).peekable();
        let is_gone = brought.peek().is_some() && !brought.any(|file| sizes.contains_key(file));
        if let Some(newer) = newer {
            found.push(removable(&one.name, format!("{} is there", newer.name)));
        } else if is_gone {
            found.push(removable(&one.name, "none of the files that it lists is there".to_owned()));
        }
    }
    found
}

fn several(metadata: &[Metadata]) -> Vec<Several> {
    let mut by_name: BTreeMap<String, Vec<&Metadata>> = BTreeMap::new();
    for one in metadata.iter().filter(|one| !one.name.starts_with('~')) {
        by_name.entry(canonical_name(&one.distribution)).or_default().push(one);
    }
    let several = by_name.into_iter().filter(|(_, all)| all.len() > 1);
    several.map(|(name, all)| Several { name, metadata: all.iter().map(|one| one.name.clone()).collect() }).collect()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{first_field, inside, source_of, tests_of};

    #[test]
    fn a_line_of_a_record_begins_with_a_path() {
        assert_eq!(first_field("a/b.py,sha256=x,3"), "a/b.py");
        assert_eq!(first_field("\"a \"\"b\"\",c.py\",,"), "a \"b\",c.py");
        assert_eq!(inside(Path::new("a.egg-info/../b.py")), Some(PathBuf::from("b.py")));
        assert_eq!((inside(Path::new("../../bin/x")), inside(Path::new("/x"))), (None, None));
    }

    #[test]
    fn what_a_path_says_of_a_file() {
        assert_eq!(source_of(Path::new("a/__pycache__/b.cpython-311.opt-1.pyc")), Some(PathBuf::from("a/b.py")));
        assert_eq!((source_of(Path::new("a/b.pyc")), source_of(Path::new("__pycache__/b.txt"))), (None, None));
        assert_eq!(tests_of(Path::new("a/tests/b/tests/c.py")), Some(PathBuf::from("a/tests")));
        assert_eq!((tests_of(Path::new("tests/a.py")), tests_of(Path::new("a/tests.py"))), (None, None));
    }
}

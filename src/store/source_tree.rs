//! What a source tree says of its build and of what it needs, without running it.
//!
//! Refuses to take for certain what a `setup.py` may still decide.

use std::collections::BTreeMap;
use std::path::Path;

use crate::event::text;
use crate::manifest::closure::{Build, Wish};
use crate::manifest::metadata::{BuildSystem, CoreMetadata, under_extra};

/// The files of a tree that say something, by their path in it.
pub(super) type Tree = BTreeMap<String, Vec<u8>>;

/// Whether the file at `path` of a tree says something.
pub(super) fn says_something(path: &str) -> bool {
    matches!(path, "PKG-INFO" | "pyproject.toml" | "setup.py" | "setup.cfg") || path.ends_with(".egg-info/requires.txt")
}

/// What is known of a tree.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) requires: Vec<String>,
    pub(super) extras: Vec<String>,
    pub(super) metadata: Option<CoreMetadata>,
    pub(super) build: Build,
    pub(super) doubts: Vec<String>,
}

/// Reads a tree.
///
/// # Errors
/// When `pyproject.toml` is not valid: then pip cannot build it either.
pub(super) fn read(tree: &Tree) -> Result<Known, String> {
    let content = |path: &str| tree.get(path).map(|bytes| text(bytes));
    let system = BuildSystem::parse(content("pyproject.toml").as_deref())?;
    let metadata = tree.get("PKG-INFO").and_then(|bytes| CoreMetadata::parse(bytes).ok());
    let setup = [content("setup.py"), content("setup.cfg")].into_iter().flatten().collect::<Vec<_>>().join("\n");
    // Keywords of `setup()` that come from elsewhere may be any.
    let is_silent_on = |word: &str| system.is_setuptools() && !setup.contains(word) && !setup.contains("**");

    let mut known = Known {
        build: Build { is_setuptools: system.is_setuptools(), is_default: system.is_default, ..Build::default() },
        ..Known::default()
    };
    for requirement in &system.requires {
        match Wish::parse(requirement) {
            Ok(wish) => known.build.requires.push(wish),
            Err(reason) => return Err(format!("pyproject.toml: `{requirement}` in `requires`: {reason}")),
        }
    }
    if !system.is_frugal && !is_silent_on("setup_requires") {
        known.doubts.push(format!("its build backend `{}` may ask for more than it declares", system.backend));
    }
    let bound = metadata.as_ref().filter(|metadata| metadata.binds_the_build());
    known.extras.clone_from(&system.extras);
    if let Some(dependencies) = &system.dependencies {
        known.requires.clone_from(dependencies);
    } else if let Some(metadata) = bound {
        known.requires.clone_from(&metadata.requires);
    } else {
        let listed = tree.iter().find(|(path, _)| path.ends_with(".egg-info/requires.txt"));
        let recorded =
            metadata.as_ref().map(|metadata| metadata.requires.clone()).filter(|requires| !requires.is_empty());
        (known.requires, known.extras) = match (recorded, listed) {
            (Some(recorded), _) => (recorded, Vec::new()),
            (None, Some((_, list))) => requires_txt(&text(list)),
            (None, None) => (Vec::new(), Vec::new()),
        };
        if !known.requires.is_empty() || !is_silent_on("install_requires") || !is_silent_on("extras_require") {
            known.doubts.push("what it needs is certain only once it is built".to_owned());
        }
    }
    known.name = system.name.or_else(|| metadata.as_ref().map(|metadata| metadata.name.clone()));
    known.version = system.version.or_else(|| metadata.as_ref().map(|metadata| metadata.version.clone()));
    known.metadata = metadata;
    Ok(known)
}

/// The files of a directory that say something.
pub(super) fn of_directory(directory: &Path) -> Tree {
    let names = ["PKG-INFO", "pyproject.toml", "setup.py", "setup.cfg"];
    let read = |name: &str| Some((name.to_owned(), std::fs::read(directory.join(name)).ok()?));
    names.into_iter().filter_map(read).collect()
}

/// The list that setuptools leaves in an sdist, as PEP 508, and its extras: a section `[extra:marker]` limits what
/// follows.
fn requires_txt(list: &str) -> (Vec<String>, Vec<String>) {
    let (mut extra, mut marker) = ("", "");
    let (mut requires, mut extras) = (Vec::new(), Vec::new());
    for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(section) = line.strip_prefix('[').and_then(|open| open.strip_suffix(']')) {
            (extra, marker) = section.split_once(':').unwrap_or((section, ""));
            if !extra.is_empty() {
                extras.push(extra.to_owned());
            }
            continue;
        }
        let limited = if marker.is_empty() { line.to_owned() } else { format!("{line} ; {marker}") };
        requires.push(if extra.is_empty() { limited } else { under_extra(&limited, extra) });
    }
    (requires, extras)
}

#[cfg(test)]
mod tests {
    use super::{Known, read, requires_txt};

    fn known(files: &[(&str, &str)]) -> Known {
        read(&files.iter().map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec())).collect()).unwrap()
    }

    const HEAD: &str = "Metadata-Version: 1.1\nName: a\nVersion: 1\n";

    #[test]
    fn a_setup_that_needs_nothing_is_certain() {
        let docopt = known(&[("PKG-INFO", HEAD), ("setup.py", "setup(name='a', python_requires='>=3')")]);
        assert!(docopt.doubts.is_empty() && docopt.requires.is_empty() && docopt.build.is_setuptools);
        assert_eq!(docopt.build.requires[0].text, "setuptools>=40.8.0");
    }

    #[test]
    fn what_a_setup_decides_is_a_doubt() {
        let listed =
            [("PKG-INFO", HEAD), ("setup.py", "setup(install_requires=x())"), ("a.egg-info/requires.txt", "six\n")];
        let listed = known(&listed);
        assert_eq!((listed.requires.len(), listed.doubts.len()), (1, 1));
        assert_eq!(known(&[("setup.py", "setup(**about)")]).doubts.len(), 2);
        assert_eq!(known(&[("setup.py", "setup()"), ("setup.cfg", "[options]\nsetup_requires = b")]).doubts.len(), 1);
    }

    #[test]
    fn metadata_that_bind_leave_no_doubt() {
        let flit = "[build-system]\nrequires=['flit_core']\nbuild-backend='flit_core.buildapi'\n[project]\nname='a'\nversion='1'\ndependencies=['b']\n";
        let flit = known(&[("pyproject.toml", flit)]);
        assert_eq!((flit.requires, flit.doubts.len(), flit.name.as_deref()), (vec!["b".to_owned()], 0, Some("a")));
        let bound = known(&[
            ("PKG-INFO", "Metadata-Version: 2.2\nName: a\nVersion: 1\nRequires-Dist: c\n"),
            ("setup.py", "install_requires"),
        ]);
        assert_eq!((bound.requires, bound.doubts.len()), (vec!["c".to_owned()], 0));
        let meson = known(&[(
            "pyproject.toml",
            "[build-system]\nrequires=['meson-python']\nbuild-backend='mesonpy'\n[project]\nname='a'\n",
        )]);
        assert_eq!(meson.doubts.len(), 1);
    }

    #[test]
    fn reads_the_list_of_setuptools() {
        let list = "six>=1\n\n[:python_version<\"3\"]\nenum34\n\n[x]\nb\n\n[y:os_name=='nt']\nc\n";
        let expected = [
            "six>=1",
            "enum34 ; python_version<\"3\"",
            "b ; extra == \"x\"",
            "c  ; (os_name=='nt') and extra == \"y\"",
        ];
        let (requires, extras) = requires_txt(list);
        assert_eq!((requires, extras), (expected.map(str::to_owned).to_vec(), vec!["x".to_owned(), "y".to_owned()]));
    }
}

//! Which pip a program is, by what lies beside it: a pip tells its version in its log only since 24.0.
//!
//! Refuses to run anything: only names of directories are read.

use std::path::{Path, PathBuf};

/// The version of the pip that runs from `program` (a script of pip's, or its interpreter), by the `dist-info` directory
/// of its environment; `None` where there is none or more than one.
pub(crate) fn version(program: &Path) -> Option<String> {
    let prefix = program.parent()?.parent()?;
    let libraries = entries(&prefix.join("lib")).filter(|path| begins(path, "python"));
    // Debian keeps its packages apart from those that pip installs.
    let places = libraries.flat_map(|library| [library.join("site-packages"), library.join("dist-packages")]);
    let mut versions: Vec<String> =
        places.flat_map(|place| entries(&place)).filter_map(|path| in_name(&path)).collect();
    versions.dedup();
    match versions.as_slice() {
        [version] => Some(version.clone()),
        _ => None,
    }
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn begins(path: &Path, head: &str) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(head.as_bytes()))
}

/// `24.0` of `pip-24.0.dist-info`.
fn in_name(path: &Path) -> Option<String> {
    let version = path.file_name()?.to_str()?.strip_prefix("pip-")?.strip_suffix(".dist-info")?;
    version.starts_with(|first: char| first.is_ascii_digit()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn reads_the_version_beside_the_program() {
        let prefix = tempfile::tempdir().unwrap();
        let pip = prefix.path().join("bin/pip");
        assert_eq!(version(&pip), None);
        let packages = prefix.path().join("lib/python3.11/site-packages");
        std::fs::create_dir_all(packages.join("pip-24.0.dist-info")).unwrap();
        std::fs::create_dir_all(packages.join("pip-tools-7.0.dist-info")).unwrap();
        assert_eq!(version(&pip).as_deref(), Some("24.0"));
        std::fs::create_dir_all(packages.join("pip-25.0.dist-info")).unwrap();
        assert_eq!(version(&pip), None);
    }
}

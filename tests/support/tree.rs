//! What lies in a directory, to compare: paths with digests; and copies that look untouched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use sha2::{Digest, Sha256};

/// One thing in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// An empty directory; others show by what is in them.
    Empty,
    /// A symbolic link and where it points.
    Link(String),
    /// A file of this size and digest.
    File(u64, String),
}

/// Everything below `root` by relative path, but not what is below a directory that `skip` names by its relative path.
pub(crate) fn snapshot(root: &Path, skip: &dyn Fn(&str) -> bool) -> BTreeMap<String, Node> {
    let mut found = BTreeMap::new();
    walk(root, "", skip, &mut found);
    found
}

fn walk(directory: &Path, prefix: &str, skip: &dyn Fn(&str) -> bool, found: &mut BTreeMap<String, Node>) {
    let mut empty = true;
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().unwrap();
        empty = false;
        if kind.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            found.insert(path, Node::Link(target.to_string_lossy().into_owned()));
        } else if !kind.is_dir() {
            let data = fs::read(entry.path()).unwrap();
            found.insert(path, Node::File(data.len() as u64, digest(&data)));
        } else if !skip(&path) {
            walk(&entry.path(), &format!("{path}/"), skip, found);
        }
    }
    if empty {
        found.insert(prefix.to_owned(), Node::Empty);
    }
}

/// The SHA-256 of `data` in lower-case hexadecimal digits.
pub(crate) fn digest(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Copies a tree with modes, links and times: a cache's age is evidence, and compiled files are judged by it.
pub(crate) fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        let target = to.join(entry.file_name().expect("an entry has a name"));
        if kind.is_symlink() {
            symlink(fs::read_link(&entry)?, &target)?;
        } else if kind.is_dir() {
            copy(&entry, &target)?;
        } else {
            fs::copy(&entry, &target)?;
            let times = fs::FileTimes::new().set_modified(fs::metadata(&entry)?.modified()?);
            fs::File::open(&target)?.set_times(times)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}

//! What a run left, and what it said, in a form in which two runs can be compared.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::support::streams::Ended;
use crate::support::tree::digest;

/// Everything below a directory: kind, mode, owner, and contents where they do not depend on the time.
pub(crate) fn of(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(root, "", &mut found);
    found
}

fn walk(directory: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = entry.metadata().unwrap();
        let kind = metadata.file_type();
        let what = if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
            String::from("directory")
        } else if kind.is_symlink() {
            format!("link to {}", fs::read_link(entry.path()).unwrap().display())
        } else if kind.is_char_device() {
            // So an overlay says that a file is no longer there.
            String::from("gone")
        } else {
            contents(&path, &entry.path(), &metadata)
        };
        found.insert(path, format!("{:o} {}:{} {what}", metadata.mode(), metadata.uid(), metadata.gid()));
    }
}

fn contents(path: &str, file: &Path, metadata: &fs::Metadata) -> String {
    // Caches hold the times and inodes of files.
    if path.ends_with("cache.bin") || path.ends_with("aux-cache") {
        return String::from("a cache");
    }
    let mut bytes = fs::read(file).unwrap();
    if path.starts_with("var/log/") && !path.ends_with(".xz") {
        bytes.iter_mut().filter(|byte| byte.is_ascii_digit()).for_each(|byte| *byte = b'0');
    }
    // The time of a fetched file is the server's.
    let fetched = path.starts_with("var/cache/apt/archives/") || path.starts_with("var/lib/apt/lists/");
    let time = if fetched && metadata.len() > 0 { metadata.mtime() } else { 0 };
    format!("{} bytes {} {time}", bytes.len(), digest(&bytes))
}

/// What a run said and how it ended, without what differs from run to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn of(ended: &Ended) -> Said {
        Said { status: ended.status.to_string(), stdout: timeless(&ended.stdout), stderr: timeless(&ended.stderr) }
    }
}

/// Without rates, durations, free space, process numbers and the steps of progress.
fn timeless(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines = text.split_inclusive(['\n', '\r']).filter(|line| !line.contains("% [") && !line.trim().is_empty());
    lines
        .map(|line| {
            let cut = |at: &str| line.find(at).map(|at| format!("{} ...\n", &line[..at]));
            let cut = match line {
                line if line.starts_with("Fetched ") => cut(" in "),
                line if line.contains("B available") => cut(" / "),
                line if line.contains("held by process") => cut(" process "),
                line if line.contains("... ") && line.ends_with("%\r") => Some(String::new()),
                _ => None,
            };
            cut.unwrap_or_else(|| line.to_owned())
        })
        .collect()
}

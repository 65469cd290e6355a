//! What dpkg's own files tell of a run (`/var/lib/dpkg`): which packages it unpacked, in which version, and which apt it
//! was.

use std::collections::BTreeMap;
use std::path::Path;

use super::disk::Disk;
use crate::classify::apt::PackageFile;
use crate::event::text;

const STATUS: &str = "/var/lib/dpkg/status";
const INFO: &str = "/var/lib/dpkg/info";

/// The packages that dpkg knows: version by name and architecture.
pub(super) struct Packages(BTreeMap<(String, String), String>);

impl Packages {
    /// As they are now; none if dpkg's file cannot be read.
    pub(super) fn read() -> Self {
        let status = std::fs::read(STATUS).unwrap_or_default();
        let mut packages = BTreeMap::new();
        let mut rest = status.as_slice();
        while !rest.is_empty() {
            let end = memchr::memmem::find(rest, b"\n\n").unwrap_or(rest.len());
            let paragraph = &rest[..end];
            rest = rest.get(end + 2..).unwrap_or_default();
            if let [Some(name), Some(arch), Some(version)] =
                ["Package", "Architecture", "Version"].map(|field| value(paragraph, field))
            {
                packages.insert((name, arch), version);
            }
        }
        Packages(packages)
    }

    /// Whether the run unpacked this file: dpkg knows that version, and wrote the list of its contents.
    pub(super) fn unpacked(&self, file: &PackageFile, disk: &Disk) -> bool {
        let PackageFile { name, version, arch } = file;
        let lists = [format!("{INFO}/{name}.list"), format!("{INFO}/{name}:{arch}.list")];
        self.0.get(&(name.clone(), arch.clone())) == Some(version)
            && lists.iter().any(|list| disk.was_there(Path::new(list)) == Some(false))
    }
}

/// The version of the installed package `apt`.
pub(super) fn version_of_apt() -> Option<String> {
    let status = std::fs::read(STATUS).ok()?;
    let start = match memchr::memmem::find(&status, b"\nPackage: apt\n") {
        Some(at) => at + 1,
        None => status.starts_with(b"Package: apt\n").then_some(0)?,
    };
    let paragraph = &status[start..];
    value(&paragraph[..memchr::memmem::find(paragraph, b"\n\n").unwrap_or(paragraph.len())], "Version")
}

fn value(paragraph: &[u8], field: &str) -> Option<String> {
    let mut lines = paragraph.split(|byte| *byte == b'\n');
    lines.find_map(|line| Some(text(line.strip_prefix(field.as_bytes())?.strip_prefix(b":")?.trim_ascii())))
}

//! The packages that apt was about to hand to dpkg, as it tells `DPkg::Pre-Install-Pkgs` hooks.
//!
//! Format: apt.conf(5), `DPkg::Tools::Options::*::Version`. From version 2 on `VERSION n`, the configuration as
//! `Key=value` lines, an empty line, and a line for each package: five fields in version 2, nine in version 3, the last
//! of them the path of the file or `**CONFIGURE**`, `**REMOVE**`. Our own hook adds a line for each file that it has
//! looked at ([`inspected`]); other lines that begin with `---` are remarks.

use std::collections::HashMap;

use super::programs::Programs;
use super::target::PackageFile;
use crate::event::{Sha256, text};

/// The line for a file as it lay before dpkg was given it, its end included: its size in bytes, when its inode was last
/// changed in microseconds since the epoch, and its digest, if that was taken.
pub fn inspected(size: u64, changed: i64, sha256: Option<Sha256>, path: &[u8]) -> Vec<u8> {
    let digest = sha256.map_or_else(|| "-".to_owned(), |sha256| sha256.to_string());
    [format!("--- file {size} {changed} {digest} ").as_bytes(), path, b"\n"].concat()
}

/// What such a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) size: u64,
    pub(super) changed: i64,
    pub(super) sha256: Option<Sha256>,
}

/// Gathers what the hook was told, from one run or several.
#[derive(Debug, Default)]
pub(super) struct Hook {
    version: u32,
    in_configuration: bool,
    programs: Programs,
    packages: Vec<Package>,
    files: HashMap<Vec<u8>, File>,
    /// Whether some line has no place in what a hook is told.
    foreign: bool,
}

/// A package that is about to be unpacked.
#[derive(Clone, Debug)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) arch: Option<String>,
    pub(super) path: Vec<u8>,
}

impl Hook {
    /// One line of what the hook read or added.
    pub(super) fn line(&mut self, line: &[u8]) {
        if let Some(file) = line.strip_prefix(b"--- file ") {
            self.file(file);
        } else if line.starts_with(b"---") {
            (self.version, self.in_configuration) = (1, false);
        } else if let Some(version) = line.strip_prefix(b"VERSION ") {
            self.version =
                std::str::from_utf8(version).ok().and_then(|version| version.trim().parse().ok()).unwrap_or(0);
            self.in_configuration = true;
        } else if self.in_configuration && !line.is_empty() {
            self.programs.line(line);
        } else if self.in_configuration {
            self.in_configuration = false;
        } else if let Some(package) = self.package(line) {
            self.packages.push(package);
        } else {
            self.foreign |= self.version == 0 && !line.trim_ascii().is_empty();
        }
    }

    fn package(&self, line: &[u8]) -> Option<Package> {
        let (count, version, arch) = match self.version {
            0 | 1 => (1, 0, None),
            2 => (5, 3, None),
            _ => (9, 5, Some(6)),
        };
        let fields: Vec<_> = line.splitn(count, |byte| *byte == b' ').collect();
        let path = fields.last().filter(|path| path.starts_with(b"/"))?.to_vec();
        let named = path.rsplit(|byte| *byte == b'/').next().and_then(|name| PackageFile::parse(&text(name)));
        if fields.len() == 1 {
            let named = named?;
            return Some(Package { name: named.name, version: named.version, arch: Some(named.arch), path });
        }
        if fields.len() < count {
            return None;
        }
        let arch = arch.map(|at| text(fields[at])).or(named.map(|named| named.arch));
        Some(Package { name: text(fields[0]), version: text(fields[version]), arch, path })
    }

    fn file(&mut self, line: &[u8]) {
        let mut words = line.splitn(4, |byte| *byte == b' ');
        let mut word = || words.next().unwrap_or_default();
        let (size, changed, digest, path) = (text(word()), text(word()), word(), word());
        if let (Ok(size), Ok(changed)) = (size.parse(), changed.parse()) {
            self.files.insert(path.to_vec(), File { size, changed, sha256: Sha256::from_hex(digest) });
        }
    }

    /// Whether this is what a hook is told, or nothing at all.
    pub(super) fn understood(&self) -> bool {
        !self.foreign || self.version > 0 || !self.packages.is_empty()
    }

    /// The packages that were about to be unpacked.
    pub(super) fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// A file as it lay before dpkg was given it.
    pub(super) fn file_at(&self, path: &[u8]) -> Option<File> {
        self.files.get(path).copied()
    }

    /// The programs that apt was configured to use as methods.
    pub(super) fn programs(&self) -> &Programs {
        &self.programs
    }
}

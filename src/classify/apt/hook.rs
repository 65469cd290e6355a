//! The packages that apt was about to hand to dpkg, as it tells `DPkg::Pre-Install-Pkgs` hooks.
//!
//! Format: apt.conf(5), `DPkg::Tools::Options::*::Version`. From version 2 on `VERSION n`, the configuration as
//! `Key=value` lines, an empty line, and a line for each package: five fields in version 2, nine in version 3, the last
//! of them the path of the file or `**CONFIGURE**`, `**REMOVE**`. Our own hook adds a line for each file that it has
//! hashed ([`hashed`]); other lines that begin with `---` are remarks.

use std::collections::HashMap;

use super::target::PackageFile;
use crate::event::{Sha256, text};

/// The line for a file that the hook has hashed, its end included.
pub fn hashed(size: u64, sha256: Sha256, path: &[u8]) -> Vec<u8> {
    [format!("--- file {size} {sha256} ").as_bytes(), path, b"\n"].concat()
}

/// Gathers what the hook was told, from one run or several.
#[derive(Debug, Default)]
pub(super) struct Hook {
    version: u32,
    in_configuration: bool,
    /// What apt was configured to use as methods, by scheme; what was not said is missing.
    methods: HashMap<String, Vec<u8>>,
    packages: Vec<Package>,
    hashes: HashMap<Vec<u8>, (u64, Sha256)>,
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
            self.hash(file);
        } else if line.starts_with(b"---") {
            (self.version, self.in_configuration) = (1, false);
        } else if let Some(version) = line.strip_prefix(b"VERSION ") {
            self.version =
                std::str::from_utf8(version).ok().and_then(|version| version.trim().parse().ok()).unwrap_or(0);
            self.in_configuration = true;
        } else if self.in_configuration && !line.is_empty() {
            self.configuration(line);
        } else if self.in_configuration {
            self.in_configuration = false;
        } else if let Some(package) = self.package(line) {
            self.packages.push(package);
        }
    }

    fn configuration(&mut self, line: &[u8]) {
        let Some(equals) = memchr::memchr(b'=', line) else { return };
        if let Some(scheme) = text(&line[..equals]).strip_prefix("Dir::Bin::Methods::") {
            self.methods.insert(scheme.to_owned(), line[equals + 1..].to_vec());
        }
    }

    fn package(&self, line: &[u8]) -> Option<Package> {
        let (fields, version, arch) = match self.version {
            0 | 1 => (1, 0, None),
            2 => (5, 3, None),
            _ => (9, 5, Some(6)),
        };
        let fields: Vec<_> = line.splitn(fields, |byte| *byte == b' ').collect();
        let path = fields.last().filter(|path| path.starts_with(b"/"))?.to_vec();
        let named = path.rsplit(|byte| *byte == b'/').next().and_then(|name| PackageFile::parse(&text(name)));
        if fields.len() == 1 {
            let named = named?;
            return Some(Package { name: named.name, version: named.version, arch: Some(named.arch), path });
        }
        let arch = arch.map(|at| text(fields[at])).or(named.map(|named| named.arch));
        Some(Package { name: text(fields[0]), version: text(fields[version]), arch, path })
    }

    fn hash(&mut self, file: &[u8]) {
        let mut words = file.splitn(3, |byte| *byte == b' ');
        let (size, digest, path) = (words.next(), words.next(), words.next());
        let size = size.and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
        if let (Some(size), Some(digest), Some(path)) = (size, digest.and_then(Sha256::from_hex), path) {
            self.hashes.insert(path.to_vec(), (size, digest));
        }
    }

    /// The packages that were about to be unpacked.
    pub(super) fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// Size and digest of a file as it lay before dpkg was given it.
    pub(super) fn hash_of(&self, path: &[u8]) -> Option<(u64, Sha256)> {
        self.hashes.get(path).copied()
    }

    /// What apt was configured to use as the method of a scheme.
    pub(super) fn method(&self, scheme: &str) -> Option<&[u8]> {
        self.methods.get(scheme).map(Vec::as_slice)
    }
}

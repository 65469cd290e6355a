//! Wheels and source distributions made on the spot, small and valid.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::Digest as _;
use zip::write::SimpleFileOptions;

/// A distribution to make.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) tags: String,
    pub(crate) requires: Vec<String>,
    pub(crate) extras: Vec<String>,
    pub(crate) requires_python: Option<String>,
}

impl Made {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Made {
            name: name.to_owned(),
            version: version.to_owned(),
            tags: "py3-none-any".to_owned(),
            requires: Vec::new(),
            extras: Vec::new(),
            requires_python: None,
        }
    }

    pub(crate) fn requires(mut self, requirements: &[&str]) -> Self {
        self.requires.extend(requirements.iter().map(|one| (*one).to_owned()));
        self
    }

    pub(crate) fn extra(mut self, extra: &str) -> Self {
        self.extras.push(extra.to_owned());
        self
    }

    pub(crate) fn tagged(mut self, tags: &str) -> Self {
        self.tags = tags.to_owned();
        self
    }

    pub(crate) fn metadata(&self) -> String {
        let mut text = format!("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", self.name, self.version);
        text.extend(self.requires_python.iter().map(|python| format!("Requires-Python: {python}\n")));
        text.extend(self.extras.iter().map(|extra| format!("Provides-Extra: {extra}\n")));
        text.extend(self.requires.iter().map(|requirement| format!("Requires-Dist: {requirement}\n")));
        text
    }

    /// The file name of its wheel.
    pub(crate) fn filename(&self) -> String {
        format!("{}-{}-{}.whl", self.name.replace('-', "_"), self.version, self.tags)
    }

    /// Writes a wheel with one module.
    pub(crate) fn wheel(&self, directory: &Path) -> PathBuf {
        let path = directory.join(self.filename());
        let module = self.name.replace('-', "_");
        let info = format!("{module}-{}.dist-info", self.version);
        let [python, abi, platform] = self.tags.split('-').collect::<Vec<_>>()[..] else { panic!("three tags") };
        let tags = python
            .split('.')
            .flat_map(|python| platform.split('.').map(move |platform| format!("Tag: {python}-{abi}-{platform}\n")));
        let wheel = format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n{}", tags.collect::<String>());
        let files = [
            (format!("{module}.py"), format!("VERSION = {:?}\n", self.version)),
            (format!("{info}/METADATA"), self.metadata()),
            (format!("{info}/WHEEL"), wheel),
        ];
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        let mut record = String::new();
        for (name, content) in &files {
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
            record.push_str(&format!("{name},sha256={},{}\n", urlsafe(content.as_bytes()), content.len()));
        }
        record.push_str(&format!("{info}/RECORD,,\n"));
        archive.start_file(format!("{info}/RECORD"), SimpleFileOptions::default()).unwrap();
        archive.write_all(record.as_bytes()).unwrap();
        archive.finish().unwrap();
        path
    }

    /// Writes a source distribution with these files besides its PKG-INFO.
    pub(crate) fn sdist(&self, directory: &Path, files: &[(&str, &str)]) -> PathBuf {
        let stem = format!("{}-{}", self.name, self.version);
        let path = directory.join(format!("{stem}.tar.gz"));
        let packed = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(packed);
        let information = self.metadata();
        for (name, content) in [("PKG-INFO", information.as_str())].iter().chain(files) {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, format!("{stem}/{name}"), content.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
        path
    }
}

/// A digest as a wheel's RECORD has it: base64 for URLs, without padding.
fn urlsafe(content: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digest = sha2::Sha256::digest(content);
    let mut text = String::new();
    for chunk in digest.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, index| bits << 8 | u32::from(chunk.get(index).copied().unwrap_or(0)));
        text.extend((0..=chunk.len()).map(|index| char::from(DIGITS[(bits >> (18 - 6 * index) & 63) as usize])));
    }
    text
}

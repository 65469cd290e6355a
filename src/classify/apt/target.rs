//! What a request is for, as its destination and its fields say.

use super::message::Message;
use crate::event::{Kind, text};

/// The identity of a file that apt asks for. Text as apt wrote it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) kind: Kind,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) arch: Option<String>,
    pub(super) filename: String,
    /// The repository's URI, without a slash at its end.
    pub(super) repository: Option<String>,
}

/// How indexes may be compressed (`Acquire::CompressionTypes`).
const COMPRESSIONS: [&str; 7] = [".xz", ".bz2", ".lzma", ".gz", ".lz4", ".zst", ".br"];

impl Target {
    /// Of the file that a `600 URI Acquire` wants at `destination`.
    pub(super) fn of(request: &Message, destination: &[u8]) -> Target {
        let filename = text(destination.rsplit(|byte| *byte == b'/').next().unwrap_or_default());
        let field = |name| request.field(name).map(text);
        let repository = field("Target-Repo-URI").map(|uri| uri.trim_end_matches('/').to_owned());
        let kind = match request.field("Target-Type") {
            Some(b"deb") => Kind::Deb,
            Some(b"index") => Kind::Index,
            _ if request.says("Index-File") => Kind::Index,
            _ => kind_of_name(&filename, destination),
        };
        let mut target = Target { kind, name: None, version: None, arch: None, filename, repository };
        match kind {
            Kind::Deb => {
                if let Some(package) = PackageFile::parse(&target.filename) {
                    (target.name, target.version) = (Some(package.name), Some(package.version));
                    target.arch = Some(package.arch);
                }
                target.arch = target.arch.or_else(|| field("Target-Architecture"));
            }
            Kind::Source => (target.name, target.version) = source_name(&target.filename),
            Kind::Index => {
                target.name = Some(index_name(request, &target.filename));
                target.arch = field("Target-Architecture");
            }
            _ => {}
        }
        target
    }

    /// Of a file of which no more is known than its name.
    pub(super) fn named(filename: &str) -> Target {
        let kind = match kind_of_name(filename, b"") {
            Kind::Other => Kind::Index,
            kind => kind,
        };
        let mut target =
            Target { kind, name: None, version: None, arch: None, filename: filename.to_owned(), repository: None };
        match (kind, PackageFile::parse(filename)) {
            (Kind::Source, _) => (target.name, target.version) = source_name(filename),
            (_, Some(package)) => {
                (target.name, target.version) = (Some(package.name), Some(package.version));
                target.arch = Some(package.arch);
            }
            (_, None) => target.name = Some(uncompressed(filename).to_owned()),
        }
        target
    }
}

/// What the name of a `.deb` says: `NAME_VERSION_ARCH.deb`, with apt's `%3a` for the colon of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageFile {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub arch: String,
}

impl PackageFile {
    /// Reads the name of a file; `None` if it is not built like that.
    pub fn parse(filename: &str) -> Option<Self> {
        let stem = [".deb", ".udeb", ".ddeb"].iter().find_map(|suffix| filename.strip_suffix(suffix))?;
        let mut parts = stem.split('_');
        let (name, version, arch) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = parts.next().is_none() && !name.is_empty() && !version.is_empty() && !arch.is_empty();
        whole.then(|| PackageFile { name: unquote(name), version: unquote(version), arch: unquote(arch) })
    }
}

/// `text` with its `%3a` and the like decoded; what is no escape stays as it is.
pub(super) fn unquote(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
        match hex.and_then(|hex| Some(digit(hex[0])? << 4 | digit(hex[1])?)) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    crate::event::text(&decoded)
}

/// The name without the suffix of a compression.
pub(super) fn uncompressed(name: &str) -> &str {
    COMPRESSIONS.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

fn kind_of_name(filename: &str, destination: &[u8]) -> Kind {
    let plain = uncompressed(filename);
    let in_partial = destination.rsplit(|byte| *byte == b'/').nth(1) == Some(b"partial");
    if PackageFile::parse(filename).is_some() {
        Kind::Deb
    } else if in_partial {
        Kind::Index
    } else if plain.ends_with(".dsc") || plain.ends_with(".tar") || plain.ends_with(".diff") || plain.ends_with(".asc")
    {
        Kind::Source
    } else {
        Kind::Other
    }
}

/// `hello_2.10-3.dsc`, `hello_2.10.orig.tar.gz`, `hello_2.10.orig-part.tar.xz`, `hello_2.10-3.debian.tar.xz`.
fn source_name(filename: &str) -> (Option<String>, Option<String>) {
    let Some((name, rest)) = filename.split_once('_') else { return (None, None) };
    let plain = uncompressed(rest.strip_suffix(".asc").unwrap_or(rest));
    let stem = [".dsc", ".diff", ".tar"].iter().find_map(|suffix| plain.strip_suffix(suffix)).unwrap_or(plain);
    let stem = stem.strip_suffix(".debian").unwrap_or(stem);
    let version = stem.find(".orig").map_or(stem, |at| &stem[..at]);
    (Some(unquote(name)), (!version.is_empty()).then(|| unquote(version)))
}

/// The words by which apt itself describes an index on its streams: `bookworm/main amd64 Packages`.
fn index_name(request: &Message, filename: &str) -> String {
    let field = |name| request.field(name).map(text);
    let plain = uncompressed(filename);
    let mut base = unquote(plain.rsplit('_').next().unwrap_or(plain));
    if let Some(uri) = field("URI")
        && let Some((_, patch)) = uri.split_once(".diff/")
    {
        let file = uncompressed(uri.split(".diff/").next().unwrap_or_default().rsplit('/').next().unwrap_or_default());
        base = match uncompressed(patch) {
            patch if patch == "Index" || filename.contains(".diff_Index") => format!("{file}.diff/Index"),
            patch => format!("{file} {patch}.pdiff"),
        };
    } else if field("Target-Language").is_some_and(|language| language == base) {
        base = format!("Translation-{base}");
    }
    let place = match (field("Target-Release"), field("Target-Component")) {
        (Some(release), Some(component)) => Some(format!("{release}/{component}")),
        (release, _) => release,
    };
    let words = [place, field("Target-Architecture"), Some(base)];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{PackageFile, source_name, unquote};

    #[test]
    fn names_of_packages_and_sources() {
        let package = PackageFile::parse("lab-native_1%3a2.0~rc1-3+b1_amd64.deb").unwrap();
        assert_eq!((package.version.as_str(), package.arch.as_str()), ("1:2.0~rc1-3+b1", "amd64"));
        assert_eq!(PackageFile::parse("lab-dep9.deb"), None);
        let source = |name| source_name(name).1.unwrap();
        assert_eq!(source("hello_2.10-3.dsc"), "2.10-3");
        assert_eq!(source("hello_2.10.orig.tar.gz"), "2.10");
        assert_eq!(source("hello_2.10.orig.tar.gz.asc"), "2.10");
        assert_eq!(source("hello_2.10-3.debian.tar.xz"), "2.10-3");
        assert_eq!(source("hello_2.10-3.diff.gz"), "2.10-3");
        assert_eq!(unquote("100%_%3a%zz"), "100%_:%zz");
    }
}

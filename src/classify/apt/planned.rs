//! Files of a transaction of which neither the messages nor the hook tell: what apt's plan and the disk tell together.

use super::target::unquote;
use crate::event::{Evidence, Origin, Sha256, text};

/// A line of `--print-uris`: `'URL' NAME SIZE SHA256:DIGEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Where it would be fetched from.
    pub url: Vec<u8>,
    /// The name of the file, in the archives or in the working directory.
    pub filename: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest, where the index has one of this kind.
    pub sha256: Option<Sha256>,
}

impl Planned {
    /// Reads a line; `None` if it is another one of apt's lines.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"'")?;
        let quote = memchr::memrchr(b'\'', rest)?;
        let (url, rest) = (rest[..quote].to_vec(), text(&rest[quote + 1..]));
        let mut words = rest.split(' ').filter(|word| !word.is_empty());
        let (filename, size) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        let sha256 = words.find_map(|word| Sha256::from_hex(word.strip_prefix("SHA256:")?.trim_end().as_bytes()));
        Some(Planned { url, filename, size, sha256 })
    }
}

/// A file of the run's transaction as it lies on the disk after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its path.
    pub path: Vec<u8>,
    /// Where it would have been fetched from, if that is known.
    pub url: Option<Vec<u8>>,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Option<Sha256>,
    /// What its place and its times make of it.
    pub origin: Origin,
    /// Why it is unknown, if it is.
    pub reason: Option<String>,
    /// How it was found.
    pub evidence: Vec<Evidence>,
}

impl Found {
    /// The name of the file.
    pub(super) fn filename(&self) -> String {
        text(self.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default())
    }

    /// Whether it is the file of that name, however either is escaped.
    pub(super) fn is(&self, filename: &str) -> bool {
        unquote(&self.filename()) == unquote(filename)
    }
}

#[cfg(test)]
mod tests {
    use super::Planned;

    #[test]
    fn reads_what_apt_would_fetch() {
        let line = b"'http://a.example/pool/l/lab%2b_1_all.deb' lab+_1%3a1_all.deb 876 SHA256:514fcd128f65290ef1048c0e63ed32dffbb003a3e94fb5d6531fe2051fe20e05";
        let planned = Planned::parse(line).unwrap();
        assert_eq!((planned.filename.as_str(), planned.size), ("lab+_1%3a1_all.deb", 876));
        assert!(planned.sha256.is_some());
        let index = Planned::parse(b"'http://a.example/dists/s/InRelease' a.example_dists_s_InRelease 0 ").unwrap();
        assert_eq!((index.size, index.sha256), (0, None));
        assert_eq!(Planned::parse(b"Need to get 1760 B of archives."), None);
    }
}

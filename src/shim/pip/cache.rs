//! pip's caches on disk: the bytes behind an artifact, and whether they were there before.
//!
//! Layout (pip's `network/cache.py` and cachecontrol): a response is kept under the SHA-224 of its URL, five levels of
//! one digit and then all of it; since pip 23.3 under `http-v2` with the body in a file of its own, before under `http`
//! as one msgpack record behind `cc=4,`. Built wheels lie under `wheels` by a hash of their link. Refuses to write.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rmpv::ValueRef;
use sha2::{Digest, Sha224};

use super::configuration::{Configuration, Environment, expand};
use crate::event::Sha256;

/// The cache directory of one pip invocation.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
}

/// Bytes in the cache.
#[derive(Debug)]
pub(crate) struct Body {
    /// Exact size in bytes.
    pub(crate) size: u64,
    /// Their digest.
    pub(crate) sha256: Sha256,
    /// When the file was last written, in nanoseconds since the Unix epoch by the file system's clock.
    pub(crate) written: i128,
    /// Whether a revalidation rewrites the file, so that `written` does not tell when the body was received.
    pub(crate) rewritten_when_revalidated: bool,
}

impl Cache {
    /// The cache that pip will use, `None` where it is disabled. `given` is the value of `--cache-dir`, `disabled`
    /// whether `--no-cache-dir` is among the options. Any value of `PIP_NO_CACHE_DIR` but the empty one disables.
    pub(crate) fn locate(
        given: Option<&[u8]>,
        disabled: bool,
        isolated: bool,
        configuration: &Configuration,
        environment: &impl Environment,
    ) -> Option<Cache> {
        let variable = |name| if isolated { None } else { environment.given(name) };
        if disabled || variable("PIP_NO_CACHE_DIR").is_some() || configuration.no_cache_dir.is_some() {
            return None;
        }
        let named = given.map(|path| expand(path, environment));
        let named = named.or_else(|| variable("PIP_CACHE_DIR").map(PathBuf::from));
        let named = named.or_else(|| configuration.cache_dir.as_deref().map(|path| expand(path, environment)));
        let directory =
            named.or_else(|| environment.given("XDG_CACHE_HOME").map(|base| PathBuf::from(base).join("pip")));
        let directory =
            directory.or_else(|| environment.given("HOME").map(|home| PathBuf::from(home).join(".cache/pip")));
        directory.map(|directory| Cache { directory })
    }

    /// Whether the cache holds anything under `url`, and what.
    pub(crate) fn body(&self, url: &[u8]) -> Option<Body> {
        let key = key(url);
        let mut below = PathBuf::new();
        key.chars().take(5).for_each(|digit| below.push(digit.to_string()));
        below.push(&key);
        let apart = self.directory.join("http-v2").join(&below);
        let body = PathBuf::from(format!("{}.body", apart.display()));
        match File::open(body) {
            Ok(file) => measure(file, false).ok(),
            Err(_) => self.body_in_record(&self.directory.join("http").join(&below)),
        }
    }

    fn body_in_record(&self, record: &Path) -> Option<Body> {
        let mut file = File::open(record).ok()?;
        let metadata = file.metadata().ok()?;
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        file.read_to_end(&mut bytes).ok()?;
        let body = msgpack_body(bytes.strip_prefix(b"cc=4,")?)?;
        Some(Body {
            size: body.len() as u64,
            sha256: Sha256(sha2::Sha256::digest(body).into()),
            written: written(&metadata),
            rewritten_when_revalidated: true,
        })
    }

    /// A wheel that pip built earlier and kept, found by its file name.
    pub(crate) fn built_wheel(&self, filename: &str) -> Option<Body> {
        let mut directories = vec![(self.directory.join("wheels"), 0)];
        while let Some((directory, depth)) = directories.pop() {
            if let Ok(file) = File::open(directory.join(filename)) {
                return measure(file, false).ok();
            }
            if depth < 4 {
                let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
                let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
                directories.extend(folders.map(|entry| (entry.path(), depth + 1)));
            }
        }
        None
    }
}

/// The name of a response: cachecontrol lower-cases scheme and host, drops the fragment and gives an empty path its
/// slash; pip has taken the user information out before.
fn key(url: &[u8]) -> String {
    let url = &url[..memchr::memchr(b'#', url).unwrap_or(url.len())];
    let mut normal = Vec::with_capacity(url.len() + 1);
    match memchr::memmem::find(url, b"://") {
        Some(at) => {
            let rest = &url[at + 3..];
            let (authority, path) = rest.split_at(memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len()));
            let host = &authority[memchr::memrchr(b'@', authority).map_or(0, |at| at + 1)..];
            normal.extend(url[..at + 3].iter().chain(host).map(u8::to_ascii_lowercase));
            if !path.starts_with(b"/") {
                normal.push(b'/');
            }
            normal.extend_from_slice(path);
        }
        None => normal.extend_from_slice(url),
    }
    Sha224::digest(&normal).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Size and digest of an open file, in constant memory.
pub(crate) fn measure(mut file: File, rewritten_when_revalidated: bool) -> io::Result<Body> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let mut digest = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut size = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => {
                size += count as u64;
                digest.update(&buffer[..count]);
            }
        }
    }
    Ok(Body { size, sha256: Sha256(digest.finalize().into()), written: written(&metadata), rewritten_when_revalidated })
}

/// When a file was last written, in nanoseconds since the Unix epoch.
pub(crate) fn written(metadata: &std::fs::Metadata) -> i128 {
    i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec())
}

/// `response.body` of a cachecontrol record, where it lies in `record`.
fn msgpack_body(mut record: &[u8]) -> Option<&[u8]> {
    let record = rmpv::decode::read_value_ref(&mut record).ok()?;
    match value(value(record, "response")?, "body")? {
        ValueRef::Binary(body) => Some(body),
        _ => None,
    }
}

/// The value under `key` of a map.
fn value<'a>(map: ValueRef<'a>, key: &str) -> Option<ValueRef<'a>> {
    match map {
        ValueRef::Map(pairs) => {
            let named =
                |name: &ValueRef<'_>| matches!(name, ValueRef::String(name) if name.as_bytes() == key.as_bytes());
            pairs.into_iter().find(|(name, _)| named(name)).map(|(_, value)| value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_response_as_cachecontrol_does() {
        // sha224 of "https://index.example/simple/six/", by python's hashlib.
        assert_eq!(key(b"https://u:p@Index.example/simple/six/#x"), key(b"HTTPS://index.example/simple/six/"));
        assert_eq!(
            key(b"https://index.example/simple/six/"),
            "54874777eca4053d6dd2dbdfcb4833a8ea88bbd476758b32b11e0a7d"
        );
        assert_eq!(key(b"https://index.example"), key(b"https://index.example/"));
        assert_ne!(key(b"https://index.example/A"), key(b"https://index.example/a"));
    }

    #[test]
    fn finds_the_body_in_a_record() {
        // {"vary": {}, "response": {"status": 200, "body": b"abc"}}, by python's msgpack.
        let record = b"\x82\xa4vary\x80\xa8response\x82\xa6status\xcc\xc8\xa4body\xc4\x03abc";
        assert_eq!(msgpack_body(record), Some(&b"abc"[..]));
        assert_eq!(msgpack_body(&record[..record.len() - 1]), None);
        for cut in 0..record.len() {
            msgpack_body(&record[..cut]);
        }
    }
}

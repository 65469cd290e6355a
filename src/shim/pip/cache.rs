//! pip's caches on disk: the bytes behind an artifact, and whether they were there before.
//!
//! Layout (pip's `network/cache.py` and cachecontrol): a response is kept under the SHA-224 of its URL, five levels of
//! one digit and then all of it; since pip 23.3 under `http-v2` with the body in a file of its own, before under `http`
//! as one msgpack record behind `cc=4,`. Built wheels lie under `wheels` by a hash of their link. Refuses to write.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rmpv::ValueRef;
use sha2::{Digest, Sha224};

use super::command::{Caching, Command};
use super::configuration::{Configuration, Environment};
use super::home::expand;
use crate::event::Sha256;

/// The directories of responses: of pip since 23.3, and before.
pub(super) const LAYOUTS: [&str; 2] = ["http-v2", "http"];

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
    /// What pip's HTTP cache says of it, if it lies there.
    pub(crate) record: Option<Record>,
}

/// What the HTTP cache keeps beside a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// When it was last written, as [`Body::written`]: by the arrival of the body, or by an answer that confirmed it.
    pub(crate) written: i128,
    /// Whether the body has a file of its own, which only the arrival of a body writes.
    pub(crate) apart: bool,
    /// When the directory was made that holds this record alone, as [`Body::written`]: nothing was kept under its URL
    /// before. `None` where the file system does not tell.
    pub(crate) born: Option<i128>,
    /// The status of the response.
    pub(crate) status: u16,
    /// Until when the response is fresh by its date and `max-age`, as [`Body::written`].
    pub(crate) fresh_until: Option<i128>,
}

/// Why no cache of pip's is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoCache {
    /// pip was told to keep none.
    Disabled,
    /// Nothing that can be seen says where it is.
    Unknown,
}

impl Cache {
    /// The cache that a pip in `directory` will use: as the last of the command line's words says, else the variables,
    /// else the configuration files. Among those two any word against a cache holds, whatever its value.
    pub(crate) fn of(
        command: &Command<'_>,
        directory: &Path,
        configuration: &Configuration,
        environment: &impl Environment,
    ) -> Result<Cache, NoCache> {
        let variable = |name| environment.option(&[name]).next_back().filter(|_| !command.is_isolated());
        let named = match command.caching() {
            Some(Caching::Off) => return Err(NoCache::Disabled),
            Some(Caching::In(path)) => Some(path.to_vec()),
            None if configuration.no_cache_dir || variable("no-cache-dir").is_some() => return Err(NoCache::Disabled),
            None => variable("cache-dir").map(OsString::into_vec).or_else(|| configuration.cache_dir.clone()),
        };
        let found = match named {
            Some(path) => expand(&path, environment),
            None => usual(environment).ok_or(NoCache::Unknown)?,
        };
        Ok(Cache { directory: directory.join(found) })
    }

    /// Whether the cache holds anything under `url`, and what.
    pub(crate) fn body(&self, url: &[u8]) -> Option<Body> {
        let [apart, path] = self.places(url);
        match File::open(PathBuf::from(format!("{}.body", apart.display()))) {
            Ok(file) => {
                let record = read(&apart).ok().and_then(|(bytes, written)| {
                    Some(Record { apart: true, born: born(&apart), ..Response::parse(&bytes)?.record(written) })
                });
                measure(file).ok().map(|body| Body { record, ..body })
            }
            Err(_) => {
                let (bytes, written) = read(&path).ok()?;
                let response = Response::parse(&bytes)?;
                let sha256 = Sha256(sha2::Sha256::digest(response.body).into());
                let record = Some(Record { born: born(&path), ..response.record(written) });
                Some(Body { size: response.body.len() as u64, sha256, written, record })
            }
        }
    }

    /// Whether anything was written under `url` since `began`, as [`Body::written`].
    pub(super) fn got(&self, url: &[u8], began: i128) -> bool {
        let is_new = |record: &PathBuf| record.metadata().is_ok_and(|found| written(&found) >= began);
        self.places(url).iter().any(is_new)
    }

    /// Where it lies.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the record of `url` lies in each of the layouts.
    fn places(&self, url: &[u8]) -> [PathBuf; 2] {
        let key = key(url);
        let mut below = PathBuf::new();
        key.chars().take(5).for_each(|digit| below.push(digit.to_string()));
        below.push(&key);
        LAYOUTS.map(|layout| self.directory.join(layout).join(&below))
    }

    /// A wheel that pip built earlier and kept, found by its file name.
    pub(crate) fn built_wheel(&self, filename: &str) -> Option<Body> {
        let mut directories = vec![(self.directory.join("wheels"), 0)];
        while let Some((directory, depth)) = directories.pop() {
            if let Ok(file) = File::open(directory.join(filename)) {
                return measure(file).ok();
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

/// The cache that pip uses unless it is told otherwise. `None` where its versions differ: 26.3 goes past an empty `HOME`
/// and past an `XDG_CACHE_HOME` that is not absolute, others do not.
fn usual(environment: &impl Environment) -> Option<PathBuf> {
    let base = environment.get("XDG_CACHE_HOME").filter(|base| !base.as_bytes().trim_ascii().is_empty());
    let is_empty = environment.get("HOME").is_some_and(|home| home.is_empty());
    let found = match base {
        Some(base) => PathBuf::from(base).join("pip"),
        None if is_empty => return None,
        None => expand(b"~/.cache/pip", environment),
    };
    Some(found).filter(|found| found.is_absolute())
}

/// The name of a response: cachecontrol lower-cases scheme and host, drops the fragment and gives an empty path its
/// slash; pip has taken the user information out before.
pub(super) fn key(url: &[u8]) -> String {
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
pub(crate) fn measure(mut file: File) -> io::Result<Body> {
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
    Ok(Body { size, sha256: Sha256(digest.finalize().into()), written: written(&metadata), record: None })
}

/// When a file was last written, in nanoseconds since the Unix epoch.
pub(crate) fn written(metadata: &std::fs::Metadata) -> i128 {
    i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec())
}

/// When the directory was made in which a record lies: five digits of a hash lead there, so that hardly ever two do.
fn born(record: &Path) -> Option<i128> {
    let made = std::fs::metadata(record.parent()?).ok()?.created().ok()?;
    let since = made.duration_since(std::time::UNIX_EPOCH).ok()?;
    i128::try_from(since.as_nanos()).ok()
}

/// The present by the clock that the kernel stamps files with, which runs behind the others by up to a tick.
pub(crate) fn present() -> i128 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

/// A file's bytes, and when it was written.
pub(super) fn read(path: &Path) -> io::Result<(Vec<u8>, i128)> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.read_to_end(&mut bytes)?;
    Ok((bytes, written(&metadata)))
}

/// What a cachecontrol record holds under `response`.
#[derive(Debug, PartialEq)]
pub(super) struct Response<'a> {
    /// The body; empty where it lies apart.
    pub(super) body: &'a [u8],
    status: u16,
    /// The length of the body as it was sent; `None` where it came in chunks.
    pub(super) length: Option<u64>,
    date: Option<&'a str>,
    policy: Option<&'a str>,
}

/// How a record begins.
const RECORD: &[u8] = b"cc=4,";

/// Whether a file of the cache that begins so is a record.
pub(super) fn is_record(begin: &[u8]) -> bool {
    begin.starts_with(RECORD)
}

impl<'a> Response<'a> {
    pub(super) fn parse(record: &'a [u8]) -> Option<Self> {
        let response = value(rmpv::decode::read_value_ref(&mut record.strip_prefix(RECORD)?).ok()?, "response")?;
        let field = |name| value(response.clone(), name);
        let ValueRef::Binary(body) = field("body")? else { return None };
        let header = |name| match value(field("headers")?, name)? {
            ValueRef::String(text) => text.into_str(),
            _ => None,
        };
        let status = field("status").and_then(|status| status.as_u64()?.try_into().ok()).unwrap_or(0);
        let length = header("content-length").filter(|_| header("transfer-encoding").is_none());
        let length = length.and_then(|length| length.trim().parse().ok());
        Some(Response { body, status, length, date: header("date"), policy: header("cache-control") })
    }

    fn record(&self, written: i128) -> Record {
        Record { written, apart: false, born: None, status: self.status, fresh_until: self.fresh_until() }
    }

    fn fresh_until(&self) -> Option<i128> {
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(self.date?).ok()?;
        let age = self.policy?.split(',').find_map(|directive| directive.trim().strip_prefix("max-age="))?;
        Some(date.as_nanosecond() + age.parse::<i128>().ok()?.checked_mul(1_000_000_000)?)
    }
}

/// The value under `key` of a map; names of headers come in any case.
fn value<'a>(map: ValueRef<'a>, key: &str) -> Option<ValueRef<'a>> {
    match map {
        ValueRef::Map(pairs) => {
            let named = |name: &ValueRef<'_>| matches!(name, ValueRef::String(name) if name.as_bytes().eq_ignore_ascii_case(key.as_bytes()));
            pairs.into_iter().find(|(name, _)| named(name)).map(|(_, value)| value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_where_pip_says_that_it_is() {
        // Each line as pip answered it, 20.3.4 to 26.3; a configuration file's lines stand behind `|`.
        for (variables, line, files, expected) in [
            ("", "install", "", "/h/.cache/pip"),
            ("XDG_CACHE_HOME=/x", "install", "", "/x/pip"),
            ("XDG_CACHE_HOME=", "install", "", "/h/.cache/pip"),
            ("XDG_CACHE_HOME=~/x", "install", "", "unknown"),
            ("HOME=", "install", "", "unknown"),
            ("HOME= PIP_CACHE_DIR=~/e", "install", "", "/e"),
            ("PIP_CACHE_DIR=~/e", "install", "", "/h/e"),
            ("", "install --cache-dir rel", "", "/work/rel"),
            ("", "install --ca=~/c", "", "/h/c"),
            ("", "install --cache-dir=", "", "off"),
            ("", "install --no-cache-dir", "", "off"),
            ("", "install --no-cache", "", "off"),
            ("", "--no-ca install", "", "off"),
            ("", "install --no-cache-dir --cache-dir /c", "", "/c"),
            ("", "install --cache-dir /c --no-ca", "", "off"),
            ("", "--no-cache-dir install --ca /c", "", "/c"),
            ("", "--cache-dir /c install --no-cache", "", "off"),
            ("PIP_NO_CACHE_DIR=1", "install --cache-dir /c", "", "/c"),
            ("PIP_NO_CACHE_DIR=off", "install", "", "off"),
            ("PIP_no_cache_dir=1", "install", "", "off"),
            ("pip_no_cache_dir=1", "install", "", "/h/.cache/pip"),
            ("PIP_NO_CACHE_DIR=", "install", "", "/h/.cache/pip"),
            ("PIP_CACHE_DIR=/e PIP_NO_CACHE_DIR=1", "install", "", "off"),
            ("PIP_NO_CACHE_DIR=1 PIP_CACHE_DIR=/e", "install", "", "off"),
            ("PIP_NO_CACHE_DIR=1 PIP_CACHE_DIR=/e", "install --isolated", "", "/h/.cache/pip"),
            ("PIP_CACHE_DIR=/e", "install --no-cache", "", "off"),
            ("PIP_CACHE_DIR=/e", "install", "[global]\ncache-dir=/f", "/e"),
            ("PIP_CACHE_DIR=/e", "install", "[global]\nno-cache-dir=1", "off"),
            ("", "install --cache-dir /c", "[global]\nno-cache-dir=1", "/c"),
            ("", "install", "[global]\nno-cache-dir=1\n[install]\ncache-dir=/f", "off"),
            ("", "install", "[global]\nno-cache-dir=1\n[install]\nno-cache-dir=", "off"),
            ("", "install", "[global]\ncache-dir=/f\n[install]\ncache-dir=\nno-cache-dir=", "/f"),
        ] {
            let mut environment: Vec<(&str, &str)> =
                variables.split_whitespace().map(|variable| variable.split_once('=').unwrap()).collect();
            environment.push(("HOME", "/h"));
            let line_words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            let command = Command::parse(&line_words);
            let configuration = Configuration::from_texts(&[files], b"install");
            let found = match Cache::of(&command, Path::new("/work"), &configuration, &environment) {
                Ok(cache) => cache.directory().display().to_string(),
                Err(NoCache::Disabled) => "off".to_owned(),
                Err(NoCache::Unknown) => "unknown".to_owned(),
            };
            assert_eq!(found, expected, "{variables} pip {line} / {files}");
        }
    }

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
    fn reads_a_record() {
        // {"vary": {}, "response": {"status": 200, "body": b"abc"}}, by python's msgpack.
        let record = b"cc=4,\x82\xa4vary\x80\xa8response\x82\xa6status\xcc\xc8\xa4body\xc4\x03abc";
        let response = Response { body: b"abc", status: 200, length: None, date: None, policy: None };
        assert_eq!(Response::parse(record), Some(response));
        for cut in 0..record.len() {
            assert_eq!(Response::parse(&record[..cut]), None);
        }
    }

    #[test]
    fn reckons_how_long_a_response_is_fresh() {
        let fresh = |date, policy| Response { body: b"", status: 200, length: None, date, policy }.fresh_until();
        let date = Some("Thu, 01 Jan 1970 00:01:00 GMT");
        assert_eq!(fresh(date, Some("public, max-age=600")), Some(660_000_000_000));
        assert_eq!(fresh(date, Some("no-store")), None);
        assert_eq!(fresh(Some("yesterday"), Some("max-age=600")), None);
        assert_eq!(fresh(None, Some("max-age=600")), None);
    }
}

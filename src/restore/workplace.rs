//! What pips before 22 print of a failed command and do not log: its command line, and the directory it ran in.
//!
//! Both are put together from what else they log. A random name in a directory's path that was never logged is written
//! as zeros; the directory is gone by then.

use std::collections::HashMap;

use super::entry::Entry;
use super::words::Version;

/// How a command was run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The command line, quoted for a shell.
    pub(super) command: Vec<u8>,
    /// The directory, or `None`.
    pub(super) directory: Vec<u8>,
}

/// Follows pip's log from one package to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Workplace {
    interpreter: Option<Vec<u8>>,
    /// The `setup.py` that is asked for its metadata, and where it is to write them.
    setup: Vec<u8>,
    egg_base: Vec<u8>,
    /// Where archives are unpacked.
    unpacked: Vec<u8>,
    /// The source directory of the package that is being prepared.
    source: Option<Vec<u8>>,
    /// Those of the packages that were.
    sources: HashMap<Vec<u8>, Vec<u8>>,
}

impl Workplace {
    /// The next line of the log.
    pub(super) fn line(&mut self, entry: &Entry) {
        let text = entry.text;
        let after = |head: &str| text.strip_prefix(head.as_bytes());
        if let Some(path) = after("Created temporary directory: ") {
            self.creates(path);
        } else if let Some(rest) = after("Running setup.py (path:") {
            self.setup = before(rest, b") egg_info for package ").to_vec();
        } else if after("Collecting ").or(after("Processing ")).is_some() {
            self.source = None;
        } else if let Some(path) = after("Obtaining file://") {
            self.source = Some(path.to_vec());
        } else if let Some(rest) = after("Added ") {
            self.adds(before(rest, b" to build tracker "));
        } else if let Some(rest) = after("Source in ") {
            self.finds(rest);
        } else if let Some(rest) = after("Using pip ")
            && self.interpreter.is_none()
            && let Some(at) = memchr::memmem::find(rest, b" from ")
        {
            let prefix = before(&rest[at + 6..], b"/lib/");
            self.interpreter = Some([prefix, b"/bin/python"].concat());
        } else if let Some(command) = after("Running command /") {
            let program = command.split(|byte| *byte == b' ').next().unwrap_or_default();
            self.interpreter = Some([b"/", program].concat());
        }
    }

    /// How the command `description` is run whose spinner says `message`.
    pub(super) fn of(&self, description: &[u8], message: Option<&[u8]>, version: Version) -> Place {
        let contains = |part: &[u8]| memchr::memmem::find(description, part);
        if description == b"python setup.py egg_info" {
            let directory = [parent(&self.setup), b"/"].concat();
            return Place { command: self.egg_info(version), directory };
        }
        let named = b"sys.argv[0] = '\"'\"'";
        let directory = if let Some(at) = contains(named) {
            let setup = before(&description[at + named.len()..], b"'");
            let slash: &[u8] = if description.ends_with(b"clean --all") { b"" } else { b"/" };
            [parent(setup), slash].concat()
        } else if contains(b"_in_process.py ").is_some() {
            let built = message.and_then(|message| self.sources.get(package(message)?));
            built.or(self.source.as_ref()).cloned().unwrap_or_else(|| b"None".to_vec())
        } else {
            b"None".to_vec()
        };
        Place { command: description.to_vec(), directory }
    }

    fn creates(&mut self, path: &[u8]) {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if name.starts_with(b"pip-pip-egg-info-") {
            self.egg_base = path.to_vec();
        } else if self.unpacked.is_empty()
            && [&b"pip-install-"[..], b"pip-download-", b"pip-wheel-"].iter().any(|kind| name.starts_with(kind))
        {
            // The first; a wheel's build has a directory of its own.
            self.unpacked = path.to_vec();
        } else if name.starts_with(b"pip-req-build-") {
            self.source = Some(path.to_vec());
        }
    }

    /// `six from file:///wheels/six-1.0.tar.gz`, or only the URL.
    fn adds(&mut self, candidate: &[u8]) {
        if self.source.is_some() {
            return;
        }
        let at = memchr::memmem::find(candidate, b" from ");
        let (name, url) = at.map_or((&b""[..], candidate), |at| (&candidate[..at], &candidate[at + 6..]));
        let is_archive =
            [&b".gz"[..], b".zip", b".bz2", b".xz", b".tar", b".tgz", b".whl"].iter().any(|end| url.ends_with(end));
        self.source = match url.strip_prefix(b"file://") {
            Some(path) if !is_archive => Some(path.to_vec()),
            _ => {
                let name: Vec<u8> = requirement(name)
                    .iter()
                    .map(|byte| if b"_.".contains(byte) { b'-' } else { byte.to_ascii_lowercase() })
                    .collect();
                Some([&self.unpacked[..], b"/", &name, b"_", &[b'0'; 32]].concat())
            }
        };
    }

    /// `/tmp/pip-req-build-x has version 1.0, which satisfies requirement six==1.0 from ...`; what lies below the current
    /// directory is relative to it, and known otherwise.
    fn finds(&mut self, rest: &[u8]) {
        let Some(at) = memchr::memmem::find(rest, b" has version ") else { return };
        let behind = b"which satisfies requirement ";
        let Some(satisfies) = memchr::memmem::find(rest, behind) else { return };
        let name = requirement(&rest[satisfies + behind.len()..]);
        let directory = if rest.starts_with(b"/") { Some(rest[..at].to_vec()) } else { self.source.clone() };
        directory.into_iter().for_each(|directory| drop(self.sources.insert(name.to_vec(), directory)));
    }

    /// `setuptools_build.py`, quoted as `shlex.quote` does.
    fn egg_info(&self, version: Version) -> Vec<u8> {
        let setup = [&b"'"[..], &self.setup, b"'"].concat();
        let (start, open): (&str, &str) = if version < (21, 1) {
            ("import sys", "f=getattr(tokenize, 'open', open)(__file__);code=f")
        } else {
            (
                "import io, os, sys",
                "f = getattr(tokenize, 'open', open)(__file__) if os.path.exists(__file__) else \
                 io.StringIO('from setuptools import setup; setup()');code = f",
            )
        };
        let script = [
            start.as_bytes(),
            b", setuptools, tokenize; sys.argv[0] = ",
            &setup,
            b"; __file__=",
            &setup,
            b";",
            open.as_bytes(),
            b".read().replace('\\r\\n', '\\n');f.close();exec(compile(code, __file__, 'exec'))",
        ]
        .concat();
        let interpreter = self.interpreter.as_deref().unwrap_or(b"python");
        let quoted = script.split(|byte| *byte == b'\'').collect::<Vec<_>>().join(&b"'\"'\"'"[..]);
        [interpreter, b" -c '", &quoted, b"' egg_info --egg-base ", &self.egg_base].concat()
    }
}

/// What stands in `text` before `mark`.
fn before<'a>(text: &'a [u8], mark: &[u8]) -> &'a [u8] {
    memchr::memmem::find(text, mark).map_or(text, |at| &text[..at])
}

fn parent(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |at| &path[..at])
}

/// The name in `six==1.0 from file:///x`.
fn requirement(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_.".contains(byte));
    &text[..end.unwrap_or(text.len())]
}

/// The package in `Building wheel for six (PEP 517)`.
fn package(message: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(message, b" for ")?;
    Some(requirement(&message[at + 5..]))
}

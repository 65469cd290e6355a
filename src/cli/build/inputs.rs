//! What each step of a build is made of, as a fingerprint: equal ones of two builds mean that the builder, which caches
//! by content, has one layer for both.
//!
//! Hashed while docker runs. Refuses to tell what it cannot be sure of: a build of which a part lies elsewhere, a file
//! that changed meanwhile or cannot be read, and more than is read in passing, have no fingerprint. Too much in one only
//! costs certainty, too little would be a false statement.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{Metadata, OpenOptions};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sha2::Digest as _;

use super::command::{Command, Kind};
use super::source::Source;
use crate::classify::buildkit::{Build, Builder, Vertex};
use crate::dockerfile::{Above, Places, above};
use crate::event::Sha256;

/// A moment in seconds and nanoseconds, as files have it.
pub(super) type Stamp = (i64, i64);

/// Now: no stamp that the kernel has given is later, and those that it gives from a tick of its clock on are not earlier.
pub(super) fn stamp() -> Stamp {
    let now = clock_gettime(ClockId::Realtime);
    (now.tv_sec, now.tv_nsec)
}

/// What is to be hashed for a build.
pub(super) struct Inputs {
    text: String,
    /// The files beside the context that were read already.
    read: Vec<PathBuf>,
    /// What else than Dockerfile and context makes a step what it is.
    terms: Hasher,
    arguments: Vec<(OsString, OsString)>,
    tree: Tree,
}

/// Fewer bytes and files than this are read.
const MOST_BYTES: u64 = 2 << 30;
const MOST_FILES: u64 = 100_000;

/// How long a build that has ended waits for what is not read yet.
const GRACE: Duration = Duration::from_secs(1);

/// The options of a build that make no other step of any.
const OF_NO_STEP: [&str; 21] = [
    "--annotation",
    "--attest",
    "--cache-to",
    "--iidfile",
    "--label",
    "--load",
    "--metadata-file",
    "--no-cache",
    "--no-cache-filter",
    "--output",
    "-o",
    "--provenance",
    "--provenance-mode",
    "--push",
    "--rm",
    "--force-rm",
    "--sbom",
    "--tag",
    "-t",
    "--target",
    "-D",
];

/// The variables by which the client chooses an engine or a builder, each of which has a cache of its own.
const CHOOSE_BUILDER: [&str; 4] = ["BUILDX_BUILDER", "DOCKER_BUILDKIT", "DOCKER_CONTEXT", "DOCKER_HOST"];

impl Inputs {
    /// Those of a build that has begun at `began` and writes into the directories `own`; `None` if they cannot be told.
    pub(super) fn of(command: &Command, own: &[PathBuf], began: Stamp) -> Option<Inputs> {
        // What a cache from elsewhere holds was made there.
        let is_elsewhere = command.others.iter().any(|(name, _)| name == "--cache-from")
            || command.contexts.iter().any(|(_, value)| !value.starts_with("docker-image://"));
        if !matches!(command.kind, Kind::Build | Kind::Buildx) || command.reads_input() || is_elsewhere {
            return None;
        }
        let source = Source::find(command).ok()?;
        let file = source.path?;
        let root = Path::new(command.context()?).canonicalize().ok()?;
        let own = own.iter().filter_map(|own| own.canonicalize().ok()).collect();
        let mut terms = Hasher::default();
        terms.field(format!("{:?}", command.kind));
        for word in command.client() {
            terms.field(word.as_bytes());
        }
        let variables = CHOOSE_BUILDER.iter().map(std::env::var_os);
        for value in variables.chain([&command.platform(), &command.builder, &command.network].map(Clone::clone)) {
            terms.field(value.unwrap_or_default().as_bytes());
        }
        for (name, value) in command.others.iter().filter(|(name, _)| !OF_NO_STEP.contains(&name.as_str())) {
            terms.field(name).field(value.as_deref().unwrap_or_default().as_bytes());
        }
        for (name, value) in &command.contexts {
            terms.field(name).field(value);
        }
        let mut ignored = file.clone().into_os_string();
        ignored.push(".dockerignore");
        let lists = [PathBuf::from(ignored), root.join(".dockerignore")];
        for list in &lists {
            terms.field(std::fs::read(list).unwrap_or_default());
        }
        let [first, second] = lists;
        let read = vec![file, first, second];
        let tree = Tree { root, own, began, files: 0, bytes: 0, seen: Vec::new(), is_unwanted: Arc::default() };
        Some(Inputs { text: source.text, read, terms, arguments: command.arguments.clone(), tree })
    }

    /// Hashes them from now on, in a thread that takes the mask of this one.
    pub(super) fn hash(self) -> Hashing {
        let (sender, receiver) = mpsc::channel();
        let is_unwanted = Arc::clone(&self.tree.is_unwanted);
        // Without a thread there is nobody to be heard.
        let _ = std::thread::Builder::new().name("inputs".to_owned()).spawn(move || sender.send(self.hashed()));
        Hashing { receiver, is_unwanted }
    }

    fn hashed(mut self) -> Hashed {
        let mut sources = BTreeMap::new();
        let mut steps = Vec::new();
        for step in above(&self.text) {
            for source in &step.sources {
                if !sources.contains_key(source) {
                    let digest = self.tree.digest(source);
                    sources.insert(source.clone(), (digest, std::mem::take(&mut self.tree.seen)));
                }
            }
            let fingerprint = self.of_step(&step, &sources);
            steps.extend(fingerprint.map(|fingerprint| (step, fingerprint)));
        }
        Hashed { steps, sources, read: self.read, places: Places::of(&self.text), began: self.tree.began }
    }

    fn of_step(&self, step: &Above, sources: &Sources) -> Option<Sha256> {
        let text = self.text.get(..step.end)?;
        let mut hasher = self.terms.clone();
        hasher.field(text);
        for (name, value) in &self.arguments {
            // An argument reaches the steps behind its `ARG`; the builder's own need none.
            let reached = name
                .to_str()
                .is_none_or(|name| text.contains(name) || name.starts_with("BUILDKIT_") || name == "SOURCE_DATE_EPOCH");
            if reached {
                hasher.field(name.as_bytes()).field(value.as_bytes());
            }
        }
        for source in &step.sources {
            hasher.field(source).field(sources.get(source)?.0.as_ref()?.0);
        }
        Some(hasher.finish())
    }
}

/// What sources name: its digest, and the files that were seen for it.
type Sources = BTreeMap<String, (Option<Sha256>, Vec<PathBuf>)>;

/// What the thread has found.
struct Hashed {
    steps: Vec<(Above, Sha256)>,
    sources: Sources,
    read: Vec<PathBuf>,
    places: Places,
    began: Stamp,
}

impl Hashed {
    /// What of it docker, which has ended, has read as well.
    fn fingerprints(self) -> Fingerprints {
        let rests = |now: std::io::Result<Metadata>| now.ok().map(|now| has_rested(&now, self.began));
        let mut steps = BTreeMap::new();
        // A list that is not there was not there.
        if self.read.iter().all(|path| rests(path.metadata()) != Some(false)) {
            let has_changed = |path: &PathBuf| rests(path.symlink_metadata()) != Some(true);
            let changed = self.sources.iter().filter(|(_, (_, seen))| seen.iter().any(has_changed));
            let changed: Vec<&String> = changed.map(|(source, _)| source).collect();
            let rest = self.steps.iter().filter(|(step, _)| !step.sources.iter().any(|one| changed.contains(&one)));
            steps.extend(rest.map(|(step, fingerprint)| (step.line, *fingerprint)));
        }
        Fingerprints { steps, places: self.places }
    }
}

/// Whether a file is as it was when the build began, so that docker has read the same.
fn has_rested(metadata: &Metadata, began: Stamp) -> bool {
    (metadata.ctime(), metadata.ctime_nsec()) <= began
}

/// The work of the thread.
pub(super) struct Hashing {
    receiver: mpsc::Receiver<Hashed>,
    is_unwanted: Arc<AtomicBool>,
}

impl Hashing {
    /// The build has ended: nothing, where the work was not done soon after.
    pub(super) fn end(self) -> Fingerprints {
        let hashed = self.receiver.recv_timeout(GRACE);
        self.is_unwanted.store(true, Ordering::Relaxed);
        hashed.map(Hashed::fingerprints).unwrap_or_default()
    }
}

/// The fingerprints of the steps of one Dockerfile.
#[derive(Default)]
pub(super) struct Fingerprints {
    /// By the line on which a step begins.
    steps: BTreeMap<usize, Sha256>,
    places: Places,
}

impl Fingerprints {
    /// That of a step, on the images as the builder names them.
    pub(super) fn of(&self, build: &Build, vertex: &Vertex) -> Option<Sha256> {
        // What a base image has copied (ONBUILD) stands in no Dockerfile, and the builder before BuildKit does not show it.
        let numbered = || build.steps.iter().filter(|vertex| vertex.name.index.is_some());
        let mut copies = numbered().filter(|vertex| vertex.name.counts() && !vertex.name.is_run());
        if build.builder != Builder::BuildKit || !copies.all(|vertex| self.places.has(&vertex.name.instruction)) {
            return None;
        }
        let line = self.places.line(vertex.name.stage.as_deref(), &vertex.name.instruction)?;
        let mut hasher = Hasher::default();
        hasher.field(self.steps.get(&line)?.0);
        let mut bases: Vec<&str> =
            numbered().filter(|vertex| !vertex.name.counts()).map(|vertex| vertex.name.instruction.as_str()).collect();
        bases.sort_unstable();
        bases.dedup();
        for base in bases {
            hasher.field(base);
        }
        Some(hasher.finish())
    }
}

/// A digest of several fields, of which none can be taken for a part of another.
#[derive(Clone, Default)]
struct Hasher(sha2::Sha256);

impl Hasher {
    fn field(&mut self, bytes: impl AsRef<[u8]>) -> &mut Hasher {
        self.0.update((bytes.as_ref().len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

/// The files of a context.
struct Tree {
    /// Without symbolic links.
    root: PathBuf,
    /// What the build itself writes to.
    own: Vec<PathBuf>,
    began: Stamp,
    files: u64,
    bytes: u64,
    /// The files of which a change would be another input.
    seen: Vec<PathBuf>,
    /// Set when nobody waits any more.
    is_unwanted: Arc<AtomicBool>,
}

impl Tree {
    /// The digest of what a source names; `None` if that is nothing, or cannot be told.
    fn digest(&mut self, source: &str) -> Option<Sha256> {
        let mut hasher = Hasher::default();
        for named in self.named(source)? {
            let real = self.inside(&named)?;
            if self.own.iter().any(|own| real.starts_with(own)) {
                return None;
            }
            // The builder follows what a source names, and where that lies.
            hasher.field(self.relative(&named)).field(self.relative(&real));
            self.see(&named);
            self.add(&real, &mut hasher)?;
        }
        Some(hasher.finish())
    }

    /// The paths that a source names, in their order.
    fn named(&mut self, source: &str) -> Option<Vec<PathBuf>> {
        let mut paths = vec![self.root.clone()];
        for part in source.split('/').filter(|part| !part.is_empty()) {
            if !part.contains(['*', '?', '[']) {
                paths.iter_mut().for_each(|path| path.push(part));
                continue;
            }
            // The two differ in how a class is turned round.
            let pattern = glob::Pattern::new(&part.replace("[^", "[!")).ok()?;
            let mut matching = Vec::new();
            for directory in paths.iter().filter(|path| path.is_dir()) {
                self.see(directory);
                let names = self.names(&self.inside(directory)?)?;
                // One whose name is no text may match or not.
                let is_matching = |name: &OsString| name.to_str().is_none_or(|name| pattern.matches(name));
                matching.extend(names.into_iter().filter(is_matching).map(|name| directory.join(name)));
            }
            paths = matching;
        }
        let is_several = source.contains(['*', '?', '[']);
        paths.retain(|path| !is_several || path.symlink_metadata().is_ok());
        Some(paths)
    }

    /// Where a path leads, unless that is out of the context.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        path.canonicalize().ok().filter(|real| real.starts_with(&self.root))
    }

    fn relative<'a>(&self, path: &'a Path) -> &'a [u8] {
        path.strip_prefix(&self.root).unwrap_or(path).as_os_str().as_bytes()
    }

    fn names(&self, directory: &Path) -> Option<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(directory).ok()? {
            names.push(entry.ok()?.file_name());
        }
        names.sort_unstable();
        Some(names)
    }

    /// Adds a file, a link or a directory with all that is in it.
    fn add(&mut self, path: &Path, hasher: &mut Hasher) -> Option<()> {
        if self.own.iter().any(|own| own == path) {
            return Some(());
        }
        let metadata = path.symlink_metadata().ok()?;
        self.files += 1;
        self.bytes += if metadata.is_file() { metadata.len() } else { 0 };
        if self.files >= MOST_FILES || self.bytes >= MOST_BYTES || self.is_unwanted.load(Ordering::Relaxed) {
            return None;
        }
        self.see(path);
        hasher.field(self.relative(path)).field(metadata.mode().to_le_bytes());
        if metadata.is_symlink() {
            hasher.field(path.read_link().ok()?.as_os_str().as_bytes());
        } else if metadata.is_dir() {
            for name in self.names(path)? {
                self.add(&path.join(name), hasher)?;
            }
            hasher.field("");
        } else if metadata.is_file() {
            hasher.field(self.content(path, metadata.len())?.0);
        } else {
            return None;
        }
        Some(())
    }

    /// Remembers what must not change; directories that the build makes change the one above.
    fn see(&mut self, path: &Path) {
        if !self.own.iter().any(|own| own.starts_with(path)) {
            self.seen.push(path.to_owned());
        }
    }

    fn content(&self, path: &Path, length: u64) -> Option<Sha256> {
        // What has become a link or a pipe meanwhile is neither followed nor waited for.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
        let mut digest = sha2::Sha256::new();
        let mut chunk = vec![0; 1 << 16];
        let mut read = 0;
        loop {
            match file.read(&mut chunk).ok()? {
                0 => break,
                _ if self.is_unwanted.load(Ordering::Relaxed) => return None,
                count => {
                    digest.update(&chunk[..count]);
                    read += count as u64;
                }
            }
        }
        (read == length).then(|| Sha256(digest.finalize().into()))
    }
}

#[cfg(test)]
mod tests;

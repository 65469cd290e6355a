//! The files behind pip's words: exact size and digest of each artifact, and what only the disk can decide.
//!
//! A file is looked for where the words say that it lies: where pip saved it, in pip's HTTP cache, in its cache of built
//! wheels, else in the temporary directory from which pip installs, where it is held open since pip removes it at its
//! end. Digests are taken in a thread of their own while pip goes on working. Refuses to contradict the words: the disk
//! completes them, and decides only what they leave open.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use super::cache::{Body, Cache, NoCache, measure};
use super::page::{self, Reading};
use super::temporaries::Temporaries;
use super::unkept;
use crate::classify::{Clues, LocalTime};
use crate::event::{Artifact, Evidence, Kind, Origin};

/// Looks after the files of one pip invocation.
pub(crate) struct Files {
    directory: PathBuf,
    cache: Result<Cache, NoCache>,
    /// Where `pip wheel` leaves the wheels that it builds.
    wheels: Option<PathBuf>,
    /// When the invocation began by the clock of the file system, in nanoseconds: what was written later is new. `None`
    /// where nothing is known of the process, and so nothing of its cache.
    began: Option<i128>,
    /// Whether this pip reads a page that it has cached without asking while the page is fresh: it does from 26.2 on.
    trusts_fresh_pages: Option<bool>,
    /// Whether pip runs as this process's user.
    is_this_users: bool,
    temporaries: Temporaries,
    held: HashMap<u64, File>,
    asked: HashMap<u64, Vec<u8>>,
    /// When pages were read, as pip's log says it and by the clock of files.
    windows: HashMap<u64, (Times, (i128, i128))>,
    worker: Option<Worker>,
}

/// When a page was asked for, and when it had come.
type Times = (LocalTime, LocalTime);

/// Takes digests while pip goes on working.
struct Worker {
    /// Numbers of artifacts and the URLs under which the cache keeps them.
    jobs: Sender<(u64, Vec<u8>)>,
    thread: JoinHandle<HashMap<u64, Body>>,
}

impl Files {
    /// `directory` is pip's working directory; `began` see [`super::cache::written`].
    pub(crate) fn new(directory: PathBuf, cache: Result<Cache, NoCache>, began: Option<i128>) -> Self {
        Files {
            directory,
            cache,
            wheels: None,
            began,
            trusts_fresh_pages: None,
            is_this_users: false,
            temporaries: Temporaries::default(),
            held: HashMap::new(),
            asked: HashMap::new(),
            windows: HashMap::new(),
            worker: None,
        }
    }

    /// pip's temporary files are watched.
    pub(crate) fn with_temporaries(self, temporaries: Temporaries) -> Self {
        Files { temporaries, ..self }
    }

    /// Where pip keeps files while it works.
    pub(crate) fn temporaries(&self) -> &Temporaries {
        &self.temporaries
    }

    /// Takes hold of files that have appeared.
    pub(crate) fn look(&mut self) {
        self.temporaries.look();
    }

    /// pip runs as the user that this process runs as, who may use the same caches.
    pub(crate) fn of_this_user(self) -> Self {
        Files { is_this_users: true, ..self }
    }

    /// pip leaves wheels in this directory, without saying so of those that it builds.
    pub(crate) fn with_wheels_in(self, directory: Option<PathBuf>) -> Self {
        Files { wheels: directory, ..self }
    }

    /// pip told its version.
    pub(crate) fn version(&mut self, version: &str) {
        let version = version.parse::<pep440_rs::Version>().ok();
        self.trusts_fresh_pages = version.map(|version| version.release() >= &[26, 2]);
    }

    /// An artifact was named: looks at once at what may be gone when pip has ended.
    pub(crate) fn named(&mut self, number: u64, artifact: &Artifact, clues: &Clues) {
        self.hold(number, clues);
        if let Some(read) = clues.read
            && self.windows.get(&number).is_none_or(|(known, _)| *known != read)
        {
            self.windows.insert(number, (read, page::window(read)));
        }
        if artifact.origin == Origin::HttpCache
            && let (Some(url), Ok(cache)) = (located(clues), &self.cache)
            && self.asked.insert(number, url.clone()).as_ref() != Some(url)
        {
            let worker = self.worker.get_or_insert_with(|| Worker::start(cache.clone()));
            // A worker that is gone has lost its digests; they are taken at the end instead.
            let _ = worker.jobs.send((number, url.clone()));
        }
    }

    /// Keeps hold of an artifact's temporary file. What is read of it now may not be all: a nested pip's words are there
    /// twice, so that what seems to come after a transfer may be what came before it.
    fn hold(&mut self, number: u64, clues: &Clues) {
        if let Some(path) = &clues.temporary
            && !self.held.contains_key(&number)
        {
            let path = self.path(path);
            self.held.extend(self.temporaries.take(&path).map(|file| (number, file)));
        }
    }

    /// pip has ended: the digests taken so far.
    pub(crate) fn ended(&mut self) -> Measured {
        Measured { bodies: self.worker.take().and_then(Worker::end).unwrap_or_default() }
    }

    /// Completes an artifact from the files behind it.
    pub(crate) fn complete(&mut self, number: u64, artifact: &mut Artifact, clues: &Clues, measured: &mut Measured) {
        self.complete_from_disk(number, artifact, clues, measured);
        if artifact.kind == Kind::Wheel
            && artifact.origin == Origin::Built
            && let Some((wheels, filename)) = self.wheels.as_ref().zip(artifact.filename.as_deref())
        {
            let path = self.directory.join(wheels).join(filename);
            if let Some(body) = File::open(&path).ok().and_then(|file| measure(file).ok())
                && artifact.sha256.is_none_or(|digest| digest == body.sha256)
            {
                artifact.destination = Some(crate::event::text(path.as_os_str().as_bytes()).into());
                fill(artifact, &body, Evidence::DESTINATION_FILE);
            }
        }
    }

    fn complete_from_disk(&mut self, number: u64, artifact: &mut Artifact, clues: &Clues, measured: &mut Measured) {
        if matches!(artifact.origin, Origin::Failed | Origin::Vcs) {
            return;
        }
        if let Some(path) = &clues.path
            && let Some(body) = self.file(path)
        {
            artifact.destination = Some(crate::event::text(self.path(path).as_os_str().as_bytes()).into());
            return fill(artifact, &body, Evidence::DESTINATION_FILE);
        }
        if artifact.origin == Origin::WheelCache {
            let kept = self.cache.as_ref().ok().zip(artifact.filename.as_deref());
            if let Some(body) = kept.and_then(|(cache, filename)| cache.built_wheel(filename)) {
                fill(artifact, &body, Evidence::WHEEL_CACHE_FILE);
            }
            return;
        }
        let cached = measured.bodies.remove(&number).or_else(|| self.cached(clues));
        if artifact.kind == Kind::Index && artifact.origin == Origin::Unknown {
            let window = self.windows.get(&number).map(|(_, window)| *window);
            let reading = self.began.map(|began| Reading { began, window, trusts_fresh: self.trusts_fresh_pages });
            page::decide(artifact, clues, cached.as_ref(), &self.cache, reading);
        }
        // What was downloaded and not kept may differ from what was kept earlier.
        let is_of_this_run = |body: &Body| self.began.is_none_or(|began| body.written >= began);
        if let Some(body) = cached.filter(|body| artifact.origin != Origin::Downloaded || is_of_this_run(body)) {
            return fill(artifact, &body, Evidence::HTTP_CACHE_FILE);
        }
        self.hold(number, clues);
        if let Some(body) = self.held.remove(&number).and_then(|file| measure(file).ok()) {
            fill(artifact, &body, Evidence::TEMPORARY_FILE);
        }
    }

    /// All are completed: tells which of them pip did not keep.
    pub(crate) fn settle(&self, found: &mut BTreeMap<u64, (Box<Artifact>, Box<Clues>)>) {
        match (&self.cache, self.began) {
            (Ok(cache), Some(began)) if self.is_this_users => unkept::mark(found, cache, began),
            (Err(NoCache::Disabled), _) => {
                let artifacts = found.values_mut().map(|(artifact, _)| artifact);
                let is_concerned = |artifact: &&mut Box<Artifact>| artifact.origin == Origin::Downloaded;
                artifacts.filter(is_concerned).for_each(|artifact| artifact.add_evidence(Evidence::CACHE_DISABLED));
            }
            _ => {}
        }
    }

    fn cached(&self, clues: &Clues) -> Option<Body> {
        self.cache.as_ref().ok()?.body(located(clues)?)
    }

    fn file(&self, path: &[u8]) -> Option<Body> {
        measure(File::open(self.path(path)).ok()?).ok()
    }

    fn path(&self, path: &[u8]) -> PathBuf {
        let path = Path::new(OsStr::from_bytes(path));
        self.directory.join(path.strip_prefix(".").unwrap_or(path))
    }
}

/// Digests taken while pip was running, by the number of their artifact.
pub(crate) struct Measured {
    bodies: HashMap<u64, Body>,
}

impl Worker {
    fn start(cache: Cache) -> Worker {
        let (jobs, queue) = channel::<(u64, Vec<u8>)>();
        let measured =
            move || queue.into_iter().filter_map(|(number, url)| Some((number, cache.body(&url)?))).collect();
        Worker { jobs, thread: std::thread::spawn(measured) }
    }

    fn end(self) -> Option<HashMap<u64, Body>> {
        drop(self.jobs);
        self.thread.join().ok()
    }
}

/// The URL under which pip's cache keeps a file.
pub(super) fn located(clues: &Clues) -> Option<&Vec<u8>> {
    clues.answered.as_ref().or(clues.url.as_ref())
}

fn fill(artifact: &mut Artifact, body: &Body, evidence: Evidence) {
    artifact.size_bytes = Some(body.size);
    artifact.sha256 = Some(body.sha256);
    artifact.add_evidence(evidence);
}

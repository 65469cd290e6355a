//! `wheeltap wheelhouse build`: fills a wheelhouse by pip through the shim, one session for all.
//!
//! What cannot be had stops nothing else: a file that pip refuses as a whole is tried line by line.

mod attribution;
mod completion;
mod journal;
mod outcome;
mod pip;
mod record;
mod summary;
mod task;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

use anyhow::{Context as _, bail};

use super::Place;
use super::contents::Contents;
use super::manifest;
use crate::cli::run::session::Session;
use crate::cli::{Console, Hint as _, Status, Tone, explained, now, requirements};
use crate::manifest::requirements::read;
use crate::store::Surroundings;
use completion::Completion;
use journal::Journal;
use outcome::Outcome;
use pip::Pip;
use record::Before;
use task::Task;

/// Fill a wheelhouse from requirements files, recorded
///
/// pip runs through the shim, once for each requirements file, all in one session. A package that cannot be had does
/// not stop the others: it is listed at the end. Into the wheelhouse goes wheelhouse_manifest.json: each file with its
/// URL, size, sha256, origin, and the requirement that asked for it.
///
/// A file that the wheelhouse satisfies already is only checked by pip, without network, unless --upgrade is given. What
/// source distributions need to be built is fetched too: the wheelhouse is to suffice without network.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap wheelhouse build --requirements requirements.txt
  wheeltap wheelhouse build --requirements 'services/*/requirements.txt' --jobs 4
  wheeltap wheelhouse build -r requirements.txt --build-wheels
  wheeltap wheelhouse build -r requirements.txt -- --only-binary=:all: --platform manylinux2014_x86_64

Exit status: 0, 1 if something could not be had, 2 on bad usage")]
pub(in crate::cli) struct Arguments {
    /// The requirements files; patterns are expanded
    #[arg(long, short = 'r', value_name = "GLOB", required = true, num_args = 1..)]
    requirements: Vec<OsString>,
    #[command(flatten)]
    place: Place,
    /// How many files are worked on at once
    #[arg(long, short = 'j', value_name = "N", default_value_t = 1)]
    jobs: usize,
    /// Build wheels of source distributions (pip wheel instead of pip download)
    #[arg(long)]
    build_wheels: bool,
    /// Look for newer versions even where the wheelhouse suffices
    #[arg(long)]
    upgrade: bool,
    /// What pip gets besides
    #[arg(value_name = "PIP ARGUMENTS", last = true)]
    pip: Vec<OsString>,
}

/// What a worker says.
enum Said {
    /// pip is about to run.
    Command(PathBuf, String),
    /// pip printed a line.
    Line(PathBuf, Vec<u8>),
    /// A file is done.
    Done(Outcome),
}

/// Fills it.
pub(super) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let files = expanded(&arguments.requirements)?;
    let readings: Vec<_> = files.iter().map(|file| read(file, &Surroundings)).collect();
    let directory = arguments.place.path();
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make `{}`", directory.display()))?;
    let before = Before::of(directory)?;
    let started = now();
    let session = match Session::open(None, &arguments.pip) {
        Ok(session) => Some(session),
        Err(error) => {
            console.say(Tone::Doubtful, "warning", &format!("nothing is recorded: {}", explained(&error)));
            None
        }
    };
    let stamp = session.as_ref().map_or_else(|| started.stamp(), |session| session.id().to_string());
    let pip = Pip::new(directory, arguments.build_wheels, &arguments.pip, session.as_ref())
        .hint("install pip, or activate the environment that has it")?;
    let mut journal = Journal::open(&stamp, requirements::redactor(), &readings, console)?;
    let completion = Completion::new(directory);
    let is_plain = !arguments.upgrade && arguments.pip.is_empty();
    let tasks = files.into_iter().zip(&readings);
    let tasks: Vec<_> = tasks
        .map(|(file, reading)| Task { file, reading, suffices: is_plain && completion.suffices(reading) })
        .collect();
    let mut outcomes = work(&tasks, &pip, arguments.jobs, &mut journal);
    outcomes.extend(completion.complete(&readings, &pip, &mut journal));
    journal.finish();
    let finished = session.map(Session::finish);

    let contents = Contents::of(directory)?;
    let session = finished.as_ref().and_then(|finished| finished.folded.as_ref().ok()?.as_ref());
    let manifest = record::manifest(&record::Run {
        directory,
        started,
        before: &before,
        contents: &contents,
        readings: &readings,
        outcomes,
        session,
    })?;
    manifest::write(directory, &manifest)?;
    summary::show(
        &manifest,
        directory,
        session,
        finished.as_ref().map(|finished| &finished.files),
        journal.path(),
        console,
    )?;
    Ok(if manifest.errors.is_empty() { Status::Ok } else { Status::Finding })
}

/// The files that the patterns mean, each once. A name that is a file is not a pattern.
fn expanded(patterns: &[OsString]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for pattern in patterns {
        let shown = pattern.display();
        let found: Vec<PathBuf> = match (Path::new(pattern).is_file(), pattern.to_str()) {
            (true, _) | (_, None) => vec![pattern.into()],
            (false, Some(text)) => {
                let paths = glob::glob(text).with_context(|| format!("cannot expand `{shown}`"))?;
                paths.filter_map(Result::ok).filter(|path| path.is_file()).collect()
            }
        };
        if found.is_empty() {
            let none: anyhow::Result<()> = (|| bail!("cannot find a requirements file: `{shown}` matches nothing"))();
            none.hint("quote a pattern, so that it is expanded here and not by the shell: --requirements 'requirements/*.txt'")?;
        }
        files.extend(found.into_iter().filter(|file| !files.contains(file)).collect::<Vec<_>>());
    }
    Ok(files)
}

/// Works on the files, `jobs` at once. The outcomes are in the order of the files.
fn work(tasks: &[Task<'_>], pip: &Pip, jobs: usize, journal: &mut Journal) -> Vec<Outcome> {
    let (said, heard) = mpsc::channel();
    let waiting = Mutex::new(tasks.iter());
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    let worker = |said: Sender<Said>| {
        while let Some(task) = next() {
            let outcome = task.run(pip, &said);
            let _ = said.send(Said::Done(outcome));
        }
    };
    let mut outcomes = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, tasks.len().max(1)) {
            let said = said.clone();
            scope.spawn(move || worker(said));
        }
        drop(said);
        for said in heard {
            match said {
                Said::Done(outcome) => outcomes.push(outcome),
                other => journal.hear(other),
            }
        }
    });
    outcomes.sort_by_key(|outcome| tasks.iter().position(|task| task.file == outcome.file));
    outcomes
}

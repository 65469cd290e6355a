//! What the ledger costs: one short session, one more event at the end of a long one, and the fold of 10 000 artifacts
//! over 200 invocations. Run by `make bench`; each figure is of many runs, the median and the best.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark looks at the clock and prints"
)]

#[allow(dead_code, reason = "a part of what the tests use")]
#[path = "../tests/ledger/events.rs"]
mod events;

use std::hint::black_box;
use std::time::{Duration, Instant};

use events::{artifact, at, build_info, finished, started, wheel};
use rustix::time::{ClockId, clock_gettime};
use wheeltap::event::{Event, Moment, Origin, Redactor};
use wheeltap::ledger::{Directory, Journal, document, fold, read_journal};

const INVOCATIONS: usize = 200;
const ARTIFACTS: usize = 50;

/// The median and the best of so many runs.
fn measured(times: usize, mut run: impl FnMut() -> Duration) -> [Duration; 2] {
    let mut durations: Vec<_> = (0..times).map(|_| run()).collect();
    durations.sort_unstable();
    [durations[times / 2], durations[0]]
}

/// The processor time of `run`, kernel included, so that the figures hold on a busy machine too.
fn worked<T>(run: impl FnOnce() -> T) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let start = now();
    let made = run();
    let elapsed = now() - start;
    drop(black_box(made));
    elapsed
}

/// The time that passes while `run` works, perhaps on several processors.
fn passed<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let made = run();
    let elapsed = start.elapsed();
    drop(black_box(made));
    elapsed
}

fn row(what: &str, durations: [Duration; 2]) {
    let [median, best] = durations.map(|duration| duration.as_secs_f64() * 1e3);
    println!("| {what} | {median:.3} ms | {best:.3} ms |");
}

/// The events of one invocation.
fn invocation(number: usize) -> Vec<Event> {
    let id = format!("{number:016x}");
    let origins = [Origin::Downloaded, Origin::HttpCache, Origin::Wheelhouse, Origin::WheelCache];
    let artifacts = (0..ARTIFACTS).map(|file| {
        let mut record = wheel(&format!("package_{number}_{file}"), origins[file % origins.len()]);
        record.destination = Some(format!("/app/wheelhouse/{}", record.filename.as_deref().unwrap()).into());
        record.index = Some("https://index.example/simple/package/".into());
        artifact(&id, file as u64, record)
    });
    std::iter::once(started(&id)).chain(artifacts).chain([finished(&id)]).collect()
}

fn main() {
    let place = tempfile::tempdir_in("target").unwrap();
    let directory = Directory::new(place.path());
    println!("| the ledger | median | best |\n|---|---|---|");

    let environment: Vec<_> = (0..60)
        .map(|number| (format!("VARIABLE_{number}"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin".to_owned()))
        .chain([("PIP_INDEX_URL".to_owned(), "https://user:password@index.example/simple".to_owned())])
        .collect();
    let learn = || {
        let environment = environment.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        Redactor::learn([&b"install"[..], b"-r", b"requirements.txt"], environment)
    };
    row("learn the secrets of 61 variables", measured(500, || worked(learn)));
    let (redactor, url) = (learn(), "https://files.example/packages/ab/cd/six-1.16.0-py2.py3-none-any.whl#sha256=ab");
    row("redact a URL", measured(500, || worked(|| redactor.text(url))));

    let mut second = 0;
    let short = measured(500, || {
        second += 1;
        let now = Moment::from_microseconds(at(0.0).microseconds() + second * 1_000_000);
        let wheel = wheel("six", Origin::Downloaded);
        worked(|| {
            let mut journal = Journal::open(&directory, now, &build_info()).unwrap();
            journal.append(&[started("a"), artifact("a", 0, wheel), finished("a")]).unwrap();
            journal.finish().unwrap();
        })
    });
    row("a session of 3 events: open, append, fold, document, logs", short);
    let crowded = measured(500, || worked(|| Journal::open(&directory, at(0.0), &build_info()).unwrap()));
    row("opening a session where 500 seconds are taken", crowded);

    let id = wheeltap::event::SessionId::parse("20300101_000000").unwrap();
    let event = [artifact("a", 0, wheel("six", Origin::Downloaded))];
    let append = |journal: &mut Journal| measured(500, || worked(|| journal.append(&event).unwrap()));
    let joined = |event: &[Event]| {
        measured(200, || {
            worked(|| Journal::join(&directory, &id, at(0.0), &build_info()).unwrap().append(event).unwrap())
        })
    };
    let mut journal = Journal::join(&directory, &id, at(0.0), &build_info()).unwrap();
    journal.append(&[]).unwrap();
    row("append one event to an empty session", append(&mut journal));
    row("join an empty session and append", joined(&event));
    for number in 0..INVOCATIONS {
        journal.append(&invocation(number)).unwrap();
    }
    row("append one event to a session of 10 000 artifacts", append(&mut journal));
    row("join a session of 10 000 artifacts and append", joined(&event));

    let path = journal.files().journal;
    let bytes = std::fs::metadata(&path).unwrap().len();
    let read = measured(20, || worked(|| read_journal(&path).unwrap()));
    row(&format!("read the journal of 10 000 artifacts ({:.1} MB)", bytes as f64 / 1e6), read);
    let folded = measured(20, || {
        let events = read_journal(&path).unwrap().events;
        worked(|| fold(&id, events))
    });
    row("fold them", folded);
    let session = journal.finish().unwrap().unwrap();
    assert_eq!(session.summary.total_artifacts as usize, INVOCATIONS * ARTIFACTS + 1);
    let mut size = 0;
    let written = measured(20, || {
        worked(|| {
            let mut text = Vec::new();
            document(&mut text, &session).unwrap();
            size = text.len();
            text
        })
    });
    row(&format!("their document as text ({:.1} MB)", size as f64 / 1e6), written);
    let files = journal.files();
    let mut finish = |is_first: bool| {
        measured(40, || {
            if is_first {
                [&files.document, &files.log, &files.wheels]
                    .into_iter()
                    .for_each(|path| std::fs::remove_file(path).unwrap());
            }
            // Else what the last one left to be written to the disk is part of this one.
            rustix::fs::sync();
            passed(|| journal.finish().unwrap())
        })
    };
    row("all of it, the document and the logs on disk (time passed; budget: 50 ms)", finish(true));
    row("the same in the place of earlier files", finish(false));
}

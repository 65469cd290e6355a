//! Journals that were torn, damaged, or written by somebody newer; writers that are killed.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wheeltap::event::{Event, Origin, SessionId};
use wheeltap::ledger::{Directory, Error, Journal, load, read_document, read_journal};

use super::events::{artifact, at, build_info, finished, started, wheel};

const STAMP: &str = "20261120_153600";

fn session() -> SessionId {
    SessionId::parse(STAMP).unwrap()
}

fn join(directory: &Path) -> Journal {
    Journal::join(&Directory::new(directory), &session(), at(0.0), &build_info()).unwrap()
}

/// A journal with one invocation and one artifact, and its path.
fn journal(directory: &Path) -> (Journal, std::path::PathBuf) {
    let mut journal = join(directory);
    journal.append(&[started("a"), artifact("a", 0, wheel("one", Origin::Downloaded)), finished("a")]).unwrap();
    let path = journal.files().journal;
    (journal, path)
}

fn append_bytes(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

// Contract: session-files
#[test]
fn a_torn_line_costs_nothing_but_itself() {
    let directory = tempfile::tempdir().unwrap();
    let (_, path) = journal(directory.path());
    append_bytes(&path, b"{\"event\":\"artifact\",\"at\":\"2026-11-20T15:36:00.123456Z\",\"invoc");
    let mut next = join(directory.path());
    next.append(&[artifact("a", 1, wheel("two", Origin::HttpCache))]).unwrap();
    let session = next.finish().unwrap().unwrap();
    assert_eq!((session.summary.total_downloads, session.summary.total_cached), (1, 1));
    assert_eq!(session.degraded, ["1 line of the journal could not be read: torn"]);
    assert!(!session.summary.complete);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().filter(|line| serde_json::from_str::<Event>(line).is_err()).count(), 1, "{text}");
}

#[test]
fn an_event_is_found_behind_a_torn_one_on_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, path) = journal(directory.path());
    // Torn after the writer had opened the journal, which therefore does not begin on a new line; twice.
    append_bytes(&path, b"{\"event\":\"artifact\",\"at\"{\"event\":\"arti");
    let name = "{\"event\":\"degraded\" \\ \"}";
    journal.append(&[artifact("a", 1, wheel(name, Origin::Downloaded))]).unwrap();
    journal.append(&[artifact("a", 2, wheel("three", Origin::Downloaded))]).unwrap();
    let session = journal.finish().unwrap().unwrap();
    assert_eq!(session.downloads.wheels.len(), 3);
    assert_eq!(session.downloads.wheels[1].name.as_deref(), Some(name));
    assert_eq!(session.degraded, ["2 lines of the journal could not be read: torn"]);
}

#[test]
fn whatever_stands_in_a_journal_is_borne_and_accounted_for() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, path) = journal(directory.path());
    append_bytes(&path, b"\n\n\xff\xfe\0\0\0\n{}\n[]\nnull\nnot json\n{\"event\":\"artifact\"}\n{\"event\":7}\n");
    append_bytes(
        &path,
        b"{\"event\":\"premonition\",\"at\":\"2026-11-20T15:36:00.123456Z\",\"of\":[{\"event\":\"doom\"}]}\n",
    );
    append_bytes(&path, b"{\"event\":\"degraded\",\"at\":\"2026-11-20T17:36:00+01:00\",\"invocation\":null,\"reason\":\"\\u001b[31m\",\"new\":1}\r\n");
    journal.append(&[artifact("a", 1, wheel("two", Origin::Downloaded))]).unwrap();
    let session = journal.finish().unwrap().unwrap();
    assert_eq!(session.summary.total_downloads, 2);
    assert_eq!(session.degraded, ["\u{1b}[31m", "7 lines of the journal could not be read: torn"]);
    assert_eq!(session.blind_spots, ["1 line of the journal passed over: of a newer wheeltap"]);
    for file in [&journal.files().log, &journal.files().document] {
        let shown = fs::read(file).unwrap();
        assert!(!shown.contains(&0x1b) && !shown.contains(&0), "{}", String::from_utf8_lossy(&shown));
    }
}

/// Reads a journal within memory that its longest line does not fit into. No test by itself.
#[test]
#[ignore = "started by another test"]
fn a_reader_with_little_memory() {
    let limit = Rlimit { current: Some(200 << 20), maximum: getrlimit(Resource::As).maximum };
    setrlimit(Resource::As, limit).unwrap();
    let directory = Directory::new(std::env::var("LEDGER_DIRECTORY").unwrap());
    let loaded = load(&directory, Some(Path::new(STAMP))).unwrap();
    assert_eq!(loaded.session.summary.total_downloads, 2);
    assert_eq!(loaded.session.degraded, ["1 line of the journal passed over: longer than 16 MiB"]);
}

#[test]
fn an_endless_line_is_passed_over_in_little_memory() {
    let directory = tempfile::tempdir().unwrap();
    let (mut journal, path) = journal(directory.path());
    let length = fs::metadata(&path).unwrap().len() + (256 << 20);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(length).unwrap();
    file.write_all_at(b"\n", length - 1).unwrap();
    journal.append(&[artifact("a", 1, wheel("two", Origin::Downloaded))]).unwrap();
    let reader = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "damage::a_reader_with_little_memory", "--ignored", "--nocapture", "--test-threads=1"])
        .env("LEDGER_DIRECTORY", directory.path())
        .output()
        .unwrap();
    assert!(reader.status.success(), "{}", String::from_utf8_lossy(&reader.stdout));
}

#[test]
fn a_newer_journal_and_no_journal_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("events_{STAMP}.jsonl"));
    let newer = "{\"event\":\"session-started\",\"at\":\"2026-11-20T15:36:00.123456Z\",\"schema\":2,\"session\":\"20261120_153600\",\"build_info\":{}}\n";
    fs::write(&path, newer).unwrap();
    assert!(matches!(read_journal(&path), Err(Error::Newer { schema: 2, .. })));
    let mut journal = join(directory.path());
    journal.append(&[started("a")]).unwrap();
    assert!(matches!(journal.finish(), Err(Error::Newer { .. })));
    assert!(!journal.files().document.exists(), "an older fold of a newer journal");
    fs::write(&path, "pip 24.0\n").unwrap();
    let error = read_journal(&path).unwrap_err().to_string();
    assert!(error.contains(STAMP) && error.contains("no line of it is an event"), "{error}");
    fs::write(&path, "").unwrap();
    assert_eq!(read_journal(&path).unwrap().events, []);
    assert!(matches!(read_journal(directory.path()), Err(Error::Io { .. })));
    assert!(matches!(read_journal(&directory.path().join("none")), Err(Error::Io { .. })));
}

/// Appends and publishes without end, and says after each append what stands in the journal. No test by itself.
#[test]
#[ignore = "started by another test"]
fn a_writer_to_be_killed() {
    let name = std::env::var("LEDGER_NAME").unwrap();
    let mut journal = join(Path::new(&std::env::var("LEDGER_DIRECTORY").unwrap()));
    let mut stdout = std::io::stdout();
    for number in 0.. {
        // Several pages, so that a kill can come in the middle of a write.
        let record = wheel(&"x".repeat(8_000), Origin::Downloaded);
        journal.append(&[artifact(&name, number, record)]).unwrap();
        writeln!(stdout, "appended {number}").unwrap();
        if number % 3 == 2 {
            journal.finish().unwrap();
        }
    }
}

// Contract: session-files
#[test]
fn killed_writers_lose_nothing_that_they_appended() {
    let directory = tempfile::tempdir().unwrap();
    let files = Directory::new(directory.path()).files(&session());
    let mut expected = Vec::new();
    for round in 0..6 {
        let mut storm: Vec<_> = (0..4)
            .map(|number| {
                let name = format!("{round}-{number}");
                let mut child = Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "damage::a_writer_to_be_killed", "--ignored", "--nocapture"])
                    .env("LEDGER_DIRECTORY", directory.path())
                    .env("LEDGER_NAME", &name)
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let output = BufReader::new(child.stdout.take().unwrap());
                (name, child, output)
            })
            .collect();
        // Each is alive and appending; then all are killed, at some moment of their work.
        for (name, _, output) in &mut storm {
            let appended = output.lines().map(Result::unwrap).find(|line| line.starts_with("appended 1"));
            assert!(appended.is_some(), "{name} ended by itself");
        }
        std::thread::sleep(Duration::from_millis(7 * round));
        for (_, child, _) in &mut storm {
            child.kill().unwrap();
        }
        for (name, mut child, output) in storm {
            child.wait().unwrap();
            let appended = output
                .lines()
                .map_while(Result::ok)
                .filter_map(|line| line.strip_prefix("appended ").and_then(|number| number.parse::<u64>().ok()));
            expected.push((name, appended.max().unwrap_or(1)));
        }
        if files.document.exists() {
            read_document(&files.document).unwrap();
        }
    }
    let session = join(directory.path()).finish().unwrap().unwrap();
    for (name, last) in expected {
        let of_this = |wheel: &&wheeltap::event::Artifact| wheel.invocation.as_ref().is_some_and(|id| *id.0 == *name);
        let found = session.downloads.wheels.iter().map(Box::as_ref).filter(of_this).count() as u64;
        assert!(found > last, "{name}: {found} of {}", last + 1);
    }
    assert_eq!(read_document(&files.document).unwrap(), session);
}

#[test]
fn the_promise_to_fold_ends_with_its_process() {
    let directory = tempfile::tempdir().unwrap();
    let mut opener = Journal::open(&Directory::new(directory.path()), at(0.0), &build_info()).unwrap();
    assert!(opener.hold());
    opener.append(&[]).unwrap();
    let guest = || Journal::join(opener.directory(), opener.id(), at(0.0), &build_info()).unwrap();
    let mut first = guest();
    first.append(&[started("a"), finished("a")]).unwrap();
    assert_eq!(first.finish().unwrap(), None, "the opener has promised to fold");
    assert!(!opener.files().document.exists());
    let mut nested = guest();
    assert!(!nested.hold(), "there is one holder");
    let mut second = guest();
    assert_eq!(opener.finish().unwrap().unwrap().invocations.len(), 1);
    second.append(&[started("b"), finished("b")]).unwrap();
    let late = second.finish().unwrap();
    assert_eq!(late.expect("nobody has promised any more").invocations.len(), 2);
    // A holder that is killed has promised nothing.
    let mut other = Journal::open(&Directory::new(directory.path()), at(0.0), &build_info()).unwrap();
    assert!(other.hold());
    let id = other.id().clone();
    drop(other);
    let mut guest = Journal::join(opener.directory(), &id, at(0.0), &build_info()).unwrap();
    assert!(guest.finish().unwrap().is_some());
}

// Contract: session-files
#[test]
fn a_reader_never_sees_half_a_document() {
    let directory = tempfile::tempdir().unwrap();
    let files = Directory::new(directory.path()).files(&session());
    let writer = std::thread::spawn({
        let directory = directory.path().to_owned();
        move || {
            let mut journal = join(&directory);
            for number in 0..60 {
                journal.append(&[artifact("a", number, wheel("one", Origin::Downloaded))]).unwrap();
                journal.finish().unwrap();
            }
        }
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut seen = 0;
    while seen < 60 && Instant::now() < deadline {
        if let Ok(text) = fs::read(&files.document) {
            let session: wheeltap::event::Session = serde_json::from_slice(&text).expect("a whole document");
            assert!(session.summary.total_artifacts >= seen, "an older fold over a newer one");
            seen = session.summary.total_artifacts;
        }
    }
    writer.join().unwrap();
    assert_eq!(seen, 60);
}

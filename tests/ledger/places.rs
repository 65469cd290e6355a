//! Log directories that are missing, read-only or full, and names that lead out of them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use wheeltap::event::{Event, Origin};
use wheeltap::ledger::{Directory, Error, Journal, load, read_document, read_journal};

use super::events::{artifact, at, build_info, finished, started, wheel};
use super::requires;

fn write(directory: &Directory) -> Result<Journal, Error> {
    let mut journal = Journal::open(directory, at(0.0), &build_info())?;
    journal.append(&[started("a"), artifact("a", 0, wheel("one", Origin::Downloaded)), finished("a")])?;
    journal.finish()?;
    Ok(journal)
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

// Contract: session-files
#[test]
fn a_missing_directory_is_made() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::named(Some(place.path().join("logs/build").into()));
    write(&directory).unwrap();
    let expected = [
        "build_session_20261120_153600.log",
        "downloads_20261120_153600.json",
        "events_20261120_153600.jsonl",
        "wheel_downloads_20261120_153600.log",
    ];
    assert_eq!(names(directory.path()), expected);
    assert_eq!(Directory::named(Some("".into())).path(), Path::new("logs/build"));
    assert_eq!(Directory::named(None).absolute().unwrap().path(), std::env::current_dir().unwrap().join("logs/build"));
}

// Contract: session-files
#[test]
fn a_taken_second_gives_the_next_one_and_the_true_time() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::new(place.path());
    let ids: Vec<_> = (0..70).map(|_| write(&directory).unwrap().id().to_string()).collect();
    assert_eq!((&*ids[0], &*ids[1], &*ids[69]), ("20261120_153600", "20261120_153601", "20261120_153709"));
    let last = read_document(&directory.path().join(format!("downloads_{}.json", ids[69]))).unwrap();
    assert_eq!(last.started_at, Some(at(0.0)));
    assert_eq!(directory.sessions().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(), ids);
}

// Contract: session-files
#[test]
fn a_session_is_joined_by_its_stamp_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let directory = Directory::new(place.path().join("logs"));
    let open = |session: Option<&OsStr>| Journal::join_or_open(&directory, session, at(0.0), &build_info()).unwrap();
    let mut first = open(None);
    first.append(&[started("a")]).unwrap();
    let mut joined = open(Some(first.id().as_str().as_ref()));
    assert_eq!(joined.id(), first.id());
    joined.append(&[finished("a")]).unwrap();
    // One that does not exist yet is begun.
    let mut begun = open(Some("20200101_000000".as_ref()));
    begun.append(&[started("a")]).unwrap();
    let started = begun.finish().unwrap().unwrap();
    assert_eq!((started.session_id.as_str(), started.started_at), ("20200101_000000", Some(at(0.0))));
    for refused in ["../../20261120_153600", "/tmp/x", "20261120_153600/../x", "mine", "\u{1b}[31m"] {
        let mut own = open(Some(refused.as_ref()));
        assert_ne!(own.id(), first.id());
        let session = own.finish().unwrap().unwrap();
        assert_eq!(session.degraded.len(), 1, "{refused}");
        assert!(!session.summary.complete);
    }
    open(Some(OsStr::from_bytes(b"\xff")));
    assert_eq!(open(Some("".as_ref())).finish().unwrap().unwrap().degraded, [""; 0]);
    assert_eq!(names(place.path()), ["logs"]);
}

#[test]
fn what_cannot_be_a_directory_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "mine").unwrap();
    for path in [file.clone(), file.join("logs"), "/proc/nowhere".into()] {
        let error = write(&Directory::new(&path)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("create `{}/events_", path.display())), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

/// Runs an ignored test of this file, as root in mount namespace of its own, after `prepare`.
fn in_own_mounts(test: &str, place: &Path, prepare: &str) {
    let output = Command::new("unshare")
        .args(["-m", "sh", "-ec", &format!("mount --make-rprivate /\n{prepare}\nexec \"$@\""), "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("PLACE", place)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

// Contract: session-files
#[test]
fn a_read_only_directory_is_an_error() {
    if !requires::root() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    write(&Directory::new(place.path())).unwrap();
    in_own_mounts(
        "places::on_a_read_only_directory",
        place.path(),
        "mount --bind \"$PLACE\" \"$PLACE\"\nmount -o remount,ro,bind \"$PLACE\"",
    );
}

#[test]
#[ignore = "started by another test"]
fn on_a_read_only_directory() {
    let directory = Directory::new(std::env::var_os("PLACE").unwrap());
    let error = write(&directory).unwrap_err().to_string();
    assert!(error.ends_with("(os error 30)"), "{error}");
    let error = write(&Directory::new(directory.path().join("deeper"))).unwrap_err().to_string();
    assert!(error.ends_with("(os error 30)"), "{error}");
    assert_eq!(load(&directory, None).unwrap().session.summary.total_downloads, 1);
}

// Contract: session-files
#[test]
fn a_full_directory_loses_evidence_and_nothing_else() {
    if !requires::root() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    in_own_mounts("places::on_a_full_directory", place.path(), "mount -t tmpfs -o size=1m,mode=755 none \"$PLACE\"");
    assert_eq!(names(place.path()), [""; 0]);
}

#[test]
#[ignore = "started by another test"]
fn on_a_full_directory() {
    let place = std::path::PathBuf::from(std::env::var_os("PLACE").unwrap());
    let directory = Directory::new(&place);
    let mut journal = write(&directory).unwrap();
    let before = fs::read(journal.files().document).unwrap();
    let filler = place.join("filler");
    fs::write(&filler, vec![0; 832 << 10]).unwrap();
    let mut appended = 1;
    let error = loop {
        let event = artifact("a", appended, wheel(&format!("{appended}{}", "x".repeat(997)), Origin::Downloaded));
        match journal.append(&[event]) {
            Ok(()) => appended += 1,
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.ends_with("(os error 28)") && appended > 50, "{appended}: {error}");
    // What stood under a final name stands; nothing half written is there.
    assert!(journal.finish().unwrap_err().to_string().ends_with("(os error 28)"));
    assert_eq!(fs::read(journal.files().document).unwrap(), before);
    assert_eq!(names(&place).len(), 5, "{:?}", names(&place));
    let found = |events: &[Event]| events.iter().filter(|event| matches!(event, Event::Artifact { .. })).count() as u64;
    assert_eq!(found(&read_journal(&journal.files().journal).unwrap().events), appended);
    // A session that cannot even begin.
    let _ = Journal::open(&directory, at(0.0), &build_info()).map(|mut other| {
        assert!(other.append(&[started("b")]).is_err());
        assert!(other.finish().is_err());
    });
    // As soon as there is room again, what was kept is written.
    fs::remove_file(&filler).unwrap();
    let session = journal.finish().unwrap().unwrap();
    assert_eq!(session.downloads.wheels.len() as u64, appended + 1);
    assert!(session.degraded.iter().all(|reason| reason.contains("torn")), "{:?}", session.degraded);
    assert_eq!(read_document(&journal.files().document).unwrap(), session);
}

//! Many processes at once on one session, and sessions that are opened at once.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use wheeltap::event::{Event, Origin, SessionId};
use wheeltap::ledger::{Directory, Journal, read_document, read_journal};

use super::events::{artifact, at, build_info, finished, started, wheel};

const PROCESSES: usize = 32;
const EVENTS: u64 = 50;

/// What a process of a crowd does, named by its environment. No test by itself.
#[test]
#[ignore = "started by the other tests of this file"]
fn a_process_of_a_crowd() {
    let variable = |name| std::env::var(name).unwrap();
    let directory = Directory::new(variable("CROWD_DIRECTORY"));
    let name = variable("CROWD_NAME");
    match std::env::var("CROWD_SESSION") {
        Ok(id) => {
            let id = SessionId::parse(&id).unwrap();
            let mut journal = Journal::join(&directory, &id, at(0.0), &build_info()).unwrap();
            journal.append(&[started(&name)]).unwrap();
            for number in 0..EVENTS {
                let record =
                    wheel(&format!("{name}-{number}-{}", "x".repeat(number as usize * 20)), Origin::Downloaded);
                journal.append(&[artifact(&name, number, record)]).unwrap();
            }
            journal.append(&[finished(&name)]).unwrap();
            journal.finish().unwrap();
        }
        Err(_) => {
            let mut journal = Journal::open(&directory, at(0.0), &build_info()).unwrap();
            journal.append(&[started(&name), finished(&name)]).unwrap();
            journal.finish().unwrap().expect("nobody else has promised to fold");
        }
    }
}

fn start(directory: &Path, name: &str, session: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crowd::a_process_of_a_crowd", "--ignored"]);
    command.env("CROWD_DIRECTORY", directory).env("CROWD_NAME", name);
    command.envs(session.map(|id| ("CROWD_SESSION", id)));
    command.stdout(Stdio::null()).spawn().unwrap()
}

// Contract: session-files
#[test]
fn a_crowd_on_one_session_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let id = "20261120_153600";
    let crowd: Vec<_> = (0..PROCESSES).map(|number| start(directory.path(), &format!("p{number}"), Some(id))).collect();
    for mut process in crowd {
        assert!(process.wait().unwrap().success());
    }
    let files = Directory::new(directory.path()).files(&SessionId::parse(id).unwrap());
    let events = read_journal(&files.journal).unwrap().events;
    assert_eq!(events.iter().filter(|event| matches!(event, Event::SessionStarted { .. })).count(), 1);
    let session = read_document(&files.document).unwrap();
    assert_eq!(session.summary.total_downloads, PROCESSES as u64 * EVENTS);
    assert_eq!(session.invocations.len(), PROCESSES);
    assert_eq!(session.degraded, Vec::<String>::new());
    assert!(session.summary.complete, "{:?}", session.summary);
    let names: BTreeSet<_> = session.downloads.wheels.iter().map(|wheel| wheel.name.as_ref().unwrap()).collect();
    assert_eq!(names.len(), PROCESSES * EVENTS as usize);
    let log = std::fs::read_to_string(&files.wheels).unwrap();
    assert_eq!(log.lines().filter(|line| line.starts_with("[DOWNLOADED] ")).count(), PROCESSES * EVENTS as usize);
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

// Contract: session-files
#[test]
fn sessions_opened_at_once_have_their_own_stamps() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().join("logs/build");
    let crowd: Vec<_> = (0..PROCESSES).map(|number| start(&directory, &format!("p{number}"), None)).collect();
    for mut process in crowd {
        assert!(process.wait().unwrap().success());
    }
    let directory = Directory::new(directory);
    let sessions = directory.sessions().unwrap();
    assert_eq!(sessions.len(), PROCESSES);
    let invocations: BTreeSet<_> = sessions
        .iter()
        .map(|id| {
            let session = read_document(&directory.files(id).document).unwrap();
            assert_eq!((&session.session_id, session.started_at, session.invocations.len()), (id, Some(at(0.0)), 1));
            session.invocations[0].id.0.clone()
        })
        .collect();
    assert_eq!(invocations.len(), PROCESSES);
}

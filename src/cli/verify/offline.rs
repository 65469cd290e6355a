//! A command with the network cut, watched, and judged at its end.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use anyhow::Context as _;

use super::{Format, judge, show};
use crate::cli::run::find;
use crate::cli::run::session::{NoStamp, Session};
use crate::cli::run::stage::Stage;
use crate::cli::{Cannot as _, Console, Status, explained};
use crate::ledger::{self, Directory};
use crate::report::certificate::Case;
use crate::shim::watch;
use crate::supervise::{End, Error, Outcome, Program};
use crate::witness::{self, Boundary, Means, Mode};

/// How long processes that the command left behind are waited for: what they do later is not seen.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs the command and judges.
pub(super) fn run(
    command: &[OsString],
    mut case: Case,
    format: Format,
    console: &mut Console,
) -> anyhow::Result<Status> {
    let name = command.first().context("no command is given")?;
    let path = find(name)
        .map_err(io::Error::from)
        .with_context(|| format!("cannot verify `{}`: it cannot be run", name.display()))?;
    // Lives until the certificate is shown, where nothing can be kept.
    let (mut session, _place) = open(command, &mut case)?;
    session.follow();
    let mut program = Program { path, arguments: command.to_vec(), environment: Vec::new() };
    let stage = Stage::of(&mut program, &mut session, &std::env::temp_dir());
    let inherited = witness::inherited_sockets();
    for descriptor in inherited.connections {
        case.doubts.push(format!("descriptor {descriptor} is a connection that was made outside of the cut"));
    }
    for descriptor in inherited.files {
        let reason =
            format!("what comes through descriptor {descriptor}, a socket of somebody outside of the cut, is not seen");
        session.blind_spot(&reason);
    }
    let boundary = cut(&mut session);
    let mode = watch::mode(Mode::Observe);
    let (outcome, witness) = watch::run(&mut program, mode, boundary, &mut session);
    drop(stage);
    session.conclude();
    let sighting = witness.finish(PATIENCE);
    let end = ended(outcome, &mut case);
    session.witnessed(mode, &sighting, command, end);
    conclude(session, case, format, console)
}

/// Opens the session; in a place of its own where the log directory cannot be used.
fn open(command: &[OsString], case: &mut Case) -> anyhow::Result<(Session, Option<tempfile::TempDir>)> {
    let error = match Session::open(None, command) {
        Ok(session) => return Ok((session, None)),
        Err(error) if error.is::<NoStamp>() => return Err(error),
        Err(error) => error,
    };
    case.doubts.push(format!("session and certificate could not be kept: {}", explained(&error)));
    let place = tempfile::tempdir().context("cannot make a place for the session")?;
    let session = Session::open_in(Directory::new(place.path()), None, command)?;
    Ok((session, Some(place)))
}

/// Cuts the network off as well as it can be done here.
fn cut(session: &mut Session) -> Boundary {
    let error = match witness::cut_off() {
        Ok(means) => {
            if means == Means::UserNamespace && watch::has_sudo() {
                session.blind_spot(
                    "the network was cut off in a user namespace, where sudo and other set-user-id programs gain \
                     nothing: as root they do",
                );
            }
            return Boundary::OwnNamespace;
        }
        Err(error) => error,
    };
    if witness::is_cut_off() {
        return Boundary::GivenNamespace;
    }
    session.blind_spot(&format!("the network could not be cut off here: {error}"));
    Boundary::Advisory
}

fn ended(outcome: Result<Outcome, Error>, case: &mut Case) -> Option<End> {
    match outcome {
        Ok(outcome) => Some(outcome.end),
        Err(error) => {
            case.doubts.push(format!("the command did not start: cannot {error}"));
            None
        }
    }
}

/// Folds the session and judges it.
fn conclude(session: Session, case: Case, format: Format, console: &mut Console) -> anyhow::Result<Status> {
    let finished = session.fold();
    let folded = match finished.folded.cannot()? {
        Some(folded) => folded,
        // Somebody around us folds the session in the end; what is in it so far is judged.
        None => ledger::load(&Directory::from_environment(), Some(&finished.files.journal)).cannot()?.session,
    };
    show(&judge(&folded, case), &folded, &finished.files, format, console)
}

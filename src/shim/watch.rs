//! The witness of the network as shims and the console's verbs use it: how to watch, a program run under it, and what
//! was seen as the words of a session.
//!
//! Refuses to be of consequence: what cannot be watched runs as it would have run, and what is missing is said.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use super::fault::quietly;
use super::look_up;
use super::session::now;
use crate::event::{
    Attempt, AttemptKind, Command, Connection, Event, InvocationId, Redactor, Unavailable, Watch, Watched,
};
use crate::supervise::{self, End, Error, Interpose, Outcome, Program, Tap};
use crate::witness::{self, Boundary, Extent, HostSource, Method, Mode, Sighting, Tries, Wish, Witness};

/// How to watch: as `WHEELTAP_WITNESS` says, else as is usual for the verb. What it says and does not mean anything is
/// the usual, too: a build does not fail for a variable of ours.
pub(crate) fn mode(usual: Mode) -> Mode {
    let wish = std::env::var_os(witness::VARIABLE);
    wish.as_deref().and_then(OsStr::to_str).and_then(Mode::named).unwrap_or(usual)
}

/// Whether a witness around us sees all that one of this mode could.
pub(crate) fn is_watched_above(mode: Mode) -> bool {
    witness::above().is_some_and(|above| above >= mode)
}

/// A witness that notes how things stand. Where the kernel demands that privileges be given up, that is done if it was
/// asked for by name or if there is nothing here that needs them: `sudo` would fail.
pub(super) fn begin(mode: Mode, boundary: Boundary, extent: Extent) -> Witness {
    let by_name = || std::env::var_os(witness::VARIABLE).is_some_and(|value| value == "observe");
    let may_give_up_privileges =
        mode == Mode::Observe && (by_name() || rustix::process::geteuid().is_root() || !has_sudo());
    Witness::begin(Wish { mode, boundary, extent, may_give_up_privileges })
}

/// Whether there is a program on `PATH` by which users gain privileges.
pub(crate) fn has_sudo() -> bool {
    let path = std::env::var_os("PATH");
    ["sudo", "doas"].iter().any(|name| !look_up(OsStr::new(name), path.as_deref(), &[]).programs.is_empty())
}

/// Runs a program to its end under a witness, which is still to be asked what it saw.
pub(crate) fn run(
    program: &mut Program,
    mode: Mode,
    boundary: Boundary,
    tap: &mut (dyn Tap + Send),
) -> (Result<Outcome, Error>, Witness) {
    if mode != Mode::Off {
        program.environment.push(witness::marker(mode));
    }
    let mut witness = begin(mode, boundary, Extent::Whole);
    let outcome = run_under(&mut witness, program, Interpose::default(), tap);
    (outcome, witness)
}

/// Runs a program to its end under a witness.
pub(super) fn run_under(
    witness: &mut Witness,
    program: &Program,
    interpose: Interpose,
    tap: &mut (dyn Tap + Send),
) -> Result<Outcome, Error> {
    if witness.mode() == Mode::Observe {
        return witness.watch(|| supervise::run(program, interpose, tap));
    }
    let started = supervise::start(program, interpose)?;
    // The program runs meanwhile.
    let _ = quietly(|| witness.look_around());
    Ok(started.supervise(tap))
}

/// The command as a record.
pub(crate) fn command(arguments: &[OsString], end: Option<End>, redactor: &Redactor) -> Command {
    let arguments: Vec<Vec<u8>> = arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect();
    let (exit_code, exit_signal) = match end {
        Some(End::Code(code)) => (Some(code), None),
        Some(End::Signal(signal)) => (None, Some(signal)),
        None => (None, None),
    };
    Command { argv: redactor.arguments(&arguments), exit_code, exit_signal }
}

/// What was watched.
pub(crate) enum Subject {
    /// A command with all that it started.
    Command(Command),
    /// One invocation of a tool.
    Invocation(InvocationId),
}

/// What was seen, as lines of the journal.
pub(crate) fn events(mode: Mode, sighting: &Sighting, subject: Subject, redactor: &Redactor) -> Vec<Event> {
    let at = now();
    let (command, invocation) = match subject {
        Subject::Command(command) => (Some(command), None),
        Subject::Invocation(invocation) => (None, Some(invocation)),
    };
    let attempts = sighting.tries.iter().map(|tries| {
        let record = Attempt { invocation: invocation.clone(), ..redactor.attempt(&attempt(tries)) };
        Event::Attempt { at, record: Box::new(record) }
    });
    let mut events: Vec<Event> = attempts.collect();
    let Watched { watch, connections, counters } = watched(mode, sighting, redactor);
    let record = Watched { watch: Watch { command, invocation, ..watch }, connections, counters };
    events.push(Event::Watched { at, record: Box::new(record) });
    events
}

fn attempt(tries: &Tries) -> Attempt {
    let seconds = (tries.last - tries.first).as_secs_f64();
    Attempt {
        host: tries.host.clone(),
        host_source: tries.host_source.map(|source| match source {
            HostSource::Query => "dns-query".to_owned(),
            HostSource::Correlated => "dns-correlated".to_owned(),
        }),
        addr: tries.address.map(|address| address.to_string()),
        proto: tries.protocol.clone(),
        count: tries.count,
        // To the microsecond: more is noise.
        seconds: Some((seconds * 1e6).round() / 1e6),
        uid: Some(tries.user),
        chain: tries.chain.clone(),
        ..Attempt::new(program(tries), AttemptKind::Witnessed)
    }
}

/// The name of the program that tried.
fn program(tries: &Tries) -> String {
    let first = tries.chain.first().and_then(|process| process.split(' ').next()).unwrap_or_default();
    let name = first.rsplit('/').next().unwrap_or_default();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

fn watched(mode: Mode, sighting: &Sighting, redactor: &Redactor) -> Watched {
    let Sighting { counters, connections, unavailable, doubts, .. } = sighting;
    let is_outer = unavailable.iter().any(|one| one.method == Method::SeccompNotify && one.reason == "outer");
    let watch = Watch {
        step: None,
        command: None,
        invocation: None,
        mode: mode.as_str().to_owned(),
        method: if is_outer { "outer" } else { method(sighting.method) }.to_owned(),
        unavailable: unavailable
            .iter()
            .map(|one| Unavailable { method: method(one.method).to_owned(), reason: one.reason.clone() })
            .collect(),
        boundary: match sighting.boundary {
            Boundary::OwnNamespace | Boundary::GivenNamespace => "kernel-netns",
            Boundary::Advisory => "advisory",
            Boundary::None => "none",
        }
        .to_owned(),
        shared: sighting.shared,
        no_new_privs: sighting.no_new_privileges,
        reconciled: sighting.reconciled,
        unwitnessed: sighting.unwitnessed,
        notifications: sighting.notifications,
        compat32: sighting.narrow,
        io_uring_used: sighting.io_uring > 0,
        unreadable: sighting.unreadable,
        orphans: sighting.left_behind.len() as u64,
        outside_sockets: sighting.outside_servers.iter().map(|server| redactor.text(&server.path)).collect(),
        doubts: doubts.iter().map(|doubt| redactor.text(doubt)).collect(),
    };
    let connections = connections.iter().map(|(peer, bytes)| Connection {
        peer: peer.to_string(),
        host: None,
        count: bytes.connections,
        rx: bytes.received,
        tx: bytes.sent,
    });
    let counters = counters.iter().map(|(name, count)| ((*name).to_owned(), *count));
    Watched { watch, connections: connections.collect(), counters: counters.collect() }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::SeccompNotify => "seccomp-notify",
        Method::Counters => "counters",
        Method::None => "none",
    }
}

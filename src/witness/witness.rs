//! One witness, from before a command starts until it has ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{Builder, JoinHandle, scope};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};

use super::counters::{self, Counters, Extent, Tables};
use super::cut::{self, Boundary};
use super::entrance::{Handover, enter};
use super::record::Seen;
use super::sighting::{Books, Method, Sighting, Unavailable};
use super::sockets::Destroyed;
use super::supervisor::{End, Policy, Setting, Supervisor};
use super::{process, sys};

/// The variable that says how to watch: `off`, `counters`, `observe`.
pub const VARIABLE: &str = "WHEELTAP_WITNESS";

/// The variable by which those below know that they are watched already, and how: a [`Mode`] by its name.
const MARKER: &str = "WHEELTAP_WITNESSED";

/// How the network is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Not at all.
    Off,
    /// By what the kernel counts anyway.
    Counters,
    /// Every call of every process as well.
    Observe,
}

impl Mode {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Off => "off",
            Mode::Counters => "counters",
            Mode::Observe => "observe",
        }
    }

    /// What the value of [`VARIABLE`] says; `None` if it says nothing.
    pub fn named(value: &str) -> Option<Mode> {
        match value {
            "off" => Some(Mode::Off),
            "counters" => Some(Mode::Counters),
            "observe" => Some(Mode::Observe),
            _ => None,
        }
    }
}

/// How to watch.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// How.
    pub mode: Mode,
    /// What keeps the command from the network.
    pub boundary: Boundary,
    /// How much is counted.
    pub extent: Extent,
    /// Whether the privileges of set-user-id programs may be given up where the kernel demands that.
    pub may_give_up_privileges: bool,
}

/// Watches.
pub struct Witness {
    wish: Wish,
    began: Instant,
    tables: Tables,
    before: Counters,
    destroyed: Option<Destroyed>,
    supervision: Option<Supervision>,
    unavailable: Vec<Unavailable>,
    no_new_privileges: bool,
    loopback_is_up: bool,
    inet6_uncounted: bool,
    shared: bool,
}

/// The supervisor's thread.
struct Supervision {
    thread: JoinHandle<Option<End>>,
    stop: Arc<OwnedFd>,
    /// Says something when the thread is about to end.
    ended: mpsc::Receiver<()>,
}

impl Witness {
    /// Notes how things stand.
    pub fn begin(wish: Wish) -> Witness {
        let mut witness = Witness {
            wish,
            began: Instant::now(),
            tables: Tables::default(),
            before: Counters::new(),
            destroyed: None,
            supervision: None,
            unavailable: Vec::new(),
            no_new_privileges: false,
            loopback_is_up: true,
            inet6_uncounted: false,
            shared: false,
        };
        if wish.mode == Mode::Off {
            witness.cannot(Method::SeccompNotify, "opted-out");
            witness.cannot(Method::Counters, "opted-out");
            return witness;
        }
        match Destroyed::new() {
            Ok(destroyed) => witness.destroyed = Some(destroyed),
            Err(error) => witness.cannot(Method::Counters, &format!("destroyed sockets: {error}")),
        }
        if wish.mode == Mode::Counters {
            witness.cannot(Method::SeccompNotify, "opted-out");
        }
        witness.tables = Tables::open(wish.extent);
        witness.before = witness.tables.read();
        if wish.mode == Mode::Observe {
            witness.look_around();
        }
        witness
    }

    /// How it watches.
    pub fn mode(&self) -> Mode {
        self.wish.mode
    }

    /// Notes what does not change while the command runs, a boundary that somebody else has made included. Who only counts
    /// leaves this to the caller, for a time when nobody waits for it.
    pub fn look_around(&mut self) {
        if self.wish.mode == Mode::Off {
            return;
        }
        self.inet6_uncounted = counters::has_no_inet6();
        let interfaces = counters::routed_interfaces();
        if self.wish.boundary == Boundary::None && interfaces.as_ref().is_some_and(Vec::is_empty) {
            self.wish.boundary = Boundary::GivenNamespace;
        }
        let is_ours = self.wish.boundary.is_of_the_kernel();
        self.loopback_is_up = !is_ours || has_loopback();
        self.shared = !is_ours && interfaces.is_some_and(|interfaces| cut::is_shared(&interfaces));
    }

    /// Does something, all of whose children are watched: in a thread of its own where every call is to be seen, which
    /// has the signal mask of this one, while this one takes no signal. There must be no other thread.
    pub fn watch<T: Send>(&mut self, what: impl FnOnce() -> T + Send) -> T {
        let what = Mutex::new(Some(what));
        let take = || what.lock().ok().and_then(|mut what| what.take());
        let mask = sys::block_signals();
        let watched = match self.supervise() {
            Err(error) => Err(format!("no thread: {error}")),
            Ok((handover, verdict)) => scope(|scope| {
                let may_give_up = self.wish.may_give_up_privileges;
                let take = &take;
                let work = move || -> Result<(Option<T>, bool), String> {
                    let gave_up = enter(may_give_up, handover, &verdict)?;
                    sys::set_mask(mask);
                    Ok((take().map(|what| what()), gave_up))
                };
                let thread = Builder::new().name("watched".to_owned()).spawn_scoped(scope, work);
                match thread.map(|thread| thread.join()) {
                    Ok(Ok(done)) => done,
                    Ok(Err(payload)) => std::panic::resume_unwind(payload),
                    Err(error) => Err(format!("no thread: {error}")),
                }
            }),
        };
        sys::set_mask(mask);
        match watched {
            Ok((Some(value), gave_up)) => {
                self.no_new_privileges = gave_up;
                value
            }
            refused => {
                self.cannot(Method::SeccompNotify, refused.err().as_deref().unwrap_or("nothing was done"));
                self.give_up_supervision();
                take().expect("it was not taken")()
            }
        }
    }

    /// Starts the supervisor, which waits for a listener, and later says whether the trial went well.
    fn supervise(&mut self) -> io::Result<(mpsc::Sender<Handover>, mpsc::Receiver<bool>)> {
        let setting = Setting {
            policy: match self.wish.boundary {
                Boundary::OwnNamespace | Boundary::GivenNamespace => Policy::Cut,
                Boundary::Advisory => Policy::Deny,
                Boundary::None => Policy::Observe,
            },
            resolvers: resolvers(),
            loopback_is_up: self.loopback_is_up,
            inet6_uncounted: self.inet6_uncounted,
            began: self.began,
        };
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let (handover, listener) = mpsc::channel::<Handover>();
        let (says, verdict) = mpsc::channel();
        let (ends, ended) = mpsc::channel();
        let stops = Arc::clone(&stop);
        let destroyed = self.destroyed.take();
        let thread = Builder::new().name("witness".to_owned()).spawn(move || {
            // Until it is received, a call can be interrupted by a signal; where we may, we are quick to receive.
            let _ = rustix::process::setpriority_process(None, -20);
            let mut supervisor = Supervisor::new(setting);
            let Ok(Handover { listener, thread }) = listener.recv() else {
                return Some(End { seen: Seen::default(), destroyed, listener: None });
            };
            let good = supervisor.hear_canary(&listener, &stops, thread);
            let _ = says.send(good);
            let end = match good {
                true => supervisor.serve(listener, &stops, destroyed),
                false => End { seen: Seen::default(), destroyed, listener: None },
            };
            let _ = ends.send(());
            Some(end)
        })?;
        self.supervision = Some(Supervision { thread, stop, ended });
        Ok((handover, verdict))
    }

    /// The filter does not stand: the supervisor has nothing to do, and gives back what it was lent.
    fn give_up_supervision(&mut self) {
        if let Some(supervision) = self.supervision.take() {
            let _ = rustix::io::write(&*supervision.stop, &1u64.to_ne_bytes());
            self.destroyed = supervision.thread.join().ok().flatten().and_then(|end| end.destroyed);
        }
    }

    fn cannot(&mut self, method: Method, reason: &str) {
        self.unavailable.push(Unavailable { method, reason: reason.to_owned() });
    }

    /// The command has ended: what was seen. Whoever was left behind is waited for as long as `patience`, and goes on
    /// unseen after that.
    pub fn finish(mut self, patience: Duration) -> Sighting {
        let watched = self.supervision.is_some();
        let (seen, left_behind) = self.end_supervision(patience);
        let counters = match self.wish.mode {
            Mode::Off => Counters::new(),
            Mode::Counters | Mode::Observe => counters::growth(&self.before, &self.tables.read()),
        };
        if let Some(destroyed) = &mut self.destroyed {
            destroyed.hear();
        }
        let method = match (watched, counters.is_empty()) {
            (true, _) => Method::SeccompNotify,
            (false, false) => Method::Counters,
            (false, true) => Method::None,
        };
        let (tries, nobody) = (seen.tries(), BTreeMap::new());
        let books = Books {
            passed_on: seen.passed_on,
            tries: &tries,
            counters: &counters,
            destroyed: self.destroyed.as_ref().map_or(&nobody, |destroyed| &destroyed.peers),
            boundary: self.wish.boundary,
            shared: self.shared,
        };
        // Whoever only counts has seen nobody try.
        let unwitnessed = books.unwitnessed();
        let disagreements = if watched { books.disagreements() } else { Vec::new() };
        let reconciled = (watched && books.can_be_compared()).then_some(unwitnessed == 0 && disagreements.is_empty());
        let missed = self.destroyed.as_ref().is_some_and(|destroyed| destroyed.missed);
        let mut doubts = disagreements;
        if self.wish.boundary.is_of_the_kernel() && has_loopback() != self.loopback_is_up {
            doubts.push("the loopback was raised or taken down: what was sent to it may have been refused".to_owned());
        }
        doubts.extend(self.doubts(&seen, &left_behind));
        Sighting {
            method,
            boundary: self.wish.boundary,
            shared: self.shared,
            no_new_privileges: self.no_new_privileges,
            tries,
            notifications: seen.notifications,
            narrow: seen.narrow,
            io_uring: seen.io_uring,
            unreadable: seen.unreadable,
            outside_servers: seen.servers,
            connections: self.destroyed.map(|destroyed| destroyed.peers).unwrap_or_default(),
            unavailable: {
                if missed {
                    let reason = "more sockets were destroyed than the kernel keeps".to_owned();
                    self.unavailable.push(Unavailable { method: Method::Counters, reason });
                }
                self.unavailable
            },
            counters,
            left_behind,
            unwitnessed,
            reconciled,
            doubts,
        }
    }

    fn end_supervision(&mut self, patience: Duration) -> (Seen, Vec<String>) {
        let Some(supervision) = self.supervision.take() else { return (Seen::default(), Vec::new()) };
        let mut left_behind = Vec::new();
        if supervision.ended.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
            left_behind = process::of_this_namespace(self.wish.boundary == Boundary::OwnNamespace);
            let _ = rustix::io::write(&*supervision.stop, &1u64.to_ne_bytes());
        }
        let Some(end) = supervision.thread.join().ok().flatten() else {
            let mut seen = Seen::default();
            seen.panic = Some("the witness ended before its time".to_owned());
            return (seen, left_behind);
        };
        self.destroyed = end.destroyed;
        match end.listener {
            // Whoever is left ends with us, and waits until then.
            Some(listener) if std::process::id() == 1 => {
                std::mem::forget(listener);
                left_behind.clear();
            }
            Some(listener) => {
                if left_behind.is_empty() {
                    left_behind.push("(unnamed)".to_owned());
                }
                // Where no process can be had, whoever was left behind gets ENOSYS.
                let _ = sys::leave_behind(listener.as_fd());
            }
            None => left_behind.clear(),
        }
        (end.seen, left_behind)
    }

    fn doubts(&self, seen: &Seen, left_behind: &[String]) -> Vec<String> {
        let mut doubts = Vec::new();
        let mut some = |count: u64, what: &str| {
            if count > 0 {
                doubts.push(what.replace("{}", &count.to_string()));
            }
        };
        some(seen.io_uring, "io_uring was set up {} times: what goes through it is not notified");
        some(seen.unreadable, "the arguments of {} calls could not be read");
        some(
            seen.namespaces,
            "a network namespace was made or entered {} times: what happens there is not counted here",
        );
        some(seen.taken, "descriptors were taken out of other processes {} times");
        some(
            seen.doubtful,
            "{} loopback addresses may have been exchanged behind the witness's back, where the kernel counts no refusal: raw sockets, or IPv6 where it is off",
        );
        some(
            seen.strangers,
            "{} sockets were made of families that a network namespace does not keep in (AF_VSOCK and its like)",
        );
        some(seen.overflow, "{} tries beyond the bound are not listed");
        if !left_behind.is_empty() {
            doubts.push(format!("processes of the command go on unseen after its end: {}", left_behind.join("; ")));
        }
        doubts.extend(seen.panic.clone());
        doubts
    }
}

/// Whether the loopback takes what is sent to it, as it does unless somebody says otherwise.
fn has_loopback() -> bool {
    sys::is_loopback_up().unwrap_or(true)
}

/// The name servers of this machine.
fn resolvers() -> Vec<IpAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = text.lines().filter_map(|line| line.trim_start().strip_prefix("nameserver")?.trim().parse().ok());
    servers.collect()
}

/// What those below a witness are told of it.
pub fn marker(mode: Mode) -> (OsString, Option<OsString>) {
    (MARKER.into(), Some(mode.as_str().into()))
}

/// How a witness around this process watches, if there is one.
pub fn above() -> Option<Mode> {
    std::env::var_os(MARKER)?.to_str().and_then(Mode::named)
}

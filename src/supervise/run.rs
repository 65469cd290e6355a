//! One child from its start to its end: one thread, one `poll`, no timer but the one the tap asks for.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use super::bystander::Bystander;
use super::lane::{self, Lane};
use super::listener::Listener;
use super::program::{Image, Program};
use super::signals::{self, Addressee, Change, Mask, Received, SignalFd};
use super::spawn::{self, Birth};
use super::tap::{Stream, Tap};
use super::{End, Error, inherited, relay, sink};

/// Which of the child's streams are led through the tap. The others are simply inherited, and so is standard input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interpose {
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

/// How a supervised run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The child's end.
    pub end: End,
    /// What the tap said when it panicked: from then on bytes were only forwarded.
    pub tap_panic: Option<String>,
    /// Whether somebody whom the child left behind still has an interposed stream: forwarded, but not listened to.
    pub left_behind: bool,
}

/// Runs `program` as a child and returns when it has ended and all that it wrote is forwarded.
///
/// Signals that were meant for the tool reach it once: those that a process sent to us are forwarded, those of the
/// terminal reach the child by themselves, because it is in our process group. When the child stops, we stop in the same
/// way. On an error nothing was started and everything is as before, so that the caller can still [`exec`](super::exec)
/// the program.
///
/// To be called from the main thread, before any other exists: signals are blocked for this thread only, and the
/// child is killed should the thread end before it.
pub fn run(program: &Program, interpose: Interpose, tap: &mut dyn Tap) -> Result<Outcome, Error> {
    Ok(start(program, interpose)?.supervise(tap))
}

/// The first half of [`run`]: what is done between the two costs no time, as long as the child is busy itself.
///
/// # Errors
/// As [`run`].
pub fn start(program: &Program, interpose: Interpose) -> Result<Started, Error> {
    let guard = Blocked::new();
    let child = match begin(program, interpose, &guard) {
        Err(Error::Start { source, path }) => match program.as_script(&source) {
            Some(script) => begin(&script, interpose, &guard)?,
            None => return Err(Error::Start { source, path }),
        },
        begun => begun?,
    };
    Ok(Started { child, guard })
}

/// A child that runs, and that nobody looks after yet.
#[must_use = "a child is to be looked after"]
pub struct Started {
    child: Child,
    guard: Blocked,
}

impl Started {
    /// The second half of [`run`].
    pub fn supervise(self, tap: &mut dyn Tap) -> Outcome {
        self.child.supervise(self.guard, tap)
    }
}

/// All signals blocked and SIGCHLD at its default, without which a child's end goes unnoticed; undone on drop.
pub(super) struct Blocked {
    pub(super) mask: Mask,
    pub(super) sigchld: libc::sighandler_t,
}

impl Blocked {
    pub(super) fn new() -> Blocked {
        Blocked { mask: Mask::ALL.set(), sigchld: signals::dispose(libc::SIGCHLD, libc::SIG_DFL) }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        signals::dispose(libc::SIGCHLD, self.sigchld);
        self.mask.set();
    }
}

fn begin(program: &Program, interpose: Interpose, guard: &Blocked) -> Result<Child, Error> {
    let prepare = |what| move |source: io::Error| Error::Prepare { what, source };
    let image = Image::new(program).map_err(|source| Error::Start { path: program.path.clone(), source })?;
    let signals = SignalFd::new(libc::SFD_NONBLOCK).map_err(prepare("read signals"))?;
    let mut lanes = Vec::with_capacity(2);
    let mut open = |stream, descriptor| -> Result<OwnedFd, Error> {
        let (lane, end) = lane::open(stream, descriptor).map_err(prepare("open a pipe"))?;
        lanes.push(lane);
        Ok(end)
    };
    let stdout = interpose.stdout && !inherited::is_closed(1);
    let stderr = interpose.stderr && !inherited::is_closed(2);
    let (stdout, stderr) = if stdout && stderr && sink::is_same(1, 2) {
        (Some(open(Stream::Both, 1)?), None)
    } else {
        let stdout = if stdout { Some(open(Stream::Stdout, 1)?) } else { None };
        (stdout, if stderr { Some(open(Stream::Stderr, 2)?) } else { None })
    };
    let both = stdout.as_ref().filter(|_| lanes.iter().any(Lane::is_both));
    let birth = Birth {
        image: &image,
        stdin: None,
        stdout: stdout.as_ref().map(AsRawFd::as_raw_fd),
        stderr: stderr.as_ref().or(both).map(AsRawFd::as_raw_fd),
        mask: guard.mask,
        sigchld: guard.sigchld,
    };
    match spawn::spawn(&birth) {
        Ok(pid) => {
            let wants_bystander = Some(Instant::now() + ALONE);
            Ok(Child { pid, signals, lanes, end: None, bystander: None, wants_bystander, resumed: false })
        }
        Err(source) => Err(Error::Start { path: program.path.clone(), source }),
    }
}

/// A tool that ends sooner does without a [`Bystander`]: it has hardly begun to deal with signals, and waiting for the
/// bystander's end would cost it more than its whole run.
const ALONE: Duration = Duration::from_millis(20);

struct Child {
    pid: libc::pid_t,
    signals: SignalFd,
    lanes: Vec<Lane>,
    end: Option<End>,
    bystander: Option<Bystander>,
    /// When to start it; it is tried once, and without it a signal to the whole group reaches the tool twice.
    wants_bystander: Option<Instant>,
    /// The tool has gone on after its last stop, and the SIGCONT that made it may come to us as well.
    resumed: bool,
}

impl Child {
    fn supervise(mut self, guard: Blocked, tap: &mut dyn Tap) -> Outcome {
        let mut listener = Listener::new(tap);
        while self.end.is_none() {
            self.step(&mut listener);
        }
        if let Some(bystander) = &self.bystander {
            bystander.dismiss();
        }
        // The tool is gone, so signals concern us as they would have concerned it, still writing to a slow reader.
        drop(guard);
        self.lanes.iter_mut().for_each(Lane::child_ended);
        self.drain(&mut listener);
        self.lanes.iter_mut().for_each(|lane| lane.close(&mut listener));
        self.drain(&mut listener);
        self.hand_over(listener)
    }

    /// Forwards what the child wrote before its end. If a reader does not read, that is waited for as the tool itself
    /// would have waited; but not if a signal has ended the tool, which it would have done then, too.
    fn drain(&mut self, listener: &mut Listener<'_>) {
        // With PID 1 its relays would end, too.
        let hurries = matches!(self.end, Some(End::Signal(_))) && std::process::id() != 1;
        while !self.lanes.iter().all(|lane| lane.is_drained() || (hurries && lane.is_stuck())) {
            self.step(listener);
        }
    }

    /// Waits for something to happen and deals with it.
    fn step(&mut self, listener: &mut Listener<'_>) {
        if listener.tick() {
            self.lanes.iter_mut().for_each(|lane| lane.ticked(listener));
        }
        let timeout = [listener.wait(), self.call_bystander()].into_iter().flatten().min();
        let mut ready = Vec::with_capacity(2 + 2 * self.lanes.len());
        let signals = if self.end.is_none() { self.signals.as_raw_fd() } else { -1 };
        ready.push(libc::pollfd { fd: signals, events: libc::POLLIN, revents: 0 });
        ready.push(libc::pollfd { fd: listener.watched(), events: libc::POLLIN, revents: 0 });
        ready.extend(self.lanes.iter().flat_map(Lane::interest));
        if signals::poll(&mut ready, timeout.map_or(-1, milliseconds)).is_err() {
            return;
        }
        if ready[1].revents != 0 {
            listener.woken();
        }
        // Bytes before signals: what the child wrote before it died is older than its death.
        for (lane, ready) in self.lanes.iter_mut().zip(ready[2..].chunks_exact(2)) {
            lane.serve(ready, listener);
        }
        if ready[0].revents != 0 {
            self.read_signals();
        }
    }

    /// Starts the bystander if it is time, and says how long that is from now.
    fn call_bystander(&mut self) -> Option<Duration> {
        let wait = self.wants_bystander?.saturating_duration_since(Instant::now());
        if self.end.is_none() && !wait.is_zero() {
            return Some(wait);
        }
        self.wants_bystander = None;
        if self.end.is_none() {
            self.bystander = Bystander::start().ok();
        }
        None
    }

    fn read_signals(&mut self) {
        while let Some(received) = self.signals.next() {
            if received.signal == libc::SIGCHLD {
                self.look_after();
            } else if self.end.is_none() && self.is_for_tool(received) {
                signals::send(self.pid, received.signal);
            }
        }
        // Of several children's SIGCHLD only one may have been read.
        self.look_after();
    }

    fn is_for_tool(&mut self, received: Received) -> bool {
        match received.addressee() {
            Addressee::Tool => true,
            Addressee::Others => false,
            Addressee::Unknown => match &mut self.bystander {
                Some(other) => !other.heard_too(received.signal),
                // Who stopped so early is asked itself: the shell's `fg` has continued it before it continued us.
                None if received.signal == libc::SIGCONT => {
                    !(std::mem::take(&mut self.resumed) || signals::was_continued(self.pid))
                }
                None => true,
            },
        }
    }

    /// Takes note of what the child did: reaps it, or does as it does.
    fn look_after(&mut self) {
        while self.end.is_none() {
            match signals::wait(self.pid) {
                None => return,
                Some(Change::Exited(code)) => self.end = Some(End::Code(code)),
                Some(Change::Killed(signal)) => self.end = Some(End::Signal(signal)),
                Some(Change::Continued) => self.resumed = true,
                Some(Change::Stopped(signal)) => {
                    self.resumed = false;
                    signals::raise(signal);
                }
            }
        }
    }

    /// Leaves to a relay each stream that is not at its end.
    fn hand_over(self, listener: Listener<'_>) -> Outcome {
        let left: Vec<_> = self.lanes.iter().filter_map(Lane::left_behind).collect();
        for rest in &left {
            // Where no process can be had, the ones left behind lose their output, as a closed terminal would have it.
            let _ = relay::detach(rest);
        }
        let end = self.end.expect("the child has ended");
        Outcome { end, tap_panic: listener.into_panic(), left_behind: !left.is_empty() }
    }
}

/// Rounded up, so that what is due after the wait is due.
fn milliseconds(duration: Duration) -> c_int {
    c_int::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX)
}

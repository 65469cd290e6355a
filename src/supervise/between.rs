//! Standing between a child and whoever talks to it over standard input and output.
//!
//! For a child that is a partner of its caller (an acquire method of apt) rather than a tool with output: both directions
//! are passed on as they come, byte for byte, and whoever listens is told before the other side is. The end of input, a
//! partner that no longer reads, and signals reach the child as they would without us.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::program::{Image, Program};
use super::run::Blocked;
use super::signals::{self, Addressee, Change, SignalFd};
use super::sink::{Progress, Sink};
use super::spawn::{self, Birth};
use super::{End, Error};

/// Listens to both directions of a conversation. Called under `catch_unwind`, and not again after a panic.
pub trait Listen {
    /// The caller said this to the child.
    fn request(&mut self, bytes: &[u8]);

    /// The child said this to the caller.
    fn answer(&mut self, bytes: &[u8]);
}

/// The most that is taken at once.
const PIECE: usize = 64 * 1024;

/// Runs `program` with its standard input and output led through us, and returns when it has ended and all that it said
/// is passed on. On an error nothing was started. To be called from the main thread, before any other exists.
pub fn converse(program: &Program, listener: &mut dyn Listen) -> Result<End, Error> {
    let prepare = |what| move |source: io::Error| Error::Prepare { what, source };
    let start = |source| Error::Start { path: program.path.clone(), source };
    let guard = Blocked::new();
    let image = Image::new(program).map_err(start)?;
    let signals = SignalFd::new(libc::SFD_NONBLOCK).map_err(prepare("read signals"))?;
    let (childs_input, to_child) = pipe().map_err(prepare("open a pipe"))?;
    let (from_child, childs_output) = pipe().map_err(prepare("open a pipe"))?;
    let birth = Birth {
        image: &image,
        stdin: Some(childs_input.as_raw_fd()),
        stdout: Some(childs_output.as_raw_fd()),
        stderr: None,
        mask: guard.mask,
        sigchld: guard.sigchld,
    };
    let pid = spawn::spawn(&birth).map_err(start)?;
    drop((childs_input, childs_output));
    let mut between = Between {
        pid,
        signals,
        requests: Way::new(Source::Inherited, Sink::new(to_child.as_raw_fd())),
        answers: Way::new(Source::Ours(from_child), Sink::new(1)),
        to_child: Some(to_child),
        listener: Some(listener),
        end: None,
    };
    while between.end.is_none() {
        between.step();
    }
    drop(guard);
    Ok(between.finish())
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two descriptors, which are ours from then on.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// Where one direction comes from.
enum Source {
    /// Our standard input.
    Inherited,
    /// A pipe from the child.
    Ours(OwnedFd),
    /// Nothing comes any more.
    Ended,
}

/// One direction: a piece is read only when the one before is written.
struct Way {
    source: Source,
    sink: Sink,
    /// Room for a piece, filled once: to clear it for each message would cost more than all the rest.
    room: Vec<u8>,
    /// How much of it is the piece, and how much of that is written.
    filled: usize,
    written: usize,
}

struct Between<'a> {
    pid: libc::pid_t,
    signals: SignalFd,
    requests: Way,
    answers: Way,
    /// Closed when the requests have ended.
    to_child: Option<OwnedFd>,
    listener: Option<&'a mut dyn Listen>,
    end: Option<End>,
}

impl Between<'_> {
    fn step(&mut self) {
        let [request, child] = self.requests.interest(self.to_child.is_some());
        let [answer, caller] = self.answers.interest(true);
        let signals = libc::pollfd { fd: self.signals.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let mut ready = [signals, request, child, answer, caller];
        if signals::poll(&mut ready, -1).is_err() {
            return;
        }
        // Answers before signals: what the child said before it died is older than its death.
        if ready[3].revents != 0 || ready[4].revents != 0 {
            let heard = self.answers.serve(&ready[3], &ready[4]);
            self.listen(heard, |listener, bytes| listener.answer(bytes), false);
        }
        if self.to_child.is_some() && (ready[1].revents != 0 || ready[2].revents != 0) {
            let heard = self.requests.serve(&ready[1], &ready[2]);
            self.listen(heard, |listener, bytes| listener.request(bytes), true);
        }
        if self.requests.is_over() {
            self.to_child = None;
        }
        if ready[0].revents != 0 {
            self.read_signals();
        }
    }

    /// Tells the listener of a piece, then passes it on.
    fn listen(&mut self, heard: bool, tell: impl FnOnce(&mut dyn Listen, &[u8]), request: bool) {
        let way = if request { &mut self.requests } else { &mut self.answers };
        if heard && let Some(listener) = self.listener.take() {
            let told = catch_unwind(AssertUnwindSafe(|| tell(listener, way.piece())));
            self.listener = told.is_ok().then_some(listener);
        }
        way.write();
    }

    fn read_signals(&mut self) {
        while let Some(received) = self.signals.next() {
            // A signal to the whole group reaches the child twice: it ends it once.
            let ours = received.signal == libc::SIGCHLD || received.addressee() == Addressee::Others;
            if !ours && self.end.is_none() {
                signals::send(self.pid, received.signal);
            }
        }
        while self.end.is_none() {
            match signals::wait(self.pid) {
                None => return,
                Some(Change::Exited(code)) => self.end = Some(End::Code(code)),
                Some(Change::Killed(signal)) => self.end = Some(End::Signal(signal)),
                Some(Change::Stopped(_) | Change::Continued) => {}
            }
        }
    }

    /// Passes on what the child had said before it ended, as far as the caller still listens.
    fn finish(mut self) -> End {
        while !matches!(self.answers.source, Source::Ended) || self.answers.waits() {
            let [mut answer, caller] = self.answers.interest(true);
            let waits = self.answers.waits();
            let mut ready = [answer, caller];
            // What is not in the pipe now was said by somebody whom the child left behind.
            if signals::poll(&mut ready, if waits { -1 } else { 0 }).is_ok_and(|ready| ready == 0) {
                break;
            }
            answer = ready[0];
            let heard = self.answers.serve(&answer, &ready[1]);
            self.listen(heard, |listener, bytes| listener.answer(bytes), false);
        }
        self.end.unwrap_or(End::Code(0))
    }
}

impl Way {
    fn new(source: Source, sink: Sink) -> Way {
        Way { source, sink, room: vec![0; PIECE], filled: 0, written: 0 }
    }

    fn piece(&self) -> &[u8] {
        &self.room[..self.filled]
    }

    fn waits(&self) -> bool {
        self.written < self.filled
    }

    fn is_over(&self) -> bool {
        matches!(self.source, Source::Ended) && !self.waits()
    }

    /// The descriptor to read from, if there is any.
    fn descriptor(&self) -> Option<RawFd> {
        match &self.source {
            Source::Inherited => Some(0),
            Source::Ours(pipe) => Some(pipe.as_raw_fd()),
            Source::Ended => None,
        }
    }

    /// What to wait for: something to read, or room to write. That nobody reads any more is reported unasked.
    fn interest(&self, open: bool) -> [libc::pollfd; 2] {
        let source = self.descriptor().filter(|_| open && !self.waits()).unwrap_or(-1);
        let sink = if open && !self.is_over() { self.sink.descriptor() } else { -1 };
        let out = if self.waits() { libc::POLLOUT } else { 0 };
        [
            libc::pollfd { fd: source, events: libc::POLLIN, revents: 0 },
            libc::pollfd { fd: sink, events: out, revents: 0 },
        ]
    }

    /// Reads a piece if one is there; whether there was one.
    fn serve(&mut self, source: &libc::pollfd, sink: &libc::pollfd) -> bool {
        if sink.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0 {
            self.break_off();
            return false;
        }
        if self.waits() || source.revents == 0 {
            return false;
        }
        self.read()
    }

    fn read(&mut self) -> bool {
        let Some(descriptor) = self.descriptor() else { return false };
        // SAFETY: the descriptor is open, and the buffer as long as said.
        let read = unsafe { libc::read(descriptor, self.room.as_mut_ptr().cast(), self.room.len()) };
        let error = (read < 0).then(io::Error::last_os_error);
        (self.filled, self.written) = (read.max(0) as usize, 0);
        match error.and_then(|error| error.raw_os_error()) {
            Some(libc::EINTR | libc::EAGAIN) => {}
            _ if read <= 0 => self.source = Source::Ended,
            _ => {}
        }
        read > 0
    }

    fn write(&mut self) {
        let mut rest = &self.room[self.written..self.filled];
        let progress = self.sink.write(&mut rest);
        self.written = self.filled - rest.len();
        if progress == Progress::Broken {
            self.break_off();
        }
    }

    /// Nobody reads any more: whoever writes is to be told by the system, as without us.
    fn break_off(&mut self) {
        if matches!(self.source, Source::Inherited) {
            // SAFETY: nothing of ours uses standard input after this.
            drop(unsafe { OwnedFd::from_raw_fd(0) });
        }
        self.source = Source::Ended;
        (self.filled, self.written) = (0, 0);
    }
}

//! One interposed stream: a pipe from the child, a [`Sink`] of ours, and at most one piece of output between them.
//!
//! A piece is read only when the one before is written, so memory is constant and a slow reader slows the child down,
//! as it would without us.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::listener::Listener;
use super::sink::{Progress, Sink};
use super::tap::Stream;

/// The capacity of a pipe, hence the most that one read yields.
const PIECE: usize = 64 * 1024;

pub(super) struct Lane {
    stream: Stream,
    /// The reading end; `None` when nothing is to be expected from it any more.
    source: Option<OwnedFd>,
    sink: Sink,
    /// What was read, is on its way, and has still to be shown to the tap; its room is never cleared, since a page that
    /// nobody writes to costs nothing.
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    /// What the child wrote before its end and is not read yet; `None` while it runs.
    remaining: Option<usize>,
    closed: bool,
}

/// What is left of a stream after the child's end.
pub(super) struct Rest<'a> {
    /// Forwarded first.
    pub(super) output: &'a [u8],
    /// The pipe, unless it is at its end.
    pub(super) source: Option<c_int>,
    pub(super) sink: &'a Sink,
}

/// A pipe for a child: the lane with our end of it, and the child's end.
pub(super) fn open(stream: Stream, descriptor: c_int) -> io::Result<(Lane, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two descriptors, which are ours from then on.
    let (source, end) = unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
    };
    // SAFETY: numbers only. The two ends have flags of their own: the child's end stays blocking.
    if unsafe { libc::fcntl(source.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let lane = Lane {
        stream,
        source: Some(source),
        sink: Sink::new(descriptor),
        input: Vec::with_capacity(PIECE),
        output: Vec::new(),
        written: 0,
        remaining: None,
        closed: false,
    };
    Ok((lane, end))
}

impl Lane {
    /// What to wait for. The sink is watched even if nothing is to be written, because `poll` reports unasked that nobody
    /// reads it any more: the child is then to get SIGPIPE at its next write, not at the one after.
    pub(super) fn interest(&self) -> [libc::pollfd; 2] {
        let waits = self.written < self.output.len();
        let reads = !waits && self.remaining != Some(0);
        let source = self.source.as_ref().filter(|_| reads).map_or(-1, AsRawFd::as_raw_fd);
        let watched = waits || (self.sink.tells_of_readers() && !self.is_done());
        let sink = if watched { self.sink.descriptor() } else { -1 };
        let out = if waits { libc::POLLOUT } else { 0 };
        [
            libc::pollfd { fd: source, events: libc::POLLIN, revents: 0 },
            libc::pollfd { fd: sink, events: out, revents: 0 },
        ]
    }

    /// Takes one step if `ready` allows one.
    pub(super) fn serve(&mut self, ready: &[libc::pollfd], listener: &mut Listener<'_>) {
        if ready[1].revents & (libc::POLLERR | libc::POLLHUP) != 0 && self.sink.tells_of_readers() {
            self.break_off(listener);
        } else if ready[1].revents != 0 && self.written < self.output.len() {
            self.write(listener);
        } else if ready[0].revents != 0 {
            self.read(listener);
        }
    }

    /// The child has ended: what is in the pipe now is the last of its own.
    pub(super) fn child_ended(&mut self) {
        let mut count: c_int = 0;
        if let Some(source) = &self.source {
            // SAFETY: the kernel writes one int.
            unsafe { libc::ioctl(source.as_raw_fd(), libc::FIONREAD, &mut count) };
        }
        self.remaining = Some(count.max(0) as usize);
    }

    /// Whether all that the child itself wrote is forwarded.
    pub(super) fn is_drained(&self) -> bool {
        self.is_done() || (self.remaining == Some(0) && self.written == self.output.len())
    }

    /// Whether it carries both of the child's streams.
    pub(super) fn is_both(&self) -> bool {
        self.stream == Stream::Both
    }

    /// Takes what the tap has to write at the time of a tick, unless there is output that nobody takes at the moment.
    pub(super) fn ticked(&mut self, listener: &mut Listener<'_>) {
        if !self.closed && !self.is_stuck() {
            listener.ticked(self.stream, &mut self.output);
            self.write(listener);
        }
    }

    /// Ends the stream for the tap and forwards what it held back.
    pub(super) fn close(&mut self, listener: &mut Listener<'_>) {
        if !self.closed {
            self.closed = true;
            listener.close(self.stream, &mut self.output);
            self.write(listener);
        }
    }

    /// Whether there is output that nobody takes at the moment.
    pub(super) fn is_stuck(&self) -> bool {
        self.written < self.output.len()
    }

    /// What is left of the stream: output that nobody took, or a pipe to which somebody else still has the writing end.
    pub(super) fn left_behind(&self) -> Option<Rest<'_>> {
        let output = &self.output[self.written..];
        let source = self.source.as_ref().map(AsRawFd::as_raw_fd);
        let ended = source.is_none_or(|source| {
            let mut state = [libc::pollfd { fd: source, events: libc::POLLIN, revents: 0 }];
            super::signals::poll(&mut state, 0).is_ok() && state[0].revents == libc::POLLHUP
        });
        (!ended || !output.is_empty()).then_some(Rest { output, source, sink: &self.sink })
    }

    fn is_done(&self) -> bool {
        self.source.is_none() && self.written == self.output.len()
    }

    fn read(&mut self, listener: &mut Listener<'_>) {
        let Some(source) = &self.source else { return };
        let most = self.remaining.unwrap_or(PIECE).min(PIECE);
        // SAFETY: the room is at least as long as said.
        let count = unsafe { libc::read(source.as_raw_fd(), self.input.as_mut_ptr().cast(), most) };
        if count < 0 {
            let error = io::Error::last_os_error();
            if !matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EINTR)) {
                self.source = None;
            }
            return;
        }
        if count == 0 {
            self.source = None;
            self.close(listener);
            return;
        }
        let count = count as usize;
        if let Some(remaining) = &mut self.remaining {
            *remaining -= count;
        }
        // SAFETY: so many bytes were read to the beginning of the room.
        unsafe { self.input.set_len(count) };
        listener.pass(self.stream, &self.input, &mut self.output);
        self.write(listener);
    }

    fn write(&mut self, listener: &mut Listener<'_>) {
        let mut rest = &self.output[self.written..];
        let progress = self.sink.write(&mut rest);
        self.written = self.output.len() - rest.len();
        match progress {
            Progress::Full => {}
            Progress::Broken => self.break_off(listener),
            Progress::Done => {
                self.output.clear();
                self.written = 0;
                self.show(listener);
            }
        }
    }

    /// Nobody reads any more: closes the pipe, so that the child is told as it would be without us.
    fn break_off(&mut self, listener: &mut Listener<'_>) {
        self.source = None;
        self.output.clear();
        self.written = 0;
        self.show(listener);
        if !self.closed {
            self.closed = true;
            listener.close(self.stream, &mut Vec::new());
        }
    }

    /// Shows the tap what it has passed, once.
    fn show(&mut self, listener: &mut Listener<'_>) {
        if !self.input.is_empty() {
            listener.seen(self.stream, &self.input);
            self.input.clear();
        }
    }
}

//! Signals are blocked and read, never handled: without a handler no disposition changes, so that `nohup` and `&` mean
//! to the child what they mean without us.

use std::ffi::c_int;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A signal mask as the kernel has it: bit n-1 for signal n. Not the C library's, which hides the signals 32 and 33.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask(u64);

impl Mask {
    pub(super) const ALL: Mask = Mask(!0);

    pub(super) fn only(signal: c_int) -> Mask {
        Mask(1 << (signal - 1))
    }

    /// Makes this the calling thread's mask and returns the old one. Async-signal-safe.
    pub(super) fn set(self) -> Mask {
        self.change(libc::SIG_SETMASK)
    }

    /// Lets these signals in and returns the old mask.
    pub(super) fn unblock(self) -> Mask {
        self.change(libc::SIG_UNBLOCK)
    }

    fn change(self, how: c_int) -> Mask {
        let mut old = 0u64;
        // SAFETY: both pointers are to 8 bytes, the size of the kernel's set, which is the last argument. The call
        // cannot fail with a valid `how`.
        unsafe { libc::syscall(libc::SYS_rt_sigprocmask, how, &self.0, &mut old, mem::size_of::<u64>()) };
        Mask(old)
    }
}

/// Sets the disposition of a signal to `handler` (SIG_DFL, SIG_IGN or what this function returned); returns the old one.
/// Async-signal-safe.
pub(super) fn dispose(signal: c_int, handler: libc::sighandler_t) -> libc::sighandler_t {
    // SAFETY: no handler is installed that was not there before.
    unsafe { libc::signal(signal, handler) }
}

/// A descriptor from which blocked signals are read.
#[derive(Debug)]
pub(super) struct SignalFd(OwnedFd);

/// One signal that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    pub(super) signal: c_int,
    code: c_int,
    sender: u32,
}

impl SignalFd {
    /// `flags` may hold SFD_NONBLOCK.
    pub(super) fn new(flags: c_int) -> io::Result<SignalFd> {
        let flags = libc::SFD_CLOEXEC | flags;
        // SAFETY: the mask is 8 bytes, as the fourth argument says; -1 asks for a new descriptor.
        let fd = unsafe { libc::syscall(libc::SYS_signalfd4, -1, &Mask::ALL.0, mem::size_of::<u64>(), flags) } as c_int;
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor.
        Ok(SignalFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The next pending signal, if there is one.
    pub(super) fn next(&self) -> Option<Received> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = mem::size_of::<libc::signalfd_siginfo>();
        // SAFETY: the buffer is as long as said.
        let read = unsafe { libc::read(self.0.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        if read != size as isize {
            return None;
        }
        // SAFETY: the kernel wrote the whole record.
        let info = unsafe { info.assume_init() };
        Some(Received { signal: info.ssi_signo as c_int, code: info.ssi_code, sender: info.ssi_pid })
    }
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for SignalFd {
    fn as_raw_fd(&self) -> c_int {
        self.0.as_raw_fd()
    }
}

/// To whom a signal was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addressee {
    /// To us, who stand in the tool's place: it has to be sent on.
    Tool,
    /// By a process: to us, or to us and others.
    Unknown,
    /// To the whole group, or to ourselves.
    Others,
}

impl Received {
    /// What the signal itself says of whom it was sent to.
    ///
    /// A signal with a positive code was raised by the kernel: by the terminal, which sends it to the child as well (one
    /// process group), or by a fault. Two kinds of kernel signals are for us alone and would have been the tool's: those
    /// of timers, which survive `exec` but not `fork` (`perl -e 'alarm 5; exec @ARGV' pip ...`), and the hangup of a
    /// terminal, which goes to the session's leader only. What we sent ourselves (SIGPIPE by a failed write) is ours.
    pub(super) fn addressee(self) -> Addressee {
        if self.code <= 0 {
            return if self.sender == std::process::id() { Addressee::Others } else { Addressee::Unknown };
        }
        match self.signal {
            libc::SIGALRM | libc::SIGVTALRM | libc::SIGPROF => Addressee::Tool,
            // SAFETY: neither call has a precondition.
            libc::SIGHUP if unsafe { libc::getsid(0) == libc::getpid() } => Addressee::Tool,
            _ => Addressee::Others,
        }
    }
}

/// Ends or stops the calling process by `signal`, with its default action. Returns if the kernel refuses: PID 1 ignores
/// its own signals, an orphaned process group ignores stop signals; and after a stop, once continued.
pub(super) fn raise(signal: c_int) {
    let before = dispose(signal, libc::SIG_DFL);
    // SAFETY: no precondition; the signal is pending from here on and delivered when it is let in.
    unsafe { libc::kill(libc::getpid(), signal) };
    let mask = Mask::only(signal).unblock();
    mask.set();
    if before != libc::SIG_ERR {
        dispose(signal, before);
    }
}

/// Waits for readiness of `descriptors`, for `timeout` milliseconds at most (-1: for ever).
pub(super) fn poll(descriptors: &mut [libc::pollfd], timeout: c_int) -> io::Result<usize> {
    // SAFETY: the slice is as long as said.
    match unsafe { libc::poll(descriptors.as_mut_ptr(), descriptors.len() as libc::nfds_t, timeout) } {
        -1 => Err(io::Error::last_os_error()),
        ready => Ok(ready as usize),
    }
}

/// What a child did that its parent can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Exited(c_int),
    Killed(c_int),
    Stopped(c_int),
    Continued,
}

/// The next change of a child that was not seen yet; reaps it if that is its end.
pub(super) fn wait(child: libc::pid_t) -> Option<Change> {
    wait_for(child, libc::WEXITED | libc::WSTOPPED | libc::WCONTINUED)
}

/// Whether a child has gone on after a stop, which was not seen yet.
pub(super) fn was_continued(child: libc::pid_t) -> bool {
    wait_for(child, libc::WCONTINUED).is_some()
}

fn wait_for(child: libc::pid_t, changes: c_int) -> Option<Change> {
    let flags = changes | libc::WNOHANG;
    // SAFETY: all zeroes is a valid siginfo; the kernel fills it in, or leaves the pid zero for "no change".
    let (done, code, status) = unsafe {
        let mut info: libc::siginfo_t = mem::zeroed();
        let done = libc::waitid(libc::P_PID, child as libc::id_t, &mut info, flags) == 0 && info.si_pid() == child;
        (done, info.si_code, info.si_status())
    };
    if !done {
        return None;
    }
    match code {
        libc::CLD_EXITED => Some(Change::Exited(status)),
        libc::CLD_KILLED | libc::CLD_DUMPED => Some(Change::Killed(status)),
        libc::CLD_STOPPED => Some(Change::Stopped(status)),
        libc::CLD_CONTINUED => Some(Change::Continued),
        _ => None,
    }
}

/// Sends a signal to a child that was not reaped yet, so that its number is still its own.
pub(super) fn send(child: libc::pid_t, signal: c_int) {
    // SAFETY: no precondition. A child that has ended already needs no signal.
    unsafe { libc::kill(child, signal) };
}

/// Asks for no core file of ours: the one that matters is the child's.
pub(super) fn leave_no_core() {
    // SAFETY: PR_SET_DUMPABLE takes plain numbers.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
}

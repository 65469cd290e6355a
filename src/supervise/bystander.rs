//! Telling what was sent to us from what was sent to all of us.
//!
//! `kill %1`, `timeout`, CI runners and `killall` signal the whole process group, or every process of a name: then the
//! tool has its signal already and must not get it from us again, which would turn pip's "Operation cancelled by user"
//! into a traceback. A `siginfo` does not say to whom else a signal went. So a process of ours stands by in the group,
//! does nothing, and is asked whether it was meant, too. It shares our memory and descriptors, which makes it as cheap as
//! a thread; a thread would not do, because it is no receiver of its own.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use super::signals::{self, SignalFd};

const STACK: usize = 16 * 1024;

/// The question. Of several pending signals the kernel gives out the one of the highest number last, so that the answer
/// comes after all that was heard before.
const QUESTION: c_int = 64;

/// How long an answer may take, in milliseconds. It takes microseconds, but for a machine that is overloaded, and for a
/// bystander that somebody has stopped.
const PATIENCE: c_int = 5_000;

/// A process that stands by.
pub(super) struct Bystander {
    pid: libc::pid_t,
    shared: Box<Shared>,
    /// How often each signal was heard when it was last asked for.
    known: [u32; 65],
    _stack: Vec<u128>,
}

struct Shared {
    parent: Option<rustix::process::Pid>,
    signals: SignalFd,
    answer: OwnedFd,
    heard: [AtomicU32; 65],
}

impl Bystander {
    /// Starts one. All signals must be blocked.
    pub(super) fn start() -> io::Result<Bystander> {
        // SAFETY: no precondition.
        let answer = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
        if answer < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us this descriptor.
        let answer = unsafe { OwnedFd::from_raw_fd(answer) };
        let shared = Box::new(Shared {
            parent: Some(rustix::process::getpid()),
            signals: SignalFd::new(0)?,
            answer,
            heard: [const { AtomicU32::new(0) }; 65],
        });
        let mut stack = Vec::<u128>::with_capacity(STACK / size_of::<u128>());
        let flags = libc::CLONE_VM | libc::CLONE_FILES | libc::CLONE_FS;
        // SAFETY: stack and `shared` are on the heap, are not moved, and outlive the process, which `drop` ends first.
        // It runs `stand_by`, which touches nothing but these two and makes no call that could set our `errno`.
        let pid = unsafe {
            let top = stack.as_mut_ptr().add(stack.capacity()).cast::<c_void>();
            libc::clone(stand_by, top, flags, (&raw const *shared).cast_mut().cast())
        };
        if pid < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Bystander { pid, shared, known: [0; 65], _stack: stack })
    }

    /// Whether a signal that we have just read was sent to the bystander as well.
    pub(super) fn heard_too(&mut self, signal: c_int) -> bool {
        let Some(heard) = usize::try_from(signal).ok().and_then(|index| self.shared.heard.get(index)) else {
            return false;
        };
        signals::send(self.pid, QUESTION);
        let answer = self.shared.answer.as_raw_fd();
        let mut ready = [libc::pollfd { fd: answer, events: libc::POLLIN, revents: 0 }];
        if !signals::poll(&mut ready, PATIENCE).is_ok_and(|count| count > 0) {
            return false;
        }
        let mut count = 0u64;
        // SAFETY: the kernel writes 8 bytes.
        unsafe { libc::read(answer, (&raw mut count).cast(), size_of::<u64>()) };
        let heard = heard.load(Ordering::Acquire);
        std::mem::replace(&mut self.known[signal as usize], heard) != heard
    }

    /// Lets it go, before `drop` waits for it to be gone.
    pub(super) fn dismiss(&self) {
        signals::send(self.pid, libc::SIGKILL);
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.dismiss();
        // SAFETY: it is a child of ours that nobody else waits for. __WALL, because it does not end with SIGCHLD.
        unsafe {
            while libc::waitpid(self.pid, std::ptr::null_mut(), libc::__WALL) < 0
                && io::Error::last_os_error().raw_os_error() == Some(libc::EINTR)
            {}
        }
    }
}

/// Notes each signal and answers the question. Its system calls are rustix's, which leave `errno` alone: that is ours.
extern "C" fn stand_by(shared: *mut c_void) -> c_int {
    // SAFETY: the pointer is to the `Shared` that lives until this process has ended.
    let shared = unsafe { &*shared.cast_const().cast::<Shared>() };
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    // Who has lost us already will not end us any more.
    while rustix::process::getppid() == shared.parent {
        let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
        if rustix::io::read(shared.signals.as_fd(), &mut info) != Ok(info.len()) {
            continue;
        }
        // The number of the signal is the record's first field.
        let signal = u32::from_ne_bytes([info[0], info[1], info[2], info[3]]);
        if signal == QUESTION as u32 {
            let _ = rustix::io::write(&shared.answer, &1u64.to_ne_bytes());
        } else if let Some(heard) = shared.heard.get(signal as usize) {
            heard.fetch_add(1, Ordering::Release);
        }
    }
    0
}

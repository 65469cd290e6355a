//! What the caller handed down and Rust's start-up changes before `main`: whether SIGPIPE was ignored (Rust ignores it)
//! and which of the descriptors 0 to 2 were closed (Rust opens `/dev/null` there, which also keeps every descriptor of
//! ours above 2). Both are read before the runtime starts and given back to the child.

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static SIGPIPE_IGNORED: AtomicBool = AtomicBool::new(false);
/// Bit n is set if descriptor n was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Runs before `main`, and before the runtime that `main` is wrapped in.
#[used]
#[unsafe(link_section = ".init_array")]
static CAPTURE: extern "C" fn() = capture;

extern "C" fn capture() {
    // SAFETY: the C library is initialised when it runs `.init_array`; both calls only read, into memory of ours.
    unsafe {
        let mut pipe: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGPIPE, ptr::null(), &mut pipe) == 0 {
            SIGPIPE_IGNORED.store(pipe.sa_sigaction == libc::SIG_IGN, Ordering::Relaxed);
        }
        for descriptor in 0..3 {
            if libc::fcntl(descriptor, libc::F_GETFD) == -1 {
                CLOSED.fetch_or(1 << descriptor, Ordering::Relaxed);
            }
        }
    }
}

/// Whether the caller started us with this standard descriptor closed.
pub(super) fn is_closed(descriptor: c_int) -> bool {
    (0..3).contains(&descriptor) && CLOSED.load(Ordering::Relaxed) & (1 << descriptor) != 0
}

/// The path by which the kernel was told to start us; it is known even where `/proc` is not mounted.
pub fn executed_path() -> Option<PathBuf> {
    // SAFETY: the kernel gives the address of a string that lives as long as the process, or none.
    let path = unsafe {
        let address = libc::getauxval(libc::AT_EXECFN);
        if address == 0 {
            return None;
        }
        CStr::from_ptr(address as *const c_char)
    };
    Some(PathBuf::from(OsStr::from_bytes(path.to_bytes())))
}

/// Gives the calling process back what its caller handed down. Async-signal-safe: called between `clone` and `exec`.
pub(super) fn restore() {
    if !SIGPIPE_IGNORED.load(Ordering::Relaxed) {
        // SAFETY: setting the default disposition installs no code.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    }
    for descriptor in 0..3 {
        if is_closed(descriptor) {
            // SAFETY: the descriptor is the runtime's `/dev/null`, which nothing of ours owns.
            unsafe { libc::close(descriptor) };
        }
    }
}

/// Undoes [`restore`] where the `exec` that it prepared has failed.
pub(super) fn take_back() {
    // SAFETY: ignoring a signal installs no code.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    for descriptor in 0..3 {
        if is_closed(descriptor) {
            // SAFETY: a constant path; the lowest free descriptor is the one that `restore` closed.
            unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        }
    }
}

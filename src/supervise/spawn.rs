//! Starting a child that inherits what our caller handed to us, not what we made of it.

use std::ffi::{c_int, c_void};
use std::io;

use super::inherited;
use super::program::Image;
use super::signals::{Mask, dispose};

/// How the child differs from us at its start.
pub(super) struct Birth<'a> {
    pub(super) image: &'a Image,
    /// The pipe ends that replace the standard descriptors.
    pub(super) stdin: Option<c_int>,
    pub(super) stdout: Option<c_int>,
    pub(super) stderr: Option<c_int>,
    /// What our caller had made of the mask and of SIGCHLD.
    pub(super) mask: Mask,
    pub(super) sigchld: libc::sighandler_t,
}

/// What passes between the two sides of `clone`, which share their memory until the child's `exec`.
struct Shared<'a> {
    birth: &'a Birth<'a>,
    parent: libc::pid_t,
    refusal: c_int,
}

/// Enough for the child's few calls; the kernel needs none of it.
const STACK: usize = 32 * 1024;

/// Starts a child and returns when it has become the program, or could not.
///
/// `clone` as `posix_spawn` uses it: no page tables are copied and the parent waits for the child's `exec`, so it is as
/// fast as `vfork` without a function that returns twice. `posix_spawn` itself can neither leave a signal ignored that
/// we do not ignore nor set the parent's death signal, and it ignores the signals 32 and 33 in the child.
pub(super) fn spawn(birth: &Birth<'_>) -> io::Result<libc::pid_t> {
    let mut shared = Shared { birth, parent: std::process::id() as libc::pid_t, refusal: 0 };
    let mut stack = Vec::<u128>::with_capacity(STACK / size_of::<u128>());
    let argument: *mut Shared<'_> = &mut shared;
    // SAFETY: the stack is ours, aligned and large enough, and outlives the child's use of it, because CLONE_VFORK keeps
    // this thread from running until the child has called `exec` or `_exit`; the same holds for `shared`. The child
    // calls only async-signal-safe functions, and all signals are blocked, so that no handler runs in shared memory.
    let pid = unsafe {
        let top = stack.as_mut_ptr().add(stack.capacity()).cast::<c_void>();
        libc::clone(child, top, libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD, argument.cast())
    };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    if shared.refusal != 0 {
        let mut status = 0;
        // SAFETY: the child has ended; nobody else waits for it.
        unsafe { libc::waitpid(pid, &mut status, 0) };
        return Err(io::Error::from_raw_os_error(shared.refusal));
    }
    Ok(pid)
}

extern "C" fn child(argument: *mut c_void) -> c_int {
    // SAFETY: the parent passed a pointer to its `Shared` and waits.
    let shared = unsafe { &mut *argument.cast::<Shared<'_>>() };
    let birth = shared.birth;
    // SAFETY: numbers only. If we are killed so that nothing can be forwarded any more (`kill -9`), the tool ends as it
    // would have; if that has happened already, the death signal was set too late.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != shared.parent {
            libc::_exit(127);
        }
    }
    inherited::restore();
    dispose(libc::SIGCHLD, birth.sigchld);
    for (descriptor, replacement) in [(0, birth.stdin), (1, birth.stdout), (2, birth.stderr)] {
        if let Some(pipe) = replacement {
            // SAFETY: both are open; the copy is not closed on exec.
            unsafe { libc::dup2(pipe, descriptor) };
        }
    }
    birth.mask.set();
    shared.refusal = birth.image.exec().raw_os_error().unwrap_or(libc::EINVAL);
    // SAFETY: ends the child without running anything of the parent's.
    unsafe { libc::_exit(127) }
}

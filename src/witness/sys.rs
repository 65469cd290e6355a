//! The system calls of the witness, each as a function that is safe to call.

use std::ffi::c_int;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{seccomp_notif, seccomp_notif_resp, sock_filter, sock_fprog};

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Puts the calling thread, and with it all that it starts from now on, under a filter, and returns the listener at
/// which notifications arrive.
pub(super) fn install(program: &mut [sock_filter], flags: libc::c_ulong) -> io::Result<OwnedFd> {
    let description = sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    let flags = flags | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // SAFETY: the program is as long as said, and the kernel copies it.
    let listener = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &description) };
    let listener = check(listener as c_int)?;
    // SAFETY: the kernel just gave us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(listener) })
}

/// Gives up, for the calling thread and all that it starts, what set-user-id programs would gain.
pub(super) fn set_no_new_privileges() -> io::Result<()> {
    // SAFETY: plain numbers.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }).map(drop)
}

/// Waits for a notification. `EINTR` and `ENOENT` (the caller was killed meanwhile) are errors like others.
pub(super) fn receive(listener: BorrowedFd<'_>) -> io::Result<seccomp_notif> {
    // SAFETY: the kernel wants a record of zeroes, which is a valid one, and fills it in.
    unsafe {
        let mut notification: seccomp_notif = mem::zeroed();
        check(libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV as _, &mut notification))?;
        Ok(notification)
    }
}

/// What the caller of a notified call gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The kernel carries the call out.
    Continue,
    /// The call was not carried out and returns 0.
    Success,
    /// The call was not carried out and fails.
    Refuse(c_int),
}

/// Answers a notification.
pub(super) fn answer(listener: BorrowedFd<'_>, id: u64, answer: Answer) -> io::Result<()> {
    let (error, flags) = match answer {
        Answer::Continue => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
        Answer::Success => (0, 0),
        Answer::Refuse(errno) => (-errno, 0),
    };
    let mut response = seccomp_notif_resp { id, val: 0, error, flags };
    // SAFETY: the record is complete.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND as _, &mut response) }).map(drop)
}

/// Whether the notified call still waits: only then was what was read under its thread's number its own.
pub(super) fn is_valid(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SAFETY: the kernel reads one number.
    unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID as _, &id) == 0 }
}

/// The address with which a filtered thread tries the filter: a name server in the network for documentation.
pub(super) const CANARY: [u8; 16] = {
    let family = (libc::AF_INET as u16).to_ne_bytes();
    [family[0], family[1], 0, 53, 192, 0, 2, 1, b'c', b'a', b'n', b'a', b'r', b'y', 0, 0]
};

/// Connects a descriptor that is none, which reaches nobody and fails with `EBADF`.
pub(super) fn try_canary() -> Option<c_int> {
    // SAFETY: the address is as long as said; the descriptor is none.
    let result = unsafe { libc::connect(-1, CANARY.as_ptr().cast(), CANARY.len() as libc::socklen_t) };
    if result < 0 { io::Error::last_os_error().raw_os_error() } else { None }
}

/// The calling thread's number.
pub(super) fn thread_id() -> u32 {
    // SAFETY: no precondition.
    unsafe { libc::syscall(libc::SYS_gettid) as u32 }
}

/// Blocks all signals for the calling thread, and returns the mask that was.
pub(super) fn block_signals() -> u64 {
    set_mask(!0)
}

/// Gives the calling thread a mask, and returns the one that was.
pub(super) fn set_mask(mask: u64) -> u64 {
    let mut before = 0u64;
    let size = mem::size_of::<u64>();
    // SAFETY: both pointers are to 8 bytes, the size of the kernel's set, which is the last argument.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &mask, &mut before, size) };
    before
}

/// Does something with the file-system identity of another user, for the calling thread only.
pub(super) fn as_other<T>(user: u32, group: u32, what: impl FnOnce() -> T) -> T {
    struct Back(c_int, c_int);
    impl Drop for Back {
        fn drop(&mut self) {
            // SAFETY: plain numbers.
            unsafe {
                libc::syscall(libc::SYS_setfsuid, self.0);
                libc::syscall(libc::SYS_setfsgid, self.1);
            }
        }
    }
    // SAFETY: plain numbers. The raw calls concern this thread alone; the group goes first, while we still may.
    let _back = unsafe {
        let group = libc::syscall(libc::SYS_setfsgid, group) as c_int;
        Back(libc::syscall(libc::SYS_setfsuid, user) as c_int, group)
    };
    what()
}

/// Leaves the namespaces in `flags` for new ones, for the calling thread.
pub(super) fn unshare(flags: c_int) -> io::Result<()> {
    // SAFETY: plain numbers; none of the flags shares memory or descriptors differently.
    check(unsafe { libc::unshare(flags) }).map(drop)
}

/// The user and group that we are.
pub(super) fn identity() -> (u32, u32) {
    // SAFETY: no precondition.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// Raises the loopback of this network namespace.
pub(super) fn raise_loopback() -> io::Result<()> {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)?;
    let mut request = Interface::loopback(&socket)?;
    request.flags |= (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    // SAFETY: the record is the kernel's.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &mut request) }).map(drop)
}

/// Whether the loopback of this network namespace is up.
pub(super) fn is_loopback_up() -> io::Result<bool> {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)?;
    Interface::loopback(&socket).map(|request| i32::from(request.flags) & libc::IFF_UP != 0)
}

/// The kernel's `struct ifreq`, for flags: a name of 16 bytes and a union of 24.
#[repr(C)]
struct Interface {
    name: [u8; 16],
    flags: i16,
    _rest: [u8; 22],
}

impl Interface {
    fn loopback(socket: &OwnedFd) -> io::Result<Interface> {
        let mut request = Interface { name: [0; 16], flags: 0, _rest: [0; 22] };
        request.name[..2].copy_from_slice(b"lo");
        // SAFETY: the record is the kernel's.
        check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as _, &mut request) })?;
        Ok(request)
    }
}

fn socket(family: c_int, kind: c_int, protocol: c_int) -> io::Result<OwnedFd> {
    // SAFETY: plain numbers; the kernel gives a descriptor that nobody else has.
    check(unsafe { libc::socket(family, kind, protocol) }).map(|socket| unsafe { OwnedFd::from_raw_fd(socket) })
}

/// A socket that hears of every TCP and UDP socket of the network namespace that is destroyed.
pub(super) fn hear_of_destroyed_sockets() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let socket = socket(libc::AF_NETLINK, kind, libc::NETLINK_SOCK_DIAG)?;
    let buffer: c_int = 4 << 20;
    let size = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: all zeroes is a valid address; both options are numbers of the size that is said.
    unsafe {
        let mut address: libc::sockaddr_nl = mem::zeroed();
        address.nl_family = libc::AF_NETLINK as u16;
        // SKNLGRP_INET_TCP_DESTROY to SKNLGRP_INET6_UDP_DESTROY.
        address.nl_groups = 0b1111;
        for option in [libc::SO_RCVBUFFORCE, libc::SO_RCVBUF] {
            if libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, (&raw const buffer).cast(), size) == 0 {
                break;
            }
        }
        let length = mem::size_of::<libc::sockaddr_nl>() as libc::socklen_t;
        check(libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length))?;
    }
    Ok(socket)
}

/// The next datagram; `WouldBlock` when there is none.
pub(super) fn read_datagram(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer is as long as said.
    let count = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
    if count < 0 { Err(io::Error::last_os_error()) } else { Ok(count as usize) }
}

/// The family of a socket among our own descriptors; `None` for anything else.
pub(super) fn family(descriptor: c_int) -> Option<c_int> {
    let mut family: c_int = 0;
    let mut length = mem::size_of::<c_int>() as libc::socklen_t;
    let place: *mut c_int = &mut family;
    // SAFETY: the kernel writes a number of the size that is said.
    let result = unsafe { libc::getsockopt(descriptor, libc::SOL_SOCKET, libc::SO_DOMAIN, place.cast(), &mut length) };
    (result == 0).then_some(family)
}

/// Whether a descriptor is closed by `exec`.
pub(super) fn closes_on_exec(descriptor: c_int) -> bool {
    // SAFETY: plain numbers.
    let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
    flags >= 0 && flags & libc::FD_CLOEXEC != 0
}

/// Waits until one of the descriptors has something; for each whether it has, and whether it has hung up.
pub(super) fn wait<const N: usize>(descriptors: [BorrowedFd<'_>; N], milliseconds: c_int) -> [(bool, bool); N] {
    let mut polled =
        descriptors.map(|descriptor| libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    // SAFETY: the array is as long as said.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, milliseconds) };
    polled.map(|one| match ready > 0 {
        true => (one.revents & libc::POLLIN != 0, one.revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0),
        false => (false, false),
    })
}

/// Leaves the listener to a process of its own, which lets every call pass until nobody is left under the filter: with
/// nobody at the listener, whoever is left behind could not connect to anything any more.
pub(super) fn leave_behind(listener: BorrowedFd<'_>) -> io::Result<()> {
    let before = block_signals();
    // SAFETY: the child calls only async-signal-safe functions and never returns, whatever other threads do.
    let result = match unsafe { libc::fork() } {
        0 => linger(listener.as_raw_fd()),
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    };
    set_mask(before);
    result
}

fn linger(listener: c_int) -> ! {
    // SAFETY: raw calls on plain numbers, a constant path and records on this stack.
    unsafe {
        libc::setsid();
        libc::chdir(c"/".as_ptr());
        let listener = if listener == 3 { 3 } else { libc::dup2(listener, 3) };
        for descriptor in 0..3 {
            libc::close(descriptor);
        }
        if libc::syscall(libc::SYS_close_range, 4, c_int::MAX, 0) != 0 {
            for descriptor in 4..1024 {
                libc::close(descriptor);
            }
        }
        loop {
            let mut ready = libc::pollfd { fd: listener, events: libc::POLLIN, revents: 0 };
            if libc::poll(&mut ready, 1, -1) < 0 {
                continue;
            }
            if ready.revents & libc::POLLIN != 0 {
                let mut notification: seccomp_notif = mem::zeroed();
                if libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_RECV as _, &mut notification) == 0 {
                    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
                    let mut response = seccomp_notif_resp { id: notification.id, val: 0, error: 0, flags };
                    libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_SEND as _, &mut response);
                }
            } else if ready.revents != 0 {
                libc::_exit(0);
            }
        }
    }
}

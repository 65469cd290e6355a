//! Where a child's output goes: writing without ever being stuck in a write.
//!
//! The descriptor is shared with others, so it cannot be made non-blocking, and while a write is stuck no signal would
//! be forwarded. So a write never offers more than the kernel takes at once.

use std::ffi::c_int;
use std::io;

use super::signals::poll;

/// What a pipe takes whole as soon as it is writable at all.
const PIPE_BUF: usize = 4096;

/// A standard descriptor of ours.
#[derive(Debug)]
pub(super) struct Sink {
    descriptor: c_int,
    kind: Kind,
    tells_of_readers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A pipe, named or not, or a socket: `RWF_NOWAIT` says what fits.
    Nowait,
    /// A regular file: never waits for a reader.
    File,
    /// Anything else, and what knows no `RWF_NOWAIT`.
    Polled,
}

/// How far a write came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All is written.
    Done,
    /// The rest has to wait until the descriptor is writable.
    Full,
    /// Nobody will ever read it.
    Broken,
}

impl Sink {
    pub(super) fn new(descriptor: c_int) -> Sink {
        let kind = match status(descriptor).map(|status| status.st_mode & libc::S_IFMT) {
            Some(libc::S_IFIFO | libc::S_IFSOCK) => Kind::Nowait,
            Some(libc::S_IFREG) => Kind::File,
            _ => Kind::Polled,
        };
        let tells_of_readers = kind == Kind::Nowait && !is_named_pipe(descriptor);
        Sink { descriptor, kind, tells_of_readers }
    }

    pub(super) fn descriptor(&self) -> c_int {
        self.descriptor
    }

    /// Whether `poll` says when the last reader has gone, and that is for good: another reader may open a named pipe.
    pub(super) fn tells_of_readers(&self) -> bool {
        self.tells_of_readers
    }

    /// Writes as much of `bytes` as can be written now and removes it from them.
    pub(super) fn write(&mut self, bytes: &mut &[u8]) -> Progress {
        while !bytes.is_empty() {
            match self.write_some(bytes) {
                Ok(0) => return Progress::Full,
                Ok(count) => *bytes = &bytes[count..],
                Err(error) => match error.raw_os_error() {
                    Some(libc::EINTR) => {}
                    Some(libc::EAGAIN) => return Progress::Full,
                    Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::ESPIPE | libc::EPERM)
                        if self.kind == Kind::Nowait =>
                    {
                        self.kind = Kind::Polled;
                    }
                    _ => return Progress::Broken,
                },
            }
        }
        Progress::Done
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        let length = match self.kind {
            Kind::Nowait | Kind::File => bytes.len(),
            Kind::Polled => {
                let mut ready = [libc::pollfd { fd: self.descriptor, events: libc::POLLOUT, revents: 0 }];
                if poll(&mut ready, 0)? == 0 {
                    return Ok(0);
                }
                bytes.len().min(PIPE_BUF)
            }
        };
        let part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: length };
        let flags = if self.kind == Kind::Nowait { libc::RWF_NOWAIT } else { 0 };
        // The raw call, because not every C library that we are linked with has one. -1, in two halves: no position.
        // SAFETY: the kernel only reads the one part, which is as long as said.
        let written = unsafe {
            match flags {
                0 => libc::write(self.descriptor, part.iov_base, part.iov_len),
                _ => {
                    libc::syscall(libc::SYS_pwritev2, self.descriptor, &part, 1usize, -1isize, -1isize, flags) as isize
                }
            }
        };
        if written < 0 { Err(io::Error::last_os_error()) } else { Ok(written as usize) }
    }
}

/// Whether two descriptors are one open file, so that the order of what is written to both is visible.
pub(super) fn is_same(one: c_int, other: c_int) -> bool {
    let (Some(first), Some(second)) = (status(one), status(other)) else { return false };
    if (first.st_dev, first.st_ino) != (second.st_dev, second.st_ino) {
        return false;
    }
    if first.st_mode & libc::S_IFMT != libc::S_IFREG {
        return true;
    }
    // A regular file that was opened twice (`>log 2>log`) has two positions, unless both append. KCMP_FILE is 0.
    // SAFETY: numbers only.
    unsafe {
        let appends = |descriptor| libc::fcntl(descriptor, libc::F_GETFL) & libc::O_APPEND != 0;
        let me = libc::getpid();
        (appends(one) && appends(other)) || libc::syscall(libc::SYS_kcmp, me, me, 0, one, other) <= 0
    }
}

/// Whether a pipe or socket has a name in a file system by which others can open it.
fn is_named_pipe(descriptor: c_int) -> bool {
    const PIPEFS: libc::c_long = 0x5049_5045;
    const SOCKFS: libc::c_long = 0x534f_434b;
    let mut system = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the kernel fills in the whole record if it succeeds.
    let kind = unsafe {
        if libc::fstatfs(descriptor, system.as_mut_ptr()) != 0 {
            return true;
        }
        system.assume_init().f_type as libc::c_long
    };
    kind != PIPEFS && kind != SOCKFS
}

fn status(descriptor: c_int) -> Option<libc::stat> {
    let mut status = std::mem::MaybeUninit::uninit();
    // SAFETY: the kernel fills in the whole record if it succeeds.
    unsafe { if libc::fstat(descriptor, status.as_mut_ptr()) == 0 { Some(status.assume_init()) } else { None } }
}

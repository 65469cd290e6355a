//! For a child that leaves somebody behind: `sh -c 'sleep 3 &'`.
//!
//! Bare, the one left behind writes to the user's output itself, and the caller goes on as soon as the tool has ended.
//! With a pipe in between, ending would kill it by SIGPIPE and waiting would keep the caller. So a process of its own
//! forwards until the last writer has closed the pipe: it keeps the user's output open just as long as the one left
//! behind would have, and holds nothing else.

use std::ffi::c_int;
use std::io;

use super::lane::Rest;
use super::signals::Mask;

/// Starts a relay. It knows no signals: what ends the ones left behind ends the relay in its turn, after their last
/// words.
pub(super) fn detach(rest: &Rest<'_>) -> io::Result<()> {
    let before = Mask::ALL.set();
    // SAFETY: the child calls only async-signal-safe functions and never returns, whatever other threads do.
    match unsafe { libc::fork() } {
        0 => relay(rest),
        pid => {
            let error = io::Error::last_os_error();
            before.set();
            if pid < 0 { Err(error) } else { Ok(()) }
        }
    }
}

fn relay(rest: &Rest<'_>) -> ! {
    // SAFETY: raw calls on plain numbers, constant paths and a buffer on this stack. `dup` to two high numbers first,
    // so that neither descriptor overwrites the other.
    unsafe {
        let source = rest.source.map(|source| libc::fcntl(source, libc::F_DUPFD, 10));
        let sink = libc::fcntl(rest.sink.descriptor(), libc::F_DUPFD, 10);
        match source {
            Some(source) => libc::dup2(source, 0),
            None => libc::close(0),
        };
        libc::dup2(sink, 1);
        if libc::syscall(libc::SYS_close_range, 2, c_int::MAX, 0) != 0 {
            let limit = libc::sysconf(libc::_SC_OPEN_MAX).clamp(0, 65536) as c_int;
            for descriptor in 2..limit {
                libc::close(descriptor);
            }
        }
        libc::fcntl(0, libc::F_SETFL, 0);
        libc::chdir(c"/".as_ptr());
        let mut piece = [0u8; 16 * 1024];
        let mut goes_on = write_all(rest.output) && source.is_some();
        while goes_on && has_input(rest.sink.tells_of_readers()) {
            let count = libc::read(0, piece.as_mut_ptr().cast(), piece.len());
            goes_on = count > 0 && write_all(&piece[..count as usize]);
        }
        libc::_exit(0)
    }
}

/// Waits for input; false when nobody reads what it would be forwarded to.
fn has_input(watch: bool) -> bool {
    let mut both = [
        libc::pollfd { fd: 0, events: libc::POLLIN, revents: 0 },
        libc::pollfd { fd: if watch { 1 } else { -1 }, events: 0, revents: 0 },
    ];
    // SAFETY: the array is as long as said.
    unsafe { libc::poll(both.as_mut_ptr(), 2, -1) };
    both[1].revents & (libc::POLLERR | libc::POLLHUP) == 0
}

fn write_all(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: the buffer is as long as said.
        match unsafe { libc::write(1, bytes.as_ptr().cast(), bytes.len()) } {
            count if count > 0 => bytes = &bytes[count as usize..],
            _ if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => {
                let mut full = libc::pollfd { fd: 1, events: libc::POLLOUT, revents: 0 };
                // SAFETY: one record, as said.
                unsafe { libc::poll(&mut full, 1, -1) };
            }
            _ => return false,
        }
    }
    true
}

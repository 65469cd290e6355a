//! Going under the filter: a thread installs it, hands the listener over, and has the filter tried before anything that
//! matters runs under it.
//!
//! Refuses to trust a filter that was not heard: somebody else's may answer in its place.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc;
use std::time::Duration;

use super::witness::{Mode, above};
use super::{filter, sys};

/// What the supervisor's thread is given once the filter stands.
pub(super) struct Handover {
    pub(super) listener: OwnedFd,
    pub(super) thread: u32,
}

/// Puts the calling thread under the filter and has it tried; whether privileges were given up for it.
pub(super) fn enter(
    may_give_up: bool,
    handover: mpsc::Sender<Handover>,
    verdict: &mpsc::Receiver<bool>,
) -> Result<bool, String> {
    let mut program = filter::program();
    let wanted = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let (mut flags, mut gave_up) = (wanted, false);
    let listener = loop {
        let error = match sys::install(&mut program, flags) {
            Ok(listener) => break listener,
            Err(error) => error,
        };
        match error.raw_os_error() {
            Some(libc::EINVAL) if flags & libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV != 0 => {
                flags &= !libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
            }
            Some(libc::EACCES) if !gave_up => {
                if !may_give_up {
                    return Err("no_new_privs would be needed, and would break sudo; WHEELTAP_WITNESS=observe demands it all the same".to_owned());
                }
                sys::set_no_new_privileges().map_err(|error| error.to_string())?;
                gave_up = true;
            }
            Some(libc::EBUSY) if above() == Some(Mode::Observe) => return Err("outer".to_owned()),
            Some(libc::EBUSY) => return Err("EBUSY: a listener stands already".to_owned()),
            _ => return Err(named(&error)),
        }
    };
    let thread = sys::thread_id();
    handover.send(Handover { listener, thread }).map_err(|_| "self-test: nobody listens".to_owned())?;
    match sys::try_canary() {
        Some(libc::EBADF) if verdict.recv_timeout(Duration::from_secs(5)) == Ok(true) => Ok(gave_up),
        Some(libc::EBADF) => Err("self-test: the trial was not heard or not read".to_owned()),
        // A filter of somebody else's answered in our place, so that nobody will ever hear of it.
        other => Err(format!("self-test: the trial ended with {other:?}")),
    }
}

/// The kernel's refusal of a filter, by the name that says most of why.
fn named(error: &io::Error) -> String {
    let name = match error.raw_os_error() {
        Some(libc::ENOSYS) => "ENOSYS",
        Some(libc::EINVAL) => "EINVAL",
        Some(libc::EPERM) => "EPERM",
        _ => return error.to_string(),
    };
    format!("{name}: {error}")
}

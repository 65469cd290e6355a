//! What is remembered of each process that was heard of: which sockets it has made, what it asked a name server.
//!
//! Descriptors are handed on unseen, to children and to whoever is sent them. So what a process may hold is answered
//! with what it, or anybody whose descriptors it may have, has made.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::process::{self, Status};
use super::record::Key;

/// More processes than this are not remembered at once.
const MOST: usize = 8192;

/// A chain of parents is no longer than this.
const LONGEST_CHAIN: usize = 64;

/// One process that was heard of.
#[derive(Default)]
pub(super) struct Group {
    /// The kind of the socket that it made last, by family.
    pub(super) kinds: HashMap<i32, i32>,
    /// The name that it asked for last, of a name server that it could reach.
    pub(super) asked: Option<String>,
    /// Descriptors that were connected to a name server.
    pub(super) questions: HashMap<i32, Question>,
}

/// A descriptor that was connected to a name server.
pub(super) struct Question {
    pub(super) server: SocketAddr,
    /// The try without a name, until the name is known.
    pub(super) unnamed: Option<Key>,
    pub(super) name: Option<String>,
    /// The connection was not carried out.
    pub(super) pretended: bool,
}

/// All of them, by number.
pub(super) struct Groups {
    known: HashMap<u32, Group>,
    ourselves: u32,
    /// The thread that was put under the filter and started the command.
    thread: u32,
    /// Whether anybody has made a socket of IPv6.
    inet6: bool,
    /// Whether anybody has made a socket whose refused routes the kernel does not count.
    uncounted: bool,
}

impl Groups {
    pub(super) fn of(ourselves: u32) -> Groups {
        Groups { known: HashMap::new(), ourselves, thread: ourselves, inet6: false, uncounted: false }
    }

    /// The command will be started by this thread.
    pub(super) fn are_below(&mut self, thread: u32) {
        self.thread = thread;
    }

    pub(super) fn get(&self, group: u32) -> Option<&Group> {
        self.known.get(&group)
    }

    pub(super) fn get_mut(&mut self, group: u32) -> Option<&mut Group> {
        self.known.get_mut(&group)
    }

    pub(super) fn entry(&mut self, group: u32) -> &mut Group {
        self.known.entry(group).or_default()
    }

    /// A process makes a socket.
    pub(super) fn makes(&mut self, group: u32, family: i32, kind: i32, protocol: i32) {
        self.entry(group).kinds.insert(family, kind);
        self.inet6 |= family == libc::AF_INET6;
        self.uncounted |= is_uncounted(family, kind, protocol);
    }

    /// Whether anybody may hold a socket whose refused routes the kernel does not count. They are rare, so that it does
    /// not matter whose it is.
    pub(super) fn may_hold_uncounted(&self) -> bool {
        self.uncounted
    }

    /// Whether a process, or anybody whose descriptors it may have inherited, has made a socket of IPv6.
    pub(super) fn may_hold_inet6(&self, group: u32) -> bool {
        let mut process = group;
        for _ in 0..LONGEST_CHAIN {
            if self.known.get(&process).is_some_and(|group| group.kinds.contains_key(&libc::AF_INET6)) {
                return true;
            }
            match Status::of(process) {
                // As the first process of a container we adopt whoever is left behind.
                Some(status) if status.parent == self.ourselves => {
                    return self.inet6 && !process::children(self.ourselves, self.thread).contains(&process);
                }
                Some(status) if status.parent > 1 => process = status.parent,
                // It was left behind, by whom is not known.
                _ => return self.inet6,
            }
        }
        self.inet6
    }

    /// Makes room.
    pub(super) fn forget_the_dead(&mut self) {
        if self.known.len() > MOST {
            self.known.retain(|group, _| std::fs::metadata(format!("/proc/{group}")).is_ok());
        }
    }
}

/// Whether the kernel refuses what is sent through such a socket for want of a route without counting that: it counts
/// for TCP, UDP and echo requests (`raw_sendmsg` does not).
fn is_uncounted(family: i32, kind: i32, protocol: i32) -> bool {
    let counted: &[i32] = match kind {
        libc::SOCK_STREAM => &[0, libc::IPPROTO_TCP, libc::IPPROTO_MPTCP],
        libc::SOCK_DGRAM => &[0, libc::IPPROTO_UDP, libc::IPPROTO_UDPLITE, libc::IPPROTO_ICMP, libc::IPPROTO_ICMPV6],
        _ => &[],
    };
    matches!(family, libc::AF_INET | libc::AF_INET6) && !counted.contains(&protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_socket_is_not_counted() {
        assert!(
            !is_uncounted(libc::AF_INET, libc::SOCK_STREAM, 0) && !is_uncounted(libc::AF_INET6, libc::SOCK_DGRAM, 17)
        );
        assert!(!is_uncounted(libc::AF_PACKET, libc::SOCK_RAW, 3), "its addresses are none of the Internet's");
        assert!(is_uncounted(libc::AF_INET, libc::SOCK_RAW, 1) && is_uncounted(libc::AF_INET, libc::SOCK_STREAM, 132));
    }

    #[test]
    fn who_was_left_behind_may_hold_what_anybody_made() {
        let ourselves = std::process::id();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mut groups = Groups::of(ourselves);
        groups.makes(1 << 30, libc::AF_INET6, libc::SOCK_DGRAM, 0);
        // This thread has started it, and no other.
        groups.are_below(super::super::sys::thread_id());
        assert!(!groups.may_hold_inet6(child.id()), "a child of ours");
        groups.are_below(1 << 30);
        assert!(groups.may_hold_inet6(child.id()), "adopted");
        assert!(groups.may_hold_inet6(1 << 29), "nobody knows of it");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

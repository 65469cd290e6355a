//! Cutting the network off: a network namespace of our own with nothing in it but a loopback that is up.

use std::fs;
use std::io;

use super::{counters, sys};

/// What keeps a build from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// A network namespace of our own.
    OwnNamespace,
    /// A network namespace without any route, which somebody else has made: `--network=none`.
    GivenNamespace,
    /// The witness refuses what would leave the machine; a program that wants to can get around that.
    Advisory,
    /// Nothing.
    None,
}

impl Boundary {
    /// Whether the kernel itself keeps everything in.
    pub fn is_of_the_kernel(self) -> bool {
        matches!(self, Boundary::OwnNamespace | Boundary::GivenNamespace)
    }
}

/// Whether this process stands in a network namespace without any route.
pub fn is_cut_off() -> bool {
    counters::routed_interfaces().is_some_and(|interfaces| interfaces.is_empty())
}

/// What the network was cut off with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A network namespace alone.
    Namespace,
    /// A user namespace around it, in which nobody is there but ourselves: set-user-id programs gain nothing.
    UserNamespace,
}

/// Moves the calling thread into a network namespace of its own: as root, or in a user namespace in which we stay who we
/// are. To be called while there is no other thread: the kernel wants that of a user namespace.
///
/// # Errors
/// When the kernel allows neither, as in a container by default.
pub fn cut_off() -> io::Result<Means> {
    let mut means = Means::Namespace;
    if sys::unshare(libc::CLONE_NEWNET).is_err() {
        means = Means::UserNamespace;
        let (user, group) = sys::identity();
        sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET)?;
        // Without these we would be nobody, but cut off all the same.
        let _ = fs::write("/proc/self/setgroups", "deny");
        let _ = fs::write("/proc/self/uid_map", format!("{user} {user} 1"));
        let _ = fs::write("/proc/self/gid_map", format!("{group} {group} 1"));
    }
    sys::raise_loopback().map(|()| means)
}

/// Our sockets that a command would inherit, and that were made outside of the cut.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Inherited {
    /// Those that reach out of the machine: what goes through them goes around every boundary.
    pub connections: Vec<i32>,
    /// Those of files: whoever is at the other end may pass a connection on through them.
    pub files: Vec<i32>,
}

/// Finds them.
pub fn inherited_sockets() -> Inherited {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let mut numbers: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    let mut found = Inherited::default();
    for descriptor in numbers.into_iter().filter(|descriptor| !sys::closes_on_exec(*descriptor)) {
        match sys::family(descriptor) {
            None | Some(libc::AF_NETLINK) => {}
            Some(libc::AF_UNIX) => found.files.push(descriptor),
            Some(_) => found.connections.push(descriptor),
        }
    }
    found
}

/// Whether a network namespace with these interfaces is used by others as well: it is not if they are ends of pairs, as
/// containers have them.
pub(super) fn is_shared(interfaces: &[String]) -> bool {
    interfaces.iter().any(|name| {
        let number = |file: &str| fs::read_to_string(format!("/sys/class/net/{name}/{file}")).ok();
        number("iflink").is_none_or(|peer| Some(peer) == number("ifindex"))
    })
}

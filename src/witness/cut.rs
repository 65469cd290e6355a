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

/// Our descriptors that reach out of the machine and that a command would inherit: what goes through them goes around
/// every boundary.
pub fn inherited_connections() -> Vec<i32> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let reaches_out = |descriptor: &i32| {
        sys::family(*descriptor).is_some_and(|family| family != libc::AF_UNIX && family != libc::AF_NETLINK)
            && !sys::closes_on_exec(*descriptor)
    };
    let mut found: Vec<i32> = numbers.filter(reaches_out).collect();
    found.sort_unstable();
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

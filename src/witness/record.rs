//! What was seen, as it adds up: tries that are alike become one entry with a count.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

/// More entries are only counted.
const MOST: usize = 10_000;

/// Where the name of a host comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostSource {
    /// It was asked of a name server in this very try.
    Query,
    /// The same process asked for it last, before it connected to the address.
    Correlated,
}

/// Tries of one process, or of several with the same chain, to reach one place outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Tries {
    /// The name of the host, where it was heard.
    pub host: Option<String>,
    /// How it was heard.
    pub host_source: Option<HostSource>,
    /// Where to; `None` for families other than the Internet's.
    pub address: Option<SocketAddr>,
    /// `tcp`, `udp`, `raw`, `family 40`; `None` where the socket was made before we watched.
    pub protocol: Option<String>,
    /// How many.
    pub count: u64,
    /// When the first was, since the witness began.
    pub first: Duration,
    /// When the last was.
    pub last: Duration,
    /// The user.
    pub user: u32,
    /// The process' arguments joined by blanks, then its parent's, and so on up to the command.
    pub chain: Vec<String>,
}

/// What makes tries alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) host: Option<String>,
    pub(super) host_source: Option<HostSource>,
    pub(super) address: Option<SocketAddr>,
    pub(super) protocol: Option<String>,
    pub(super) user: u32,
    pub(super) chain: Vec<String>,
}

/// A socket of `AF_UNIX` whose server is not in the network namespace of the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideServer {
    /// Its path.
    pub path: String,
    /// Who connected first.
    pub chain: Vec<String>,
}

/// All that the supervisor saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    tries: HashMap<Key, (u64, Duration, Duration)>,
    order: Vec<Key>,
    pub(super) servers: Vec<OutsideServer>,
    /// Notifications of all kinds.
    pub(super) notifications: u64,
    /// Calls that were passed on to the kernel with an outside address, which its counters must account for.
    pub(super) passed_on: PassedOn,
    /// Calls whose arguments could not be read, in a way that matters.
    pub(super) unreadable: u64,
    /// Programs of another width than the machine's.
    pub(super) narrow: u64,
    pub(super) io_uring: u64,
    /// Calls into, or to make, another network namespace.
    pub(super) namespaces: u64,
    /// Descriptors taken out of other processes.
    pub(super) taken: u64,
    /// Loopback addresses that may have been exchanged behind our back where no counter would tell.
    pub(super) doubtful: u64,
    /// Sockets of families that a network namespace does not keep in.
    pub(super) strangers: u64,
    /// Tries beyond the bound.
    pub(super) overflow: u64,
    /// What the supervisor said when it panicked.
    pub(super) panic: Option<String>,
}

/// Calls to the outside by protocol family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PassedOn {
    pub(super) inet: u64,
    pub(super) inet6: u64,
    /// Every `connect` to the Internet's families, the loopback included.
    pub(super) connects: u64,
}

impl Seen {
    /// Counts one more.
    pub(super) fn add(&mut self, key: Key, now: Duration) {
        if let Some((count, _, last)) = self.tries.get_mut(&key) {
            *count += 1;
            *last = now;
        } else if self.order.len() < MOST {
            self.order.push(key.clone());
            self.tries.insert(key, (1, now, now));
        } else {
            self.overflow += 1;
        }
    }

    /// Takes one back that turned out to be part of another.
    pub(super) fn take_back(&mut self, key: &Key) {
        if let Some((count, ..)) = self.tries.get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn tries(&self) -> Vec<Tries> {
        let entry = |key: &Key| {
            let (count, first, last) = *self.tries.get(key)?;
            let Key { host, host_source, address, protocol, user, chain } = key.clone();
            (count > 0).then_some(Tries { host, host_source, address, protocol, count, first, last, user, chain })
        };
        self.order.iter().filter_map(entry).collect()
    }
}

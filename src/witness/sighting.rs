//! What the witness has to say at the end, and whether its three sources agree.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::counters::Counters;
use super::cut::Boundary;
use super::record::{OutsideServer, PassedOn, Tries};
use super::sockets::Bytes;

/// By what the network was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Every call of every process was notified.
    SeccompNotify,
    /// The kernel's counters and its destroyed sockets.
    Counters,
    /// Nothing.
    None,
}

/// A way of watching that could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Which.
    pub method: Method,
    /// Why: `opted-out`, `ENOSYS`, `EBUSY: a listener stands already`, `self-test: ...`.
    pub reason: String,
}

/// What was seen between the beginning and the end.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// By what.
    pub method: Method,
    /// What could not be had.
    pub unavailable: Vec<Unavailable>,
    /// What kept the build in.
    pub boundary: Boundary,
    /// Whether others use the same network namespace, so that counters and connections may be theirs.
    pub shared: bool,
    /// Whether the privileges of set-user-id programs were given up for the sake of the filter.
    pub no_new_privileges: bool,
    /// Tries to reach the outside.
    pub tries: Vec<Tries>,
    /// Files with a server outside.
    pub outside_servers: Vec<OutsideServer>,
    /// By peer outside the loopback, from the sockets that were destroyed.
    pub connections: BTreeMap<SocketAddr, Bytes>,
    /// By how much the kernel's counters grew.
    pub counters: Counters,
    /// How many notifications there were.
    pub notifications: u64,
    /// Calls of programs of another width than the machine's.
    pub narrow: u64,
    /// Rings that were set up: what goes through them is not notified.
    pub io_uring: u64,
    /// Calls whose arguments could not be read.
    pub unreadable: u64,
    /// Processes that were left behind; what can be said of them.
    pub left_behind: Vec<String>,
    /// Calls to the outside that the kernel counted and nobody was seen to make.
    pub unwitnessed: u64,
    /// Whether calls and counters agree; `None` where there is nothing to compare.
    pub reconciled: Option<bool>,
    /// Why the sighting may not be all there was.
    pub doubts: Vec<String>,
}

/// What to compare: what was notified, what the kernel counted, and the sockets that it destroyed.
pub(super) struct Books<'a> {
    pub(super) passed_on: PassedOn,
    pub(super) tries: &'a [Tries],
    pub(super) counters: &'a Counters,
    pub(super) destroyed: &'a BTreeMap<SocketAddr, Bytes>,
    pub(super) boundary: Boundary,
    /// Counters and destroyed sockets may be those of others.
    pub(super) shared: bool,
}

impl Books<'_> {
    /// Whether all of it is of the same processes.
    pub(super) fn can_be_compared(&self) -> bool {
        self.boundary.is_of_the_kernel() || !self.shared
    }

    /// How many calls to the outside the kernel counted beyond those that were notified: in a namespace without a route
    /// each of them fails for want of one, and is counted as that.
    pub(super) fn unwitnessed(&self) -> u64 {
        if !self.boundary.is_of_the_kernel() {
            return 0;
        }
        let beyond =
            |name: &str, notified: u64| self.counters.get(name).map_or(0, |count| count.saturating_sub(notified));
        beyond("ip_out_no_routes", self.passed_on.inet) + beyond("ip6_out_no_routes", self.passed_on.inet6)
    }

    /// What else does not agree.
    pub(super) fn disagreements(&self) -> Vec<String> {
        let count = |name: &str| self.counters.get(name).copied();
        let mut found = Vec::new();
        if self.boundary.is_of_the_kernel() {
            for name in ["rx_bytes", "tx_bytes"] {
                if let Some(bytes) = count(name).filter(|bytes| *bytes > 0) {
                    found.push(format!("{bytes} bytes crossed an interface that is not the loopback ({name})"));
                }
            }
            for name in ["ip_out_no_routes", "tcp_active_opens"] {
                if count(name).is_none() {
                    found.push(format!("the kernel's counter {name} could not be read"));
                }
            }
        }
        if !self.can_be_compared() {
            return found;
        }
        // A connection that is opened was asked for by one call at least, to the loopback as well.
        let beyond = count("tcp_active_opens").map_or(0, |count| count.saturating_sub(self.passed_on.connects));
        if beyond > 0 {
            found.push(format!("the kernel opened {beyond} TCP connections that nobody was seen to open"));
        }
        if self.boundary != Boundary::None {
            let unnamed = self.destroyed.keys().filter(|peer| !self.is_named(**peer));
            found.extend(unnamed.map(|peer| format!("a socket led to {peer}, which nobody was seen to try")));
        }
        found
    }

    /// Whether a try leads where a destroyed socket did. One that could not connect has lost its port.
    fn is_named(&self, peer: SocketAddr) -> bool {
        let mut tried = self.tries.iter().filter_map(|tries| tries.address);
        tried.any(|tried| tried.ip() == peer.ip() && (tried.port() == peer.port() || peer.port() == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books(counters: &Counters, inet: u64, boundary: Boundary) -> (u64, Vec<String>) {
        let passed_on = PassedOn { inet, inet6: 0, connects: inet };
        let destroyed = BTreeMap::new();
        let books = Books { passed_on, tries: &[], counters, destroyed: &destroyed, boundary, shared: true };
        (books.unwitnessed(), books.disagreements())
    }

    #[test]
    fn a_namespace_of_ones_own_is_compared_without_a_boundary_too() {
        let (counters, destroyed) = (Counters::from([("tcp_active_opens", 3)]), BTreeMap::new());
        let found = |connects, shared| {
            let passed_on = PassedOn { inet: 0, inet6: 0, connects };
            let boundary = Boundary::None;
            Books { passed_on, tries: &[], counters: &counters, destroyed: &destroyed, boundary, shared }
                .disagreements()
        };
        assert_eq!(found(2, false).len(), 1);
        assert_eq!((found(3, false).len(), found(4, false).len()), (0, 0), "a call may be made again, or fail at once");
        assert_eq!(found(2, true).len(), 0, "connections of others");
    }

    #[test]
    fn a_destroyed_socket_that_no_try_names_is_a_doubt() {
        let peer = |text: &str| (text.parse::<SocketAddr>().unwrap(), Bytes::default());
        let tries = Tries {
            host: None,
            host_source: None,
            address: Some("192.0.2.7:443".parse().unwrap()),
            protocol: None,
            count: 1,
            first: std::time::Duration::ZERO,
            last: std::time::Duration::ZERO,
            user: 0,
            chain: Vec::new(),
        };
        let counters = Counters::from([("ip_out_no_routes", 0), ("tcp_active_opens", 0)]);
        let found = |peers: &[&str], boundary, shared| {
            let destroyed = peers.iter().map(|text| peer(text)).collect();
            let (passed_on, tries) = (PassedOn::default(), std::slice::from_ref(&tries));
            Books { passed_on, tries, counters: &counters, destroyed: &destroyed, boundary, shared }.disagreements()
        };
        let peers = ["192.0.2.7:443", "192.0.2.7:0", "192.0.2.7:80", "192.0.2.8:443"];
        for boundary in [Boundary::OwnNamespace, Boundary::GivenNamespace, Boundary::Advisory] {
            let found = found(&peers, boundary, false);
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[0].contains("192.0.2.7:80") && found[1].contains("192.0.2.8:443"), "{found:?}");
        }
        assert_eq!(found(&peers, Boundary::Advisory, true).len(), 0, "sockets of others");
        assert_eq!(found(&peers, Boundary::None, false).len(), 0, "some may be older than the witness");
    }

    #[test]
    fn what_the_kernel_counted_and_nobody_showed_is_unwitnessed() {
        let counters = Counters::from([("ip_out_no_routes", 7), ("ip6_out_no_routes", 2), ("tcp_active_opens", 0)]);
        assert_eq!(books(&counters, 7, Boundary::OwnNamespace), (2, vec![]));
        assert_eq!(books(&counters, 4, Boundary::GivenNamespace), (5, vec![]));
        assert_eq!(books(&counters, 0, Boundary::None), (0, vec![]), "counters of others");
    }

    #[test]
    fn a_connection_that_nobody_opened_and_bytes_that_left_are_doubts() {
        let counters = Counters::from([("ip_out_no_routes", 0), ("tcp_active_opens", 3), ("rx_bytes", 9)]);
        let (unwitnessed, found) = books(&counters, 1, Boundary::OwnNamespace);
        assert_eq!((unwitnessed, found.len()), (0, 2), "{found:?}");
        let (_, found) = books(&Counters::new(), 0, Boundary::OwnNamespace);
        assert_eq!(found.len(), 2, "nothing was read: {found:?}");
    }
}

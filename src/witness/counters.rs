//! The kernel's own counters of the network namespace, from `/proc/thread-self/net`: no privilege, no cost, no names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _};

/// Counters by our names, as they stand or as they have grown.
pub type Counters = BTreeMap<&'static str, u64>;

/// Where each is: file, group, field, our name.
const WANTED: [(&str, &str, &str, &str); 6] = [
    ("snmp", "Tcp", "ActiveOpens", "tcp_active_opens"),
    ("snmp", "Udp", "OutDatagrams", "udp_out"),
    ("snmp", "Ip", "OutRequests", "ip_out"),
    ("snmp", "Ip", "OutNoRoutes", "ip_out_no_routes"),
    ("snmp6", "", "Ip6OutRequests", "ip6_out"),
    ("snmp6", "", "Ip6OutNoRoutes", "ip6_out_no_routes"),
];

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    Whole,
    /// What TCP and IPv4 count: the rest takes twice as long again, and a tool's start waits for it.
    Brief,
}

/// The tables of one network namespace, kept open: to find them costs more than to read them.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// `snmp`, `snmp6`, `dev`.
    files: [Option<File>; 3],
}

impl Tables {
    /// Those of the calling thread's namespace.
    pub(super) fn open(extent: Extent) -> Tables {
        let rest = |name| if extent == Extent::Whole { open(name) } else { None };
        Tables { files: [open("snmp"), rest("snmp6"), rest("dev")] }
    }

    /// The counters as they stand; what cannot be read is not among them.
    pub(super) fn read(&self) -> Counters {
        let [snmp, snmp6, devices] = &self.files;
        let text = |file: &Option<File>| file.as_ref().and_then(whole).unwrap_or_default();
        let (snmp, snmp6) = (text(snmp), text(snmp6));
        let mut counters = Counters::new();
        for (name, group, field, ours) in WANTED {
            let value = if name == "snmp" { in_columns(&snmp, group, field) } else { in_rows(&snmp6, field) };
            counters.extend(value.map(|value| (ours, value)));
        }
        if let Some((received, sent)) = bytes(&text(devices)) {
            counters.extend([("rx_bytes", received), ("tx_bytes", sent)]);
        }
        counters
    }
}

/// By how much they have grown.
pub(super) fn growth(before: &Counters, after: &Counters) -> Counters {
    let grown = |(name, after): (&&'static str, &u64)| Some((*name, after.saturating_sub(*before.get(name)?)));
    after.iter().filter_map(grown).collect()
}

/// Whether IPv6 has no address here, not even the loopback's: then the kernel refuses what is sent without counting it.
pub(super) fn has_no_inet6() -> bool {
    table("if_inet6").is_none_or(|text| text.trim().is_empty())
}

/// The interfaces that have a route, the loopback aside; `None` where nobody says.
pub(super) fn routed_interfaces() -> Option<Vec<String>> {
    // In a namespace that never had a route the table has not even a head.
    let (routes, routes6) = (table("route")?, table("ipv6_route").unwrap_or_default());
    let first = routes.lines().skip(1).filter_map(|line| line.split_ascii_whitespace().next());
    let last = routes6.lines().filter_map(|line| line.split_ascii_whitespace().last());
    let mut names: Vec<String> = first.chain(last).filter(|name| *name != "lo").map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    Some(names)
}

/// Whether somebody in this namespace has a socket at this port, over UDP or TCP.
pub(super) fn is_bound(port: u16) -> bool {
    let port = format!(":{port:04X}");
    let bound = |text: String| {
        let places = text.lines().filter_map(|line| line.split_ascii_whitespace().nth(1));
        places.into_iter().any(|local| local.ends_with(&port))
    };
    ["udp", "udp6", "tcp", "tcp6"].into_iter().filter_map(table).any(bound)
}

/// A table of `/proc/net`; `None` where it cannot be read.
fn table(name: &str) -> Option<String> {
    whole(&open(name)?)
}

fn open(name: &str) -> Option<File> {
    File::open(format!("/proc/thread-self/net/{name}")).ok()
}

/// A table as it is now.
fn whole(mut file: &File) -> Option<String> {
    file.rewind().ok()?;
    // The kernel does not say how long they are: read piecemeal, a table takes a dozen calls.
    let mut text = String::with_capacity(16 << 10);
    file.read_to_string(&mut text).ok()?;
    Some(text)
}

/// A field of `/proc/net/snmp`: a line of names and a line of values for each group.
fn in_columns(text: &str, group: &str, field: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(group)?.strip_prefix(':'));
    let place = lines.next()?.split_ascii_whitespace().position(|name| name == field)?;
    lines.next()?.split_ascii_whitespace().nth(place)?.parse().ok()
}

fn in_rows(text: &str, field: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(field)?.trim().parse().ok())
}

/// What all interfaces but the loopback have received and sent.
fn bytes(text: &str) -> Option<(u64, u64)> {
    let mut sum = None;
    for (name, values) in text.lines().filter_map(|line| line.split_once(':')) {
        let values: Vec<u64> = values.split_ascii_whitespace().filter_map(|value| value.parse().ok()).collect();
        if let (Some(received), Some(sent)) = (values.first(), values.get(8)) {
            let (all_received, all_sent) = sum.unwrap_or((0, 0));
            let counts = u64::from(name.trim() != "lo");
            sum = Some((all_received + counts * received, all_sent + counts * sent));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kernels_tables() {
        let snmp = "Ip: Forwarding OutRequests OutNoRoutes\nIp: 1 12 7\nTcp: ActiveOpens\nTcp: 3\n";
        assert_eq!(in_columns(snmp, "Ip", "OutNoRoutes"), Some(7));
        assert_eq!(in_columns(snmp, "Tcp", "ActiveOpens"), Some(3));
        assert_eq!(in_columns(snmp, "Udp", "OutDatagrams"), None);
        assert_eq!(in_rows("Ip6InReceives \t 1\nIp6OutNoRoutes                  \t5\n", "Ip6OutNoRoutes"), Some(5));
        let devices = "Inter-| Receive\n face |bytes\n    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  eth0: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n";
        assert_eq!(bytes(devices), Some((5, 6)));
    }

    #[test]
    fn whoever_has_a_port_is_found() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert!(is_bound(port));
        drop(socket);
        assert!(!is_bound(0x10));
    }

    #[test]
    fn all_of_them_are_there() {
        let counters = Tables::open(Extent::Whole).read();
        for (_, _, _, name) in WANTED {
            assert!(counters.contains_key(name), "{name}: {counters:?}");
        }
        assert_eq!(growth(&counters, &counters).values().sum::<u64>(), 0);
        let brief = Tables::open(Extent::Brief).read();
        assert!(brief.contains_key("ip_out_no_routes") && brief.len() < counters.len(), "{brief:?}");
    }
}

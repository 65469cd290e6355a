//! Addresses as the kernel takes them, and which of them lie outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest address that the kernel takes (`struct sockaddr_storage`).
pub(super) const LONGEST: usize = 128;

/// The port of name servers: a query to one that listens on the loopback leaves the machine all the same (Docker's
/// 127.0.0.11, systemd's 127.0.0.53).
pub(super) const DNS: u16 = 53;

/// Where something is sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Address {
    Inet(SocketAddr),
    /// A path, or `@name` in the abstract namespace; as bytes.
    Unix(Vec<u8>),
    /// Nowhere: a disconnect, an unnamed socket, the kernel itself.
    Nowhere,
    /// A family that is none of these.
    Other(u16),
}

impl Address {
    /// Reads a `struct sockaddr`; `None` if it is too short to be one. `AF_UNSPEC` is a disconnect for `connect` and the
    /// Internet for a datagram, which is what `datagram` says.
    pub(super) fn read(bytes: &[u8], datagram: bool) -> Option<Address> {
        let family = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
        let port = || Some(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?));
        match i32::from(family) {
            libc::AF_UNSPEC if !datagram => Some(Address::Nowhere),
            libc::AF_INET | libc::AF_UNSPEC => {
                let octets: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
                Some(Address::Inet(SocketAddr::new(Ipv4Addr::from(octets).into(), port()?)))
            }
            libc::AF_INET6 => {
                let octets: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
                Some(Address::Inet(SocketAddr::new(Ipv6Addr::from(octets).to_canonical(), port()?)))
            }
            libc::AF_UNIX => {
                let name = &bytes[2..];
                Some(match name.first() {
                    None => Address::Nowhere,
                    Some(0) if name.len() == 1 => Address::Nowhere,
                    Some(0) => Address::Unix([b"@", &name[1..]].concat()),
                    Some(_) => Address::Unix(name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()),
                })
            }
            libc::AF_NETLINK => Some(Address::Nowhere),
            _ => Some(Address::Other(family)),
        }
    }

    /// Whether it lies outside: everything but the loopback, and on the loopback the port of name servers.
    pub(super) fn is_outside(&self) -> bool {
        match self {
            Address::Inet(address) => address.port() == DNS || !is_loopback(address.ip()),
            Address::Unix(_) | Address::Nowhere => false,
            Address::Other(_) => true,
        }
    }
}

/// Whether the kernel keeps it on this machine: a destination of all zeroes is the loopback as well.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inet(octets: [u8; 4], port: u16) -> Vec<u8> {
        let mut bytes = (libc::AF_INET as u16).to_ne_bytes().to_vec();
        bytes.extend(port.to_be_bytes());
        bytes.extend(octets);
        bytes.extend([0; 8]);
        bytes
    }

    fn inet6(address: &str, port: u16) -> Vec<u8> {
        let mut bytes = (libc::AF_INET6 as u16).to_ne_bytes().to_vec();
        bytes.extend(port.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(address.parse::<Ipv6Addr>().unwrap().octets());
        bytes.extend([0; 4]);
        bytes
    }

    fn is_outside(bytes: &[u8]) -> bool {
        Address::read(bytes, false).unwrap().is_outside()
    }

    #[test]
    fn the_loopback_is_inside_but_for_name_servers() {
        for inside in [inet([127, 0, 0, 1], 80), inet([127, 9, 9, 9], 443), inet([0, 0, 0, 0], 80)] {
            assert!(!is_outside(&inside), "{inside:?}");
        }
        for inside in ["::1", "::", "::ffff:127.0.0.1"] {
            assert!(!is_outside(&inet6(inside, 80)), "{inside}");
        }
        for outside in [inet([192, 0, 2, 1], 80), inet([127, 0, 0, 11], 53), inet([255, 255, 255, 255], 67)] {
            assert!(is_outside(&outside), "{outside:?}");
        }
        for outside in ["2001:db8::1", "ff02::fb", "fe80::1", "::ffff:192.0.2.1"] {
            assert!(is_outside(&inet6(outside, 80)), "{outside}");
        }
        assert!(is_outside(&inet6("::1", 53)));
    }

    #[test]
    fn no_family_says_what_the_kernel_makes_of_it() {
        let mut unspecified = inet([192, 0, 2, 1], 9);
        unspecified[..2].copy_from_slice(&[0, 0]);
        assert_eq!(Address::read(&unspecified, false), Some(Address::Nowhere));
        assert!(Address::read(&unspecified, true).unwrap().is_outside());
        assert!(is_outside(&(libc::AF_VSOCK as u16).to_ne_bytes()));
    }

    #[test]
    fn sockets_of_files_have_a_path() {
        let unix = |name: &[u8]| {
            let family = (libc::AF_UNIX as u16).to_ne_bytes();
            Address::read(&[&family[..], name].concat(), false)
        };
        assert_eq!(unix(b"/run/x.sock\0\0\0"), Some(Address::Unix(b"/run/x.sock".to_vec())));
        assert_eq!(unix(b"\0bus"), Some(Address::Unix(b"@bus".to_vec())));
        assert_eq!(unix(b""), Some(Address::Nowhere));
        assert_eq!(Address::read(&[1], false), None);
        assert_eq!(Address::read(&inet([1, 2, 3, 4], 5)[..7], false), None);
    }
}

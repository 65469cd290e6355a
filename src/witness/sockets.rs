//! Every TCP and UDP socket of the network namespace as it is destroyed, with its peer and its exact bytes
//! (`NETLINK_SOCK_DIAG`, multicast): needs no privilege and changes nothing.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::sys;

/// The bytes that went to and came from one peer outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// How many sockets.
    pub connections: u64,
    /// Received over TCP.
    pub received: u64,
    /// Sent and acknowledged over TCP.
    pub sent: u64,
}

/// Hears of destroyed sockets.
#[derive(Debug)]
pub(super) struct Destroyed {
    socket: OwnedFd,
    pub(super) peers: BTreeMap<SocketAddr, Bytes>,
    /// Whether some were missed, because there were more than the kernel keeps for us.
    pub(super) missed: bool,
}

impl Destroyed {
    pub(super) fn new() -> io::Result<Destroyed> {
        let socket = sys::hear_of_destroyed_sockets()?;
        Ok(Destroyed { socket, peers: BTreeMap::new(), missed: false })
    }

    /// Takes up what is there.
    pub(super) fn hear(&mut self) {
        let mut buffer = [0; 16 * 1024];
        loop {
            match sys::read_datagram(self.socket.as_fd(), &mut buffer) {
                Ok(0) => return,
                Ok(count) => self.take(&buffer[..count]),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => self.missed = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, mut datagram: &[u8]) {
        while let Some(length) = word(datagram, 0) {
            let length = length as usize;
            let Some(message) = datagram.get(16..length) else { return };
            if let Some((peer, received, sent)) = socket(message) {
                let bytes = self.peers.entry(peer).or_default();
                bytes.connections += 1;
                bytes.received += received;
                bytes.sent += sent;
            }
            datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

impl AsFd for Destroyed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The peer of a `struct inet_diag_msg` outside the loopback, and the bytes of the `struct tcp_info` behind it.
fn socket(message: &[u8]) -> Option<(SocketAddr, u64, u64)> {
    let family = i32::from(*message.first()?);
    let port = u16::from_be_bytes(message.get(6..8)?.try_into().ok()?);
    let destination = message.get(24..40)?;
    let peer = match family {
        libc::AF_INET => Ipv4Addr::from(<[u8; 4]>::try_from(&destination[..4]).ok()?).into(),
        _ => Ipv6Addr::from(<[u8; 16]>::try_from(destination).ok()?).to_canonical(),
    };
    if peer.is_loopback() || peer.is_unspecified() {
        return None;
    }
    let mut attributes = message.get(72..)?;
    let (mut received, mut sent) = (0, 0);
    while let Some(head) = attributes.get(..4) {
        let length = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        let kind = u16::from_ne_bytes([head[2], head[3]]);
        let Some(value) = attributes.get(4..length) else { break };
        // INET_DIAG_INFO; `tcpi_bytes_acked` and `tcpi_bytes_received` lie at these places since Linux 4.1.
        if kind == 2 {
            let long = |at: usize| Some(u64::from_ne_bytes(value.get(at..at + 8)?.try_into().ok()?));
            sent = long(120).unwrap_or(0);
            received = long(128).unwrap_or(0);
        }
        attributes = attributes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some((SocketAddr::new(peer, port), received, sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_peer_and_its_bytes() {
        let mut message = vec![0u8; 72];
        message[0] = libc::AF_INET as u8;
        message[6..8].copy_from_slice(&443u16.to_be_bytes());
        message[24..28].copy_from_slice(&[192, 0, 2, 7]);
        let mut info = vec![0u8; 136];
        info[120..128].copy_from_slice(&517u64.to_ne_bytes());
        info[128..136].copy_from_slice(&16_943_665u64.to_ne_bytes());
        message.extend(140u16.to_ne_bytes());
        message.extend(2u16.to_ne_bytes());
        message.extend(info);
        assert_eq!(socket(&message), Some(("192.0.2.7:443".parse().unwrap(), 16_943_665, 517)));
        message[24..28].copy_from_slice(&[127, 0, 0, 1]);
        assert_eq!(socket(&message), None);
        assert_eq!(socket(&message[..40]), None);
    }
}

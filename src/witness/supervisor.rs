//! The loop that hears of calls and answers them.
//!
//! Refuses to keep anybody waiting: it does no work that may block, and whatever goes wrong in it, calls are let pass.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use libc::seccomp_notif;

use super::address::{Address, DNS, is_loopback};
use super::caller::{Caller, Read};
use super::calls::{self, Call, Width};
use super::groups::{Group, Groups, Question};
use super::memory::{Memory, Message, pointer};
use super::process::{self, Status};
use super::record::{HostSource, Key, OutsideServer, Seen};
use super::sockets::Destroyed;
use super::sys::{self, Answer};
use super::{counters, dns, unix};

/// Of the messages of one `sendmmsg` the kernel takes no more.
const MOST_MESSAGES: u32 = 1024;

/// The kernel takes no address that is shorter: of IPv4, and of IPv6 (RFC 2133, without the scope).
const SHORTEST_OF_INET: u32 = 16;
const SHORTEST_OF_INET6: u32 = 24;

/// What is done with a call to the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// Everything is passed on; the network is there.
    Observe,
    /// The network is cut by the kernel: everything is passed on but questions for names, which would never be asked.
    Cut,
    /// The network is there and is to look as if it were not.
    Deny,
}

/// What the supervisor is told before it begins.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) policy: Policy,
    /// The name servers of this machine.
    pub(super) resolvers: Vec<IpAddr>,
    /// Whether the loopback takes what is sent to it; where it is down, that is refused and counted like all else.
    pub(super) loopback_is_up: bool,
    /// Whether the kernel's counters would miss a call to the outside over IPv6.
    pub(super) inet6_uncounted: bool,
    pub(super) began: Instant,
}

pub(super) struct Supervisor {
    setting: Setting,
    ourselves: u32,
    /// The network namespace whose counters are read.
    here: Option<u64>,
    /// Others in which somebody was met.
    elsewhere: HashSet<u64>,
    memory: Memory,
    groups: Groups,
    seen: Seen,
}

/// What is left when the supervisor ends.
pub(super) struct End {
    pub(super) seen: Seen,
    pub(super) destroyed: Option<Destroyed>,
    /// The listener, if there is still somebody under the filter.
    pub(super) listener: Option<OwnedFd>,
}

impl Supervisor {
    pub(super) fn new(setting: Setting) -> Supervisor {
        let ourselves = std::process::id();
        Supervisor {
            setting,
            ourselves,
            here: process::network_namespace("thread-self"),
            elsewhere: HashSet::new(),
            memory: Memory::default(),
            groups: Groups::of(ourselves),
            seen: Seen::default(),
        }
    }

    /// Answers the trial of the thread that was put under the filter; whether it was what it should be. Older kernels
    /// keep whoever receives waiting even when nobody is left to call, so that `stop` is heard as well.
    pub(super) fn hear_canary(&mut self, listener: &OwnedFd, stop: &OwnedFd, thread: u32) -> bool {
        let [(called, _), _] = sys::wait([listener.as_fd(), stop.as_fd()], -1);
        if !called {
            return false;
        }
        self.groups.are_below(thread);
        let Ok(notification) = sys::receive(listener.as_fd()) else { return false };
        let mut bytes = [0; sys::CANARY.len()];
        let read = self.memory.read(notification.pid, None, notification.data.args[1], &mut bytes);
        let good = notification.pid == thread
            && read == Some(bytes.len())
            && bytes == sys::CANARY
            && sys::is_valid(listener.as_fd(), notification.id);
        sys::answer(listener.as_fd(), notification.id, Answer::Continue).is_ok() && good
    }

    /// Serves until nobody is left, or until `stop` is readable and nobody waits.
    pub(super) fn serve(mut self, listener: OwnedFd, stop: &OwnedFd, mut destroyed: Option<Destroyed>) -> End {
        loop {
            let third = destroyed.as_ref().map_or(stop.as_fd(), |destroyed| destroyed.as_fd());
            let [(called, gone), (stopped, _), (heard, _)] = sys::wait([listener.as_fd(), stop.as_fd(), third], -1);
            if let Some(destroyed) = destroyed.as_mut().filter(|_| heard) {
                destroyed.hear();
            }
            if called {
                self.serve_one(&listener);
            } else if gone {
                return End { seen: self.seen, destroyed, listener: None };
            } else if stopped {
                return End { seen: self.seen, destroyed, listener: Some(listener) };
            }
        }
    }

    fn serve_one(&mut self, listener: &OwnedFd) {
        let Ok(notification) = sys::receive(listener.as_fd()) else { return };
        let answer = match &self.seen.panic {
            Some(_) => Answer::Continue,
            None => catch_unwind(AssertUnwindSafe(|| self.judge(listener, &notification))).unwrap_or_else(|payload| {
                self.seen.panic = Some("the witness met a fault of its own".to_owned());
                std::mem::forget(payload);
                Answer::Continue
            }),
        };
        // A caller that is gone needs no answer.
        let _ = sys::answer(listener.as_fd(), notification.id, answer);
    }

    fn judge(&mut self, listener: &OwnedFd, notification: &seccomp_notif) -> Answer {
        self.seen.notifications += 1;
        let data = &notification.data;
        let Some((mut call, width)) = calls::call(data.arch, data.nr, data.args) else { return Answer::Continue };
        #[cfg(test)]
        super::tests::fail_at(&call);
        self.seen.narrow += u64::from(width == Width::Bits32 && cfg!(target_pointer_width = "64"));
        let thread = notification.pid;
        let status = Status::of(thread);
        let group = status.map_or(thread, |status| status.group);
        self.groups.forget_the_dead();
        let caller = Caller { thread, group, status, width };
        if let Call::Multiplexed { number, arguments } = call {
            let mut bytes = [0; 24];
            let count = caller.read(&self.memory, arguments, &mut bytes).unwrap_or(0);
            let arguments = std::array::from_fn(|at| pointer(&bytes[..count], at, width).unwrap_or(0));
            match calls::socket_call(number, arguments).filter(|_| count > 0) {
                Some(behind) => call = behind,
                None => {
                    self.seen.unreadable += 1;
                    return Answer::Continue;
                }
            }
        }
        match call {
            Call::Connect { descriptor, address, length } => {
                let read = caller.address(&self.memory, address, length, false);
                self.if_valid(listener, notification.id, |this| this.connect(&caller, descriptor, read))
            }
            Call::Send { descriptor, buffer, size, address, length } => {
                let to = (address != 0).then(|| caller.address(&self.memory, address, length, true));
                let text = caller.text(&self.memory, buffer, size);
                self.if_valid(listener, notification.id, |this| this.send(&caller, descriptor, to, &text))
            }
            Call::SendMessage { descriptor, message } => {
                let read = caller.message(&self.memory, message);
                self.if_valid(listener, notification.id, |this| this.send_messages(&caller, descriptor, vec![read]))
            }
            Call::SendMessages { descriptor, messages, count } => {
                let (_, size) = Message::sizes(width);
                let place = |at| messages.wrapping_add(u64::from(at) * size as u64);
                let read = (0..count.min(MOST_MESSAGES)).map(|at| caller.message(&self.memory, place(at))).collect();
                self.if_valid(listener, notification.id, |this| this.send_messages(&caller, descriptor, read))
            }
            Call::Socket { family, kind, protocol } => {
                self.groups.makes(group, family, kind & 0xF, protocol);
                self.seen.strangers += u64::from(!is_kept_in(family));
                Answer::Continue
            }
            Call::Credentials => {
                self.memory.keep(thread, group);
                Answer::Continue
            }
            Call::IoUring => {
                self.seen.io_uring += 1;
                Answer::Continue
            }
            Call::Namespace => {
                self.seen.namespaces += 1;
                Answer::Continue
            }
            Call::TakeDescriptor => {
                self.seen.taken += 1;
                Answer::Continue
            }
            Call::Multiplexed { .. } => Answer::Continue,
        }
    }

    /// What was read counts only if its owner still waits: else its number may be another's already.
    fn if_valid(&mut self, listener: &OwnedFd, id: u64, what: impl FnOnce(&mut Self) -> Answer) -> Answer {
        if sys::is_valid(listener.as_fd(), id) { what(self) } else { Answer::Continue }
    }

    fn connect(&mut self, caller: &Caller, descriptor: i32, read: Read) -> Answer {
        if let Some(group) = self.groups.get_mut(caller.group) {
            // The number is a new descriptor's.
            group.questions.remove(&descriptor);
        }
        let Some(address) = read.address.clone() else {
            self.unreadable(read.length);
            return Answer::Continue;
        };
        if let Address::Unix(path) = &address {
            self.unix(caller, path);
        }
        if !address.is_outside() {
            self.passed_on(&address, true);
            self.doubt(caller, &read, &address);
            return Answer::Continue;
        }
        let inet = match address {
            Address::Inet(inet) => Some(inet),
            _ => None,
        };
        let key = self.key(caller, &address);
        self.seen.add(key.clone(), self.setting.began.elapsed());
        let Some(server) = inet.filter(|inet| inet.port() == DNS) else {
            return self.outside(&address, true);
        };
        let datagram = key.protocol.as_deref() == Some("udp");
        // A question is only put to a server that can be reached, so that one is pretended to be, of those that the
        // machine asks for names: its loopback ones can.
        let pretended = datagram
            && match self.setting.policy {
                Policy::Observe => false,
                Policy::Cut => !server.ip().is_loopback() && self.setting.resolvers.contains(&server.ip()),
                Policy::Deny => true,
            };
        let question = Question { server, unnamed: Some(key), name: None, pretended };
        self.groups.entry(caller.group).questions.insert(descriptor, question);
        if pretended { Answer::Success } else { self.outside(&address, true) }
    }

    /// The answer to a call to the outside.
    fn outside(&mut self, address: &Address, connects: bool) -> Answer {
        if self.setting.policy == Policy::Deny {
            return Answer::Refuse(libc::ENETUNREACH);
        }
        self.passed_on(address, connects);
        Answer::Continue
    }

    /// Enters a call into the books that the kernel's must agree with.
    fn passed_on(&mut self, address: &Address, connects: bool) {
        let Address::Inet(address) = address else { return };
        match address {
            // Whom the loopback takes it to is reached, so no counter tells of it.
            address if self.setting.loopback_is_up && is_loopback(address.ip()) => {}
            SocketAddr::V4(_) => self.seen.passed_on.inet += 1,
            SocketAddr::V6(_) => self.seen.passed_on.inet6 += 1,
        }
        self.seen.passed_on.connects += u64::from(connects);
    }

    fn send_messages(&mut self, caller: &Caller, descriptor: i32, messages: Vec<(Option<Read>, Vec<u8>)>) -> Answer {
        let mut answer = Answer::Continue;
        for (to, text) in messages {
            let this = self.send(caller, descriptor, to, &text);
            if answer == Answer::Continue {
                answer = this;
            }
        }
        answer
    }

    fn send(&mut self, caller: &Caller, descriptor: i32, to: Option<Read>, text: &[u8]) -> Answer {
        let Some(to) = to else { return self.send_on(caller, descriptor, text) };
        let Some(address) = to.address.clone() else {
            self.unreadable(to.length);
            return Answer::Continue;
        };
        if let Address::Unix(path) = &address {
            self.unix(caller, path);
        }
        if !address.is_outside() {
            self.passed_on(&address, false);
            self.doubt(caller, &to, &address);
            return Answer::Continue;
        }
        // On a connected descriptor the address is its own: musl sends to it explicitly all the same.
        let key = self.key(caller, &address);
        match dns::question(text).filter(|_| matches!(address, Address::Inet(inet) if inet.port() == DNS)) {
            Some(name) => self.asked(caller, key, name),
            None => self.seen.add(key, self.setting.began.elapsed()),
        }
        self.outside(&address, false)
    }

    /// Something was sent through a descriptor that knows its own way.
    fn send_on(&mut self, caller: &Caller, descriptor: i32, text: &[u8]) -> Answer {
        let Some(name) = dns::question(text) else { return Answer::Continue };
        let Some(group) = self.groups.get_mut(caller.group) else { return Answer::Continue };
        let Some(question) = group.questions.get_mut(&descriptor) else { return Answer::Continue };
        let (server, pretended, unnamed) = (question.server, question.pretended, question.unnamed.take());
        let again = question.name.replace(name.clone()).as_ref() == Some(&name);
        if let Some(unnamed) = unnamed {
            self.seen.take_back(&unnamed);
        }
        // A and AAAA of one name are one try.
        if !again {
            let key = self.key(caller, &Address::Inet(server));
            self.asked(caller, key, name);
        }
        match pretended || self.setting.policy == Policy::Deny {
            true => Answer::Refuse(libc::ENETUNREACH),
            false => Answer::Continue,
        }
    }

    fn asked(&mut self, caller: &Caller, key: Key, name: String) {
        // Of what was refused nobody learned an address: what is connected to next was never called that.
        let may_be_answered = match self.setting.policy {
            Policy::Observe => true,
            Policy::Cut => key.address.is_some_and(|server| server.ip().is_loopback()) && counters::is_bound(DNS),
            Policy::Deny => false,
        };
        self.groups.entry(caller.group).asked = Some(name.clone()).filter(|_| may_be_answered);
        let key = Key { host: Some(name), host_source: Some(HostSource::Query), ..key };
        self.seen.add(key, self.setting.began.elapsed());
    }

    fn key(&self, caller: &Caller, address: &Address) -> Key {
        let group = self.groups.get(caller.group);
        let inet = match address {
            Address::Inet(inet) => Some(*inet),
            _ => None,
        };
        // Only an address that a name stands for has one.
        let asked = group.and_then(|group| group.asked.clone());
        let host = asked.filter(|_| inet.is_some_and(|inet| inet.port() != DNS));
        Key {
            host_source: host.as_ref().map(|_| HostSource::Correlated),
            host,
            address: inet,
            protocol: protocol(address, group),
            user: caller.status.map_or(0, |status| status.user),
            chain: process::chain(caller.group, self.ourselves),
        }
    }

    fn unix(&mut self, caller: &Caller, path: &[u8]) {
        let text = unix::shown(caller.thread, path);
        if self.seen.servers.iter().any(|server| server.path == text) || !unix::is_served_outside(caller.thread, path) {
            return;
        }
        let chain = process::chain(caller.group, self.ourselves);
        self.seen.servers.push(OutsideServer { path: text, chain });
    }

    /// An address of this length could not be read: those of netlink are no matter.
    fn unreadable(&mut self, length: u32) {
        self.seen.unreadable += u64::from(length as usize != std::mem::size_of::<libc::sockaddr_nl>());
    }

    /// The kernel reads the address again after us. One that was exchanged meanwhile is missed by us and found by the
    /// kernel's counters, if they are those of this namespace and count it. Else it matters whether anybody could have
    /// done that. A length in a register stays what it is, and a socket of files takes no address of IPv6.
    fn doubt(&mut self, caller: &Caller, read: &Read, inside: &Address) {
        self.look_where(caller);
        let raw = read.length >= SHORTEST_OF_INET && self.groups.may_hold_uncounted();
        let inet6 = read.length >= SHORTEST_OF_INET6
            && self.setting.inet6_uncounted
            && !matches!(inside, Address::Unix(_))
            && self.groups.may_hold_inet6(caller.group);
        if !(raw || inet6) {
            return;
        }
        let shared = caller.status.is_none_or(|status| status.threads > 1);
        self.seen.doubtful += u64::from(shared || unix::is_shared_memory(caller.thread, read.place));
    }

    /// Of `clone3` no register says whether it makes a network namespace, so whoever calls is looked for where it stands.
    fn look_where(&mut self, caller: &Caller) {
        let there = process::network_namespace(&caller.thread.to_string());
        if let Some(there) = there.filter(|there| self.here.is_some_and(|here| here != *there)) {
            self.seen.namespaces += u64::from(self.elsewhere.insert(there));
        }
    }
}

/// Whether a network namespace keeps sockets of this family in: one without a route reaches nobody through them.
fn is_kept_in(family: i32) -> bool {
    const KEPT: [i32; 6] =
        [libc::AF_UNIX, libc::AF_NETLINK, libc::AF_INET, libc::AF_INET6, libc::AF_PACKET, libc::AF_ALG];
    KEPT.contains(&family)
}

fn protocol(address: &Address, group: Option<&Group>) -> Option<String> {
    let family = match address {
        Address::Other(family) => return Some(format!("family {family}")),
        Address::Inet(SocketAddr::V4(_)) => libc::AF_INET,
        _ => libc::AF_INET6,
    };
    let kinds = &group?.kinds;
    // A mapped address goes through a socket of IPv6.
    let kind = kinds.get(&family).or_else(|| kinds.get(&libc::AF_INET6))?;
    Some(match *kind {
        libc::SOCK_STREAM => "tcp".to_owned(),
        libc::SOCK_DGRAM => "udp".to_owned(),
        libc::SOCK_RAW => "raw".to_owned(),
        other => format!("type {other}"),
    })
}

//! The system calls that the witness asks to be told of, for each machine, and what their registers say.
//!
//! One table serves both sides: the [filter](super::filter) is made of it, and a notification is read by it. Numbers are
//! those of the kernel's own tables (`syscall_64.tbl`, `syscall_32.tbl`, `asm-generic/unistd.h`, `arm/tools/syscall.tbl`).

/// What a system call is to the witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connect,
    SendTo,
    /// `send` as arm has it: without an address.
    Send,
    SendMessage,
    SendMessages,
    Socket,
    /// i386's one door to all of them: which one, and where its arguments lie.
    SocketCall,
    /// A change of user or group, after which the caller's memory may be closed to us.
    Credentials,
    IoUring,
    /// Another network namespace, entered (`setns`) or made (`unshare`, `clone`, when [`NEW_NET`] is asked for).
    SetNamespace,
    NewNamespace,
    /// A descriptor taken out of another process.
    TakeDescriptor,
}

/// `CLONE_NEWNET`.
pub(super) const NEW_NET: u32 = 0x4000_0000;

/// One machine's system calls.
pub(super) struct Machine {
    /// The kernel's word for it (`AUDIT_ARCH_*`).
    pub(super) arch: u32,
    /// What of the number counts: x86_64 has a second set of calls (x32) behind a bit.
    pub(super) mask: u32,
    pub(super) calls: &'static [(u32, Kind)],
}

const X32_BIT: u32 = 0x4000_0000;

pub(super) const MACHINES: [Machine; 4] = [
    Machine { arch: 0xC000_003E, mask: !X32_BIT, calls: X86_64 },
    Machine { arch: 0x4000_0003, mask: !0, calls: I386 },
    Machine { arch: 0xC000_00B7, mask: !0, calls: AARCH64 },
    Machine { arch: 0x4000_0028, mask: !0, calls: ARM },
];

const X86_64: &[(u32, Kind)] = &[
    (42, Kind::Connect),
    (44, Kind::SendTo),
    (46, Kind::SendMessage),
    (307, Kind::SendMessages),
    (41, Kind::Socket),
    (105, Kind::Credentials),
    (106, Kind::Credentials),
    (113, Kind::Credentials),
    (114, Kind::Credentials),
    (116, Kind::Credentials),
    (117, Kind::Credentials),
    (119, Kind::Credentials),
    (425, Kind::IoUring),
    (308, Kind::SetNamespace),
    (272, Kind::NewNamespace),
    (56, Kind::NewNamespace),
    (438, Kind::TakeDescriptor),
    // x32.
    (518, Kind::SendMessage),
    (538, Kind::SendMessages),
];

const I386: &[(u32, Kind)] = &[
    (362, Kind::Connect),
    (369, Kind::SendTo),
    (370, Kind::SendMessage),
    (345, Kind::SendMessages),
    (359, Kind::Socket),
    (102, Kind::SocketCall),
    (23, Kind::Credentials),
    (46, Kind::Credentials),
    (70, Kind::Credentials),
    (71, Kind::Credentials),
    (81, Kind::Credentials),
    (164, Kind::Credentials),
    (170, Kind::Credentials),
    (203, Kind::Credentials),
    (204, Kind::Credentials),
    (206, Kind::Credentials),
    (208, Kind::Credentials),
    (210, Kind::Credentials),
    (213, Kind::Credentials),
    (214, Kind::Credentials),
    (425, Kind::IoUring),
    (346, Kind::SetNamespace),
    (310, Kind::NewNamespace),
    (120, Kind::NewNamespace),
    (438, Kind::TakeDescriptor),
];

const AARCH64: &[(u32, Kind)] = &[
    (203, Kind::Connect),
    (206, Kind::SendTo),
    (211, Kind::SendMessage),
    (269, Kind::SendMessages),
    (198, Kind::Socket),
    (143, Kind::Credentials),
    (144, Kind::Credentials),
    (145, Kind::Credentials),
    (146, Kind::Credentials),
    (147, Kind::Credentials),
    (149, Kind::Credentials),
    (159, Kind::Credentials),
    (425, Kind::IoUring),
    (268, Kind::SetNamespace),
    (97, Kind::NewNamespace),
    (220, Kind::NewNamespace),
    (438, Kind::TakeDescriptor),
];

const ARM: &[(u32, Kind)] = &[
    (283, Kind::Connect),
    (290, Kind::SendTo),
    (289, Kind::Send),
    (296, Kind::SendMessage),
    (374, Kind::SendMessages),
    (281, Kind::Socket),
    (203, Kind::Credentials),
    (204, Kind::Credentials),
    (206, Kind::Credentials),
    (208, Kind::Credentials),
    (210, Kind::Credentials),
    (213, Kind::Credentials),
    (214, Kind::Credentials),
    (425, Kind::IoUring),
    (375, Kind::SetNamespace),
    (337, Kind::NewNamespace),
    (120, Kind::NewNamespace),
    (438, Kind::TakeDescriptor),
];

/// The numbers of i386's `socketcall`.
const SOCKET_CALLS: [(u64, Kind); 6] = [
    (1, Kind::Socket),
    (3, Kind::Connect),
    (9, Kind::Send),
    (11, Kind::SendTo),
    (16, Kind::SendMessage),
    (20, Kind::SendMessages),
];

/// Those of `socketcall` that matter.
pub(super) fn socket_call_numbers() -> impl Iterator<Item = u32> {
    SOCKET_CALLS.into_iter().map(|(number, _)| number as u32)
}

/// How wide the caller's pointers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Bits32,
    Bits64,
}

/// One call with what its registers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Connect { descriptor: i32, address: u64, length: u32 },
    Send { descriptor: i32, buffer: u64, size: u64, address: u64, length: u32 },
    SendMessage { descriptor: i32, message: u64 },
    SendMessages { descriptor: i32, messages: u64, count: u32 },
    Socket { family: i32, kind: i32, protocol: i32 },
    Multiplexed { number: u64, arguments: u64 },
    Credentials,
    IoUring,
    Namespace,
    TakeDescriptor,
}

/// Reads a notification's registers; `None` for a call that is not in the tables.
pub(super) fn call(arch: u32, number: i32, arguments: [u64; 6]) -> Option<(Call, Width)> {
    let machine = MACHINES.iter().find(|machine| machine.arch == arch)?;
    let x32 = machine.mask != !0 && number as u32 & X32_BIT != 0;
    let wide = arch & 0x8000_0000 != 0 && !x32;
    let number = number as u32 & machine.mask;
    let (_, kind) = machine.calls.iter().find(|(other, _)| *other == number)?;
    let width = if wide { Width::Bits64 } else { Width::Bits32 };
    Some((of_kind(*kind, arguments), width))
}

/// The call behind a `socketcall`, whose arguments were read from memory.
pub(super) fn socket_call(number: u64, arguments: [u64; 6]) -> Option<Call> {
    let (_, kind) = SOCKET_CALLS.into_iter().find(|(other, _)| *other == number)?;
    Some(of_kind(kind, arguments))
}

fn of_kind(kind: Kind, [a, b, c, _, e, f]: [u64; 6]) -> Call {
    let descriptor = a as i32;
    match kind {
        Kind::Connect => Call::Connect { descriptor, address: b, length: c as u32 },
        Kind::SendTo => Call::Send { descriptor, buffer: b, size: c, address: e, length: f as u32 },
        Kind::Send => Call::Send { descriptor, buffer: b, size: c, address: 0, length: 0 },
        Kind::SendMessage => Call::SendMessage { descriptor, message: b },
        Kind::SendMessages => Call::SendMessages { descriptor, messages: b, count: c as u32 },
        Kind::Socket => Call::Socket { family: a as i32, kind: b as i32, protocol: c as i32 },
        Kind::SocketCall => Call::Multiplexed { number: a, arguments: b },
        Kind::Credentials => Call::Credentials,
        Kind::IoUring => Call::IoUring,
        Kind::SetNamespace | Kind::NewNamespace => Call::Namespace,
        Kind::TakeDescriptor => Call::TakeDescriptor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_stands_twice() {
        for machine in MACHINES {
            let mut numbers: Vec<u32> = machine.calls.iter().map(|(number, _)| *number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), machine.calls.len(), "{:x}", machine.arch);
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_numbers_are_those_of_this_machine() {
        let number = |kind| X86_64.iter().find(|(_, other)| *other == kind).map(|(number, _)| i64::from(*number));
        assert_eq!(number(Kind::Connect), Some(libc::SYS_connect));
        assert_eq!(number(Kind::SendTo), Some(libc::SYS_sendto));
        assert_eq!(number(Kind::SendMessage), Some(libc::SYS_sendmsg));
        assert_eq!(number(Kind::SendMessages), Some(libc::SYS_sendmmsg));
        assert_eq!(number(Kind::Socket), Some(libc::SYS_socket));
        assert_eq!(number(Kind::IoUring), Some(libc::SYS_io_uring_setup));
        assert_eq!(number(Kind::SetNamespace), Some(libc::SYS_setns));
        assert_eq!(number(Kind::TakeDescriptor), Some(libc::SYS_pidfd_getfd));
    }

    #[test]
    fn reads_registers_of_each_machine() {
        let arguments = [3, 0x1000, 16, 0, 0x2000, 28];
        let connect = Call::Connect { descriptor: 3, address: 0x1000, length: 16 };
        assert_eq!(call(0xC000_003E, 42, arguments), Some((connect, Width::Bits64)));
        assert_eq!(call(0xC000_003E, 42 | X32_BIT as i32, arguments), Some((connect, Width::Bits32)));
        assert_eq!(call(0x4000_0003, 362, arguments), Some((connect, Width::Bits32)));
        assert_eq!(call(0xC000_00B7, 203, arguments), Some((connect, Width::Bits64)));
        assert_eq!(call(0x4000_0028, 283, arguments), Some((connect, Width::Bits32)));
        assert_eq!(call(0xC000_003E, 0, arguments), None);
        assert_eq!(socket_call(3, arguments), Some(connect));
        assert_eq!(socket_call(2, arguments), None, "bind reaches nobody");
    }
}

//! The filter: classic BPF that asks for a notification of every call in the [tables](super::calls) and lets all else
//! pass, so that the kernel's own cache of constant answers serves the rest.
//!
//! Refuses to refuse: no call is ever denied by the filter itself.

use libc::sock_filter;

use super::calls::{Kind, MACHINES, Machine, NEW_NET, socket_call_numbers};

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_GREATER: u16 = (libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K) as u16;
const IF_ANY: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// Where `struct seccomp_data` has them.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;

const fn low(argument: u32) -> u32 {
    16 + 8 * argument + if cfg!(target_endian = "big") { 4 } else { 0 }
}

const fn high(argument: u32) -> u32 {
    16 + 8 * argument + if cfg!(target_endian = "big") { 0 } else { 4 }
}

/// A datagram that is sent to nobody in particular is of interest only if it may be a question to a name server.
const LONGEST_QUESTION: u32 = 512;

fn statement(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// Goes `then` instructions ahead if the condition holds, else `otherwise`.
fn jump(code: u16, k: u32, then: u8, otherwise: u8) -> sock_filter {
    sock_filter { code, jt: then, jf: otherwise, k }
}

fn tell() -> sock_filter {
    statement(RETURN, libc::SECCOMP_RET_USER_NOTIF)
}

fn allow() -> sock_filter {
    statement(RETURN, libc::SECCOMP_RET_ALLOW)
}

/// The whole program.
pub(super) fn program() -> Vec<sock_filter> {
    let mut program = vec![statement(LOAD, ARCH)];
    for machine in &MACHINES {
        let block = block(machine);
        // A jump of a condition reaches 255 instructions; these blocks are shorter.
        let length = u8::try_from(block.len()).expect("a machine's block is short");
        program.push(jump(IF_EQUAL, machine.arch, 0, length));
        program.extend(block);
    }
    program.push(allow());
    program
}

fn block(machine: &Machine) -> Vec<sock_filter> {
    let mut block = vec![statement(LOAD, NUMBER)];
    if machine.mask != !0 {
        block.push(statement(AND, machine.mask));
    }
    for (number, kind) in machine.calls {
        let decision = decision(*kind);
        block.push(jump(IF_EQUAL, *number, 0, decision.len() as u8));
        block.extend(decision);
    }
    block.push(allow());
    block
}

/// What to answer for a call of this kind; every way through it ends in an answer.
fn decision(kind: Kind) -> Vec<sock_filter> {
    match kind {
        Kind::SendTo => vec![
            statement(LOAD, low(4)),
            jump(IF_EQUAL, 0, 0, 6),
            statement(LOAD, high(4)),
            jump(IF_EQUAL, 0, 0, 4),
            statement(LOAD, high(2)),
            jump(IF_EQUAL, 0, 0, 3),
            statement(LOAD, low(2)),
            jump(IF_GREATER, LONGEST_QUESTION, 1, 0),
            tell(),
            allow(),
        ],
        Kind::Socket => vec![
            statement(LOAD, low(0)),
            jump(IF_EQUAL, libc::AF_UNIX as u32, 2, 0),
            jump(IF_EQUAL, libc::AF_NETLINK as u32, 1, 0),
            tell(),
            allow(),
        ],
        Kind::SocketCall => {
            let numbers: Vec<u32> = socket_call_numbers().collect();
            let count = numbers.len();
            let test = |(at, number)| jump(IF_EQUAL, number, (count - at) as u8, 0);
            let mut decision = vec![statement(LOAD, low(0))];
            decision.extend(numbers.into_iter().enumerate().map(test));
            decision.extend([allow(), tell()]);
            decision
        }
        Kind::NewNamespace => vec![statement(LOAD, low(0)), jump(IF_ANY, NEW_NET, 0, 1), tell(), allow()],
        Kind::Connect
        | Kind::Send
        | Kind::SendMessage
        | Kind::SendMessages
        | Kind::Credentials
        | Kind::IoUring
        | Kind::SetNamespace
        | Kind::TakeDescriptor => vec![tell()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would make of the program.
    fn answer(arch: u32, number: u32, arguments: [u64; 6]) -> bool {
        let mut data = [0u8; 64];
        data[0..4].copy_from_slice(&number.to_ne_bytes());
        data[4..8].copy_from_slice(&arch.to_ne_bytes());
        for (at, argument) in arguments.iter().enumerate() {
            data[16 + 8 * at..24 + 8 * at].copy_from_slice(&argument.to_ne_bytes());
        }
        let program = program();
        let (mut at, mut word) = (0, 0u32);
        loop {
            let instruction = program[at];
            at += 1;
            let holds = match instruction.code {
                LOAD => {
                    let from = instruction.k as usize;
                    word = u32::from_ne_bytes(data[from..from + 4].try_into().unwrap());
                    continue;
                }
                AND => {
                    word &= instruction.k;
                    continue;
                }
                RETURN => return instruction.k == libc::SECCOMP_RET_USER_NOTIF,
                IF_EQUAL => word == instruction.k,
                IF_GREATER => word > instruction.k,
                IF_ANY => word & instruction.k != 0,
                other => panic!("{other:x}"),
            };
            at += usize::from(if holds { instruction.jt } else { instruction.jf });
        }
    }

    const X86_64: u32 = 0xC000_003E;

    #[test]
    fn tells_of_what_reaches_out_and_of_nothing_else() {
        assert!(answer(X86_64, 42, [0; 6]), "connect");
        assert!(answer(X86_64, 42 | 0x4000_0000, [0; 6]), "x32's connect");
        assert!(!answer(X86_64, 1, [0; 6]), "write");
        assert!(answer(X86_64, 425, [0; 6]), "io_uring_setup");
        assert!(answer(0x4000_0003, 102, [3, 0, 0, 0, 0, 0]), "socketcall connect");
        assert!(answer(0x4000_0003, 102, [20, 0, 0, 0, 0, 0]), "socketcall sendmmsg");
        assert!(!answer(0x4000_0003, 102, [2, 0, 0, 0, 0, 0]), "socketcall bind");
        assert!(answer(0xC000_00B7, 203, [0; 6]), "connect of aarch64");
        assert!(!answer(0xC000_00B7, 42, [0; 6]), "another machine's number");
        assert!(!answer(0xDEAD_BEEF, 42, [0; 6]));
        for machine in MACHINES {
            for (number, kind) in machine.calls {
                let asks = [u64::from(NEW_NET), 0, 10, 0, 1, 0];
                let socket_call = [1, 0, 0, 0, 0, 0];
                let told = answer(machine.arch, *number, if *kind == Kind::SocketCall { socket_call } else { asks });
                assert!(told, "{:x} {number}", machine.arch);
            }
        }
    }

    #[test]
    fn of_sends_without_an_address_only_those_that_may_be_questions() {
        let send = |size: u64, address: u64| answer(X86_64, 44, [3, 0x1000, size, 0, address, 16]);
        assert!(send(512, 0) && !send(513, 0) && !send(1 << 32, 0));
        assert!(send(100_000, 0x2000) && send(100_000, 1 << 32));
    }

    #[test]
    fn of_sockets_only_those_that_may_leave_the_machine() {
        let socket = |family| answer(X86_64, 41, [family as u64, 1, 0, 0, 0, 0]);
        assert!(socket(libc::AF_INET) && socket(libc::AF_INET6) && socket(libc::AF_PACKET) && socket(libc::AF_VSOCK));
        assert!(!socket(libc::AF_UNIX) && !socket(libc::AF_NETLINK));
    }

    #[test]
    fn of_new_namespaces_only_those_of_the_network() {
        assert!(answer(X86_64, 56, [u64::from(NEW_NET) | 17, 0, 0, 0, 0, 0]));
        assert!(!answer(X86_64, 56, [0x0100_0000 | 17, 0, 0, 0, 0, 0]), "an ordinary child");
        assert!(!answer(X86_64, 272, [0x0002_0000, 0, 0, 0, 0, 0]), "a namespace of mounts");
        assert!(answer(X86_64, 308, [3, 0, 0, 0, 0, 0]), "setns into whatever it may be");
    }
}

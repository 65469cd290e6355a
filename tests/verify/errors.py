"""Tries every kind of call that reaches out and prints what each gives back, in a network namespace without a route.

Root brings its loopback up; a resolver is asked only if there is an argument.
"""
import array, ctypes, errno, fcntl, os, socket, struct, sys
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM

LIBC = ctypes.CDLL(None, use_errno=True)
SIOCSIFFLAGS, UP, VSOCK, IO_URING_SETUP = 0x8914, 0x41, 40, 425

with socket.socket(AF_INET, SOCK_DGRAM) as one:
    fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP))


def shown(name, call):
    try:
        result = call()
    except OSError as error:
        result = f"{type(error).__name__} {errno.errorcode.get(error.errno, error.errno)} {error.strerror}"
    except Exception as error:
        result = f"{type(error).__name__} {error}"
    print(name, result, flush=True)


def of(family, kind, do, protocol=0):
    def call():
        with socket.socket(family, kind, protocol) as one:
            one.settimeout(5)
            return do(one)
    return call


def raw(*arguments):
    def call(*arguments):
        result = LIBC.syscall(*arguments)
        return result, errno.errorcode.get(ctypes.get_errno()) if result < 0 else None
    return lambda: call(*arguments)


def unblocked(address):
    def do(one):
        one.setblocking(False)
        first = one.connect_ex(address)
        return first, one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), one.getsockname()[0]
    return do


def answered(one):
    """The first datagram to a closed port of the loopback leaves, and the next call hears of it."""
    one.connect(("127.0.0.1", 9))
    return one.send(b"x"), one.recv(1)


V4, V6, INSIDE, INSIDE6 = ("192.0.2.1", 80), ("2001:db8::1", 80), ("127.0.0.1", 1), ("::1", 1)
with socket.socket() as closed:
    closed.bind(("127.0.0.1", 0))
    CLOSED = closed.getsockname()
for name, family, outside, inside in [("v4", AF_INET, V4, CLOSED), ("v6", AF_INET6, V6, INSIDE6)]:
    shown(f"{name} tcp connect", of(family, SOCK_STREAM, lambda one: one.connect(outside)))
    shown(f"{name} tcp connect inside", of(family, SOCK_STREAM, lambda one: one.connect(inside)))
    shown(f"{name} tcp connect_ex inside", of(family, SOCK_STREAM, lambda one: one.connect_ex(inside)))
    shown(f"{name} tcp connect unblocked", of(family, SOCK_STREAM, unblocked(outside)))
    shown(f"{name} tcp connect unblocked inside", of(family, SOCK_STREAM, unblocked(inside)))
    shown(f"{name} tcp fast open", of(family, SOCK_STREAM, lambda one: one.sendto(b"x", socket.MSG_FASTOPEN, outside)))
    shown(f"{name} udp connect", of(family, SOCK_DGRAM, lambda one: one.connect(outside)))
    shown(f"{name} udp connect inside", of(family, SOCK_DGRAM, lambda one: (one.connect(inside), one.getsockname()[0])))
    shown(f"{name} udp sendto", of(family, SOCK_DGRAM, lambda one: one.sendto(b"x", outside)))
    shown(f"{name} udp sendto inside", of(family, SOCK_DGRAM, lambda one: one.sendto(b"x" * 600, inside)))
    shown(f"{name} udp sendmsg", of(family, SOCK_DGRAM, lambda one: one.sendmsg([b"x", b"y"], [], 0, outside)))
    shown(f"{name} udp send to nobody", of(family, SOCK_DGRAM, lambda one: one.send(b"x")))
    shown(f"{name} name server", of(family, SOCK_DGRAM, lambda one: one.connect((outside[0], 53))))
    shown(f"{name} multicast", of(family, SOCK_DGRAM, lambda one: one.sendto(b"x", ("224.0.0.1" if family == AF_INET else "ff02::1", 9))))
shown("v4 broadcast", of(AF_INET, SOCK_DGRAM, lambda one: one.sendto(b"x", ("255.255.255.255", 9))))
shown("v4 anywhere", of(AF_INET, SOCK_STREAM, lambda one: one.connect(("0.0.0.0", CLOSED[1]))))
shown("v6 mapped", of(AF_INET6, SOCK_STREAM, lambda one: one.connect(("::ffff:192.0.2.1", 80))))
shown("v4 answered", of(AF_INET, SOCK_DGRAM, answered))
shown("raw", of(AF_INET, SOCK_RAW, lambda one: one.sendto(bytes(8), V4), socket.IPPROTO_ICMP))
shown("packet", of(socket.AF_PACKET, SOCK_RAW, lambda one: one.sendto(bytes(60), ("nowhere0", 0))))
shown("netlink", of(socket.AF_NETLINK, SOCK_RAW, lambda one: one.sendto(struct.pack("=IHHII", 16, 3, 0, 0, 0), (0, 0))))
shown("vsock", of(VSOCK, SOCK_STREAM, lambda one: "a socket"))
shown("file absent", of(AF_UNIX, SOCK_STREAM, lambda one: one.connect("/nowhere/socket")))
shown("name absent", of(AF_UNIX, SOCK_DGRAM, lambda one: one.sendto(b"x", "\0nobody")))
inet = socket.socket(AF_INET, SOCK_STREAM)
address = struct.pack("=HH4s8x", AF_INET, 0x5000, bytes([192, 0, 2, 1]))
shown("no descriptor", lambda: raw(42, -1, address, 16)())
shown("no socket", lambda: raw(42, 1, address, 16)())
shown("too short", lambda: raw(42, inet.fileno(), address, 3)())
shown("no memory", lambda: raw(42, inet.fileno(), 8, 16)())
shown("no message", lambda: raw(46, inet.fileno(), 8, 0)())
shown("no memory to send", lambda: raw(44, inet.fileno(), 8, 16, 0, address, 16)())
shown("disconnect", lambda: raw(42, inet.fileno(), bytes(16), 16)())
shown("no ring", raw(IO_URING_SETUP, 0, 0))
shown("same user", lambda: (os.setresuid(0, 0, 0), os.setgroups([]), os.getresuid()))
if len(sys.argv) > 1:
    shown("name", lambda: socket.getaddrinfo("x.invalid", 80))
    shown("name alone", lambda: socket.gethostbyname("x.invalid"))
    shown("number", lambda: socket.getaddrinfo("192.0.2.1", 80)[0][4])
    shown("connection", lambda: socket.create_connection(("x.invalid", 80)))

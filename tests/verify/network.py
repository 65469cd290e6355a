"""Runs a command in this network namespace as if there were a network: two servers at addresses for documentation.

192.0.2.1 is a package index with one wheel of 3 MB, 192.0.2.2 sends 2 MB of nobody knows what. To be started in a network
namespace of its own, whose loopback has both addresses; nothing leaves it.
"""
import fcntl, http.server, os, socket, struct, subprocess, sys, threading, zipfile

SIOCSIFADDR, SIOCSIFFLAGS, UP = 0x8916, 0x8914, 0x41


def request(number, name, rest):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, number, struct.pack("16s24s", name, rest))


request(SIOCSIFFLAGS, b"lo", struct.pack("h", UP))
for alias, address in [(b"lo:1", "192.0.2.1"), (b"lo:2", "192.0.2.2")]:
    request(SIOCSIFADDR, alias, struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address)))

NAME = "big-1.0-py3-none-any.whl"
with zipfile.ZipFile(NAME, "w") as wheel:
    wheel.writestr("big.bin", os.urandom(3_000_000))
    wheel.writestr("big-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: big\nVersion: 1.0\n")
    wheel.writestr("big-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("big-1.0.dist-info/RECORD", "")
PAGE = f'<a href="/{NAME}">{NAME}</a>'.encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_index = self.server.server_address[0] == "192.0.2.1"
        wheel = self.path.endswith(".whl")
        body = (open(NAME, "rb").read() if wheel else PAGE) if is_index else bytes(2_000_000)
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if wheel else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


for address in ["192.0.2.1", "192.0.2.2"]:
    server = http.server.ThreadingHTTPServer((address, 80), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)

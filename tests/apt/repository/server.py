"""A Debian repository on the loopback that behaves as it is told by the first part of the path.

Usage: server.py DIRECTORY. Makes the repositories in DIRECTORY, prints a line `PORT`, serves until standard input ends,
and appends a line of JSON for each answered request to DIRECTORY/requests.jsonl.

/lab         a repository                          /changed    the same with a newer lab-hello
/flat        a flat one                            /badindex   one whose Packages is not as its Release says
/redirect/X  302 to /X                             /error/X    503
/next/X      /lab/X until somebody asks for /advance, then /changed/X, which has patches of the one to the other
/drop/X      closes in the middle of the first answer for each package, answers the next request
/slow/X      sends each package in pieces, for some seconds
/reset       forgets what it was asked for, but for the log; in no log itself, as little as /advance

/signed is /lab with an InRelease, and signed.gpg the keyring for it, where there is a gpg to sign with.
"""

import email.utils, http.server, json, os, shutil, socketserver, subprocess, sys, threading, time

import packages

ROOT = sys.argv[1]
SITE = os.path.join(ROOT, "site")
dropped, advanced, lock = set(), threading.Event(), threading.Lock()


def user(client, server):
    """Whose socket it is that is connected between these ports of the loopback. (What the kernel keeps of a connection
    that was closed is root's, and may have the same port.)"""
    ends = [f"0100007F:{port:04X}" for port in (client, server)] + ["01"]
    with open("/proc/net/tcp") as sockets:
        rows = [line.split() for line in sockets]
    return next((int(row[7]) for row in rows[1:] if row[1:4] == ends), None)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def setup(self):
        # At once: a socket that its owner has closed belongs to nobody.
        self.user = user(self.client_address[1], self.server.server_address[1])
        super().setup()

    def note(self, status, sent):
        record = {"time": time.time(), "path": self.path, "status": status, "sent": sent}
        record["user"] = self.user
        with lock, open(os.path.join(ROOT, "requests.jsonl"), "a") as log:
            log.write(json.dumps(record) + "\n")

    def answer(self, status, body=b"", **headers):
        self.note(status, len(body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path in ("/reset", "/advance"):
            dropped.clear()
            advanced.set() if self.path == "/advance" else advanced.clear()
            self.send_response(200)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        first, _, rest = self.path.lstrip("/").partition("/")
        path, package = self.path, self.path.endswith((".deb", ".dsc", ".gz"))
        if first == "redirect":
            return self.answer(302, Location="/" + rest)
        if first == "error":
            return self.answer(503)
        if first == "next":
            path = ("/changed/" if advanced.is_set() else "/lab/") + rest
        if first in ("drop", "slow"):
            path = "/" + rest
        name = os.path.normpath(SITE + path.replace("%3a", ":").replace("%7e", "~").replace("%2b", "+"))
        if not os.path.isfile(name):
            return self.answer(404)
        modified = os.stat(name).st_mtime
        stamp = email.utils.formatdate(modified, usegmt=True)
        since = self.headers.get("If-Modified-Since")
        if since and email.utils.parsedate_to_datetime(since).timestamp() >= modified:
            return self.answer(304)
        with open(name, "rb") as file:
            body = file.read()
        if first == "drop" and package and path not in dropped:
            dropped.add(path)
            half = body[: len(body) // 2]
            self.note(200, len(half))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", stamp)
            self.end_headers()
            self.wfile.write(half)
            self.close_connection = True
            return None
        if first == "slow" and package:
            self.note(200, len(body))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", stamp)
            self.end_headers()
            for start in range(0, len(body), len(body) // 40 + 1):
                self.wfile.write(body[start : start + len(body) // 40 + 1])
                self.wfile.flush()
                time.sleep(0.1)
            return None
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and asked.endswith("-"):
            start = int(asked[6:-1])
            if start >= len(body):
                return self.answer(416, Content_Range=f"bytes */{len(body)}")
            content = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self.answer(206, body[start:], Last_Modified=stamp, Content_Range=content, Accept_Ranges="bytes")
        return self.answer(200, body, Last_Modified=stamp, Accept_Ranges="bytes")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that leaves early is none."""


def sign(directory):
    """Makes the Release file an InRelease by a key made for it."""
    home = os.path.join(ROOT, "gnupg")
    os.mkdir(home, 0o700)
    gpg = ["gpg", "--quiet", "--batch", "--no-tty", "--homedir", home, "--passphrase", ""]
    subprocess.run(gpg + ["--quick-generate-key", "lab@lab.example", "ed25519", "sign", "never"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(gpg + ["--output", directory + "/InRelease", "--clearsign", directory + "/Release"], check=True)
    subprocess.run(gpg + ["--output", SITE + "/signed.gpg", "--export"], check=True)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    os.utime(directory + "/InRelease", (packages.MTIME, packages.MTIME))
    os.remove(directory + "/Release")


def main():
    """Serves until the owner has gone."""
    shutil.rmtree(SITE, ignore_errors=True)
    packages.repository(os.path.join(SITE, "lab"))
    packages.repository(os.path.join(SITE, "changed"), changed=True)
    packages.repository(os.path.join(SITE, "badindex"), bad_index=True)
    packages.flat(os.path.join(SITE, "flat"))
    packages.repository(os.path.join(SITE, "signed"))
    if shutil.which("gpg"):
        sign(os.path.join(SITE, "signed/dists/lab"))
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()

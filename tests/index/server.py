"""A package index on the loopback that behaves as PyPI does, or as it is told to misbehave, and keeps its own record.

    server.py --packages DIRECTORY --certificate PEM --key PEM

It says on stdout where it listens and what it has: {"https": PORT, "http": PORT, "proxy": PORT, "paths": {NAME: PATH}}.
The proxy ends CONNECT itself, so any host name leads here. Then each line on stdin is a command, answered by one line:

    {"rules": [RULE...], "files": "https://HOST"}    a new world: forget rules, counters and requests
    {"requests": true}                               the requests since then, once none is under way

A RULE is {"match": GLOB over HOST/PATH, "times": N, ...behaviour}. Every rule that matches adds its behaviour, for its
first N requests if it has `times`:

    status: 503         answer so, without a body
    redirect: HOST      302 to the same path on this host
    cut: N              close the connection after N bytes of the body
    hold: N             after N bytes of the body, wait until the client leaves
    ranges: false       no Accept-Ranges, a Range is ignored
    length: false       chunked, no Content-Length
    cache: false        no Cache-Control, no ETag
    auth: "user:pass"   401 without these
    delay: SECONDS      wait first
    json: false         HTML though JSON is asked for
    metadata: false     no PEP 658
    hashes: false | "wrong"
    query: "?..."       behind each file's URL
    files: HOST         files lie on this host
"""

import argparse
import base64
import fnmatch
import gzip
import hashlib
import json
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import zipfile
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

JSON = "application/vnd.pypi.simple.v1+json"


class File:
    """One package file."""

    def __init__(self, path):
        self.name = path.name
        self.data = path.read_bytes()
        self.sha256 = hashlib.sha256(self.data).hexdigest()
        spread = hashlib.blake2b(self.data, digest_size=32).hexdigest()
        self.path = "/packages/%s/%s/%s/%s" % (spread[:2], spread[2:4], spread[4:], self.name)
        self.project = normalize(self.name.rsplit("-", 1)[0] if self.name.endswith(".tar.gz") else self.name.split("-")[0])
        self.metadata = None
        if self.name.endswith(".whl"):
            with zipfile.ZipFile(path) as wheel:
                inside = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
                self.metadata = wheel.read(inside)


def normalize(name):
    return re.sub(r"[-_.]+", "-", name).lower()


class World:
    """What is served, how, and what was asked for. All handlers share one."""

    def __init__(self, directory):
        self.files = [File(path) for path in sorted(Path(directory).iterdir())]
        self.by_path = {file.path: file for file in self.files}
        self.lock = threading.Condition()
        self.under_way = 0
        self.begin({})

    def begin(self, scenario):
        with self.lock:
            self.scenario = scenario
            self.rules = [dict(rule) for rule in scenario.get("rules", [])]
            self.requests = []

    def behaviour(self, where):
        found = {}
        with self.lock:
            for rule in self.rules:
                if fnmatch.fnmatchcase(where, rule["match"]):
                    if "times" in rule:
                        if not rule["times"]:
                            continue
                        rule["times"] -= 1
                    found.update(rule)
        return found

    def settled(self):
        """The requests, once none is under way."""
        with self.lock:
            self.lock.wait_for(lambda: not self.under_way, timeout=5)
            return list(self.requests)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    world = None
    context = None
    scheme = "http"
    authority = None

    def log_message(self, *arguments):
        pass

    def do_CONNECT(self):
        self.record(status=200)
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.close_connection = True
        inside = type("Tunnelled", (Handler,), {"scheme": "https", "authority": self.path.removesuffix(":443")})
        try:
            with self.context.wrap_socket(self.connection, server_side=True) as connection:
                inside(connection, self.client_address, self.server)
        except OSError:
            pass

    def do_GET(self):
        with self.world.lock:
            self.world.under_way += 1
        try:
            self.respond()
        except OSError:
            self.close_connection = True
        finally:
            with self.world.lock:
                self.world.under_way -= 1
                self.world.lock.notify_all()

    do_HEAD = do_POST = do_GET

    def record(self, line=None, **facts):
        """Notes down the request, or completes the line that was noted down when it came."""
        if line is not None:
            return line.update(facts)
        url = urllib.parse.urlsplit(self.path)
        asked = {name: self.headers[name] for name in ("Range", "If-None-Match", "Cache-Control", "Accept", "User-Agent")
                 if self.headers[name] is not None}
        line = {"method": self.command, "scheme": self.scheme, "host": self.host(), "path": url.path, "query": url.query,
                "asked": asked, "authorization": self.headers["Authorization"] is not None, **facts}
        with self.world.lock:
            self.world.requests.append(line)
        return line

    def host(self):
        if self.command == "CONNECT":
            return self.path
        return self.authority or urllib.parse.urlsplit(self.path).netloc or self.headers["Host"]

    def respond(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        how = self.world.behaviour(self.host() + path)
        time.sleep(how.get("delay", 0))
        if "auth" in how:
            expected = "Basic " + base64.b64encode(how["auth"].encode()).decode()
            if self.headers["Authorization"] != expected:
                return self.send(how, 401, b"who are you", {"WWW-Authenticate": 'Basic realm="pypi"'})
        if "status" in how:
            return self.send(how, how["status"], b"no")
        if "redirect" in how:
            return self.send(how, 302, b"", {"Location": how["redirect"] + self.path})
        page = re.fullmatch(r".*/simple/([^/]+)/", path)
        if page:
            return self.page(how, page[1])
        found = self.world.by_path.get(path[path.find("/packages/"):].removesuffix(".metadata"))
        if found and path.endswith(".metadata"):
            return self.file(how, found.metadata)
        if found:
            return self.file(how, found.data)
        return self.send(how, 404, b"404 Not Found")

    def page(self, how, project):
        """A project's page, as PEP 503 or PEP 691."""
        if project != normalize(project):
            return self.send(how, 301, b"", {"Location": "../%s/" % normalize(project)})
        files = [file for file in self.world.files if file.project == project]
        if not files:
            return self.send(how, 404, b"404 Not Found")
        base = how.get("files") or self.world.scenario.get("files") or "%s://%s" % (self.scheme, self.host())
        entries = []
        for file in files:
            sha256 = {"wrong": "0" * 64, False: None}.get(how.get("hashes", True), file.sha256)
            metadata = hashlib.sha256(file.metadata).hexdigest() if file.metadata and how.get("metadata", True) else None
            entries.append((file, base + file.path + how.get("query", ""), sha256, metadata))
        if JSON in (self.headers["Accept"] or "") and how.get("json", True):
            kind = JSON
            body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": [
                {"filename": file.name, "url": url, "hashes": {"sha256": sha256} if sha256 else {}, "size": len(file.data),
                 "core-metadata": {"sha256": metadata} if metadata else False, "requires-python": None, "yanked": False}
                for file, url, sha256, metadata in entries]}).encode()
        else:
            kind = "text/html"
            body = ("<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"></head><body>\n%s"
                    "</body></html>\n" % "".join(
                        "<a href=\"%s%s\"%s>%s</a><br/>\n" % (
                            url, "#sha256=" + sha256 if sha256 else "",
                            " data-dist-info-metadata=\"sha256=%s\" data-core-metadata=\"sha256=%s\"" % (metadata, metadata)
                            if metadata else "", file.name)
                        for file, url, sha256, metadata in entries)).encode()
        headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding"}
        if "gzip" in (self.headers["Accept-Encoding"] or ""):
            body, headers["Content-Encoding"] = gzip.compress(body, mtime=0), "gzip"
        self.cacheable(how, body, headers, "max-age=600, public")

    def file(self, how, body):
        headers = {"Content-Type": "application/octet-stream", "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
        if how.get("ranges", True):
            headers["Accept-Ranges"] = "bytes"
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
            if asked and int(asked[1]) < len(body):
                start = int(asked[1])
                headers["Content-Range"] = "bytes %d-%d/%d" % (start, len(body) - 1, len(body))
                return self.send(how, 206, body[start:], headers | {"ETag": etag(body)})
        self.cacheable(how, body, headers, "max-age=365000000, immutable, public")

    def cacheable(self, how, body, headers, policy):
        if how.get("cache", True):
            headers |= {"Cache-Control": policy, "ETag": etag(body)}
            if self.headers["If-None-Match"] == etag(body):
                return self.send(how, 304, b"", headers)
        self.send(how, 200, body, headers)

    def send(self, how, status, body, headers={}):
        # The next request may come on another connection before this answer has been sent to its end.
        line = self.record(status=status, sent=0, total=len(body))
        chunked = not how.get("length", True) and status == 200
        lines = ["HTTP/1.1 %d %s" % (status, self.responses.get(status, ("",))[0]), "Date: " + formatdate(usegmt=True)]
        lines += ["%s: %s" % pair for pair in headers.items()]
        if status != 304:
            lines.append("Transfer-Encoding: chunked" if chunked else "Content-Length: %d" % len(body))
        rest = body if self.command != "HEAD" and status != 304 else b""
        cut = how.get("cut")
        if cut is not None and cut < len(rest):
            rest, self.close_connection = rest[:cut], True
        held = how.get("hold")
        if held is not None:
            rest, self.close_connection = rest[:held], True
        sent = 0
        try:
            self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            for start in range(0, len(rest), 65536):
                piece = rest[start:start + 65536]
                self.connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                sent += len(piece)
            if chunked and not self.close_connection:
                self.connection.sendall(b"0\r\n\r\n")
            if held is not None:
                self.connection.recv(1)
        finally:
            digest = hashlib.sha256(body[:sent]).hexdigest()
            self.record(line, sent=sent, sha256=digest)


def etag(body):
    return '"%s"' % hashlib.md5(body).hexdigest()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler, context=None):
        super().__init__(("127.0.0.1", 0), handler)
        self.tls = context
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        # In the connection's own thread, so that a client that is slow to shake hands holds up no other.
        try:
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                request = self.tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            if self.tls:
                request.close()
        except OSError:
            pass


def main():
    parser = argparse.ArgumentParser()
    for option in ("--packages", "--certificate", "--key"):
        parser.add_argument(option, required=True)
    options = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
    Handler.world = world = World(options.packages)
    Handler.context = context
    servers = {"https": Server(type("Https", (Handler,), {"scheme": "https"}), context), "http": Server(Handler), "proxy": Server(Handler)}

    def answer(value):
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()

    answer({name: server.server_address[1] for name, server in servers.items()} | {"paths": {file.name: file.path for file in world.files}})
    for line in sys.stdin:
        command = json.loads(line)
        if "requests" in command:
            answer(world.settled())
        else:
            world.begin(command)
            answer("begun")


if __name__ == "__main__":
    main()

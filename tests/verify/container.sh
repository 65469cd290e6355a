# A repository of Debian's kind on the loopback of a container without a network: `container.sh VERB`.
#   make           two packages: `quiet`, and `reaching`, whose maintainer script tries the network
#   serve CMD...   runs a command while web server and name server listen; repo.example is the loopback
#   twice          installs `reaching` bare and watched; what differs goes to stderr, the session to stdout
#   remedy         verifies an installation, does as the certificate says, and verifies again
set -e
package() { # NAME, with a maintainer script on standard input
  local root=/tmp/$1
  mkdir -p "$root/DEBIAN" "$root/usr/share/$1"
  printf 'Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@x.invalid>\nDescription: x\n' "$1" >"$root/DEBIAN/control"
  cat >"$root/DEBIAN/postinst"
  chmod 755 "$root/DEBIAN/postinst"
  head -c 200000 /dev/urandom >"$root/usr/share/$1/data"
  dpkg-deb -Zgzip --build "$root" "/srv/repo/$1_1.0_all.deb" >/dev/null
  dpkg-deb -f "/srv/repo/$1_1.0_all.deb"
  printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$1_1.0_all.deb" "$(stat -c %s "/srv/repo/$1_1.0_all.deb")" \
    "$(sha256sum "/srv/repo/$1_1.0_all.deb" | cut -d' ' -f1)"
}
make() {
  mkdir -p /srv/repo
  {
    package quiet <<<$'#!/bin/sh\necho configured'
    package reaching <<<$'#!/bin/bash\n(exec 3<>/dev/tcp/maintainer.invalid/80) 2>/dev/null\n(exec 3<>/dev/tcp/192.0.2.12/80) 2>/dev/null\necho configured'
  } >/srv/repo/Packages
  rm -rf /etc/apt/sources.list*
  echo "deb [trusted=yes] http://${1:-127.0.0.1} ./" >/etc/apt/sources.list
}
serve() {
  rm -f /tmp/ready
  python3 - <<'P' &
import http.server, os, socket, struct, threading
os.chdir("/srv/repo")
class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 80), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
open("/tmp/ready", "w").close()
while True:
    query, peer = names.recvfrom(512)
    end = query.index(b"\0", 12) + 5
    ours = query[12:].startswith(b"\4repo\7example\0")
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if ours and query[end - 4:end - 2] == b"\0\1" else b""
    flags = b"\x81\x80" if ours else b"\x81\x83"
    names.sendto(query[:2] + flags + struct.pack(">HHHH", 1, bool(answer), 0, 0) + query[12:end] + answer, peer)
P
  local server=$! status=0
  while [ ! -e /tmp/ready ]; do sleep 0.05; done
  "$@" || status=$?
  kill "$server"
  return "$status"
}
installed() { # OUT, and a command in front of the shell
  local out=$1
  shift
  dpkg --purge reaching >/dev/null 2>&1 || true
  rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
  "$@" sh -c 'apt-get update; echo "update $?"; apt-get install -y reaching; echo "install $?"; exit 7' \
    >"$out.out" 2>"$out.err" || echo "$?" >>"$out.out"
  # How quick it was is no one's output.
  sed -i -E 's/in [0-9]+s \([0-9.]+ [kM]?B\/s\)/in TIME/' "$out.out"
}
twice() {
  make repo.example
  serve installed /tmp/bare env
  export WHEELTAP_LOG_DIR=/tmp/logs
  serve installed /tmp/watched env WHEELTAP_WITNESS=observe /wheeltap run --no-follow --
  { diff /tmp/bare.out /tmp/watched.out && diff /tmp/bare.err /tmp/watched.err; } >&2 || true
  cat /tmp/logs/downloads_*.json
}
verified() { /wheeltap verify --format json -- apt-get install -y quiet 2>&1 >/dev/null | sed -n '/^{$/,/^}$/p'; }
remedy() {
  make
  serve apt-get -qq update
  verified >/tmp/first.json || true
  cat /tmp/first.json
  serve sh -c "$(python3 -c 'import json; print(json.load(open("/tmp/first.json"))["missing"][0]["remedy"])')" >/dev/null
  verified
}
"$@"

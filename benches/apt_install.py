#!/usr/bin/env python3
"""Measures what the shim adds to an `apt-get install` of many packages: bare and shimmed in turn, in fresh copies of one
root, from a repository on the loopback. Usage: benches/apt_install.py ROOT [ROUNDS [PACKAGES [SIDE]]]

SIDE is `shimmed`, or `observed`: no shim, but every process watched by `run`, its own start included.

ROOT is a minimal Debian root as the live tests keep them: target/apt-roots/bookworm. Wants to be root, and the machine
for itself; everything is mounted in namespaces that end with each run, over memory.
"""

import functools, http.server, lzma, os, pathlib, resource, statistics, subprocess, sys, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/apt/repository"))
sys.dont_write_bytecode = True
import packages  # noqa: E402

INSIDE = """set -e
mount -t tmpfs tmpfs {work}
mkdir {work}/upper {work}/work {work}/root
mount -t overlay overlay -o lowerdir={root},upperdir={work}/upper,workdir={work}/work {work}/root
mount -t proc proc {work}/root/proc
mount --rbind /dev {work}/root/dev
mkdir -p {work}/root/opt/shims {work}/root/opt/logs
cp {binary} {work}/root/opt/binary
ln -s ../binary {work}/root/opt/shims/apt-get
rm -rf {work}/root/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] {site} ./' >{work}/root/etc/apt/sources.list
chroot {work}/root apt-get update -qq
exec python3 -B {me} --timed {work}/root {side} {names}
"""


def timed(root, side, names):
    """Runs one install, and prints its seconds of wall clock and of all its processes."""
    os.chroot(root)
    os.chdir("/")
    path = ("/opt/shims:" if side == "shimmed" else "") + "/usr/sbin:/usr/bin:/sbin:/bin"
    environment = {"PATH": path, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", "WHEELTAP_LOG_DIR": "/opt/logs"}
    command = ["apt-get", "install", "-y", *names]
    start = time.monotonic()
    program = "/opt/shims/apt-get" if side == "shimmed" else "/usr/bin/apt-get"
    if side == "observed":
        environment["WHEELTAP_WITNESS"] = "observe"
        program, command = "/opt/binary", ["wheeltap", "run", "--no-follow", "--", program, *command[1:]]
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    done = subprocess.run(command, executable=program, env=environment, **quiet)
    wall = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    recorded = len(os.listdir("/opt/logs")) > 0
    if done.returncode or recorded != (side != "bare"):
        sys.exit(f"the {side} run ended with {done.returncode}, recorded: {recorded}")
    print(wall, used.ru_utime + used.ru_stime)


def repository(directory, count):
    """A flat one of so many packages of 200 kB."""
    stanzas, names = "", []
    for number in range(count):
        package = packages.Package(f"bench-{number:03}", size=200_000)
        packages.write(directory, package.pool_name, package.bytes)
        stanzas += package.stanza("./" + package.pool_name)
        names.append(package.name)
    packages.write(directory, "Packages.xz", lzma.compress(stanzas.encode()))
    return names


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 120
    other_side = sys.argv[4] if len(sys.argv) > 4 else "shimmed"
    binary = pathlib.Path(os.environ.get("WHEELTAP_BINARY", HERE.parent / "target/wheeltap")).resolve()
    with tempfile.TemporaryDirectory() as directory:
        names = repository(directory + "/site", count)
        handler = functools.partial(Quiet, directory=directory + "/site")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        work = directory + "/work"
        os.mkdir(work)
        measured = {"bare": [], other_side: []}
        # The first pair only warms up.
        for turn in range(rounds + 1):
            for side in ("bare", other_side) if turn % 2 else (other_side, "bare"):
                site = f"http://127.0.0.1:{server.server_address[1]}"
                places = {"work": work, "root": root, "binary": binary, "me": HERE / "apt_install.py"}
                script = INSIDE.format(side=side, site=site, names=" ".join(names), **places)
                alone = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
                said = subprocess.run(alone, check=True, stdout=subprocess.PIPE)
                if turn:
                    measured[side].append([float(word) for word in said.stdout.split()])
    print(f"apt-get install of {count} packages, {rounds} pairs, seconds (median)")
    print(f"{'':12} {'bare':>8} {other_side:>8} {'of pairs':>9} {'of least':>9} {'noise':>8}")
    for column, what in enumerate(("wall clock", "processor")):
        bare, tapped = ([run[column] for run in measured[side]] for side in ("bare", other_side))
        ratios = [one / other - 1 for one, other in zip(tapped, bare)]
        noise = statistics.median(abs(one - statistics.median(bare)) for one in bare) / statistics.median(bare)
        medians = f"{statistics.median(bare):8.3f} {statistics.median(tapped):8.3f} {statistics.median(ratios):+9.2%}"
        print(f"{what:12} {medians} {min(tapped) / min(bare) - 1:+9.2%} {noise:8.2%}")


if sys.argv[1:2] == ["--timed"]:
    timed(sys.argv[2], sys.argv[3], sys.argv[4:])
else:
    main()

"""Makes Debian packages and repositories out of nothing: the same bytes every time."""

import difflib, gzip, hashlib, io, lzma, os, random, tarfile

MTIME = 1762000000


def tar(entries):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data, mode in entries:
            info = tarfile.TarInfo(name)
            info.mtime, info.mode = MTIME, mode
            if data is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def ar(members):
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), MTIME, 0, 0, b"100644", len(data))
        out += data + b"\n" * (len(data) % 2)
    return out


class Package:
    def __init__(self, name, version="1.0", arch="all", depends="", size=0, scripts=None, break_hash=False):
        self.name, self.version, self.arch, self.break_hash = name, version, arch, break_hash
        fields = [f"Package: {name}", f"Version: {version}", f"Architecture: {arch}", "Maintainer: Lab <lab@lab.example>"]
        if depends:
            fields.append(f"Depends: {depends}")
        fields += ["Section: misc", "Priority: optional", f"Description: {name} of the lab"]
        self.control = "\n".join(fields) + "\n"
        filler = random.Random(name + version).randbytes(size)
        entries = [("./control", self.control.encode(), 0o644)]
        entries += [(f"./{script}", text.encode(), 0o755) for script, text in (scripts or {}).items()]
        doc = f"./usr/share/doc/{name}"
        data = [("./", None, 0o755), ("./usr", None, 0o755), ("./usr/share", None, 0o755),
                ("./usr/share/doc", None, 0o755), (doc, None, 0o755), (doc + "/version", version.encode() + b"\n", 0o644)]
        if size:
            data.append((doc + "/filler", filler, 0o644))
        self.bytes = ar([("debian-binary", b"2.0\n"), ("control.tar.gz", tar(entries)), ("data.tar.gz", tar(data))])

    @property
    def pool_name(self):
        return f"{self.name}_{self.version.split(':')[-1]}_{self.arch}.deb"

    @property
    def archive_name(self):
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.arch}.deb"

    def stanza(self, filename):
        data = self.bytes + (b"x" if self.break_hash else b"")
        digest = hashlib.sha256(data).hexdigest()
        return self.control + f"Filename: {filename}\nSize: {len(self.bytes)}\nSHA256: {digest}\n\n"


def source_package():
    orig, debian = tar([("lab-src-1.0/", None, 0o755), ("lab-src-1.0/x", b"x\n", 0o644)]), tar(
        [("debian/", None, 0o755), ("debian/source/", None, 0o755), ("debian/source/format", b"3.0 (quilt)\n", 0o644)]
    )
    files = {"lab-src_1.0.orig.tar.gz": orig, "lab-src_1.0-1.debian.tar.gz": debian}
    lines = lambda algorithm: "".join(
        f" {hashlib.new(algorithm, data).hexdigest()} {len(data)} {name}\n" for name, data in files.items()
    )
    head = "Format: 3.0 (quilt)\n{}: lab-src\nBinary: lab-src\nArchitecture: all\nVersion: 1.0-1\nMaintainer: Lab <lab@lab.example>\nBuild-Depends: lab-a\n"
    sums = f"Checksums-Sha256:\n{lines('sha256')}Files:\n{lines('md5')}"
    dsc = (head.format("Source") + sums).encode()
    everything = {**files, "lab-src_1.0-1.dsc": dsc}
    stanza_lines = lambda algorithm: "".join(
        f" {hashlib.new(algorithm, data).hexdigest()} {len(data)} {name}\n" for name, data in everything.items()
    )
    stanza = head.format("Package") + "Directory: pool/main\n"
    stanza += f"Checksums-Sha256:\n{stanza_lines('sha256')}Files:\n{stanza_lines('md5')}\n"
    return everything, stanza


NOISY = "#!/bin/sh\necho 'Get:1 http://fake.invalid/ fake 1.0 [1 B]'\necho 'Fetched 1 B in 0s (1 B/s)'\necho to-stderr >&2\n"


def packages(changed=False):
    hello = "2.0" if changed else "1.0"
    return [
        Package("lab-hello", hello),
        Package("lab-dep", depends="lab-hello"),
        Package("lab-a"),
        Package("lab-b"),
        Package("lab-404"),
        Package("lab-badhash", break_hash=True),
        Package("lab-native", "1:2.0~rc1-3+b1", "amd64"),
        Package("lab-big", size=3_000_000),
        Package("lab-noisy", scripts={"postinst": NOISY}),
        # What `apt-get build-dep` always wants.
        Package("build-essential"),
        Package("lab-broken", scripts={"preinst": "#!/bin/sh\nexit 3\n"}),
    ]


def write(root, path, data, time=MTIME):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(data)
    os.utime(full, (time, time))


def write_index(root, suite, path, text, names):
    """An index in two forms, also by its hash; notes them for the Release file."""
    for suffix, data in (("", text.encode()), (".xz", lzma.compress(text.encode()))):
        digest = hashlib.sha256(data).hexdigest()
        names[path + suffix] = (digest, len(data))
        if suffix:
            write(root, f"{suite}/{path}{suffix}", data)
            write(root, f"{suite}/{os.path.dirname(path)}/by-hash/SHA256/{digest}", data)


def pool_path(package):
    return "pool/main/" + package.pool_name


def stanzas_of(changed):
    return "".join(package.stanza(pool_path(package)) for package in packages(changed))


def patch(old, new):
    """An ed script, as diff --ed writes it: from the last change to the first."""
    old, new, script = old.splitlines(True), new.splitlines(True), ""
    for tag, start, end, first, last in reversed(difflib.SequenceMatcher(None, old, new, False).get_opcodes()):
        lines = f"{start + 1},{end}" if end > start + 1 else f"{start + 1}"
        if tag == "delete":
            script += f"{lines}d\n"
        elif tag == "insert":
            script += f"{start}a\n" + "".join(new[first:last]) + ".\n"
        elif tag == "replace":
            script += f"{lines}c\n" + "".join(new[first:last]) + ".\n"
    return script


def write_patches(root, old, new, names):
    """How the old Packages becomes the new one (pdiffs)."""
    path, name = "main/binary-amd64/Packages.diff", "T-2025-11-01-0000.00-F-2025-10-01-0000.00"
    script = patch(old, new).encode()
    packed = gzip.compress(script, mtime=0)
    line = lambda data, name="": f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}".rstrip() + "\n"
    index = "SHA256-Current:" + line(new.encode()) + "SHA256-History:\n" + line(old.encode(), name)
    index += "SHA256-Patches:\n" + line(script, name) + "SHA256-Download:\n" + line(packed, name + ".gz")
    index = (index + "X-Patch-Precedence: merged\n").encode()
    write(root, f"dists/lab/{path}/{name}.gz", packed)
    write(root, f"dists/lab/{path}/Index", index)
    write(root, f"dists/lab/{path}/by-hash/SHA256/{hashlib.sha256(index).hexdigest()}", index)
    names[path + "/Index"] = (hashlib.sha256(index).hexdigest(), len(index))


def repository(root, changed=False, bad_index=False):
    """`dists/lab` with a pool, as trusted=yes takes it: a Release file without a signature."""
    stanzas = stanzas_of(changed)
    for package in packages(changed):
        if package.name != "lab-404":
            write(root, pool_path(package), package.bytes)
    sources, source_stanza = source_package()
    for name, data in sources.items():
        write(root, "pool/main/" + name, data)
    names = {}
    write_index(root, "dists/lab", "main/binary-amd64/Packages", stanzas, names)
    write_index(root, "dists/lab", "main/source/Sources", source_stanza, names)
    write_index(root, "dists/lab", "main/i18n/Translation-en", "", names)
    if changed:
        write_patches(root, stanzas_of(False), stanzas, names)
    if bad_index:
        write(root, "dists/lab/main/binary-amd64/Packages.xz", lzma.compress(b"Package: other\n"))
    by_hash = "" if bad_index else "Acquire-By-Hash: yes\n"
    hour = 13 if changed else 12
    release = "Origin: Lab\nSuite: lab\nCodename: lab\nArchitectures: amd64 all\n"
    release += f"Date: Sat, 01 Nov 2025 {hour}:00:00 UTC\n"
    release += f"Components: main\n{by_hash}SHA256:\n" + "".join(
        f" {digest} {size} {path}\n" for path, (digest, size) in sorted(names.items())
    )
    write(root, "dists/lab/Release", release.encode(), MTIME + 3600 * changed)


def flat(root):
    stanzas = ""
    for package in packages():
        write(root, package.pool_name, package.bytes)
        stanzas += package.stanza("./" + package.pool_name)
    write(root, "Packages", stanzas.encode())
    write(root, "Packages.xz", lzma.compress(stanzas.encode()))

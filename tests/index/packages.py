"""The packages that the loopback index serves: tiny, the same bytes each time, no tool needed to make them.

    packages.py DIRECTORY      writes them all
"""

import base64
import gzip
import hashlib
import io
import os
import sys
import tarfile
import zipfile

EPOCH = (2024, 1, 1, 0, 0, 0)

# A PEP 517 backend in forty lines, so that build isolation needs no setuptools. It also stands in for setuptools itself.
BACKEND = '''\
import base64, hashlib, os, zipfile


def _metadata():
    with open("PKG-INFO") as file:
        return file.read()


def _field(name):
    for line in _metadata().splitlines():
        if line.startswith(name + ": "):
            return line.split(": ", 1)[1]


def _stem():
    return _field("Name").replace("-", "_") + "-" + _field("Version")


def _write(path, files):
    record = []
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in files:
            wheel.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append("%s,sha256=%s,%d" % (name, digest, len(data)))
        name = _stem() + ".dist-info/RECORD"
        wheel.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), "\\n".join(record + [name + ",,", ""]))


def _information():
    stem = _stem() + ".dist-info/"
    return [(stem + "METADATA", _metadata().encode()),
            (stem + "WHEEL", b"Wheel-Version: 1.0\\nGenerator: tiny\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")]


def get_requires_for_build_wheel(config_settings=None):
    return [line.strip() for line in open("build-requires")] if os.path.exists("build-requires") else []


def prepare_metadata_for_build_wheel(directory, config_settings=None):
    os.mkdir(os.path.join(directory, _stem() + ".dist-info"))
    for name, data in _information():
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)
    return _stem() + ".dist-info"


def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = _stem() + "-py3-none-any.whl"
    module = _field("Name").replace("-", "_")
    _write(os.path.join(directory, name), [(module + ".py", b"VALUE = 1\\n")] + _information())
    return name


def build_editable(directory, config_settings=None, metadata_directory=None):
    name = _stem() + "-py3-none-any.whl"
    _write(os.path.join(directory, name), [("_" + _stem() + ".pth", os.getcwd().encode())] + _information())
    return name


get_requires_for_build_editable = get_requires_for_build_wheel
prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel
'''

# What a failing compiler might print: no newline at the end, carriage returns, colours, blank lines, bytes that are no text.
FAILURE = '''\
import os, sys
from real_backend import *


def build_wheel(directory, config_settings=None, metadata_directory=None):
    sys.stdout.flush()
    os.write(1, b"compiling\\n\\n   indented\\n\\ttabbed\\n50%\\r100%\\r\\n\\x1b[31mred\\x1b[0m \\xe9\\xff \\xe2\\x80\\xa6\\n")
    os.write(2, b"main.c:1:10: fatal error: no_such.h: No such file or directory\\n\\n\\nerror: command 'cc' failed")
    os._exit(3)
'''


def metadata(name, version, requires=()):
    lines = ["Metadata-Version: 2.1", "Name: " + name, "Version: " + version, "Summary: " + name + " for tests"]
    return "\n".join(lines + ["Requires-Dist: " + r for r in requires] + [""]).encode()


def wheel(name, version, requires=(), files=(), tag="py3-none-any", spelt=None):
    """A wheel's file name and bytes."""
    stem = (spelt or name.replace("-", "_")) + "-" + version
    module = name.replace("-", "_").replace(".", "_")
    content = list(files) or [(module + ".py", b"VALUE = 1\n")]
    content += [
        (stem + ".dist-info/METADATA", metadata(name, version, requires)),
        (stem + ".dist-info/WHEEL", ("Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
                                     + "".join("Tag: py3-none-%s\n" % p for p in tag.split("-")[2].split("."))).encode()),
    ]
    record = stem + ".dist-info/RECORD"
    lines = []
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content:
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append("%s,sha256=%s,%d\n" % (path, digest, len(data)))
            archive.writestr(zipfile.ZipInfo(path, EPOCH), data)
        archive.writestr(zipfile.ZipInfo(record, EPOCH), "".join(lines) + record + ",,\n")
    return stem + "-" + tag + ".whl", out.getvalue()


def sdist(name, version, files, requires=()):
    """A source distribution's file name and bytes."""
    stem = name.replace("-", "_") + "-" + version
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in [("PKG-INFO", metadata(name, version, requires))] + list(files):
            info = tarfile.TarInfo(stem + "/" + path)
            info.size, info.mtime, info.mode = len(data), 1704067200, 0o644
            archive.addfile(info, io.BytesIO(data))
    return stem + ".tar.gz", gzip.compress(out.getvalue(), mtime=0)


def pyproject(backend, requires=(), path=False):
    lines = ["[build-system]", "requires = [%s]" % ", ".join('"%s"' % r for r in requires), 'build-backend = "%s"' % backend]
    return "pyproject.toml", "\n".join(lines + (['backend-path = ["."]'] if path else []) + [""]).encode()


def noise(size):
    """Bytes that do not compress, the same ones each time."""
    blocks = (hashlib.sha256(b"%d" % i).digest() for i in range(size // 32 + 1))
    return b"".join(blocks)[:size]


SETUP = b"from setuptools import setup\nsetup(name='legacy', version='1.0', py_modules=['legacy'])\n"
OWN = ("own_backend.py", BACKEND.encode())


def packages():
    """(file name, bytes) of each."""
    backend = BACKEND.encode()
    # `setuptools.build_meta:__legacy__` is what pip asks for where there is no pyproject.toml.
    legacy = backend + b"\nimport sys\n__legacy__ = sys.modules[__name__]\n"
    yield wheel("alpha", "1.0")
    yield wheel("alpha", "1.1")
    yield wheel("beta", "1.0", ["alpha"], files=[("beta.py", b"VALUE = 1\n"), ("beta.bin", noise(2_000))])
    yield wheel("gamma", "2.0", ["beta>=1"], files=[("gamma.py", b"VALUE = 1\n"), ("gamma.bin", noise(45_000))])
    yield wheel("dotted.name", "1.0")
    yield wheel("native", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64")
    yield wheel("native", "1.0", tag="cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64")
    yield wheel("big", "1.0", files=[("big.bin", noise(600_000))])
    # One requirement each: old resolvers take several in the order of addresses in memory.
    yield wheel("bt-root", "1.0", ["bt-a"])
    for version in ("1.0", "2.0", "3.0", "4.0"):
        yield wheel("bt-a", version, ["bt-b"])
    yield wheel("bt-b", "1.0", ["bt-a<2"])
    yield wheel("tiny-backend", "1.0", files=[("tiny_backend.py", backend)])
    yield wheel("setuptools", "99.0", files=[("setuptools/__init__.py", b""), ("setuptools/build_meta.py", legacy)])
    yield wheel("wheel", "99.0", files=[("wheel/__init__.py", b"")])
    yield wheel("pip", "99.0", files=[("pip/__init__.py", b"")])
    yield sdist("isolated", "1.0", [pyproject("tiny_backend", ["tiny-backend"])])
    yield sdist("dynamic", "1.0", [pyproject("tiny_backend", ["tiny-backend"]), ("build-requires", b"alpha\n")])
    yield sdist("plain", "1.0", [pyproject("own_backend", path=True), OWN])
    yield sdist("legacy", "1.0", [("setup.py", SETUP), ("legacy.py", b"VALUE = 1\n")])
    yield sdist("failing", "1.0", [pyproject("failing", path=True), ("real_backend.py", backend), ("failing.py", FAILURE.encode())])
    unready = FAILURE.replace("build_wheel(directory, config_settings=None, metadata_directory=None)", "get_requires_for_build_wheel(config_settings=None)")
    files = [("real_backend.py", backend), ("unready.py", unready.encode())]
    yield sdist("unready", "1.0", [pyproject("unready", ["tiny-backend"], path=True), *files])
    undone = "".join([
        "import sys\nfrom real_backend import *\n\ndef get_requires_for_build_wheel(config_settings=None):\n    return ['alpha']\n\n",
        "def prepare_metadata_for_build_wheel(directory, config_settings=None):\n    sys.exit('no such header')\n",
    ])
    files = [("real_backend.py", backend), ("undone.py", undone.encode())]
    yield sdist("undone", "1.0", [pyproject("undone", ["tiny-backend"], path=True), *files])
    yield sdist("orphan", "1.0", [pyproject("nowhere", ["no-such-backend"])])


def main(directory):
    os.makedirs(directory, exist_ok=True)
    for name, data in packages():
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])

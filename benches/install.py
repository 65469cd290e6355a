"""Times a real `pip install` of wheels bare against shimmed, in pairs, so that whatever the machine does meanwhile falls
on both. Prints medians of the time that passes and of the processor time, and what the shim adds to each.

    install.py PAIRS WHEELHOUSE PIP SHIM
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(pip, wheels, target, output):
    """Seconds that pass and seconds of work for one installation."""
    shutil.rmtree(target, ignore_errors=True)
    command = [pip, "install", "--no-index", "--no-deps", "--target", target, *wheels]
    start = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    _, status, usage = os.wait4(child.pid, 0)
    passed = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"install.py: {pip} ended with {child.returncode}")
    return passed, usage.ru_utime + usage.ru_stime


def main():
    pairs, wheelhouse, pip, shim = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    wheels = sorted(str(path) for path in wheelhouse.glob("*.whl"))
    bare, shimmed = [], []
    with tempfile.TemporaryDirectory() as work, open(f"{work}/output", "wb") as output:
        target = f"{work}/target"
        measure(pip, wheels, target, output)
        for number in range(pairs):
            # Who goes first alternates: the second one finds warmer caches.
            for one, times in [(pip, bare), (shim, shimmed)][:: -1 if number % 2 else 1]:
                times.append(measure(one, wheels, target, output))
    print(f"pip install of {len(wheels)} wheels, {pairs} pairs, seconds: bare, shimmed, added by the median pair")
    for index, what in enumerate(["time that passes", "processor time"]):
        one, other = ([times[index] for times in all] for all in (bare, shimmed))
        added = statistics.median(b / a - 1 for a, b in zip(one, other))
        print(f"{what:<34} {statistics.median(one):8.3f} {statistics.median(other):8.3f} {added:+8.1%}")


main()

"""Says as JSON what this environment's pip would install, for each pair of wheelhouse and requirements file on standard
input, tab between them: {"status": 0, "installed": ["name version", ...]} or {"status": 1, "installed": []}.
"""

import contextlib
import io
import json
import os
import sys
import tempfile

from pip._internal.cli.main import main


def asked(wheelhouse, requirements):
    with tempfile.TemporaryDirectory() as scratch:
        report = os.path.join(scratch, "report.json")
        arguments = ["install", "--dry-run", "--ignore-installed", "--no-index", "--find-links", wheelhouse]
        arguments += ["--report", report, "-r", requirements, "--disable-pip-version-check", "--no-cache-dir", "-qq"]
        status = main(arguments)
        if status:
            return {"status": status, "installed": []}
        with open(report) as file:
            found = [one["metadata"] for one in json.load(file)["install"]]
        return {"status": 0, "installed": sorted(f"{one['name']} {one['version']}" for one in found)}


for line in sys.stdin.read().splitlines():
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        answer = asked(*line.split("\t"))
    if answer["status"] not in (0, 1):
        answer["said"] = said.getvalue()
    print(json.dumps(answer), flush=True)

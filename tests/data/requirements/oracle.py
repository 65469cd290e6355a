"""Says as JSON how this environment's pip reads each file that is named on standard input.

A line of output for each line of input: {"error": "..."} or {"requirements": [...], "options": [...]}.
"""

import json
import logging
import sys

from pip._internal.network.session import PipSession
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import RequirementsFileParser, get_line_parser, handle_line


def described(parsed):
    built = install_req_from_parsed_requirement(parsed)
    link = built.link
    return {
        "line": int(parsed.comes_from.rsplit("(line ", 1)[1].rstrip(")")),
        "name": built.req.name if built.req else None,
        "extras": sorted(built.extras | (built.req.extras if built.req else set())),
        "specifier": sorted(str(one) for one in built.req.specifier) if built.req else [],
        "marker": built.markers is not None,
        "url": link.url if link else None,
        "editable": built.editable,
        "constraint": built.constraint,
        "hashes": sorted(f"{algo}:{one}" for algo, many in (built.hash_options or {}).items() for one in many),
    }


def options_of(line):
    given = line.opts
    found = []
    for dest in ("index_url", "extra_index_urls", "no_index", "find_links", "pre", "prefer_binary", "require_hashes", "trusted_hosts"):
        value = getattr(given, dest)
        for one in value if isinstance(value, list) else [value]:
            if one:
                found.append([line.lineno, dest, None if one is True else one])
    return found


def read(path):
    session = PipSession()
    parser = RequirementsFileParser(session, get_line_parser(None))
    requirements, options = [], []
    for line in parser.parse(path, False):
        parsed = handle_line(line, session=session)
        if parsed is None:
            options += options_of(line)
        else:
            requirements.append(described(parsed))
    return {"requirements": requirements, "options": options}


logging.disable(logging.CRITICAL)
for path in sys.stdin.read().splitlines():
    try:
        answer = read(path)
    except Exception as error:  # Whatever pip raises is a refusal.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer))

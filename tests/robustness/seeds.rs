//! Real texts of each format, and the words that they are made of.

use std::path::{Path, PathBuf};

use proptest::sample::Index;
use wheeltap::event::{Event, Origin, SCHEMA, SessionId};
use wheeltap::ledger::fold;

use crate::events::{artifact, at, build_info, finished, started, wheel};

/// What lines of the formats begin with, are parted by and hold.
pub(crate) const WORDS: &[&str] = &[
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "  ",
    "    ",
    "\0",
    "\u{1b}[31m",
    "\u{1b}]0;title\u{7}",
    "\u{202e}",
    "\u{feff}",
    "é",
    // A pip's log.
    "2026-11-20T16:27:36,471 ",
    "Using pip 24.0 from /x/pip (python 3.11)\n",
    "Collecting ",
    "six",
    "==1.16.0",
    "  Downloading https://files.example/six-1.16.0-py2.py3-none-any.whl (11 kB)\n",
    "  Using cached ",
    "six-1.16.0-py2.py3-none-any.whl",
    "six-1.16.0.tar.gz",
    "#sha256=",
    "  Found link ",
    "(from ",
    ")",
    "  Building wheel for ",
    "  Created wheel for ",
    "  Stored in directory: /c\n",
    "ERROR: ",
    "WARNING: Retrying ",
    "Successfully installed ",
    "Saved ./",
    "Processing ",
    "Getting requirements to build wheel",
    "  error: ",
    "Looking in links: ",
    "Link requires a different Python",
    "Requirement already satisfied: ",
    "\u{1b}[2K",
    // apt's texts and messages.
    "Get:1 http://deb.example/debian bookworm/main amd64 six 1.0 [1,234 B]\n",
    "Hit:1 ",
    "Ign:2 ",
    "Err:3 ",
    "Fetched 1,234 B in 1s (1,234 B/s)\n",
    "Need to get 0 B/12 kB of archives.\n",
    "Selecting previously unselected ",
    "Preparing to unpack .../six_1.0_all.deb ...\n",
    "Unpacking ",
    "600 URI Acquire",
    "201 URI Done",
    "400 URI Failure",
    "101 Log",
    "URI: ",
    "Filename: ",
    "Size: 99999999999999999999",
    "SHA256-Hash: ",
    "VERSION 3\n",
    "**CONFIGURE**",
    "E: ",
    "W: ",
    "'http://deb.example/a.deb' a.deb 12 SHA256:",
    // Build logs.
    "#1 [internal] load build definition\n",
    "#9 [2/4] RUN pip install six\n",
    "#9 0.123 ",
    "#9 CACHED\n",
    "#9 DONE 1.2s\n",
    "#9 ERROR: ",
    "#9 ...\n",
    "Step 3/7 : RUN x\n",
    " ---> Running in 0123456789ab\n",
    " ---> Using cache\n",
    "{\"vertexes\":[{\"digest\":\"sha256:aa\",\"name\":\"[1/2] RUN x\",\"started\":",
    "{\"logs\":[{\"vertex\":\"sha256:aa\",\"stream\":1,\"data\":\"",
    "@wheeltap:",
    ":0:0:1:",
    "@",
    // Requirements and Dockerfiles.
    "-r r1\n",
    "-c r0\n",
    "-e ",
    "--hash=sha256:",
    "--index-url ",
    "; python_version < '3.8'",
    "[extra]",
    " @ file:///",
    "\\\n",
    "# ",
    " #",
    "${HOME}",
    "git+https://",
    ">=",
    "~=",
    "===",
    ",",
    "\"",
    "'",
    "FROM a AS b\n",
    "RUN ",
    "<<EOF\n",
    "EOF\n",
    "--mount=type=cache",
    "SHELL [\"/bin/sh\"]\n",
    "ARG A=b\n",
    "ONBUILD ",
    "# escape=`\n",
    "# syntax=",
    "COPY --from=a ",
    "[\"a\",\"b\"]",
    "&& ",
    // JSON.
    "{",
    "}",
    "[",
    "]",
    ":",
    "null",
    "true",
    "1e999",
    "-1",
    "\"schema\":",
    "\"event\":\"artifact\"",
    "\"at\":",
    "\"\\ud800\"",
    "\"2026-11-20T15:36:00.123456Z\"",
    "\u{ff}",
];

/// One of the recorded texts that an entry reads, with the byte before it that entries take.
pub(crate) fn of(entry: &str, pick: Index) -> Vec<u8> {
    let names: &[&str] = match entry {
        "pip" | "restore" => &["log", "stdout", "stderr"],
        "apt_text" => &["stdout", "stderr"],
        "apt_methods" => &["methods", "preinstall"],
        "buildkit" => &["stderr", "stdout"],
        "dockerfile" => return DOCKERFILE.into(),
        "requirements" => return REQUIREMENTS.into(),
        "manifest" => return MANIFEST.into(),
        "journal" => return lines(&events()),
        "session" => return lines(&[fold(&SessionId::at(at(0.0)), events())]),
        _ => return b"https://user:secret@index.example/simple/six-1.16.0-py2.py3-none-any.whl?token=1".to_vec(),
    };
    let within = match entry {
        "pip" | "restore" => "pip",
        "buildkit" => "buildkit",
        _ => "apt",
    };
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(within), names, &mut files);
    files.sort();
    // Damage is found near the beginning, and long texts take long.
    let mut bytes = std::fs::read(pick.get(&files)).unwrap();
    bytes.truncate(20_000);
    bytes.insert(0, b' ');
    bytes
}

fn collect(directory: &Path, names: &[&str], files: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, names, files);
        } else if names.iter().any(|name| path.file_name().unwrap().to_string_lossy().starts_with(name)) {
            files.push(path);
        }
    }
}

fn events() -> Vec<Event> {
    let session = SessionId::at(at(0.0));
    let wheels = [Origin::Downloaded, Origin::HttpCache, Origin::Unknown].map(|origin| wheel("six", origin));
    let wheels = wheels.into_iter().zip(0..).map(|(wheel, number)| artifact("a", number, wheel));
    let began = Event::SessionStarted { at: at(0.0), schema: SCHEMA, session, build_info: build_info() };
    [began, started("a")].into_iter().chain(wheels).chain([finished("a")]).collect()
}

fn lines(values: &[impl serde::Serialize]) -> Vec<u8> {
    let line = |value| serde_json::to_vec(value).unwrap();
    values.iter().flat_map(|value| [line(value), b"\n".to_vec()].concat()).collect()
}

const REQUIREMENTS: &str = "--index-url https://user:secret@index.example/simple\n-c r1\nsix==1.16.0 \\\n  --hash=sha256:\
8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\nrequests[socks]>=2,<3; python_version >= '3.8'\n\
./local\n-e git+https://git.example/a.git@main#egg=a\nb @ https://files.example/b-1.0.tar.gz  # why\n${NAME}\n\u{ff}\
-r r0\nurllib3<2\n";

const DOCKERFILE: &str = "# syntax=docker/dockerfile:1\nARG BASE=debian:bookworm\nFROM ${BASE} AS build\nRUN apt-get update \\\n\
    # why\n && apt-get install -y python3\nSHELL [\"/bin/bash\", \"-c\"]\nRUN --mount=type=cache,target=/root/.cache pip install \
six\nRUN <<EOF\npip install a\nEOF\nFROM build\nONBUILD RUN pip install b\nRUN [\"pip\", \"install\", \"c\"]\nCOPY --from=build \
/a /b\n";

const MANIFEST: &str = r#"{"schema":1,"session_id":"20261120_153600","success":[{"filename":"six-1.16.0-py2.py3-none-any.whl",
"name":"six","version":"1.16.0","tags":["py2-none-any","py3-none-any"],"url":null,"size_bytes":11053,"sha256":null,
"origin":"downloaded","requirements":["six"]}],"errors":[{"name":"b","requirement":"b==2","reason":"no such version"}]}"#;

//! Each form of line, as different pips write it.

use super::files::Amount;
use super::line::Line;
use super::{answered, is_pip, is_version_control};

fn parse(text: &str) -> Line<'_> {
    Line::parse(text.as_bytes())
}

#[test]
fn transfers() {
    let target = &b"six-1.17.0-py2.py3-none-any.whl"[..];
    let rounded = Some(Amount::Rounded);
    assert_eq!(
        parse("Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)"),
        Line::Downloading { target, amount: rounded }
    );
    assert_eq!(parse("Downloading six-1.17.0-py2.py3-none-any.whl"), Line::Downloading { target, amount: None });
    assert_eq!(
        parse("Downloading six-1.17.0-py2.py3-none-any.whl (643 bytes)"),
        Line::Downloading { target, amount: Some(Amount::Exact(643)) }
    );
    assert_eq!(
        parse("Using cached six-1.17.0-py2.py3-none-any.whl (1.2 MB)"),
        Line::Cached { target, amount: rounded }
    );
    assert_eq!(parse("Resuming download six-1.17.0-py2.py3-none-any.whl (700 kB/2.0 MB)"), Line::Resuming { target });
    assert_eq!(
        parse("Using cached wheel link: file:///root/.cache/pip/wheels/e8/d-2.0-py3-none-any.whl"),
        Line::CachedWheel { url: b"file:///root/.cache/pip/wheels/e8/d-2.0-py3-none-any.whl" }
    );
    assert_eq!(
        parse(
            "Downloading link https://f.example/six.whl (from https://i.example/six/) (requires-python:>=2.7) to /tmp/u/six.whl"
        ),
        Line::Fetched { url: b"https://f.example/six.whl", path: b"/tmp/u/six.whl" }
    );
    for other in
        ["Downloading crates ...", "Downloading foo.zip 12%", "Downloading ", "Using cached six.whl (eleven kB)"]
    {
        assert_eq!(parse(other), Line::Other, "{other}");
    }
}

#[test]
fn files() {
    assert_eq!(
        parse("Processing ./wheelhouse/a b.whl (from jinja2)"),
        Line::Processing { path: b"./wheelhouse/a b.whl" }
    );
    assert_eq!(parse("File was already downloaded /app/x.whl"), Line::Present { path: b"/app/x.whl" });
    assert_eq!(
        parse("WARNING: Previously-downloaded file /app/x.whl has bad hash. Re-downloading."),
        Line::PresentWrong { path: b"/app/x.whl" }
    );
    assert_eq!(parse("Saved ./wheelhouse/x.whl"), Line::Saved { path: b"./wheelhouse/x.whl" });
    assert_eq!(parse("Created temporary directory: /tmp/pip-unpack-x"), Line::Temporary { path: b"/tmp/pip-unpack-x" });
    assert_eq!(
        parse("Obtaining dependency information for six>=1 from https://f.example/six.whl.metadata"),
        Line::Chosen { url: b"https://f.example/six.whl.metadata" }
    );
    assert_eq!(
        parse("Added six from https://f.example/six.whl#sha256=00 (from jinja2) to build tracker '/tmp/t'"),
        Line::Chosen { url: b"https://f.example/six.whl#sha256=00" }
    );
    assert_eq!(parse("Obtaining file:///app/project"), Line::Collecting { requirement: b"file:///app/project" });
    assert_eq!(parse("Obtaining dependency information from six 1.17.0"), Line::Onward);
}

#[test]
fn pages_and_answers() {
    assert_eq!(parse("1 location(s) to search for versions of Jinja2:"), Line::Search { project: b"Jinja2" });
    assert_eq!(
        parse("Getting page https://i.example/simple/six/"),
        Line::PageWanted { url: b"https://i.example/simple/six/" }
    );
    assert_eq!(
        parse("Fetched page https://i.example/simple/six/ as text/html"),
        Line::PageFetched { url: b"https://i.example/simple/six/" }
    );
    assert_eq!(
        parse("Could not fetch URL https://i.example/six/: connection error: a - b - skipping"),
        Line::PageFailed { url: b"https://i.example/six/", reason: b"connection error: a - b" }
    );
    assert_eq!(
        parse("https://i.example:443 \"GET /simple/six/ HTTP/1.1\" 200 857"),
        Line::Answer { origin: b"https://i.example:443", path: b"/simple/six/", status: 200, size: Some(857) }
    );
    let chunked = parse("https://i.example:443 \"GET /x HTTP/1.1\" 206 None");
    assert!(matches!(chunked, Line::Answer { status: 206, size: None, .. }));
    assert_eq!(parse("The response is \"fresh\", returning cached response"), Line::Unasked);
    assert_eq!(answered(b"404 Client Error: Not Found for url: https://i.example/"), Some(404));
    assert_eq!(answered(b"503 Server Error: Busy for url: https://i.example/"), Some(503));
    assert_eq!(answered(b"... (Caused by ResponseError('too many 503 error responses'))"), Some(503));
    assert_eq!(answered(b"connection error: HTTPSConnectionPool(host='i.example', port=443)"), None);
}

#[test]
fn failures() {
    assert_eq!(
        parse(
            "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'ProxyError('a': b)': /simple/six/"
        ),
        Line::Retrying { error: b"ProxyError('a': b)", path: b"/simple/six/" }
    );
    assert_eq!(
        parse(
            "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='f.example', port=443): Max retries exceeded with url: /six.whl (Caused by NewConnectionError('x'))"
        ),
        Line::Unreachable { host: b"f.example", wanted: b"/six.whl", reason: b"NewConnectionError('x'))" }
    );
    assert_eq!(
        parse("× Failed to connect to f.example while fetching https://f.example/six.whl"),
        Line::Unreachable { host: b"f.example", wanted: b"https://f.example/six.whl", reason: b"failed to connect" }
    );
    assert_eq!(
        parse("ERROR: HTTP error 404 while getting https://f.example/six.whl (from https://i.example/six/)"),
        Line::Refused { status: 404, url: b"https://f.example/six.whl" }
    );
    assert_eq!(
        parse(
            "ERROR: Could not install requirement six because of HTTP error 403 Client Error: No for url: https://f.example/s.whl for URL x"
        ),
        Line::Refused { status: 403, url: b"https://f.example/s.whl" }
    );
    assert_eq!(parse("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."), Line::Mismatches);
    assert_eq!(
        parse("six==1.0 from https://f.example/six.whl#sha256=00 (from -r r.txt (line 1)):"),
        Line::FromUrl { url: b"https://f.example/six.whl#sha256=00" }
    );
    for of_url in ["https://f.example/six.zip#sha256=00:", "╰─> URL: https://f.example/six.zip#sha256=00"] {
        assert_eq!(parse(of_url), Line::FromUrl { url: b"https://f.example/six.zip#sha256=00" });
    }
    assert_eq!(parse("ERROR: Operation cancelled by user"), Line::Error { text: b"Operation cancelled by user" });
    assert!(matches!(parse("pip._vendor.urllib3.exceptions.ProtocolError: ('x', 1)"), Line::Error { .. }));
}

#[test]
fn spoiled_archives() {
    let named = parse("ERROR: Wheel 'six' located at /tmp/pip-unpack-x/six-1.0-py3-none-any.whl is invalid.");
    assert_eq!(named, Line::Spoiled { path: Some(b"/tmp/pip-unpack-x/six-1.0-py3-none-any.whl") });
    for unnamed in ["zipfile.BadZipFile: File is not a zip file", "EOFError: Compressed file ended before the end"] {
        assert_eq!(parse(unnamed), Line::Spoiled { path: None }, "{unnamed}");
    }
}

#[test]
fn building() {
    assert!(is_pip(b"pip subprocess to install build dependencies"));
    assert!(is_pip(b"installing backend dependencies for demo"));
    assert!(is_pip(b"/opt/venv/bin/python /tmp/pip-standalone-pip-x/__env_pip__.zip/pip install --ignore-installed x"));
    assert!(is_pip(b"/opt/venv/bin/python /opt/venv/lib/python3.11/site-packages/pip install --ignore-installed x"));
    assert!(!is_pip(b"Getting requirements to build wheel") && !is_pip(b"python setup.py install"));
    assert!(is_version_control(b"git clone -q x") && is_version_control(b"/usr/bin/hg clone x"));
    for step in ["Installing build dependencies: started", "Installing backend dependencies ..."] {
        assert_eq!(parse(step), Line::Dependencies, "{step}");
    }
    for step in
        ["Installing build dependencies: finished with status 'error'", "Installing build dependencies ... done"]
    {
        assert_eq!(parse(step), Line::DependenciesDone, "{step}");
    }
    for step in [
        "Preparing metadata (pyproject.toml): started",
        "Running setup.py install for docopt: finished with status 'done'",
        "Building wheel for idna (PEP 517) ... done",
    ] {
        assert_eq!(parse(step), Line::Step, "{step}");
    }
    for other in ["Installing build dependencies: still running...", "Building wheel of something", "Preparing build"] {
        assert_eq!(parse(other), Line::Other, "{other}");
    }
    assert_eq!(
        parse("Created wheel for idna: filename=idna-3.10-py3-none-any.whl size=70489 sha256=4280b2"),
        Line::Built { filename: b"idna-3.10-py3-none-any.whl", size: Some(70489), sha256: b"4280b2" }
    );
    assert_eq!(parse("Stored in directory: /root/.cache/x"), Line::Stored { path: b"/root/.cache/x" });
    assert_eq!(
        parse("Cloning https://git.example/x (to revision v1) to /tmp/pip-req-build-x"),
        Line::Clone { url: b"https://git.example/x", path: b"/tmp/pip-req-build-x" }
    );
    assert!(matches!(parse("Cloning hg https://hg.example/x to /tmp/y"), Line::Clone { .. }));
    assert_eq!(
        parse("Updating ./src/demo clone (to revision main)"),
        Line::Clone { url: b"./src/demo", path: b"./src/demo" }
    );
    assert_eq!(parse("Resolved https://git.example/x to commit 5ae9"), Line::Resolved { commit: b"5ae9" });
    assert_eq!(parse("╰─> [3 lines of output]"), Line::Output { lines: 3 });
    assert_eq!(parse("Complete output (12 lines):"), Line::Output { lines: 12 });
    assert_eq!(
        parse("× pip subprocess to install build dependencies did not run successfully."),
        Line::OutputOf { description: b"pip subprocess to install build dependencies" }
    );
}

#[test]
fn pip_itself() {
    let told = |version: &'static str, begins| Line::Version { version: version.as_bytes(), begins };
    assert_eq!(
        parse("Using pip 26.3 from /opt/venv/lib/python3.11/site-packages/pip (python 3.11)"),
        told("26.3", true)
    );
    assert_eq!(parse("[notice] A new release of pip is available: 25.3 -> 26.3"), told("25.3", false));
    assert_eq!(parse("[notice] A new release of pip available: 22.3.1 -> 26.3"), told("22.3.1", false));
    assert_eq!(
        parse("WARNING: You are using pip version 20.3.4; however, version 26.3 is available."),
        told("20.3.4", false)
    );
    assert_eq!(parse("Successfully installed a-1 b-2"), Line::Installed { list: b"a-1 b-2" });
    assert_eq!(parse("Would install a-1"), Line::WouldInstall { list: b"a-1" });
    assert_eq!(
        parse("Looking in indexes: https://i.example/simple/"),
        Line::Indexes { list: b"https://i.example/simple/" }
    );
    assert_eq!(parse("Looking in links: wheelhouse"), Line::Directories { list: b"wheelhouse" });
    assert_eq!(parse("Installing collected packages: a, b"), Line::Installing);
    for onward in ["Requirement already satisfied: six in /x", "Successfully built a"] {
        assert_eq!(parse(onward), Line::Onward, "{onward}");
    }
    for other in
        ["", "Removed build tracker: '/tmp/x'", "Traceback (most recent call last):", "     ━━━━ 0.4/1.5 MB 1 MB/s"]
    {
        assert_eq!(parse(other), Line::Other, "{other}");
    }
}

//! The package index on the loopback: `tests/index/server.py`, which describes what it can be told.
//!
//! It is reached under any host name through its proxy, so that pip believes it talks to PyPI, or directly by port. It
//! needs Python and `openssl`, no privileges, and ends with its owner.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::pips::RealPip;

/// What the server says of one request that it answered.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Request {
    /// `GET`, `CONNECT`.
    pub(crate) method: String,
    /// `https` or `http`.
    pub(crate) scheme: String,
    /// Host, with the port where it was not the default one.
    pub(crate) host: String,
    /// The path of the URL.
    pub(crate) path: String,
    /// The query of the URL, or nothing.
    pub(crate) query: String,
    /// The headers that matter.
    pub(crate) asked: BTreeMap<String, String>,
    /// Whether credentials came with it.
    pub(crate) authorization: bool,
    /// The status of the answer.
    pub(crate) status: u16,
    /// How many bytes of the body went out.
    #[serde(default)]
    pub(crate) sent: u64,
    /// How many bytes the body had.
    #[serde(default)]
    pub(crate) total: u64,
    /// The digest of the bytes of the body that went out.
    #[serde(default)]
    pub(crate) sha256: String,
}

impl Request {
    /// The URL that was asked for, without its query.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host, self.path)
    }

    /// The last component of the path; of an index page, which ends in `/`, the one before.
    pub(crate) fn name(&self) -> &str {
        self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }
}

/// Where the index listens.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ports {
    /// TLS on `localhost` and `127.0.0.1`.
    pub(crate) https: u16,
    /// The same without TLS.
    pub(crate) http: u16,
    /// The proxy that leads every host here.
    pub(crate) proxy: u16,
    /// The path of each file in a URL, by its name.
    pub(crate) paths: BTreeMap<String, String>,
}

/// The names of PyPI's two hosts as pip itself knows them.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    /// Serves the pages.
    pub(crate) index: String,
    /// Serves the files.
    pub(crate) files: String,
}

/// A running index.
pub(crate) struct Index {
    server: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    directory: TempDir,
    /// Where it listens.
    pub(crate) ports: Ports,
    /// Whom it stands for.
    pub(crate) hosts: Hosts,
}

impl Index {
    /// Starts one, with the interpreter of `pip`.
    pub(crate) fn start(pip: &RealPip) -> Result<Index, String> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/index");
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let place = |name: &str| directory.path().join(name);
        let hosts = hosts(pip)?;
        certificate(directory.path(), &hosts)?;
        run(Command::new(pip.python()).arg(sources.join("packages.py")).arg(place("packages")))?;
        let mut server = Command::new(pip.python())
            .arg(sources.join("server.py"))
            .arg("--packages")
            .arg(place("packages"))
            .arg("--certificate")
            .arg(place("certificate.pem"))
            .arg("--key")
            .arg(place("key.pem"))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start the index: {error}"))?;
        let commands = server.stdin.take();
        let mut answers = BufReader::new(server.stdout.take().ok_or("no stdout")?);
        let mut line = String::new();
        answers.read_line(&mut line).map_err(|error| error.to_string())?;
        let ports = serde_json::from_str(&line).map_err(|error| format!("the index did not start: {error}"))?;
        Ok(Index { server, commands, answers, directory, ports, hosts })
    }

    /// A new world: what is served how from now on, `rules` as `server.py` describes them. Files lie on PyPI's host of
    /// files unless a rule says otherwise; names are [expanded](Index::expand). Requests so far are forgotten.
    pub(crate) fn begin(&mut self, rules: &Value) {
        let files = format!("https://{}", self.hosts.files);
        let rules = serde_json::from_str::<Value>(&self.expand(&rules.to_string())).expect("no name breaks JSON");
        self.ask(&json!({"rules": rules, "files": files}));
    }

    /// The requests since the world began, once none is under way.
    pub(crate) fn requests(&mut self) -> Vec<Request> {
        let answer = self.ask(&json!({"requests": true}));
        serde_json::from_value(answer).expect("the server keeps to its own format")
    }

    /// The certificate to trust, as a PEM file.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }

    /// A package file as it is served.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join("packages").join(name)
    }

    /// The names of all package files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.ports.paths.keys()
    }

    /// The URL under which PyPI's host of files serves a file.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("https://{}{}", self.hosts.files, self.ports.paths[name])
    }

    /// `text` with this index's names: `{index}`, `{files}` for PyPI's hosts, `{https}`, `{http}`, `{proxy}` for ports,
    /// `{path NAME}` for a file's path in a URL, `{certificate}` for the file to trust.
    pub(crate) fn expand(&self, text: &str) -> String {
        let text = text
            .replace("{index}", &self.hosts.index)
            .replace("{files}", &self.hosts.files)
            .replace("{certificate}", &self.certificate().to_string_lossy())
            .replace("{https}", &self.ports.https.to_string())
            .replace("{http}", &self.ports.http.to_string())
            .replace("{proxy}", &self.ports.proxy.to_string());
        match text.split_once("{path ").and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
            Some((before, (name, after))) => format!("{before}{}{}", self.ports.paths[name], self.expand(after)),
            None => text,
        }
    }

    /// Copies package files into `directory`, which is made.
    pub(crate) fn fill(&self, directory: &Path, names: &[&str]) {
        fs::create_dir_all(directory).unwrap();
        for name in names {
            fs::copy(self.file(name), directory.join(name)).unwrap();
        }
    }

    fn ask(&mut self, command: &Value) -> Value {
        let commands = self.commands.as_mut().expect("open until it is dropped");
        writeln!(commands, "{command}").expect("the index has ended");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the index has ended");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the index answered {line:?}: {error}"))
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        // The end of its stdin ends it.
        drop(self.commands.take());
        let _ = self.server.wait();
    }
}

/// pip is asked, because its output treats PyPI's own hosts unlike any other.
fn hosts(pip: &RealPip) -> Result<Hosts, String> {
    let ask = "from pip._internal.models.index import PyPI; print(PyPI.netloc, PyPI.file_storage_domain)";
    let shown = run(Command::new(pip.python()).args(["-c", ask]).env_clear())?;
    let (index, files) = shown.trim().split_once(' ').ok_or("pip knows no PyPI")?;
    Ok(Hosts { index: index.to_owned(), files: files.to_owned() })
}

/// A certificate that is its own authority, for every name under which the index is reached.
fn certificate(directory: &Path, hosts: &Hosts) -> Result<(), String> {
    let named = [&hosts.index, &hosts.files, "localhost", "index.example", "files.example", "mirror.example"];
    let names: String = named.iter().map(|name| format!("DNS:{name},")).collect();
    run(Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"])
        .args(["-subj", "/CN=loopback index for tests", "-keyout", "key.pem", "-out", "certificate.pem"])
        .args(["-addext", &format!("subjectAltName={names}IP:127.0.0.1")])
        .current_dir(directory))
    .map(drop)
}

/// What the command printed; its error output if it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

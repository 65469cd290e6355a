//! The repository on the loopback, `repository/server.py`: real packages, and a server that keeps a log.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

/// The server, for as long as this lives.
pub(crate) struct Lab {
    directory: TempDir,
    server: Child,
    port: u16,
}

/// An answered request.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Request {
    /// Seconds since the epoch.
    pub(crate) time: f64,
    pub(crate) path: String,
    pub(crate) status: u16,
    /// Bytes of the body that went out.
    pub(crate) sent: u64,
    /// Whose process asked.
    pub(crate) user: Option<u32>,
}

impl Lab {
    pub(crate) fn start() -> Lab {
        let directory = tempfile::tempdir().unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/apt/repository/server.py");
        let mut server = Command::new("python3")
            .args(["-B", script])
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Lab { directory, server, port: line.trim().parse().expect("the server tells its port") }
    }

    /// `text` with the server's address for `{site}`, and its files for `{files}`.
    pub(crate) fn expand(&self, text: &str) -> String {
        text.replace("{site}", &format!("http://127.0.0.1:{}", self.port))
    }

    /// Where the files lie that it serves.
    pub(crate) fn files(&self) -> std::path::PathBuf {
        self.directory.path().join("site")
    }

    /// Has the server forget what it did.
    pub(crate) fn reset(&self) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(b"GET /reset HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }

    /// What was answered since then.
    pub(crate) fn requests(&self, since: f64) -> Vec<Request> {
        let log = std::fs::read_to_string(self.directory.path().join("requests.jsonl")).unwrap_or_default();
        let requests = log.lines().map(|line| serde_json::from_str::<Request>(line).unwrap());
        requests.filter(|request| request.time >= since).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

//! A directory of wheels as an index on the loopback: Python's own web server over pages of links.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::wheels::Made;

/// As Python's own, but that it allows files to be kept, as PyPI does, unless they are called fleeting.
const SERVER: &str = "
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
class Handler(SimpleHTTPRequestHandler):
    def end_headers(self):
        if self.path.startswith('/files/'):
            policy = 'no-store' if 'fleeting' in self.path else 'max-age=365000000, immutable, public'
            self.send_header('Cache-Control', policy)
        super().end_headers()
server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1])
server.serve_forever()
";

/// The index; ends when dropped.
pub(crate) struct Served {
    directory: tempfile::TempDir,
    server: Child,
    port: String,
}

impl Served {
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("wheeltap-lock-").tempdir().unwrap();
        let mut server = Command::new("python3")
            .args(["-u", "-c", SERVER])
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().to_owned();
        assert!(!port.is_empty(), "it says its port");
        Served { directory, server, port }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The options that name it. pip keeps nothing that came without TLS, unless its host is trusted.
    pub(crate) fn index(&self) -> String {
        format!("--index-url {}/simple/ --trusted-host 127.0.0.1", self.address())
    }

    /// Makes a wheel and offers it.
    pub(crate) fn wheel(&self, made: &Made) {
        let page = self.directory.path().join("simple").join(&made.name);
        let files = self.directory.path().join("files");
        std::fs::create_dir_all(&page).unwrap();
        std::fs::create_dir_all(&files).unwrap();
        made.wheel(&files);
        let mut index = std::fs::OpenOptions::new().create(true).append(true).open(page.join("index.html")).unwrap();
        let name = made.filename();
        writeln!(index, "<a href=\"/files/{name}\">{name}</a>").unwrap();
    }

    /// Makes a Debian package of one file and offers it, in an archive without a signature.
    pub(crate) fn deb(&self, file: &str, name: &str, version: &str) {
        let archive = self.directory.path().join("debian");
        let tree = self.directory.path().join("tree");
        let share = tree.join("usr/share").join(name);
        for directory in [&archive, &tree.join("DEBIAN"), &share] {
            std::fs::create_dir_all(directory).unwrap();
        }
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@y.example>\nDescription: x\n"
        );
        std::fs::write(tree.join("DEBIAN/control"), &control).unwrap();
        std::fs::write(share.join("hello"), "hello\n").unwrap();
        let path = archive.join(file);
        let built = Command::new("dpkg-deb").args(["--build", "-Zgzip"]).arg(&tree).arg(&path).output().unwrap();
        assert!(built.status.success(), "{built:?}");
        let (size, digest) = (path.metadata().unwrap().len(), crate::digest(&path));
        let index = format!("{control}Filename: ./{file}\nSize: {size}\nSHA256: {digest}\n");
        std::fs::write(archive.join("Packages"), index).unwrap();
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join("files").join(name)
    }

    /// Adds bytes to a file that is offered.
    pub(crate) fn append(&self, name: &str, bytes: &[u8]) {
        let mut file = std::fs::OpenOptions::new().append(true).open(self.file(name)).unwrap();
        file.write_all(bytes).unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

//! A package index and a Debian repository on the loopback, with its own account of what was taken from it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use sha2::Digest as _;

use crate::wheels::Made;

/// Without a date pip does not know how old an answer is, and does not keep it.
const DATE: &str = "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n";

/// Serves `/simple/<name>/`, `/files/<wheel>` and the flat repository `/apt/`. Wheels may be kept, as those of PyPI may,
/// but for those that are called fleeting.
pub(crate) struct Registry {
    directory: tempfile::TempDir,
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    pub(crate) fn new() -> Registry {
        let directory = tempfile::tempdir().unwrap();
        for place in ["files", "apt"] {
            std::fs::create_dir(directory.path().join(place)).unwrap();
        }
        for (name, version) in
            [("tapped-api", "1.0"), ("tapped-api", "2.0"), ("tapped-dep", "1.0"), ("fleeting", "1.0")]
        {
            let made = Made::new(&name.replace('-', "_"), version);
            let made = if name == "tapped-api" { made.requires(&["tapped-dep"]) } else { made };
            made.wheel(&directory.path().join("files"));
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (root, account) = (directory.path().to_owned(), Arc::clone(&taken));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (root, account) = (root.clone(), Arc::clone(&account));
                std::thread::spawn(move || serve(stream, &root, &account));
            }
        });
        let registry = Registry { directory, port, taken };
        registry.package("tapped-library", "");
        registry.package("tapped-tool", "Depends: tapped-library\n");
        registry
    }

    /// Makes a Debian package and offers it.
    pub(crate) fn package(&self, name: &str, depends: &str) {
        let apt = self.directory.path().join("apt");
        let entry = deb(&apt, name, depends);
        let mut index = std::fs::OpenOptions::new().create(true).append(true).open(apt.join("Packages")).unwrap();
        index.write_all(entry.as_bytes()).unwrap();
    }

    /// A file that is served.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The package files that were taken since the last call, sorted.
    pub(crate) fn taken(&self) -> Vec<String> {
        let mut taken = std::mem::take(&mut *self.taken.lock().unwrap());
        taken.sort();
        taken
    }
}

/// Makes a Debian package, and says what the index says of it.
fn deb(directory: &Path, name: &str, depends: &str) -> String {
    let tree = tempfile::tempdir().unwrap();
    let control = format!(
        "Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Tests <tests@example.invalid>\n{depends}Description: test\n"
    );
    std::fs::create_dir_all(tree.path().join("DEBIAN")).unwrap();
    std::fs::create_dir_all(tree.path().join("usr/share").join(name)).unwrap();
    std::fs::write(tree.path().join("DEBIAN/control"), &control).unwrap();
    std::fs::write(tree.path().join("usr/share").join(name).join("data"), name).unwrap();
    let file = directory.join(format!("{name}_1.0_all.deb"));
    let made = Command::new("dpkg-deb").args(["--root-owner-group", "--build"]).arg(tree.path()).arg(&file).output();
    assert!(made.unwrap().status.success());
    let bytes = std::fs::read(&file).unwrap();
    let digest: String = sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{control}Filename: ./{name}_1.0_all.deb\nSize: {}\nSHA256: {digest}\n\n", bytes.len())
}

fn serve(mut stream: TcpStream, root: &Path, account: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            line.clear();
        }
        let path = request.split_whitespace().nth(1).unwrap_or("/").trim_start_matches('/').replace("/./", "/");
        let (kind, body) = match path.strip_prefix("simple/") {
            Some(name) => ("text/html", page(root, name.trim_end_matches('/'))),
            None => ("application/octet-stream", std::fs::read(root.join(&path)).ok().filter(|_| !path.contains(".."))),
        };
        if body.is_some() && (path.ends_with(".whl") || path.ends_with(".deb")) {
            account.lock().unwrap().push(path.rsplit('/').next().unwrap().to_owned());
        }
        let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
        let body = body.unwrap_or_default();
        let policy = if path.contains("fleeting") { "no-store" } else { "max-age=3650000000, public" };
        let policy = if path.ends_with(".whl") { format!("{DATE}Cache-Control: {policy}\r\n") } else { String::new() };
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{policy}Content-Length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}

/// The index page of a project.
fn page(root: &Path, project: &str) -> Option<Vec<u8>> {
    let files = std::fs::read_dir(root.join("files")).ok()?.flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let wheels = names.filter(|name| name.split('-').next().is_some_and(|one| one.replace('_', "-") == project));
    let links: String = wheels.map(|name| format!("<a href=\"/files/{name}\">{name}</a>\n")).collect();
    (!links.is_empty()).then(|| format!("<!DOCTYPE html><html><body>{links}</body></html>").into_bytes())
}

//! Roots of Debian suites, and disposable copies of them to run apt in.
//!
//! A root is made once by mmdebstrap, through the way to Debian that this machine's apt is configured to go, and kept
//! below `target/`. Each copy is an overlay in a mount namespace of its own: nothing is mounted outside of it, and what a
//! run changes is seen in the overlay's upper directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use tempfile::TempDir;

use crate::support::streams::{self, Ended, Streams};
use crate::support::{binary, requires};

/// With the shims before the tools on `PATH`, or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Bare,
    Shimmed,
}

/// A root of a suite.
#[derive(Clone, Debug)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// The root of `suite`; `None`, said by name, where there can be none.
    pub(crate) fn provide(suite: &str) -> Option<Root> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let tools = ["mmdebstrap", "unshare", "python3"];
        if !requires::root() || !tools.iter().all(|tool| requires::program(tool)) {
            return None;
        }
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let roots = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/apt-roots");
        let root = roots.join(suite);
        if !root.join("complete").is_file() {
            fs::create_dir_all(&roots).unwrap();
            let made = make(suite, &root);
            if !requires::met(&format!("no root of {suite}: {}", made.as_ref().err().map_or("", |e| e)), made.is_ok()) {
                return None;
            }
        }
        Some(Root(root))
    }
}

fn make(suite: &str, root: &Path) -> Result<(), String> {
    let mirror = mirror().ok_or("this machine's apt has no source of Debian")?;
    let _ = fs::remove_dir_all(root);
    let said = Command::new("mmdebstrap")
        .args(["--quiet", "--mode=root", "--variant=apt", "--format=directory", "--skip=output/dev"])
        .args(["--aptopt=Acquire::Check-Valid-Until \"false\"", "--keyring=/usr/share/keyrings"])
        .args([suite, root.to_str().unwrap(), &mirror])
        .output()
        .map_err(|error| error.to_string())?;
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).lines().last().unwrap_or("mmdebstrap failed").to_owned());
    }
    for directory in ["opt/wheeltap", "srv/lab", "home/lab"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    std::os::unix::fs::chown(root.join("home/lab"), Some(1000), Some(1000)).unwrap();
    fs::write(root.join("complete"), "").map_err(|error| error.to_string())
}

/// The first archive of Debian among this machine's sources, in either of their formats.
fn mirror() -> Option<String> {
    let mut texts = vec![fs::read_to_string("/etc/apt/sources.list").unwrap_or_default()];
    for entry in fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|suffix| suffix == "list" || suffix == "sources") {
            texts.push(fs::read_to_string(path).unwrap_or_default());
        }
    }
    let mut words = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with('#')).flat_map(|line| {
        let fit = line.starts_with("URIs:") || line.starts_with("deb ");
        line.split_whitespace().filter(move |_| fit)
    });
    let address = |word: &str| word.contains("://").then(|| word.trim_end_matches('/').to_owned());
    words.find_map(|word| address(word).filter(|word| word.ends_with("/debian")))
}

/// A disposable copy of a root.
pub(crate) struct Chroot {
    directory: TempDir,
    root: Root,
    files: PathBuf,
}

/// How a run went, and when it began.
pub(crate) struct Went {
    pub(crate) ended: Ended,
    pub(crate) began: f64,
}

impl Chroot {
    /// A fresh one; `files` is seen in it as `/srv/lab`.
    pub(crate) fn new(root: &Root, files: &Path) -> Chroot {
        let directory = tempfile::tempdir().unwrap();
        for name in ["upper", "work", "merged", "logs", "state"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        Chroot { directory, root: root.clone(), files: files.to_owned() }
    }

    /// What was changed below the root.
    pub(crate) fn changes(&self) -> PathBuf {
        self.directory.path().join("upper")
    }

    /// Runs `setup`, unheard and without shims, and then `command` in `/home/lab`.
    pub(crate) fn run(&self, side: Side, setup: &str, command: &str, streams: Streams) -> Went {
        let path = |name: &str| self.directory.path().join(name).to_str().unwrap().to_owned();
        let (merged, logs) = (path("merged"), path("logs"));
        let shims = match side {
            Side::Bare => "",
            Side::Shimmed => "/opt/wheeltap/shims:",
        };
        let inside = format!(
            "{{ {setup}\n}} </dev/null >/dev/null 2>&1\ndate +%s.%N >/opt/wheeltap/state/mark\ncd /home/lab\n\
             PATH={shims}$PATH\n{command}\n"
        );
        let outside = format!(
            "set -e\nmount -t overlay overlay -o lowerdir={root},upperdir={upper},workdir={work} {merged}\n\
             mount -t proc proc {merged}/proc\nmount --rbind /dev {merged}/dev\n\
             mount -t tmpfs tmpfs {merged}/opt/wheeltap\nfor name in logs shims state; do mkdir {merged}/opt/wheeltap/$name; done\n\
             cp {binary} {merged}/opt/wheeltap/wheeltap\n\
             for name in full small read-only; do mkdir {merged}/opt/wheeltap/$name; done\n\
             mount -t tmpfs -o size=8k tmpfs {merged}/opt/wheeltap/full\n\
             head -c 65536 /dev/zero >{merged}/opt/wheeltap/full/all 2>/dev/null || true\n\
             mount -t tmpfs -o size=1m tmpfs {merged}/opt/wheeltap/small; mkdir {merged}/opt/wheeltap/small/partial\n\
             mount -t tmpfs -o ro tmpfs {merged}/opt/wheeltap/read-only\n\
             for name in apt-get apt; do ln -s ../wheeltap {merged}/opt/wheeltap/shims/$name; done\n\
             mount --bind {logs} {merged}/opt/wheeltap/logs\nmount --bind {state} {merged}/opt/wheeltap/state\nmount --bind {files} {merged}/srv/lab\n\
             exec chroot {merged} sh -c \"$0\"",
            root = self.root.0.display(),
            state = path("state"),
            upper = path("upper"),
            work = path("work"),
            binary = binary::linked_statically().display(),
            files = self.files.display(),
        );
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--mount", "--propagation", "private", "sh", "-c", &outside, &inside])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root")
            .env("TERM", "dumb")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("WHEELTAP_LOG_DIR", "/opt/wheeltap/logs");
        let ended = streams::run(unshare, streams);
        let mark = fs::read_to_string(self.directory.path().join("state/mark"));
        let began = mark.ok().and_then(|mark| mark.trim().parse().ok());
        let began = began
            .unwrap_or_else(|| panic!("the chroot could not be set up: {}", String::from_utf8_lossy(&ended.stderr)));
        Went { ended, began }
    }

    /// The session documents that were written.
    pub(crate) fn sessions(&self) -> Vec<serde_json::Value> {
        let mut paths: Vec<_> =
            fs::read_dir(self.directory.path().join("logs")).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        let document = |path: &&PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("downloads_");
        paths.iter().filter(document).map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
    }
}

//! A place to run pip in, that looks the same to each run: the same paths, the same files, the same environment.
//!
//! Bare and through the shim differ in two variables only, `PATH` and `WHEELTAP_LOG_DIR`, so whatever else differs is
//! the shim's doing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::index::Index;
use super::pips::RealPip;
use super::streams::{self, Ended, Streams};
use super::tree::{self, Node};

/// With the shim before pip on `PATH`, or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// As if wheeltap did not exist.
    Bare,
    /// With a directory on `PATH` in which `pip` is wheeltap.
    Shimmed,
}

/// One command to run in a place. In arguments and values `{root}` stands for the place's root, and the index's names
/// are [expanded](Index::expand).
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// The program and its arguments; the program is found on `PATH`.
    pub(crate) argv: Vec<String>,
    /// Variables set, or removed, for this run.
    pub(crate) env: Vec<(String, Option<String>)>,
    /// The working directory below the place's root; `app` if empty.
    pub(crate) cwd: String,
    /// Where the output goes.
    pub(crate) streams: Streams,
}

impl Run {
    /// `pip` with these arguments.
    pub(crate) fn pip(arguments: &[&str]) -> Run {
        let argv = std::iter::once(&"pip").chain(arguments).map(|argument| argument.to_string()).collect();
        Run { argv, ..Run::default() }
    }
}

/// A place for runs of one pip against one index.
pub(crate) struct Place {
    directory: TempDir,
    pip: RealPip,
}

impl Place {
    /// A fresh one.
    pub(crate) fn new(pip: &RealPip) -> Place {
        let place = Place { directory: tempfile::tempdir().unwrap(), pip: pip.clone() };
        let shims = place.directory.path().join("shims");
        fs::create_dir(&shims).unwrap();
        for name in ["pip", "pip3"] {
            symlink(env!("CARGO_BIN_EXE_wheeltap"), shims.join(name)).unwrap();
        }
        place.clear();
        place
    }

    /// The directory that runs see: `venv`, `home`, `app`, `tmp`.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("w")
    }

    /// The log directory of the shim, outside of what is compared.
    pub(crate) fn logs(&self) -> PathBuf {
        self.directory.path().join("logs")
    }

    /// Makes everything as new.
    pub(crate) fn clear(&self) {
        for left in [self.root(), self.logs()] {
            if left.exists() {
                fs::remove_dir_all(&left).unwrap();
            }
        }
        for name in ["home", "app", "tmp"] {
            fs::create_dir_all(self.root().join(name)).unwrap();
        }
        self.pip.copy_to(&self.root().join("venv")).unwrap();
    }

    /// Makes the virtual environment as new, and leaves the rest: caches and what the working directory holds.
    pub(crate) fn renew_environment(&self) {
        fs::remove_dir_all(self.root().join("venv")).unwrap();
        self.pip.copy_to(&self.root().join("venv")).unwrap();
    }

    /// Remembers the state for [`Place::restore`].
    pub(crate) fn keep(&self) {
        let kept = self.directory.path().join("kept");
        if kept.exists() {
            fs::remove_dir_all(&kept).unwrap();
        }
        tree::copy(&self.root(), &kept).unwrap();
    }

    /// Goes back to the state that was kept.
    pub(crate) fn restore(&self) {
        fs::remove_dir_all(self.root()).unwrap();
        tree::copy(&self.directory.path().join("kept"), &self.root()).unwrap();
        if self.logs().exists() {
            fs::remove_dir_all(self.logs()).unwrap();
        }
    }

    /// Runs to the end.
    pub(crate) fn run(&self, side: Side, run: &Run, index: &Index) -> Ended {
        streams::run(self.command(side, run, index), run.streams)
    }

    /// The command, with no variable of the machine's own.
    pub(crate) fn command(&self, side: Side, run: &Run, index: &Index) -> Command {
        let root = self.root();
        let text = |path: &Path| path.to_str().expect("temporary paths are text").to_owned();
        let real = format!("{}/venv/bin:/usr/local/bin:/usr/bin:/bin", text(&root));
        let mut command = Command::new(&run.argv[0]);
        command
            .args(run.argv[1..].iter().map(|argument| self.expand(argument, index)))
            .current_dir(root.join(if run.cwd.is_empty() { "app" } else { &run.cwd }))
            .env_clear()
            .env("HOME", root.join("home"))
            .env("TMPDIR", root.join("tmp"))
            .env("LANG", "C.UTF-8")
            .env("PIP_CERT", index.certificate())
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", index.ports.proxy))
            .env("NO_PROXY", "localhost,127.0.0.1")
            .env("PYTHONFAULTHANDLER", "1")
            // Old resolvers go through sets in the order of hashes; old build tools write the time into wheels.
            .env("PYTHONHASHSEED", "0")
            .env("SOURCE_DATE_EPOCH", "1704067200");
        match side {
            Side::Bare => command.env("PATH", real),
            Side::Shimmed => command
                .env("PATH", format!("{}:{real}", text(&self.directory.path().join("shims"))))
                .env("WHEELTAP_LOG_DIR", self.logs()),
        };
        for (name, value) in &run.env {
            match value {
                Some(value) => command.env(name, self.expand(value, index)),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// `text` with the place's root and the index's names.
    pub(crate) fn expand(&self, text: &str, index: &Index) -> String {
        index.expand(&text.replace("{root}", &self.root().to_string_lossy()))
    }

    /// What lies below the root, but for compiled files.
    pub(crate) fn tree(&self) -> BTreeMap<String, Node> {
        tree::snapshot(&self.root(), &|path| path.ends_with("__pycache__"))
    }

    /// The session documents that were written, by file name.
    pub(crate) fn sessions(&self) -> Vec<Value> {
        let Ok(entries) = fs::read_dir(self.logs()) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
            .iter()
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("downloads_")))
            .map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
            .collect()
    }
}

//! The engine, a client that speaks BuildKit with it, and the world that all tests build in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, OnceLock};

use serde_json::Value;

use crate::image;
use crate::registry::Registry;
use crate::requires;

/// The base image that `docker/base/make` makes.
pub(crate) const BASE: &str = "wheeltap-test/debian:bookworm";

/// What the examples copy the shims from here: `wheeltap` itself is the user's, of a release, and is left alone.
pub(crate) const SHIMS: &str = "wheeltap-test/shims";

/// What builds need: one at a time, since they share the engine's cache.
pub(crate) struct World {
    pub(crate) docker: PathBuf,
    pub(crate) registry: Registry,
    /// The base image with the registry as its only source.
    pub(crate) base: String,
}

/// The world; `None`, and said so, where there is no engine.
#[track_caller]
pub(crate) fn world() -> Option<MutexGuard<'static, World>> {
    static WORLD: OnceLock<Option<Mutex<World>>> = OnceLock::new();
    let world = WORLD.get_or_init(|| {
        let docker = client()?;
        let registry = Registry::new();
        // One name for all runs, so that a run leaves no more than the one before; its port is in what it holds.
        let base = "wheeltap-test/local:tests".to_owned();
        image::remove(&docker, &[&base]);
        let place = tempfile::tempdir().unwrap();
        let address = format!("http://127.0.0.1:{}", registry.port);
        let dockerfile = format!(
            "FROM {BASE}\nENV PIP_INDEX_URL={address}/simple/ PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore\n\
             RUN rm -rf /etc/apt/sources.list* && echo 'deb [trusted=yes] {address}/apt ./' >/etc/apt/sources.list\n"
        );
        std::fs::write(place.path().join("Dockerfile"), dockerfile).unwrap();
        let built = Command::new(&docker).args(["build", "-q", "-t", &base, "."]).current_dir(place.path()).output();
        built.unwrap().status.success().then(|| Mutex::new(World { docker, registry, base }))
    });
    let is_met = requires::met("no Docker engine", world.is_some());
    world.as_ref().filter(|_| is_met).map(|world| world.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// The first client on PATH that can have BuildKit build, with an engine that answers and has the base image.
fn client() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join("docker")).find(|docker| {
        let says =
            |arguments: &[&str]| Command::new(docker).args(arguments).output().ok().filter(|out| out.status.success());
        let major = says(&["version", "--format", "{{.Client.Version}}"])
            .and_then(|out| String::from_utf8(out.stdout).ok()?.split('.').next()?.parse::<u32>().ok());
        major.is_some_and(|major| major < 23 || says(&["buildx", "version"]).is_some())
            && says(&["image", "inspect", BASE]).is_some()
    })
}

/// A directory with a Dockerfile, and the builds in it.
pub(crate) struct Project<'a> {
    pub(crate) world: &'a World,
    place: tempfile::TempDir,
}

/// A build that has ended.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl<'a> Project<'a> {
    pub(crate) fn new(world: &'a World, dockerfile: &str) -> Project<'a> {
        let project = Project { world, place: tempfile::tempdir().unwrap() };
        project.write("Dockerfile", dockerfile);
        project.write(".dockerignore", "logs\n");
        project
    }

    /// A copy of one of the examples.
    pub(crate) fn example(world: &'a World, name: &str) -> Project<'a> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docker").join(name);
        let project = Project::new(world, "");
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let text = text.replace("--from=wheeltap ", &format!("--from={SHIMS} "));
            project.write(entry.file_name().to_str().unwrap(), text);
        }
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Copies a file that the registry serves.
    pub(crate) fn take(&self, served: &str, to: &str) {
        self.write(to, std::fs::read(self.world.registry.file(served)).unwrap());
    }

    /// Builds without us.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Built {
        self.run(Command::new(&self.world.docker).arg("build").args(arguments).env("DOCKER_BUILDKIT", "1"))
    }

    /// Builds under `wheeltap build`.
    pub(crate) fn tapped(&self, own: &[&str], arguments: &[&str]) -> Built {
        self.tapped_by(Path::new(env!("CARGO_BIN_EXE_wheeltap")), own, arguments)
    }

    /// The same by another binary of ours.
    pub(crate) fn tapped_by(&self, binary: &Path, own: &[&str], arguments: &[&str]) -> Built {
        let mut command = Command::new(binary);
        command.arg("build").args(own).args(["api", "--"]).arg(&self.world.docker).arg("build").args(arguments);
        self.run(command.env("DOCKER_BUILDKIT", "1"))
    }

    /// Runs a command in the project's directory, with the registry in reach of every step.
    pub(crate) fn run(&self, command: &mut Command) -> Built {
        let base = format!("BASE={}", self.world.base);
        command.args(["--build-arg", &base]).current_dir(self.path()).env_remove("WHEELTAP_LOG_DIR");
        if !command.get_args().any(|argument| argument == "--network=none") {
            command.arg("--network=host");
        }
        let Output { status, stdout, stderr } = command.arg(".").output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Built { status: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The newest session document; there has to be one more than the last time.
    pub(crate) fn session(&self) -> Value {
        let documents = std::fs::read_dir(self.path().join("logs/build")).unwrap().flatten().map(|entry| entry.path());
        let is_document = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("downloads_");
        let newest = documents.filter(is_document).max().expect("a session document");
        serde_json::from_slice(&std::fs::read(newest).unwrap()).unwrap()
    }

    /// How many sessions there are.
    pub(crate) fn sessions(&self) -> usize {
        let entries = std::fs::read_dir(self.path().join("logs/build")).unwrap().flatten();
        entries.filter(|entry| entry.file_name().to_str().unwrap().starts_with("events_")).count()
    }

    /// The log that was kept.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("logs/docker_build/build_api.log")).unwrap()
    }
}

impl Built {
    /// The names of the steps that the log shows, and what was printed in them, without times, digests and what is ours.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut told: Vec<String> = Vec::new();
        for line in self.stderr.lines().filter(|line| !line.starts_with("wheeltap:")) {
            let Some(rest) = line.strip_prefix('#').and_then(|rest| rest.split_once(' ')).map(|(_, rest)| rest) else {
                continue;
            };
            let is_name = rest.starts_with('[') && !rest.starts_with("[internal]");
            let is_error = rest.starts_with("ERROR");
            let printed = rest.split_once(' ').filter(|(time, _)| time.parse::<f64>().is_ok()).map(|(_, text)| text);
            if is_name || is_error {
                told.push(rest.to_owned());
            // An unfinished line bears the marker that follows it.
            } else if let Some(text) =
                printed.map(|text| text.split("#").next().unwrap_or_default()).filter(|text| !is_timed(text))
            {
                told.push(text.to_owned());
            }
        }
        told.sort();
        told.dedup();
        told
    }
}

/// Whether two bare builds differ in a line: rates, and what is printed before its line is whole.
fn is_timed(text: &str) -> bool {
    let begins = ["Fetched ", "Reading ", "Building ", "(Reading "];
    text.is_empty() || begins.iter().any(|begin| text.starts_with(begin))
}

/// `[name, origin]` of the package files of a session, sorted.
pub(crate) fn packages(session: &Value) -> Vec<(String, String)> {
    let lists = ["wheels", "sdists", "apt"].map(|list| session["downloads"][list].as_array().unwrap().clone());
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut packages: Vec<_> =
        lists.iter().flatten().map(|one| (text(&one["filename"]), text(&one["origin"]))).collect();
    packages.sort();
    packages
}

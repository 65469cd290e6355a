//! What the client and its engine can do, asked of the client itself.
//!
//! Refuses to change anything: it asks for versions, for the shells of images, and hands one small image over.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The client of an engine.
pub(super) struct Engine {
    /// The words that every command to it begins with.
    client: Vec<OsString>,
    /// The major versions of client and engine.
    versions: Option<(u32, u32)>,
}

/// How an image can be named to the builder, or something else be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carriage {
    /// As a directory by `--build-context`.
    NamedContext,
    /// As an image that the engine has.
    LocalImage,
}

impl Engine {
    /// The engine behind these words.
    pub(super) fn new(client: Vec<OsString>) -> Engine {
        let mut engine = Engine { client, versions: None };
        let answer = engine.ask(&["version", "--format", "{{.Client.Version}} {{.Server.Version}}"]);
        engine.versions = answer.and_then(|answer| {
            let mut majors = answer.split_whitespace().map(|version| version.split('.').next()?.parse().ok());
            Some((majors.next()??, majors.next()??))
        });
        engine
    }

    /// What the client prints, if it succeeds.
    fn ask(&self, arguments: &[&str]) -> Option<String> {
        let (program, words) = self.client.split_first()?;
        let output = Command::new(program).args(words).args(arguments).stdin(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Whether the client has buildx, which is BuildKit's own client.
    fn has_buildx(&self) -> bool {
        self.ask(&["buildx", "version"]).is_some()
    }

    /// Why `docker build` will not be done by BuildKit, even if it is asked to; `None` if it will.
    pub(super) fn lacks_buildkit(&self) -> Option<String> {
        let Some((client, engine)) = self.versions else { return Some("the engine does not answer".to_owned()) };
        match (client, engine) {
            (_, ..18) => Some(format!("engine {engine} has no BuildKit")),
            (23.., _) if !self.has_buildx() => Some(format!("client {client} needs buildx for BuildKit, and has none")),
            _ => None,
        }
    }

    /// Whether BuildKit knows here documents: since Docker 23.
    pub(super) fn knows_here_documents(&self) -> bool {
        self.versions.is_some_and(|(_, engine)| engine >= 23)
    }

    /// How our binary gets in: by a named context where the client and the builder's own frontend know it (Docker 23), or
    /// where the builder is none of the engine's and has no access to its images.
    pub(super) fn carriage(&self, is_buildx: bool) -> Carriage {
        let client = self.versions.map_or(0, |(client, _)| client);
        if !(is_buildx || client >= 23) {
            return Carriage::LocalImage;
        }
        let is_own = self.ask(&["buildx", "inspect"]).is_none_or(|builder| {
            let driver = builder.lines().find_map(|line| line.strip_prefix("Driver:"));
            driver.is_none_or(|driver| driver.trim() == "docker")
        });
        match is_own && !self.knows_here_documents() {
            true => Carriage::LocalImage,
            false => Carriage::NamedContext,
        }
    }

    /// The shell of an image that the engine has; `None` if it has none of that name.
    pub(super) fn shell(&self, image: &str) -> Option<Vec<String>> {
        let default = || vec!["/bin/sh".to_owned(), "-c".to_owned()];
        if image == "scratch" {
            return Some(default());
        }
        let answer = self.ask(&["image", "inspect", "--format", "{{json .Config.Shell}}", image])?;
        let shell: Option<Vec<String>> = serde_json::from_str(&answer).ok()?;
        Some(shell.filter(|shell| !shell.is_empty()).unwrap_or_else(default))
    }

    /// Whether the engine has an image of that name.
    pub(super) fn has_image(&self, name: &str) -> bool {
        self.ask(&["image", "inspect", "--format", "{{.Id}}", name]).is_some()
    }

    /// Makes an image of the files in a tar archive.
    ///
    /// # Errors
    /// With what the client says.
    pub(super) fn import(&self, archive: &[u8], name: &str) -> anyhow::Result<()> {
        let (program, words) = self.client.split_first().unwrap_or((&self.client[0], &[]));
        let mut child = Command::new(program)
            .args(words)
            .args(["import", "-", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        // Whoever does not read to the end says why.
        let _ = child.stdin.take().map(|mut input| input.write_all(archive));
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        anyhow::ensure!(output.status.success(), "cannot make the image `{name}`: {said}");
        Ok(())
    }
}

/// The shells of base images, each asked for once.
pub(super) struct Shells<'a> {
    engine: &'a Engine,
    known: std::cell::RefCell<HashMap<String, Option<Vec<String>>>>,
}

impl<'a> Shells<'a> {
    pub(super) fn of(engine: &'a Engine) -> Self {
        Shells { engine, known: std::cell::RefCell::default() }
    }

    pub(super) fn get(&self, image: &str) -> Option<Vec<String>> {
        let mut known = self.known.borrow_mut();
        known.entry(image.to_owned()).or_insert_with(|| self.engine.shell(image)).clone()
    }
}

/// Whether a build argument or option says that the image is for another machine than this binary is.
pub(super) fn is_other_platform(platform: &OsStr) -> bool {
    let ours = match std::env::consts::ARCH {
        "x86_64" => "linux/amd64",
        "aarch64" => "linux/arm64",
        other => other,
    };
    !platform.to_string_lossy().split(',').all(|wanted| wanted == ours || wanted.starts_with(&format!("{ours}/")))
}

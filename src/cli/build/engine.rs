//! What the client and its engine can do, asked of the client itself, all at the same time.
//!
//! Refuses to change anything: it asks for versions, platforms and images, and hands one small image over.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The client of an engine.
pub(super) struct Client {
    /// The words that every command to it begins with.
    words: Vec<OsString>,
    /// The builder of buildx that the command line names.
    builder: Option<OsString>,
}

/// What is behind a client.
pub(super) struct Engine {
    /// The major versions of client and engine, and the engine's platform.
    versions: Option<(u32, u32, String)>,
    /// What buildx builds with; `None` where there is no buildx.
    builder: Option<Builder>,
}

/// A builder of buildx.
struct Builder {
    driver: String,
    /// The first of its platforms, which is its own; none before it is started.
    platform: Option<String>,
}

/// How an image can be named to the builder, or something else be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carriage {
    /// As a directory by `--build-context`.
    NamedContext,
    /// As an image that the engine has.
    LocalImage,
}

impl Client {
    /// The client that a build is typed for.
    pub(super) fn of(command: &super::command::Command) -> Client {
        Client { words: command.client(), builder: command.builder.clone() }
    }

    /// What it prints, if it succeeds.
    pub(super) fn ask<Word: AsRef<OsStr>>(&self, arguments: &[Word]) -> Option<String> {
        let arguments = arguments.iter().map(|word| word.as_ref().to_owned());
        let words: Vec<OsString> = self.words.iter().cloned().chain(arguments).collect();
        ask(&words).ok().map(|printed| String::from_utf8_lossy(&printed).trim().to_owned())
    }

    /// The document of that name in its registry, which buildx asks for as its builder would.
    pub(super) fn of_registry(&self, name: &str) -> Option<serde_json::Value> {
        let mut words = ["buildx", "imagetools", "inspect", "--raw"].map(OsString::from).to_vec();
        words.extend(self.builder.iter().flat_map(|builder| ["--builder".into(), builder.clone()]));
        words.push(name.into());
        serde_json::from_str(&self.ask(&words)?).ok()
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
        let (program, words) = self.words.split_first().unwrap_or((&self.words[0], &[]));
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

impl Engine {
    /// What is behind `client`.
    pub(super) fn of(client: &Client) -> Engine {
        let version =
            ["version", "--format", "{{.Client.Version}} {{.Server.Version}} {{.Server.Os}}/{{.Server.Arch}}"];
        let mut inspect = ["buildx", "inspect"].map(OsString::from).to_vec();
        inspect.extend(client.builder.clone());
        let (version, inspect) = std::thread::scope(|scope| {
            let inspect = scope.spawn(|| client.ask(&inspect));
            (client.ask(&version), inspect.join().ok().flatten())
        });
        let versions = version.and_then(|answer| {
            let mut words = answer.split_whitespace();
            let mut major = || words.next()?.split('.').next()?.parse().ok();
            Some((major()?, major()?, words.next().unwrap_or_default().to_owned()))
        });
        let has_buildx = inspect.is_some()
            || versions.as_ref().is_some_and(|(client, ..)| *client >= 23)
                && client.ask(&["buildx", "version"]).is_some();
        let unknown = || match client.builder.is_some() {
            true => Builder { driver: String::new(), platform: None },
            false => Builder::default(),
        };
        let builder = inspect.map_or_else(unknown, |answer| Builder::read(&answer));
        Engine { versions, builder: has_buildx.then_some(builder) }
    }

    fn client_version(&self) -> u32 {
        self.versions.as_ref().map_or(0, |(client, ..)| *client)
    }

    /// Why `docker build` will not be done by BuildKit, even if it is asked to; `None` if it will.
    pub(super) fn lacks_buildkit(&self) -> Option<String> {
        let Some((client, engine, _)) = self.versions.as_ref() else {
            return Some("the engine does not answer".to_owned());
        };
        match (client, engine) {
            (_, ..18) => Some(format!("engine {engine} has no BuildKit")),
            (23.., _) if self.builder.is_none() => {
                Some(format!("client {client} needs buildx for BuildKit, and has none"))
            }
            _ => None,
        }
    }

    /// Whether buildx is there to ask registries.
    pub(super) fn has_buildx(&self) -> bool {
        self.builder.is_some()
    }

    /// Whether what builds is the engine's own, which has its images.
    pub(super) fn builds_itself(&self) -> bool {
        self.builder.as_ref().is_none_or(|builder| builder.driver == "docker")
    }

    /// Whether `docker build` may be done by the builder before BuildKit where none is asked for.
    pub(super) fn may_be_legacy(&self) -> bool {
        self.client_version() < 23
    }

    /// Whether BuildKit knows here documents: since Docker 23.
    pub(super) fn knows_here_documents(&self) -> bool {
        self.versions.as_ref().is_some_and(|(_, engine, _)| *engine >= 23)
    }

    /// The builder, if it is buildx that builds.
    fn builder(&self, is_buildx: bool) -> Option<&Builder> {
        self.builder.as_ref().filter(|_| is_buildx || self.client_version() >= 23)
    }

    /// How our binary gets in: by a named context where the client and the builder's own frontend know it (Docker 23), or
    /// where the builder is none of the engine's and has no access to its images.
    pub(super) fn carriage(&self, is_buildx: bool) -> Carriage {
        let is_old = !is_buildx && self.client_version() < 23;
        let is_own = self.builder(is_buildx).is_none_or(|builder| builder.driver == "docker");
        match is_old || (is_own && !self.knows_here_documents()) {
            true => Carriage::LocalImage,
            false => Carriage::NamedContext,
        }
    }

    /// The platform that is built for where none is asked for; `None` if that cannot be known. A builder in a container of
    /// the engine that is not started yet will be of the engine's platform.
    pub(super) fn platform(&self, is_buildx: bool) -> Option<&str> {
        let of_engine =
            || self.versions.as_ref().map(|(.., platform)| platform.as_str()).filter(|name| !name.is_empty());
        match self.builder(is_buildx) {
            Some(builder) if builder.driver != "docker" => {
                let engines = || of_engine().filter(|_| builder.driver == "docker-container");
                builder.platform.as_deref().or_else(engines)
            }
            _ => of_engine(),
        }
    }
}

/// One that does not say what it is counts as the engine's own.
impl Default for Builder {
    fn default() -> Self {
        Builder { driver: "docker".to_owned(), platform: None }
    }
}

impl Builder {
    /// Of what `docker buildx inspect` prints.
    fn read(printed: &str) -> Builder {
        let value = |name: &str| {
            let mut values = printed.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            values.next().map(|value| value.trim().to_owned())
        };
        // A platform that is set by hand bears a star.
        let first = |platforms: String| platforms.split(',').next().map(|first| first.trim_end_matches('*').to_owned());
        let default = Builder::default();
        Builder { driver: value("Driver").unwrap_or(default.driver), platform: value("Platforms").and_then(first) }
    }
}

/// What a client prints.
///
/// # Errors
/// The last line of what it says if it fails.
pub(super) fn ask(words: &[OsString]) -> anyhow::Result<Vec<u8>> {
    let (program, arguments) = words.split_first().unwrap_or((&words[0], &[]));
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}", said.trim().lines().last().unwrap_or("the client does not say why"));
    Ok(output.stdout)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(version: Option<(u32, &str)>, printed: Option<&str>) -> Engine {
        let versions = version.map(|(client, platform)| (client, 28, platform.to_owned()));
        Engine { versions, builder: printed.map(Builder::read) }
    }

    #[test]
    fn the_platform_is_that_of_whoever_builds() {
        // As `docker buildx inspect` prints it.
        let running = "Name:   x\nDriver: docker-container\n\nNodes:\nName:      x0\nEndpoint:  ssh://y\n\
            Status:    running\nPlatforms: linux/arm64*, linux/amd64\n";
        let own = "Name:   default\nDriver: docker\n\nNodes:\nName:      default\nEndpoint:  default\n\
            Status:    running\nPlatforms: linux/amd64, linux/amd64/v2, linux/386\n";
        let stopped = "Name:   x\nDriver: docker-container\n\nNodes:\nName:      x0\nStatus:    inactive\n";
        let remote = "Name:   x\nDriver: remote\n\nNodes:\nName:      x0\nStatus:    inactive\n";
        for (client, printed, expected) in [
            (Some((20, "linux/amd64")), None, Some("linux/amd64")),
            (Some((20, "linux/s390x")), Some(running), Some("linux/s390x")),
            (Some((28, "linux/s390x")), Some(running), Some("linux/arm64")),
            (Some((28, "linux/s390x")), Some(own), Some("linux/s390x")),
            (Some((28, "linux/s390x")), Some(stopped), Some("linux/s390x")),
            (Some((28, "linux/s390x")), Some(remote), None),
            (Some((28, "")), Some(own), None),
            (None, None, None),
        ] {
            assert_eq!(engine(client, printed).platform(false), expected, "{client:?} {printed:?}");
        }
    }
}

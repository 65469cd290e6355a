//! What a `docker ... build ...` command line says: where its options begin, which Dockerfile and which context it names.
//!
//! Refuses to understand more than the options that matter here; whatever is not understood is passed on as it is.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Which of the client's commands builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `docker build`, `docker image build`: the engine's own builder, or buildx, as the client decides.
    Build,
    /// `docker buildx build`.
    Buildx,
    /// `docker compose build`, `docker-compose build`: several builds at once.
    Compose,
    /// `docker buildx bake`: several builds at once.
    Bake,
    /// Anything else.
    Other,
}

/// A command line, taken apart.
#[derive(Debug)]
pub(super) struct Command {
    /// All of it.
    pub(super) words: Vec<OsString>,
    pub(super) kind: Kind,
    /// Where the options of the build begin.
    pub(super) options: usize,
    /// The options before that, each with its value.
    pub(super) before: Vec<(String, Option<OsString>)>,
    /// The words that name the Dockerfile: which, and the name.
    pub(super) file: Option<(std::ops::Range<usize>, OsString)>,
    /// The context; the services or targets of several builds.
    pub(super) operands: Vec<OsString>,
    /// What `--build-context` names, with its value.
    pub(super) contexts: Vec<(String, String)>,
    /// The values of build arguments.
    pub(super) arguments: Vec<(OsString, OsString)>,
    /// Where the results go, as `--output` has it.
    pub(super) outputs: Vec<String>,
    pub(super) platform: Option<OsString>,
    /// The builder of buildx.
    pub(super) builder: Option<OsString>,
    pub(super) progress: Option<OsString>,
    pub(super) quiet: bool,
    pub(super) network: Option<OsString>,
    /// Whether registries are to be asked for images that the engine has.
    pub(super) pulls: bool,
    /// Options that are of no concern here, each with its value if it has one.
    pub(super) others: Vec<(String, Option<OsString>)>,
}

/// The options of a build that take the next word as their value.
const WITH_VALUE: [&str; 47] = [
    "--add-host",
    "--allow",
    "--annotation",
    "--attest",
    "--build-arg",
    "--build-context",
    "--builder",
    "--cache-from",
    "--cache-to",
    "--call",
    "--cgroup-parent",
    "--cpu-period",
    "--cpu-quota",
    "--cpu-shares",
    "--cpuset-cpus",
    "--cpuset-mems",
    "--file",
    "--iidfile",
    "--isolation",
    "--label",
    "--list",
    "--memory",
    "--memory-swap",
    "--metadata-file",
    "--network",
    "--no-cache-filter",
    "--output",
    "--platform",
    "--policy",
    "--progress",
    "--provenance",
    "--sbom",
    "--secret",
    "--security-opt",
    "--set",
    "--shm-size",
    "--ssh",
    "--tag",
    "--target",
    "--ulimit",
    "--var",
    "-c",
    "-f",
    "-m",
    "-o",
    "-t",
    "--provenance-mode",
];

/// The options before the client's command that take the next word as their value.
const GLOBAL_WITH_VALUE: [&str; 21] = [
    "--ansi",
    "--builder",
    "--env-file",
    "--parallel",
    "--profile",
    "--progress",
    "--project-directory",
    "--config",
    "--context",
    "-c",
    "--host",
    "-H",
    "--log-level",
    "-l",
    "--tlscacert",
    "--tlscert",
    "--tlskey",
    "--file",
    "-f",
    "--project-name",
    "-p",
];

impl Command {
    /// Takes a command line apart.
    pub(super) fn parse(words: Vec<OsString>) -> Command {
        let program = words.first().map_or(&b""[..], |word| word.as_bytes());
        let program = program.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let mut kind = match program {
            b"docker-compose" => Kind::Compose,
            b"docker" | b"docker-buildx" | b"buildx" => Kind::Build,
            _ => Kind::Other,
        };
        if program.ends_with(b"buildx") {
            kind = Kind::Buildx;
        }
        let mut at = 1;
        let mut is_build = false;
        let mut before = Vec::new();
        while kind != Kind::Other && !is_build && at < words.len() {
            let word = words[at].as_bytes();
            at += 1;
            match word {
                b"build" | b"b" => is_build = true,
                b"bake" => (is_build, kind) = (true, Kind::Bake),
                b"image" | b"builder" => {}
                b"buildx" => kind = Kind::Buildx,
                b"compose" => kind = Kind::Compose,
                _ if word.starts_with(b"-") => before.extend(options_of(&words, &GLOBAL_WITH_VALUE, &mut at)),
                _ => kind = Kind::Other,
            }
        }
        if !is_build {
            kind = Kind::Other;
        }
        let named = |option: &str| before.iter().rev().find(|(name, _)| name == option)?.1.clone();
        let mut command = Command {
            kind,
            options: at.min(words.len()),
            progress: named("--progress"),
            builder: named("--builder"),
            before,
            file: None,
            operands: Vec::new(),
            contexts: Vec::new(),
            arguments: Vec::new(),
            outputs: Vec::new(),
            platform: None,
            quiet: false,
            network: None,
            pulls: false,
            others: Vec::new(),
            words,
        };
        if kind != Kind::Other {
            command.read_options();
        }
        command
    }

    /// Whether several images are built.
    pub(super) fn is_several(&self) -> bool {
        matches!(self.kind, Kind::Compose | Kind::Bake)
    }

    /// Whether the client is to draw on the terminal itself, so that there is no log to be read.
    pub(super) fn draws(&self) -> bool {
        self.asked_progress().is_some_and(|progress| progress == "tty")
    }

    /// The kind of progress that was asked for.
    pub(super) fn asked_progress(&self) -> Option<OsString> {
        self.progress.clone().or_else(|| std::env::var_os("BUILDKIT_PROGRESS"))
    }

    /// The platform that is asked for; bake looks for it nowhere but in its files.
    pub(super) fn platform(&self) -> Option<OsString> {
        let default = || std::env::var_os("DOCKER_DEFAULT_PLATFORM").filter(|value| !value.is_empty());
        self.platform.clone().or_else(|| default().filter(|_| self.kind != Kind::Bake))
    }

    /// The context of a single build.
    pub(super) fn context(&self) -> Option<&OsString> {
        self.operands.first().filter(|_| !self.is_several())
    }

    /// Whether Dockerfile or context come through standard input.
    pub(super) fn reads_input(&self) -> bool {
        let is_stream = |word: &OsString| word == "-";
        self.context().is_some_and(is_stream) || self.file.iter().any(|(_, file)| is_stream(file))
    }

    fn read_options(&mut self) {
        let mut at = self.options;
        let mut only_words = false;
        while at < self.words.len() {
            let word = self.words[at].as_bytes();
            let first = at;
            at += 1;
            if only_words || !word.starts_with(b"-") || word == b"-" {
                self.operands.push(self.words[first].clone());
            } else if word == b"--" {
                only_words = true;
            } else {
                for (name, value) in options_of(&self.words, &WITH_VALUE, &mut at) {
                    self.take(&name, value, first..at);
                }
            }
        }
    }

    fn take(&mut self, name: &str, value: Option<OsString>, words: std::ops::Range<usize>) {
        match (name, value) {
            ("-f" | "--file", Some(value)) => self.file = Some((words, value)),
            ("--build-context", Some(value)) => {
                let text = value.to_string_lossy();
                self.contexts.extend(text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            ("--build-arg", Some(value)) => {
                let bytes = value.as_bytes();
                let pair = match bytes.iter().position(|&byte| byte == b'=') {
                    Some(at) => Some((OsStr::from_bytes(&bytes[..at]), OsStr::from_bytes(&bytes[at + 1..]).to_owned())),
                    None => std::env::var_os(&value).map(|inherited| (value.as_os_str(), inherited)),
                };
                self.arguments.extend(pair.map(|(name, value)| (name.to_owned(), value)));
            }
            ("-o" | "--output", Some(value)) => self.outputs.push(value.to_string_lossy().into_owned()),
            ("--platform", value) => self.platform = value,
            ("--builder", value) => self.builder = value,
            ("--network", value) => self.network = value,
            ("--pull", value) => self.pulls = value.is_none_or(|value| value == "true"),
            ("--progress", value) => self.progress = value,
            ("-q" | "--quiet", value) => self.quiet = value.is_none_or(|value| value == "true"),
            (name, value) => self.others.push((name.to_owned(), value)),
        }
    }

    /// The words up to the client's own command: what other commands to the same engine begin with.
    pub(super) fn client(&self) -> Vec<OsString> {
        if self.words.first().is_none_or(|word| Path::new(word).file_name() != Some(OsStr::new("docker"))) {
            return vec!["docker".into()];
        }
        let own =
            |word: &OsString| ["build", "b", "image", "builder", "buildx", "compose"].iter().any(|own| word == own);
        let end = self.words.iter().position(own).unwrap_or(1).max(1);
        self.words[..end.min(self.words.len())].to_vec()
    }

    /// The same with the network of its steps cut; the name of another network that was asked for is refused.
    pub(super) fn cut_off(mut self) -> Result<Command, OsString> {
        match self.network.take() {
            Some(network) if network == "none" => self.network = Some(network),
            Some(network) => return Err(network),
            None => {
                self.words.insert(self.options, "--network=none".into());
                return Ok(Command::parse(self.words));
            }
        }
        Ok(self)
    }

    /// The same build of another Dockerfile (and another context), with more options.
    pub(super) fn rewritten(&self, file: &OsStr, context: Option<&OsStr>, more: &[OsString]) -> Vec<OsString> {
        let mut words = self.words[..self.options].to_vec();
        words.extend(["--file".into(), file.to_owned()]);
        words.extend(more.iter().cloned());
        let replaced = self.file.as_ref().map_or(0..0, |(range, _)| range.clone());
        for (at, word) in self.words.iter().enumerate().skip(self.options) {
            match context {
                _ if replaced.contains(&at) => words.extend(beside_file(word).filter(|_| at == replaced.start)),
                Some(context) if word == "-" && self.context() == Some(word) => words.push(context.to_owned()),
                _ => words.push(word.clone()),
            }
        }
        words
    }
}

/// The names of the options that the word before `at` holds, each with its value if it has one: short ones may stand
/// together, and the last of them may have its value right behind it.
fn options_of(words: &[OsString], with_value: &[&str], at: &mut usize) -> Vec<(String, Option<OsString>)> {
    let word = words[*at - 1].as_bytes();
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let takes_value = |name: &str| with_value.contains(&name);
    let mut next = || {
        *at += 1;
        words.get(*at - 1).cloned()
    };
    if word.starts_with(b"--") {
        return vec![match word.iter().position(|&byte| byte == b'=') {
            Some(equals) => (text(&word[..equals]), Some(OsStr::from_bytes(&word[equals + 1..]).to_owned())),
            None if takes_value(&text(word)) => (text(word), next()),
            None => (text(word), None),
        }];
    }
    let letters = &word[1..];
    let mut options = Vec::new();
    for (place, letter) in letters.iter().enumerate() {
        let name = text(&[b'-', *letter]);
        if takes_value(&name) {
            let rest = &letters[place + 1..];
            let rest = rest.strip_prefix(b"=").unwrap_or(rest);
            let value = if rest.is_empty() { next() } else { Some(OsStr::from_bytes(rest).to_owned()) };
            options.push((name, value));
            break;
        }
        options.push((name, None));
    }
    options
}

/// The short options that stand in one word with `-f`, before it.
fn beside_file(word: &OsStr) -> Option<OsString> {
    let letters = word.as_bytes().strip_prefix(b"-").filter(|letters| !letters.starts_with(b"-"))?;
    let end = letters.iter().position(|&letter| letter == b'f').filter(|&end| end > 0)?;
    Some(OsStr::from_bytes(&word.as_bytes()[..=end]).to_owned())
}

#[cfg(test)]
mod tests;

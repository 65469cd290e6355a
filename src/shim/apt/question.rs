//! Questions to apt about a run of it, after that run: the same command line, and nothing that changes anything.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::classify::apt::{Missing, Planned};
use crate::event::text;
use crate::supervise::Setting;

/// The run that is asked about.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// The real tool.
    pub(super) program: &'a Path,
    /// Its arguments, `argv[0]` included.
    pub(super) arguments: &'a [OsString],
}

impl Question<'_> {
    /// What apt would fetch if it had no archives, and in `directory`; `None` if it does not say.
    ///
    /// The directory is the run's, since the command line may name files by it, unless what lies there is to be left out
    /// of account.
    pub(super) fn plan(&self, directory: &Path) -> Option<Vec<Planned>> {
        let nothing = ["-qq", "-o", "Dir::Cache::archives=/nonexistent/", "-o", "Acquire::ForceHash=sha256"];
        let answer = self.again(directory, &nothing).output().ok().filter(|answer| answer.status.success())?;
        Some(answer.stdout.split(|byte| *byte == b'\n').filter_map(Planned::parse).collect())
    }

    /// What apt says it was asked for in vain.
    pub(super) fn missing(&self, directory: &Path) -> Vec<String> {
        // It tells of dependencies unless it is silent, and of errors in the language of its user.
        let mut command = self.again(directory, &["-o", "quiet=1"]);
        command.env("LC_ALL", "C").env_remove("LANGUAGE").stderr(Stdio::piped());
        let Ok(answer) = command.output() else { return Vec::new() };
        let mut missing = Missing::default();
        for line in [answer.stdout, answer.stderr].iter().flat_map(|bytes| bytes.split(|byte| *byte == b'\n')) {
            missing.line(text(line).trim_end());
        }
        missing.finish()
    }

    /// The run once more, so that apt only says what it would fetch.
    fn again(&self, directory: &Path, more: &[&str]) -> Command {
        let own = &self.arguments[1..];
        let (options, rest) = own.split_at(own.iter().position(|argument| argument == "--").unwrap_or(own.len()));
        let options = options.iter().filter(|argument| *argument != "--no-download");
        // The last word counts, and after `--` there are no options.
        let mut command = quiet(self.program);
        command.current_dir(directory).args(options).arg("--print-uris").args(more).args(rest);
        command
    }

    /// A directory of the configuration, as this command line changes it.
    pub(super) fn directory(&self, item: &str) -> PathBuf {
        let mut command = self.configuration();
        command.args(["shell", "DIRECTORY", &format!("{item}/d")]);
        let lines = lines(command);
        let path = lines.first().and_then(|line| line.strip_prefix(b"DIRECTORY='")?.strip_suffix(b"'"));
        let default = if item.ends_with("archives") { "/var/cache/apt/archives" } else { "/var/lib/apt/lists" };
        path.map_or_else(|| default.into(), |path| PathBuf::from(OsString::from(text(path))))
    }

    /// What of ours apt's configuration has in force, given the variables that the run had.
    pub(super) fn in_force(&self, settings: &[Setting]) -> InForce {
        let mut command = self.configuration();
        let given = settings.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        command.envs(given).args(["dump", "--format", "%F=%v%n"]);
        let us = super::memory::of_ours("exe").into_os_string().into_vec();
        let lines = lines(command);
        let values = |key: &str| {
            let key = format!("{}=", key.to_ascii_lowercase());
            lines.iter().filter_map(move |line| {
                let (start, value) = line.split_at_checked(key.len())?;
                start.eq_ignore_ascii_case(key.as_bytes()).then_some(value)
            })
        };
        let method = |scheme: &str| values(&format!("Dir::Bin::Methods::{scheme}")).next_back() == Some(&us);
        InForce {
            methods: method("http") && method("https"),
            hook: values("DPkg::Pre-Install-Pkgs::").any(|value| value.starts_with(&us)),
        }
    }

    /// Whether packages can come from this machine into the archives.
    pub(super) fn has_local_repositories(&self) -> bool {
        let mut command = quiet(&self.program.with_file_name("apt-get"));
        command.args(self.changes()).args(["indextargets", "--format", "$(SITE)"]);
        lines(command)
            .iter()
            .any(|site| site.starts_with(b"copy:") || site.starts_with(b"cdrom:") || site.starts_with(b"mirror"))
    }

    fn configuration(&self) -> Command {
        let mut command = quiet(&self.program.with_file_name("apt-config"));
        command.args(self.changes());
        command
    }

    /// The options by which the command line changes the configuration.
    fn changes(&self) -> Vec<OsString> {
        let mut options = Vec::new();
        let mut arguments = self.arguments.iter().skip(1);
        while let Some(argument) = arguments.next() {
            let bytes = argument.as_bytes();
            if [&b"-c"[..], b"-o", b"--config-file", b"--option"].contains(&bytes) {
                options.push(argument.clone());
                options.extend(arguments.next().cloned());
            } else if [&b"-c"[..], b"-o", b"--config-file=", b"--option="].iter().any(|start| bytes.starts_with(start))
            {
                options.push(argument.clone());
            }
        }
        options
    }
}

/// What apt's configuration makes of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InForce {
    /// Our binary is started as the methods of the network.
    pub(super) methods: bool,
    /// Our binary is started as a hook before dpkg.
    pub(super) hook: bool,
}

fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn lines(mut command: Command) -> Vec<Vec<u8>> {
    let answer = command.output().map(|output| output.stdout).unwrap_or_default();
    answer.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

//! One run of pip: this executable under pip's name, so that the shim records it into the session.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, bail};

use crate::cli::run::session::Session;
use crate::cli::shims;
use crate::shim::{FileId, look_up};
use crate::supervise::Setting;

/// How pip is called.
pub(super) struct Pip {
    wheelhouse: PathBuf,
    executable: PathBuf,
    name: &'static str,
    arguments: Vec<OsString>,
    more: Vec<OsString>,
    environment: Vec<Setting>,
}

/// A run that has ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// Both streams, in the order in which pip wrote.
    pub(super) lines: Vec<Vec<u8>>,
}

impl Pip {
    /// pip for this wheelhouse, with the variables that lead its shim to the session.
    pub(super) fn new(
        wheelhouse: &Path,
        builds: bool,
        more: &[OsString],
        session: Option<&Session>,
    ) -> anyhow::Result<Self> {
        let executable = shims::executable()?;
        let ourselves: Vec<FileId> = FileId::of(&executable).into_iter().collect();
        let path = std::env::var_os("PATH");
        let is_there = |name: &&str| !look_up(OsStr::new(name), path.as_deref(), &ourselves).programs.is_empty();
        let Some(name) = ["pip", "pip3"].into_iter().find(is_there) else {
            bail!("cannot fill a wheelhouse: there is no pip on PATH");
        };
        let verb: [OsString; 2] =
            if builds { ["wheel".into(), "--wheel-dir".into()] } else { ["download".into(), "--dest".into()] };
        Ok(Pip {
            wheelhouse: wheelhouse.to_owned(),
            executable,
            name,
            arguments: verb.into_iter().chain([wheelhouse.as_os_str().to_owned()]).collect(),
            more: more.to_vec(),
            environment: session.map(Session::environment).unwrap_or_default(),
        })
    }

    /// The directory that it fills.
    pub(super) fn wheelhouse(&self) -> &Path {
        &self.wheelhouse
    }

    /// The arguments of a run, pip's name first.
    pub(super) fn line(&self, wanted: &[OsString]) -> Vec<OsString> {
        let name = [OsString::from(self.name)];
        name.into_iter().chain(self.arguments.iter().chain(wanted).chain(&self.more).cloned()).collect()
    }

    /// Runs it; `hear` gets each line as it comes.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn run(&self, wanted: &[OsString], mut hear: impl FnMut(&[u8])) -> anyhow::Result<Ended> {
        let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
        let line = self.line(wanted);
        let mut command = Command::new(&self.executable);
        command.arg0(self.name).args(&line[1..]).stdin(Stdio::null());
        command.stdout(writer.try_clone().context("cannot make a pipe")?).stderr(writer);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command.spawn().context("cannot start pip")?;
        // The command holds our ends of the pipe: while they are open there is no end of file.
        drop(command);
        let mut lines = Vec::new();
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = Vec::new();
            // A pipe that breaks is a pipe that has ended.
            if reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
                break;
            }
            while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                line.pop();
            }
            hear(&line);
            lines.push(line);
        }
        Ok(Ended { status: child.wait().context("cannot wait for pip")?, lines })
    }
}

//! One run of the console in a directory of its own, with nothing of this machine's environment but what a test gives.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A place to run the console in; gone when dropped.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Place { directory: tempfile::Builder::new().prefix("wheeltap-console-").tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A path inside.
    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file, its directories first.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes an executable shell script.
    pub(crate) fn script(&self, name: &str, body: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.write(name, format!("#!/bin/sh\n{body}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The stamps of the sessions in the log directory.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.join("logs/build")).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        let stamp = |name: String| Some(name.strip_prefix("events_")?.strip_suffix(".jsonl")?.to_owned());
        let mut stamps: Vec<_> = names.filter_map(stamp).collect();
        stamps.sort();
        stamps
    }

    /// Any program, started in this place with a bare environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/bin:/bin").env("HOME", self.path()).env("LC_ALL", "C.UTF-8");
        command
    }

    /// The console with these arguments.
    pub(crate) fn wheeltap<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Command {
        let mut command = self.command(wheeltap());
        command.args(arguments);
        command
    }

    /// Runs the console with arguments that hold no blanks.
    pub(crate) fn says(&self, line: &str) -> Said {
        self.of(&mut self.wheeltap(line.split_whitespace()))
    }

    /// Runs a command to its end.
    pub(crate) fn of(&self, command: &mut Command) -> Said {
        Said::new(command.output().unwrap(), self.path())
    }
}

/// The console's executable.
pub(crate) fn wheeltap() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_wheeltap"))
}

/// What a run printed and how it ended, with the place as `[PLACE]` and the executable as `[WHEELTAP]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    fn new(output: Output, place: &Path) -> Self {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("the console prints UTF-8");
            let text =
                text.replace(place.to_str().unwrap(), "[PLACE]").replace(wheeltap().to_str().unwrap(), "[WHEELTAP]");
            text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
        };
        Said { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// The text with `[STAMP]` for each stamp of a session.
fn without_stamps(text: &str) -> String {
    let is_stamp = |word: &str| {
        let shape = word.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
        shape.eq(*b"00000000_000000")
    };
    let mut rest = text;
    let mut clean = String::new();
    while let Some(first) = rest.chars().next() {
        let (piece, next) = match rest.get(..15).filter(|word| is_stamp(word)) {
            Some(_) => ("[STAMP]", 15),
            None => (&rest[..first.len_utf8()], first.len_utf8()),
        };
        clean.push_str(piece);
        rest = &rest[next..];
    }
    clean
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = self.status.map_or("a signal".to_owned(), |status| status.to_string());
        let (stdout, stderr) = (without_stamps(&self.stdout), without_stamps(&self.stderr));
        write!(f, "status: {status}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }
}

//! A place to run a tool in, bare or through a shim.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::tool;

/// Nothing in these tests takes so long; what does is stuck.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The way to the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As if wheeltap did not exist.
    Bare,
    /// Through the product, told by `WHEELTAP_DISABLE` to be a plain exec.
    Exec,
    /// Through the product, recorded as pip is.
    Recorded,
    /// As a supervised child that inherits its streams.
    Inherited,
    /// As a supervised child whose output is listened to.
    Interposed,
}

/// All ways but the bare one.
pub(crate) const SHIMMED: [Way; 4] = [Way::Exec, Way::Recorded, Way::Inherited, Way::Interposed];

/// All ways.
pub(crate) const ALL: [Way; 5] = [Way::Bare, Way::Exec, Way::Recorded, Way::Inherited, Way::Interposed];

impl Way {
    /// Whether the tool is a child of the shim.
    pub(crate) fn is_supervised(self) -> bool {
        matches!(self, Way::Recorded | Way::Inherited | Way::Interposed)
    }

    /// Whether the shim reads what the tool writes where that is no terminal.
    pub(crate) fn listens(self) -> bool {
        matches!(self, Way::Recorded | Way::Interposed)
    }
}

/// A directory that looks the same to each run; gone when dropped.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

/// How a run ended and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// As `wait` says it: the exit status times 256, or the signal.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// With `real/`, where the tool stands as pip and apt-get; `product/` and `test/`, where the shims stand under the
    /// same names; and `work/`, where commands run.
    pub(crate) fn new() -> Place {
        let place = Place { directory: tempfile::Builder::new().prefix("wheeltap-").tempdir().unwrap() };
        // Nobody has a pip3.99, wherever these tests run.
        for name in ["pip", "pip3", "pip3.99", "apt-get"] {
            if name != "pip3.99" {
                place.link(&tool::path(), &format!("real/{name}"));
            }
            place.link(product(), &format!("product/{name}"));
            place.link(test_shim(), &format!("test/{name}"));
        }
        fs::create_dir(place.path("work")).unwrap();
        place
    }

    /// A path below the place.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A path below the place, as text.
    pub(crate) fn text(&self, name: impl AsRef<Path>) -> String {
        self.path(name).into_os_string().into_string().unwrap()
    }

    /// Makes a symbolic link, and the directories that lead to it.
    pub(crate) fn link(&self, target: &Path, name: &str) {
        let link = self.path(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(target, link).unwrap();
    }

    /// Writes an executable script of `/bin/sh`, or of another interpreter if it begins with `#!`.
    pub(crate) fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let start = if body.starts_with("#!") { "" } else { "#!/bin/sh\n" };
        fs::write(&path, format!("{start}{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The directories that come first on `PATH`: none if bare.
    pub(crate) fn shims(&self, way: Way) -> String {
        match way {
            Way::Bare => String::new(),
            Way::Exec | Way::Recorded => self.text("product") + ":",
            Way::Inherited | Way::Interposed => self.text("test") + ":",
        }
    }

    /// A command, found on the `PATH` that it is given.
    pub(crate) fn command(&self, way: Way, argv: &[impl AsRef<OsStr>]) -> Command {
        self.command_on(way, &format!("{}{}", self.shims(way), self.text("real")), argv)
    }

    /// The same with a `PATH` of the test's choice, before the system's own.
    pub(crate) fn command_on(&self, way: Way, path: &str, argv: &[impl AsRef<OsStr>]) -> Command {
        // `env` looks on the PATH that it sets; Command would look on ours.
        let mut command = Command::new("/usr/bin/env");
        command.arg("-i").arg(format!("PATH={path}:/usr/bin:/bin")).args(["LANG=C.UTF-8", "HOME=/nonexistent"]);
        match way {
            Way::Bare => {}
            Way::Exec => {
                command.arg("WHEELTAP_DISABLE=1");
            }
            Way::Recorded => {
                command.arg(format!("WHEELTAP_LOG_DIR={}", self.text("logs")));
            }
            Way::Inherited => {
                command.arg("SHIM=inherit");
            }
            Way::Interposed => {
                command.arg("SHIM=interpose");
            }
        }
        command.args(argv).current_dir(self.path("work")).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, its output on two pipes.
    pub(crate) fn run(&self, way: Way, argv: &[impl AsRef<OsStr>]) -> Ended {
        run(self.command(way, argv))
    }

    /// Runs a line of `sh` to its end.
    pub(crate) fn sh(&self, way: Way, line: &str) -> Ended {
        self.run(way, &["sh", "-c", line])
    }

    /// Runs a line of `sh` in every way and compares with the bare run, which is returned.
    #[track_caller]
    pub(crate) fn same(&self, line: &str) -> Ended {
        let bare = self.sh(Way::Bare, line);
        for way in SHIMMED {
            assert_eq!(self.sh(way, line), bare, "{way:?}: {line}");
        }
        bare
    }

    /// Waits until a file is there and returns what is in it.
    #[track_caller]
    pub(crate) fn await_file(&self, name: &str) -> String {
        let path = self.path(name);
        eventually(&format!("there is {name}"), || fs::read_to_string(&path).ok())
    }
}

/// The product's binary.
pub(crate) fn product() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_wheeltap"))
}

/// The shim of these tests, `shim.rs`; cargo does not say where an example is, so cargo is asked to build it.
pub(crate) fn test_shim() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        let release = if cfg!(debug_assertions) { &[][..] } else { &["--release"][..] };
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--locked", "--example", "shim"]).args(release);
        let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(status.success(), "cannot build the shim of the tests");
        product().parent().unwrap().join("examples/shim")
    })
}

/// Runs a command to its end, its output on two pipes unless it goes elsewhere already.
pub(crate) fn run(mut command: Command) -> Ended {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().unwrap())
}

/// Waits for a command's end and takes what it wrote.
pub(crate) fn finish(mut child: Child) -> Ended {
    let stdout = child.stdout.take().map(|from| collect(OwnedFd::from(from)));
    let stderr = child.stderr.take().map(|from| collect(OwnedFd::from(from)));
    let status = wait(&mut child);
    let text = |reader: Option<std::thread::JoinHandle<Vec<u8>>>| {
        reader.map(|reader| String::from_utf8(reader.join().unwrap()).unwrap()).unwrap_or_default()
    };
    Ended { status, stdout: text(stdout), stderr: text(stderr) }
}

/// Waits for a command's end, but not for ever.
#[track_caller]
pub(crate) fn wait(child: &mut Child) -> i32 {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.into_raw();
        }
        if Instant::now() > end {
            let _ = child.kill();
            panic!("{child:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn collect(from: OwnedFd) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let _ = File::from(from).read_to_end(&mut all);
        all
    })
}

/// Asks again and again, up to a deadline.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends a signal.
pub(crate) fn kill(process: i32, signal: i32) {
    let process = rustix::process::Pid::from_raw(process).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::from_named_raw(signal).unwrap()).unwrap();
}

/// Reads exactly this from a stream.
#[track_caller]
pub(crate) fn expect(from: &mut impl Read, text: &str) {
    let mut bytes = vec![0; text.len()];
    from.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), text);
}

/// Lets a tool go on that waits by `await=`.
pub(crate) fn touch(path: &Path) {
    File::create(path).unwrap().flush().unwrap();
}

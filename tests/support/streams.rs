//! Runs a command with its output on two pipes, on one, or on a terminal, and never waits for ever.

use std::fs::File;
use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// No command of a test takes so long.
const DEADLINE: Duration = Duration::from_secs(120);

/// Where the output goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Streams {
    /// Two pipes.
    #[default]
    Apart,
    /// One pipe, as `2>&1`.
    Together,
    /// A terminal of 80 columns for all three streams.
    Terminal,
}

/// How a command ended and what it wrote.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// Its status.
    pub(crate) status: ExitStatus,
    /// What it wrote to stdout, or to both, or to the terminal.
    pub(crate) stdout: Vec<u8>,
    /// What it wrote to stderr where that goes its own way.
    pub(crate) stderr: Vec<u8>,
}

/// Runs `command`; stdin is empty unless it is a terminal.
pub(crate) fn run(mut command: Command, streams: Streams) -> Ended {
    let (stdout, stderr): (File, Option<File>) = match streams {
        Streams::Apart => {
            let (out, write_out) = std::io::pipe().unwrap();
            let (err, write_err) = std::io::pipe().unwrap();
            command.stdin(Stdio::null()).stdout(write_out).stderr(write_err);
            (std::os::fd::OwnedFd::from(out).into(), Some(std::os::fd::OwnedFd::from(err).into()))
        }
        Streams::Together => {
            let (out, write) = std::io::pipe().unwrap();
            command.stdin(Stdio::null()).stdout(write.try_clone().unwrap()).stderr(write);
            (std::os::fd::OwnedFd::from(out).into(), None)
        }
        Streams::Terminal => {
            let (ours, theirs) = terminal();
            let again = || theirs.try_clone().unwrap();
            command.stdin(again()).stdout(again()).stderr(again());
            (ours, None)
        }
    };
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    // The command holds our copies of the writing ends, which would keep the pipes open.
    let shown = format!("{command:?}");
    drop(command);
    let (done, ended) = mpsc::channel::<()>();
    let pid = Pid::from_child(&child);
    let guard = thread::spawn(move || {
        let late = ended.recv_timeout(DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout);
        if late {
            // A Python told so by `PYTHONFAULTHANDLER` shows where it stands.
            let _ = kill_process(pid, Signal::ABORT);
        }
        late
    });
    let reader = stderr.map(|stderr| thread::spawn(move || drain(stderr)));
    let stdout = drain(stdout);
    let stderr = reader.map(|reader| reader.join().unwrap()).unwrap_or_default();
    let status = child.wait().unwrap();
    drop(done);
    assert!(
        !guard.join().unwrap(),
        "{shown} did not end:\n{}",
        String::from_utf8_lossy(&[&*stdout, &*stderr].concat())
    );
    Ended { status, stdout, stderr }
}

/// The two ends of a new terminal of 80 columns: ours, and the one for a command's streams.
pub(crate) fn terminal() -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let path = ptsname(&ours, Vec::new()).unwrap();
    let theirs = File::options().read(true).write(true).open(path.to_str().unwrap()).unwrap();
    tcsetwinsize(&theirs, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (ours.into(), theirs)
}

/// Everything until the end; a terminal ends with an error when its last user has left.
fn drain(mut from: File) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = from.read_to_end(&mut all);
    all
}

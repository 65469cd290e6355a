//! A terminal with a session of its own on it, and somebody who types and reads.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::harness::eventually;

/// A terminal on which a command runs as the session's leader.
pub(crate) struct Terminal {
    keyboard: File,
    shown: Arc<Mutex<Vec<u8>>>,
    seen: usize,
    pub(crate) child: Child,
}

/// A pair of terminal ends: ours, theirs.
pub(crate) fn pair() -> (File, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let path = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    (File::from(ours), File::options().read(true).write(true).open(path).unwrap())
}

impl Terminal {
    /// Runs a command with its three streams on a terminal.
    pub(crate) fn run(command: &Command) -> Terminal {
        let (ours, theirs) = pair();
        let mut session = Command::new("setsid");
        session.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        if let Some(directory) = command.get_current_dir() {
            session.current_dir(directory);
        }
        let other = || theirs.try_clone().unwrap();
        session.stdin(other()).stdout(other()).stderr(other());
        let child = session.spawn().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let mut screen = ours.try_clone().unwrap();
        let copy = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut piece) {
                copy.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Terminal { keyboard: ours, shown, seen: 0, child }
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the terminal shows a text after what was expected before; returns all from there up to its end.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let from = self.seen;
        let end = eventually_shown(&self.shown, from, text);
        self.seen = end;
        String::from_utf8_lossy(&self.shown.lock().unwrap()[from..end]).into_owned()
    }

    /// All that was shown.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }
}

#[track_caller]
fn eventually_shown(shown: &Mutex<Vec<u8>>, from: usize, text: &str) -> usize {
    let mut last = String::new();
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        eventually(text, || {
            let shown = shown.lock().unwrap();
            let rest = &shown[from..];
            last = String::from_utf8_lossy(rest).into_owned();
            let at = rest.windows(text.len()).position(|window| window == text.as_bytes())?;
            Some(from + at + text.len())
        })
    }));
    found.unwrap_or_else(|_| panic!("{text:?} does not appear in {last:?}"))
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

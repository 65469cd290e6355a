//! The logs of followed pips as they grow.
//!
//! All pips of a session are led to one path. Whatever appears there is opened and its name is taken away at once, while
//! its writer, which holds it open as well, goes on writing: so each process gets a file of its own, lines of pips that
//! run at once do not mix, and nothing that a build printed is left behind. Two that open it in the same instant do
//! share one; that is seen and said. A log that is the user's own keeps its name: it is read from its old length on.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify;

use super::writer::{self, Identity, Writer};
use crate::event::Moment;

/// How much of one log is read at a time.
const CHUNK: usize = 1 << 18;

/// How often an open log is read: rarely enough to cost the build nothing, often enough that a temporary file is still
/// there when its line is read.
const PERIOD: Duration = Duration::from_millis(20);

/// The kernel gives notice of an opened file just before the opener has its descriptor: it is looked for twice.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// One log and who writes it.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    identity: Identity,
    read: u64,
    /// Read, but not yet ended by a newline.
    partial: Vec<u8>,
    /// Every process that was seen to write it, in the order in which they were found.
    pub(crate) writers: Vec<Writer>,
    /// The writers that had it open when it was last looked at.
    pub(crate) writing: Vec<i32>,
    /// When that was.
    pub(crate) looked_at: Option<Moment>,
}

/// Where logs come in.
#[derive(Debug)]
pub(crate) struct Intake {
    path: PathBuf,
    /// Whether names are taken away; not if the path is the user's own.
    pub(crate) takes: bool,
    notices: OwnedFd,
    /// The clock tick at which this process started: whoever started earlier is no pip of the session's.
    since: u64,
    /// How many more looks at who writes the logs are due.
    looks_due: u8,
    /// The logs so far, the oldest first; they stay, so that their place is their name.
    pub(crate) logs: Vec<Log>,
}

impl Intake {
    /// Waits for logs at `path`, whose directory must exist. With `takes`, the directory must hold nothing else.
    ///
    /// # Errors
    /// When the kernel has no notices to give.
    pub(crate) fn open(path: PathBuf, takes: bool) -> io::Result<Self> {
        let notices = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        let wanted = inotify::WatchFlags::CREATE | inotify::WatchFlags::OPEN | inotify::WatchFlags::CLOSE_WRITE;
        inotify::add_watch(&notices, directory, wanted)?;
        let mut intake = Intake { path, takes, notices, since: writer::own_start(), looks_due: 0, logs: Vec::new() };
        if !takes {
            intake.take_up_own_log(true);
        }
        Ok(intake)
    }

    /// What to wait on: readable when something has happened.
    pub(crate) fn notices(&self) -> &OwnedFd {
        &self.notices
    }

    /// Whether a log may have a writer that is yet to be found.
    pub(crate) fn has_looks_due(&self) -> bool {
        self.looks_due > 0
    }

    /// How long to wait for notices before the next look; `None` when only a notice can bring anything.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let period = self.logs.iter().any(|log| !log.writing.is_empty()).then_some(PERIOD);
        if self.looks_due > 0 { Some(LOOK_AGAIN) } else { period }
    }

    /// Takes up what has happened: new logs, and who writes which.
    pub(crate) fn look(&mut self, now: Moment) {
        if self.has_notices() {
            self.looks_due = 2;
        }
        if self.takes {
            self.take_up_next();
        } else if self.logs.is_empty() {
            self.take_up_own_log(false);
        }
        if self.looks_due > 0 {
            self.looks_due -= 1;
            self.find_writers(now);
        }
    }

    /// Whether any notice is about a log. What it says in detail does not matter: all that it may mean is looked at.
    fn has_notices(&self) -> bool {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut notices = inotify::Reader::new(self.notices.as_fd(), &mut buffer);
        let mut any = false;
        while let Ok(notice) = notices.next() {
            let name = notice.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            any |= self.takes || name == self.path.file_name();
        }
        any
    }

    /// Takes up the log that lies at the path, and its name away.
    fn take_up_next(&mut self) {
        if let Ok(file) = File::open(&self.path)
            && std::fs::remove_file(&self.path).is_ok()
        {
            self.take_up(file, 0);
        }
    }

    fn take_up_own_log(&mut self, what_is_there_is_old: bool) {
        if let Ok(file) = File::open(&self.path) {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            self.take_up(file, if what_is_there_is_old { length } else { 0 });
        }
    }

    fn take_up(&mut self, file: File, read: u64) {
        let Ok(metadata) = file.metadata() else { return };
        let identity = (metadata.dev(), metadata.ino());
        self.logs.push(Log {
            file,
            identity,
            read,
            partial: Vec::new(),
            writers: Vec::new(),
            writing: Vec::new(),
            looked_at: None,
        });
    }

    fn find_writers(&mut self, now: Moment) {
        // A log without a name that nobody writes any more cannot be come to again.
        let takes = self.takes;
        let open: Vec<_> = self.logs.iter_mut().filter(|log| !takes || !log.is_over()).collect();
        if open.is_empty() {
            return;
        }
        let identities: Vec<_> = open.iter().map(|log| log.identity).collect();
        let found = writer::writers(&identities, self.since);
        for log in open {
            let of_this: Vec<_> = found.iter().filter(|writer| writer.file == log.identity).collect();
            log.writing = of_this.iter().map(|writer| writer.pid).collect();
            let absent_at = log.looked_at.replace(now);
            for writer in of_this {
                if !log.writers.iter().any(|known| known.is(writer)) {
                    let mut writer = writer.clone();
                    writer.absent_at = absent_at;
                    log.writers.push(writer);
                }
            }
        }
    }
}

impl Log {
    /// Whether all who wrote it have closed it.
    pub(crate) fn is_over(&self) -> bool {
        !self.writers.is_empty() && self.writing.is_empty()
    }

    /// The next whole lines, at most about [`CHUNK`] bytes of them; empty when there are none yet, or the log cannot be
    /// read.
    pub(crate) fn lines(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.partial);
        let kept = bytes.len();
        bytes.resize(kept + CHUNK, 0);
        let count = self.file.read_at(&mut bytes[kept..], self.read).unwrap_or(0);
        self.read += count as u64;
        bytes.truncate(kept + count);
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
        // A line that is longer than a chunk is handed on in pieces rather than kept.
        if whole > 0 || bytes.len() < CHUNK {
            self.partial = bytes.split_off(whole);
        }
        bytes
    }

    /// What is left when nothing more will come.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.partial)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Child, Command, Stdio};
    use std::time::Instant;

    use super::*;

    fn now() -> Moment {
        Moment::from_microseconds(jiff::Timestamp::now().as_microsecond())
    }

    /// A process that opens the log as pip does, writes a line, and goes on when told.
    fn pip(directory: &Path, word: &str) -> Child {
        let script = "exec 9>>pip.log; echo one $0 >&9; echo; read go; echo two $0 >&9";
        let mut child = Command::new("sh")
            .args(["-c", script, word])
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        child
    }

    fn go_on(mut child: Child) {
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        child.wait().unwrap();
    }

    fn read(log: &mut Log) -> String {
        String::from_utf8(log.lines()).unwrap()
    }

    // Contract: run-follow
    #[test]
    fn each_process_gets_a_log_of_its_own() {
        let place = tempfile::tempdir().unwrap();
        let mut intake = Intake::open(place.path().join("pip.log"), true).unwrap();
        let first = pip(place.path(), "a");
        intake.look(now());
        let second = pip(place.path(), "b");
        intake.look(now());
        assert_eq!(intake.logs.len(), 2);
        assert_eq!(intake.logs[0].writing, [first.id() as i32]);
        assert_eq!(intake.logs[1].writers[0].argv.last().unwrap(), "b");
        go_on(second);
        go_on(first);
        assert_eq!(intake.patience(), Some(LOOK_AGAIN));
        intake.look(now());
        assert_eq!(intake.patience(), Some(LOOK_AGAIN));
        intake.look(now());
        assert_eq!(intake.patience(), None);
        assert_eq!(read(&mut intake.logs[0]), "one a\ntwo a\n");
        assert_eq!(read(&mut intake.logs[1]), "one b\ntwo b\n");
        assert!(intake.logs[0].is_over() && intake.logs[1].is_over());
    }

    // Contract: run-follow
    #[test]
    fn a_log_of_the_users_own_stays_where_it_is_and_is_read_from_its_old_length_on() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("pip.log"), "old\n").unwrap();
        let mut intake = Intake::open(place.path().join("pip.log"), false).unwrap();
        go_on(pip(place.path(), "a"));
        intake.look(now());
        assert_eq!(read(&mut intake.logs[0]), "one a\ntwo a\n");
        go_on(pip(place.path(), "b"));
        assert_eq!(read(&mut intake.logs[0]), "one b\ntwo b\n");
        assert_eq!(std::fs::read_to_string(place.path().join("pip.log")).unwrap(), "old\none a\ntwo a\none b\ntwo b\n");
    }

    #[test]
    fn notices_wake_who_waits() {
        let place = tempfile::tempdir().unwrap();
        let intake = Intake::open(place.path().join("pip.log"), true).unwrap();
        let wait = |timeout: Duration| {
            let mut descriptor = [rustix::event::PollFd::new(intake.notices(), rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut descriptor, Some(&timeout.try_into().unwrap())).unwrap()
        };
        assert_eq!(wait(Duration::ZERO), 0);
        let child = pip(place.path(), "a");
        let before = Instant::now();
        assert_eq!(wait(Duration::from_secs(10)), 1);
        assert!(before.elapsed() < Duration::from_secs(5));
        go_on(child);
    }

    #[test]
    fn half_a_line_waits_for_its_end() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pip.log");
        let mut file = File::options().create(true).append(true).open(&path).unwrap();
        let mut intake = Intake::open(path, false).unwrap();
        let log = &mut intake.logs[0];
        file.write_all(b"whole\nha").unwrap();
        assert_eq!(read(log), "whole\n");
        assert_eq!(read(log), "");
        file.write_all(b"lf\nlast").unwrap();
        assert_eq!(read(log), "half\n");
        assert_eq!(log.rest(), b"last");
        file.write_all(&vec![b'x'; 3 * CHUNK]).unwrap();
        let mut length = 0;
        for _ in 0..8 {
            length += read(log).len();
            assert!(log.partial.len() < CHUNK);
        }
        assert_eq!(length + log.rest().len(), 3 * CHUNK);
    }
}

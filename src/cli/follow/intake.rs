//! The logs of followed pips as they grow.
//!
//! All pips of a session are led to one path. Whatever appears there is opened and its name is taken away at once, while
//! its writer, which holds it open as well, goes on writing: so each process gets a file of its own, lines of pips that
//! run at once do not mix, and nothing that a build printed is left behind. Two that open it in the same instant do
//! share one; that is seen and said. A log that is the user's own keeps its name: it is read from its old length on, and
//! so is, from its beginning, whatever takes its place.
//!
//! Refuses to ask the kernel for notices: to give back an inotify descriptor takes some 17 milliseconds, in which a
//! short command would have ended many times over. To ask for a path takes a few microseconds.

use std::path::PathBuf;
use std::time::Duration;

use super::writer::{self, Writer};
use crate::event::Moment;
use crate::shim::pip::Tail;

/// How much of one log is read at a time.
const CHUNK: usize = 1 << 18;

/// One log and who writes it.
#[derive(Debug)]
pub(crate) struct Log {
    tail: Tail,
    /// Read, but not yet ended by a newline.
    partial: Vec<u8>,
    /// Every process that was seen to write it, in the order in which they were found.
    pub(crate) writers: Vec<Writer>,
    /// The writers that had it open when it was last looked at.
    pub(crate) writing: Vec<i32>,
    /// When that was.
    pub(crate) looked_at: Option<Moment>,
    /// How often that was.
    looks: u32,
    /// How long it was then, whereafter new writers were looked for.
    length: u64,
    /// When all processes were last looked through for its writers, and how long it was before.
    searched_at: Option<Moment>,
    searched: u64,
}

/// Where logs come in.
#[derive(Debug)]
pub(crate) struct Intake {
    path: PathBuf,
    /// Whether names are taken away; not if the path is the user's own.
    pub(crate) takes: bool,
    /// The clock tick at which this process started: whoever started earlier is no pip of the session's.
    since: u64,
    /// Whether a log was cut short while it was read: what was written last before that may be missing.
    pub(crate) was_cut: bool,
    /// The logs so far, the oldest first; they stay, so that their place is their name.
    pub(crate) logs: Vec<Log>,
}

impl Intake {
    /// Waits for logs at `path`. With `takes`, nothing else may come to lie there.
    pub(crate) fn open(path: PathBuf, takes: bool) -> Self {
        let old = if takes { None } else { Tail::from_end(&path) };
        let logs = old.into_iter().map(Log::new).collect();
        Intake { path, takes, since: writer::own_start(), was_cut: false, logs }
    }

    /// How long a log may lie at the path before it is taken up; two pips that open it meanwhile share it.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(if self.takes { 8 } else { 20 })
    }

    /// Takes up the logs that have come, and their names away; whether there were any.
    pub(crate) fn take_up(&mut self) -> bool {
        let before = self.logs.len();
        // Where names stay, the second look finds what the first has found.
        while let Some(tail) = Tail::fresh(&self.path, self.logs.iter().map(|log| &log.tail))
            && (!self.takes || std::fs::remove_file(&self.path).is_ok())
        {
            self.logs.push(Log::new(tail));
        }
        self.logs.len() > before
    }

    /// Finds out what the logs have come to: who writes which, and how long each is.
    ///
    /// In this order: who has gone is gone before a log is measured, so that nothing of theirs lies beyond; new writers
    /// are looked for after that, so that whoever wrote what lies within and still has the log open is found.
    pub(crate) fn look(&mut self, now: Moment) {
        self.take_up();
        // A log without a name that nobody writes any more cannot be come to again.
        let (takes, named) = (self.takes, self.logs.len().checked_sub(1).filter(|_| !self.takes));
        let logs = self.logs.iter_mut().enumerate();
        let mut open: Vec<_> =
            logs.filter(|(at, log)| Some(*at) == named || !log.is_over()).map(|(_, log)| log).collect();
        for log in &mut open {
            self.was_cut |= log.was_cut();
        }
        let wanted: Vec<&mut Log> = open.into_iter().filter_map(|log| log.look(now, takes).then_some(log)).collect();
        if wanted.is_empty() {
            return;
        }
        let identities: Vec<_> = wanted.iter().map(|log| log.tail.identity()).collect();
        let found = writer::writers(&identities, self.since);
        for log in wanted {
            log.meet(&found, now);
        }
    }
}

impl Log {
    fn new(tail: Tail) -> Log {
        let length = tail.read_to();
        Log {
            tail,
            partial: Vec::new(),
            writers: Vec::new(),
            writing: Vec::new(),
            looked_at: None,
            looks: 0,
            length,
            searched_at: None,
            searched: length,
        }
    }

    /// Whether it was cut short since it was read last; then it is read from its beginning.
    fn was_cut(&mut self) -> bool {
        let was_cut = self.tail.was_cut();
        if was_cut {
            (self.length, self.searched) = (0, 0);
            // The rest of a line that had begun is lost.
            self.partial.clear();
        }
        was_cut
    }

    /// Sees which known writers have gone and how long the log is; whether unknown ones are to be looked for.
    fn look(&mut self, now: Moment, is_taken: bool) -> bool {
        let known = self.writing.len();
        let (identity, writers) = (self.tail.identity(), &self.writers);
        let still = |pid: i32| writers.iter().any(|writer| writer.pid == pid && writer.still_writes(identity));
        self.writing.retain(|&pid| still(pid));
        self.length = self.tail.length().map_or(self.length, |length| length.max(self.length));
        self.looked_at = Some(now);
        let look = self.looks;
        self.looks = look.saturating_add(1);
        let has_grown = self.length > self.searched;
        // Whoever opened a log in the instant in which its name was taken away has it open soon after, but at no certain
        // time: it is looked for ever more rarely.
        let is_time = look == 0 || look.is_power_of_two() && look.trailing_zeros().is_multiple_of(2);
        let is_expected = if is_taken { is_time || has_grown && self.writers.is_empty() } else { has_grown };
        is_expected || self.writing.len() < known
    }

    /// All processes were looked through: these have logs open.
    fn meet(&mut self, found: &[Writer], now: Moment) {
        let absent_at = self.searched_at.replace(now);
        self.searched = self.length;
        for writer in found.iter().filter(|writer| writer.file == self.tail.identity()) {
            if !self.writing.contains(&writer.pid) {
                self.writing.push(writer.pid);
            }
            if !self.writers.iter().any(|known| known.is(writer)) {
                let mut writer = writer.clone();
                writer.absent_at = absent_at;
                self.writers.push(writer);
            }
        }
    }

    /// Whether all who wrote it have closed it.
    pub(crate) fn is_over(&self) -> bool {
        !self.writers.is_empty() && self.writing.is_empty()
    }

    /// Whether it was written by somebody who closed it before he could be found.
    pub(crate) fn is_orphan(&self) -> bool {
        self.writers.is_empty() && self.searched > 0
    }

    /// The next whole lines of what there was at the last look, at most about [`CHUNK`] bytes of them; empty when there
    /// are none yet, or the log cannot be read.
    pub(crate) fn lines(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.partial);
        let due = usize::try_from(self.length.saturating_sub(self.tail.read_to())).unwrap_or(CHUNK).min(CHUNK);
        self.tail.read(&mut bytes, due);
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
    use std::fs::File;
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn now() -> Moment {
        Moment::from_microseconds(jiff::Timestamp::now().as_microsecond())
    }

    /// A process that opens the log as pip does, writes a line, and goes on when told.
    fn pip(directory: &Path, word: &str) -> Child {
        run(directory, "exec 9>>pip.log; echo one $0 >&9; echo; read go; echo two $0 >&9", word)
    }

    /// A script that says when it is ready to be told.
    fn run(directory: &Path, script: &str, word: &str) -> Child {
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
        let mut intake = Intake::open(place.path().join("pip.log"), true);
        let first = pip(place.path(), "a");
        intake.look(now());
        let second = pip(place.path(), "b");
        intake.look(now());
        assert_eq!(intake.logs.len(), 2);
        assert_eq!(intake.logs[0].writing, [first.id() as i32]);
        assert_eq!(intake.logs[1].writers[0].argv.last().unwrap(), "b");
        go_on(second);
        go_on(first);
        intake.look(now());
        assert_eq!(read(&mut intake.logs[0]), "one a\ntwo a\n");
        assert_eq!(read(&mut intake.logs[1]), "one b\ntwo b\n");
        assert!(intake.logs[0].is_over() && intake.logs[1].is_over());
    }

    // Contract: run-follow
    #[test]
    fn a_log_of_the_users_own_stays_where_it_is_and_is_read_from_its_old_length_on() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("pip.log"), "old\n").unwrap();
        let mut intake = Intake::open(place.path().join("pip.log"), false);
        go_on(pip(place.path(), "a"));
        intake.look(now());
        assert_eq!(read(&mut intake.logs[0]), "one a\ntwo a\n");
        go_on(pip(place.path(), "b"));
        intake.look(now());
        assert_eq!(read(&mut intake.logs[0]), "one b\ntwo b\n");
        assert_eq!(std::fs::read_to_string(place.path().join("pip.log")).unwrap(), "old\none a\ntwo a\none b\ntwo b\n");
    }

    /// A process that opens the first log although its name is gone: it was held up between its name and its descriptor.
    fn latecomer(directory: &Path, intake: &Intake) -> Child {
        let log = format!("/proc/{}/fd/{}", std::process::id(), intake.logs[0].tail.file().as_raw_fd());
        run(directory, &format!("exec 9>>{log}; echo one $0 >&9; echo; read go"), "late")
    }

    // Contract: run-follow
    #[test]
    fn whoever_is_late_to_open_a_log_is_found_as_long_as_he_has_not_closed_it() {
        let place = tempfile::tempdir().unwrap();
        let mut intake = Intake::open(place.path().join("pip.log"), true);
        std::fs::write(place.path().join("pip.log"), "").unwrap();
        for _ in 0..3 {
            intake.look(now());
        }
        assert!(!intake.logs[0].is_orphan());
        let late = latecomer(place.path(), &intake);
        intake.look(now());
        assert_eq!(intake.logs[0].writers[0].argv.last().unwrap(), "late");
        go_on(late);
        std::fs::write(place.path().join("pip.log"), "one\n").unwrap();
        intake.look(now());
        assert!(intake.logs[1].is_orphan());
    }

    // Contract: run-follow
    #[test]
    fn one_who_comes_second_to_a_log_is_found_when_the_first_has_gone() {
        let place = tempfile::tempdir().unwrap();
        let mut intake = Intake::open(place.path().join("pip.log"), true);
        let first = pip(place.path(), "a");
        for _ in 0..2 {
            intake.look(now());
        }
        let second = latecomer(place.path(), &intake);
        intake.look(now());
        assert_eq!(intake.logs[0].writers.len(), 1);
        go_on(first);
        intake.look(now());
        assert_eq!(intake.logs[0].writing, [second.id() as i32]);
        go_on(second);
    }

    #[test]
    fn half_a_line_waits_for_its_end() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pip.log");
        let mut file = File::options().create(true).append(true).open(&path).unwrap();
        let mut intake = Intake::open(path, false);
        let mut written = |bytes: &[u8]| {
            file.write_all(bytes).unwrap();
            intake.look(now());
            read(&mut intake.logs[0])
        };
        assert_eq!(written(b"whole\nha"), "whole\n");
        assert_eq!(written(b""), "");
        assert_eq!(written(b"lf\nlast"), "half\n");
        assert_eq!(intake.logs[0].rest(), b"last");
        file.write_all(&vec![b'x'; 3 * CHUNK]).unwrap();
        intake.look(now());
        let log = &mut intake.logs[0];
        let mut length = 0;
        for _ in 0..8 {
            length += read(log).len();
            assert!(log.partial.len() < CHUNK);
        }
        assert_eq!(length + log.rest().len(), 3 * CHUNK);
    }
}

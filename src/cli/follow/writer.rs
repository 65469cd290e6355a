//! The processes that write to a log, found through `/proc`.
//!
//! pip opens its log before it works and holds it until it ends, so whoever holds the file open for writing is a pip;
//! its command line, directory and environment are what a shim would have been told. Refuses to touch a process: what
//! may not be read of it stays unknown.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::time::{ClockId, clock_gettime};

use crate::event::Moment;
use crate::shim::{FileId, Tool};

/// A file, whatever its name is by now: device and inode.
pub(crate) type Identity = (u64, u64);

/// A process that has a log open for writing.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    /// Its number, and since numbers are used again, the clock ticks at which it started.
    pub(crate) pid: i32,
    started: u64,
    /// Its ancestors, the nearest first.
    pub(crate) ancestors: Vec<i32>,
    /// Its command line.
    pub(crate) argv: Vec<OsString>,
    /// Its working directory.
    pub(crate) directory: Option<PathBuf>,
    /// Its environment as it was started with.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The number of the user that it runs as.
    pub(crate) user: Option<u32>,
    /// When it started, to the hundredth of a second.
    pub(crate) started_at: Option<Moment>,
    /// When all processes were last looked through without finding it.
    pub(crate) absent_at: Option<Moment>,
    /// Whether a shim of pip's started it, and records it.
    pub(crate) has_shim: bool,
    /// What it writes to.
    pub(crate) file: Identity,
}

impl Writer {
    /// Whether this is the same process: numbers are used again.
    pub(crate) fn is(&self, other: &Writer) -> bool {
        (self.pid, self.started) == (other.pid, other.started)
    }

    /// Whether it still has the file open for writing.
    pub(crate) fn still_writes(&self, file: Identity) -> bool {
        Stat::of(self.pid).is_some_and(|stat| stat.started == self.started) && written_by(self.pid, &[file]).is_some()
    }

    /// The value of a variable of its environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }
}

/// The clock tick at which this process started; 0 where that cannot be known.
pub(crate) fn own_start() -> u64 {
    i32::try_from(std::process::id()).ok().and_then(Stat::of).map_or(0, |own| own.started)
}

/// All processes that started not earlier than `since` and have one of these files open for writing.
pub(crate) fn writers(of: &[Identity], since: u64) -> Vec<Writer> {
    let booted = booted();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    // A look at when a process started costs a hundredth of a look at all its files.
    let young = numbers.filter_map(|pid| Some((pid, Stat::of(pid).filter(|stat| stat.started >= since)?)));
    let found = young.filter_map(|(pid, stat)| Some((pid, stat, written_by(pid, of)?)));
    found.map(|(pid, stat, file)| describe(pid, &stat, file, booted)).collect()
}

/// When the machine was started. Both clocks are read at once: on a busy machine much time may pass between two lines.
fn booted() -> Moment {
    let microseconds = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    };
    Moment::from_microseconds(microseconds(ClockId::Realtime) - microseconds(ClockId::Boottime))
}

/// The identity of the file behind a path.
pub(crate) fn identity(path: &Path) -> Option<Identity> {
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Which of these files the process has open for writing.
fn written_by(pid: i32, of: &[Identity]) -> Option<Identity> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    let held = descriptors.filter_map(|entry| Some((entry.file_name(), identity(&entry.path())?)));
    let mut held = held.filter(|(_, file)| of.contains(file));
    held.find(|(descriptor, _)| is_for_writing(pid, descriptor)).map(|(_, file)| file)
}

/// Whether a descriptor was opened for writing (`flags` of `proc_pid_fdinfo(5)`, octal): `tail -f` only reads.
fn is_for_writing(pid: i32, descriptor: &OsStr) -> bool {
    let Ok(information) = fs::read_to_string(Path::new(&format!("/proc/{pid}/fdinfo")).join(descriptor)) else {
        return false;
    };
    let flags = information.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|flags| flags & 0o3 != 0)
}

fn describe(pid: i32, stat: &Stat, file: Identity, booted: Moment) -> Writer {
    let mut ancestors = Vec::new();
    let mut parent = stat.parent;
    while parent > 1 && ancestors.len() < 64 {
        ancestors.push(parent);
        parent = Stat::of(parent).map_or(0, |stat| stat.parent);
    }
    let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    Writer {
        pid,
        started: stat.started,
        has_shim: ancestors.iter().any(|&ancestor| is_shim(ancestor)),
        ancestors,
        argv: strings(&read("cmdline")),
        directory: fs::read_link(format!("/proc/{pid}/cwd")).ok(),
        environment: strings(&read("environ")).into_iter().filter_map(assignment).collect(),
        user: fs::metadata(format!("/proc/{pid}")).ok().map(|process| process.uid()),
        started_at: stat.moment(booted),
        absent_at: None,
        file,
    }
}

/// Whether a process is a shim that records a pip: this executable under the name of a pip or a Python.
fn is_shim(pid: i32) -> bool {
    let executable = |process: &str| FileId::of(Path::new(&format!("/proc/{process}/exe")));
    let is_ours = executable(&pid.to_string()).is_some_and(|theirs| executable("self") == Some(theirs));
    let argv = || strings(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default());
    is_ours && argv().first().is_some_and(|name| matches!(Tool::from_argv0(name), Some(Tool::Pip | Tool::Python)))
}

/// Strings that each end with a NUL.
fn strings(bytes: &[u8]) -> Vec<OsString> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|&byte| byte == 0).map(|string| OsString::from_vec(string.to_vec())).collect()
}

fn assignment(text: OsString) -> Option<(OsString, OsString)> {
    let bytes = text.as_bytes();
    let at = memchr::memchr(b'=', bytes)?;
    let part = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    Some((part(&bytes[..at]), part(&bytes[at + 1..])))
}

/// What `proc_pid_stat(5)` says of a process.
struct Stat {
    parent: i32,
    /// In clock ticks since the machine started.
    started: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Stat> {
        let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
        // The name of the program stands in parentheses and may hold blanks and parentheses itself.
        let behind_name = &text[memchr::memrchr(b')', &text)? + 1..];
        let mut fields = std::str::from_utf8(behind_name).ok()?.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let started = fields.nth(17)?.parse().ok()?;
        Some(Stat { parent, started })
    }

    /// When it started, given when the machine did.
    fn moment(&self, booted: Moment) -> Option<Moment> {
        let ticks = i64::try_from(self.started).ok()?;
        let per_second = i64::try_from(rustix::param::clock_ticks_per_second()).ok()?;
        Some(Moment::from_microseconds(booted.microseconds() + ticks.checked_mul(1_000_000)? / per_second))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn now() -> Moment {
        Moment::from_microseconds(jiff::Timestamp::now().as_microsecond())
    }

    #[test]
    fn finds_who_writes_and_not_who_reads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        std::fs::write(&path, "").unwrap();
        let before = now();
        let start = |redirection: &str| {
            let script = format!("exec {redirection}; echo; read line");
            Command::new("sh")
                .args(["-c", &script, "a b", "(c)"])
                .env_clear()
                .env("PIP_X", "y=z")
                .current_dir(directory.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let (mut writer, mut reader) = (start("9>>log"), start("9<log"));
        for child in [&mut writer, &mut reader] {
            std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        }
        let found = writers(&[identity(&path).unwrap()], own_start());
        for mut child in [writer, reader] {
            child.stdin.take().unwrap().write_all(b"\n").unwrap();
            child.wait().unwrap();
        }
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(found.argv.last().unwrap(), "(c)");
        assert_eq!(found.directory.as_deref(), Some(directory.path().canonicalize().unwrap().as_path()));
        assert_eq!(found.variable("PIP_X"), Some(OsStr::new("y=z")));
        assert_eq!(found.user, Some(rustix::process::geteuid().as_raw()));
        assert_eq!(found.ancestors[0], std::process::id() as i32);
        let age = found.started_at.unwrap().seconds_since(before);
        assert!((-0.02..1.0).contains(&age), "{age}");
        assert!(writers(&[identity(&path).unwrap()], own_start()).is_empty());
    }
}

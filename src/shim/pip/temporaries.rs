//! pip's temporary files, held open from the moment at which they appear.
//!
//! A wheel that pip keeps in no cache lies in a directory `pip-unpack-*` until pip ends, and one that a build needs until
//! the nested pip does, perhaps a few milliseconds later. The kernel tells of such a directory and of each file in it at
//! once (inotify(7)), whether or not pip has said a word yet; a file that is open outlives its name. It is for
//! pips whose cache is off: with one, the bytes are there at the end. Refuses to hold what lies on a file system where
//! that shows: over a network an open file that is removed gets another name, and then the directory around it cannot be
//! removed.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::fs::{Access, OFlags, access};

use super::configuration::Environment;

/// What pip calls the directories into which it downloads.
const UNPACK: &[u8] = b"pip-unpack-";

/// As many files are held open at once, and at most half as many as this process may open; beyond that the digests of
/// further ones are lost, not the run.
const HELD_AT_MOST: usize = 4096;

/// File systems on which an open file cannot be removed without a trace, by the numbers in the kernel's `magic.h`: NFS,
/// FUSE, 9P, CIFS, SMB 2.
const TELLING: [u32; 5] = [0x6969, 0x6573_5546, 0x0102_1997, 0xFF53_4D42, 0xFE53_4D42];

/// The temporary files of one pip and of those that it runs.
#[derive(Debug, Default)]
pub(crate) struct Temporaries {
    watch: Option<Watch>,
    /// Files of which no artifact is known yet.
    held: HashMap<PathBuf, File>,
    /// How many files have been taken hold of.
    count: usize,
}

#[derive(Debug)]
struct Watch {
    inotify: OwnedFd,
    /// The directories that are watched, by the numbers of their watches.
    directories: HashMap<i32, PathBuf>,
    /// In which pip makes its directories.
    base: i32,
}

impl Temporaries {
    /// Watches the directory in which a pip that is started now will make its own; where the kernel lets us not, files
    /// are found by what pip says of them, if they are there still.
    pub(crate) fn of(environment: &impl Environment, directory: &Path) -> Temporaries {
        Temporaries { watch: base(environment, directory).and_then(Watch::new), ..Temporaries::default() }
    }

    /// What can be read when [`Temporaries::look`] has something to see.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.watch.as_ref()?.inotify.as_fd())
    }

    /// Takes hold of what has appeared.
    pub(crate) fn look(&mut self) {
        let Temporaries { watch: Some(watch), held, count } = self else { return };
        for path in watch.read() {
            if !held.contains_key(&path)
                && *count < held_at_most()
                && let Some(file) = hold(&path)
            {
                *count += 1;
                held.insert(path, file);
            }
        }
    }

    /// The file at `path`, which is then the caller's to hold to the end of the run.
    pub(crate) fn take(&mut self, path: &Path) -> Option<File> {
        if let Some(file) = self.held.remove(path) {
            return Some(file);
        }
        let file = hold(path).filter(|_| self.count < held_at_most())?;
        self.count += 1;
        Some(file)
    }
}

fn held_at_most() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(HELD_AT_MOST, |limit| HELD_AT_MOST.min(limit as usize / 2))
}

impl Watch {
    fn new(base: PathBuf) -> Option<Watch> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        let number = inotify::add_watch(&inotify, &base, WatchFlags::CREATE | WatchFlags::ONLYDIR).ok()?;
        Some(Watch { inotify, directories: HashMap::from([(number, base)]), base: number })
    }

    /// Reads what has happened: the paths of files that appeared in pip's directories.
    fn read(&mut self) -> Vec<PathBuf> {
        let Watch { inotify, directories, base } = self;
        let (mut files, mut unpack) = (Vec::new(), Vec::new());
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&*inotify, &mut buffer);
        while let Ok(event) = events.next() {
            if event.events().contains(ReadFlags::IGNORED) {
                directories.remove(&event.wd());
                continue;
            }
            let Some((directory, name)) = directories.get(&event.wd()).zip(event.file_name()) else { continue };
            let path = directory.join(OsStr::from_bytes(name.to_bytes()));
            match event.wd() == *base {
                false => files.push(path),
                true if name.to_bytes().starts_with(UNPACK) => unpack.push(path),
                true => {}
            }
        }
        let flags = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
        for directory in unpack {
            let Ok(number) = inotify::add_watch(&*inotify, &directory, flags) else { continue };
            // What appeared between the directory and the watch.
            files.extend(fs::read_dir(&directory).into_iter().flatten().flatten().map(|entry| entry.path()));
            directories.insert(number, directory);
        }
        files
    }
}

/// Opens a regular file of this user's, without waiting for anybody.
fn hold(path: &Path) -> Option<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let own = metadata.is_file() && metadata.uid() == rustix::process::geteuid().as_raw();
    let kind = rustix::fs::fstatfs(&file).ok()?.f_type as u32;
    (own && !TELLING.contains(&kind)).then_some(file)
}

/// Where Python's `tempfile` makes files: the first of these directories in which it can.
fn base(environment: &impl Environment, directory: &Path) -> Option<PathBuf> {
    let named = ["TMPDIR", "TEMP", "TMP"].into_iter().filter_map(|name| environment.given(name)).map(PathBuf::from);
    let usual = ["/tmp", "/var/tmp", "/usr/tmp", "."].into_iter().map(PathBuf::from);
    let writable = |path: &PathBuf| path.is_dir() && access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    named.chain(usual).map(|path| directory.join(path)).find(writable)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn temporaries(directory: &Path) -> Temporaries {
        Temporaries::of(&Vec::from([("TMPDIR", directory.to_str().unwrap())]), Path::new("/"))
    }

    /// As pip does it: nobody looks before everything is gone again.
    #[test]
    fn holds_a_file_whose_directory_was_seen_being_made() {
        let base = tempfile::tempdir().unwrap();
        let mut temporaries = temporaries(base.path());
        assert!(temporaries.descriptor().is_some());
        let directory = base.path().join("pip-unpack-1");
        let (early, late) = (directory.join("early.whl"), directory.join("late.whl"));
        fs::create_dir(&directory).unwrap();
        fs::write(&early, "early").unwrap();
        temporaries.look();
        fs::write(&late, "late").unwrap();
        temporaries.look();
        fs::remove_dir_all(&directory).unwrap();
        for (path, expected) in [(&early, "early"), (&late, "late")] {
            let mut text = String::new();
            temporaries.take(path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, expected);
            assert!(temporaries.take(path).is_none());
        }
        // A file that is open keeps its directory in being.
        temporaries.look();
        assert_eq!(temporaries.watch.unwrap().directories.len(), 1);
    }

    #[test]
    fn leaves_what_is_not_pip_s() {
        let base = tempfile::tempdir().unwrap();
        let mut temporaries = temporaries(base.path());
        let (other, directory) = (base.path().join("other"), base.path().join("pip-unpack-2"));
        fs::create_dir(&other).unwrap();
        fs::create_dir(&directory).unwrap();
        fs::write(other.join("a.whl"), "").unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, directory.join("fifo"), rustix::fs::Mode::RWXU).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", directory.join("link")).unwrap();
        temporaries.look();
        assert!(temporaries.held.is_empty(), "{:?}", temporaries.held);
    }

    #[test]
    fn finds_the_directory_as_python_does() {
        let found = |variables: &[(&str, &str)]| base(&variables.to_vec(), Path::new("/usr")).unwrap();
        assert_eq!(found(&[]), Path::new("/tmp"));
        assert_eq!(found(&[("TMPDIR", "/nowhere"), ("TMP", "/var")]), Path::new("/var"));
        assert_eq!(found(&[("TMPDIR", "lib"), ("TMP", "/var")]), Path::new("/usr/lib"));
    }
}

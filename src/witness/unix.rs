//! Sockets of files: whether their server is within the build's network namespace; and which memory is shared.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;

/// Whether a socket lies at `path` whose server is in another network namespace than ours. A server within it is cut
/// off together with the build.
pub(super) fn is_served_outside(thread: u32, path: &[u8]) -> bool {
    // Nobody outside the namespace can be reached by a name that is no file.
    if path.first() == Some(&b'@') {
        return false;
    }
    is_there(thread, Path::new(std::ffi::OsStr::from_bytes(path))) && !is_bound_here(path)
}

/// A path as it is told: from the root on, where a thread says it from its working directory on.
pub(super) fn shown(thread: u32, path: &[u8]) -> String {
    let file = Path::new(std::ffi::OsStr::from_bytes(path));
    let directory = fs::read_link(format!("/proc/{thread}/cwd")).ok();
    let whole = directory.filter(|_| path.first() != Some(&b'@')).map(|directory| directory.join(file));
    whole.as_deref().unwrap_or(file).to_string_lossy().into_owned()
}

/// Whether a thread has a file of that name: within its own root, links included.
fn is_there(thread: u32, path: &Path) -> bool {
    if path.is_relative() {
        return Path::new(&format!("/proc/{thread}/cwd")).join(path).symlink_metadata().is_ok();
    }
    let root = format!("/proc/{thread}/root");
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    // One that is closed to us is the same as ours, where nobody has changed it.
    let Ok(opened) = rustix::fs::open(&root, flags, Mode::empty()) else { return path.symlink_metadata().is_ok() };
    match openat2(opened, path, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
        Ok(_) => true,
        Err(Errno::NOENT | Errno::NOTDIR) => false,
        // Before Linux 5.6, or where a container's profile does not know it.
        Err(Errno::NOSYS | Errno::PERM) => {
            Path::new(&root).join(path.strip_prefix("/").unwrap_or(path)).symlink_metadata().is_ok()
        }
        Err(_) => true,
    }
}

fn is_bound_here(path: &[u8]) -> bool {
    let table = fs::read("/proc/thread-self/net/unix").unwrap_or_default();
    table.split(|byte| *byte == b'\n').any(|line| {
        // `address: references protocol flags type state inode path`
        line.ends_with(path) && line.get(line.len() - path.len() - 1) == Some(&b' ')
    })
}

/// Whether memory at `place` is shared with other processes, or cannot be told.
pub(super) fn is_shared_memory(thread: u32, place: u64) -> bool {
    let Ok(maps) = fs::File::open(format!("/proc/{thread}/maps")) else { return true };
    for line in BufReader::new(maps).lines().map_while(Result::ok) {
        let mut words = line.split_whitespace();
        let Some((start, end)) = words.next().and_then(|range| range.split_once('-')) else { continue };
        let within = |start, end| (start..end).contains(&place);
        if let (Ok(start), Ok(end)) = (u64::from_str_radix(start, 16), u64::from_str_radix(end, 16))
            && within(start, end)
        {
            return words.next().is_none_or(|flags| flags.ends_with('s'));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_server_of_this_namespace_is_inside() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let path_bytes = path.as_os_str().as_bytes();
        assert!(!is_served_outside(1, path_bytes), "nothing is there");
        let listener = UnixListener::bind(&path).unwrap();
        assert!(!is_served_outside(1, path_bytes), "we are its server");
        drop(listener);
        assert!(is_served_outside(1, path_bytes), "whoever serves it is not here");
        assert!(!is_served_outside(1, b"@abstract"));
    }

    #[test]
    fn a_path_is_told_from_the_root_on() {
        let thread = std::process::id();
        let here = std::env::current_dir().unwrap().join("run/x.sock");
        assert_eq!(shown(thread, b"run/x.sock"), here.to_str().unwrap());
        assert_eq!((shown(thread, b"/run/x.sock"), shown(thread, b"@x")), ("/run/x.sock".to_owned(), "@x".to_owned()));
    }

    #[test]
    fn tells_shared_memory_from_our_own() {
        let own = 7u64;
        assert!(!is_shared_memory(std::process::id(), (&raw const own) as u64));
        assert!(is_shared_memory(std::process::id(), 8), "nothing is there to tell");
    }
}

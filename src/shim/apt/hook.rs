//! Our binary as a `DPkg::Pre-Install-Pkgs` hook: notes which files dpkg is about to be given, while they are there.
//!
//! Debian's images delete the archives right after dpkg, so size and digest of what was not fetched in this run are taken
//! here; of what was, the method has told them. Prints nothing, and never fails.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256 as Hasher};

use super::memory;
use crate::classify::apt::inspected;
use crate::event::Sha256;
use crate::supervise::End;

/// Reads what apt tells, to its end, and records what there is to know.
pub(super) fn note(record: &Path) -> End {
    let mut told = Vec::new();
    // A part is better than nothing, and there is nobody to tell.
    let _ = std::io::stdin().read_to_end(&mut told);
    let mut text = b"--- hook\n".to_vec();
    let mut in_configuration = false;
    for line in told.split_inclusive(|byte| *byte == b'\n') {
        in_configuration |= line.starts_with(b"VERSION ");
        in_configuration &= line != b"\n";
        let configuration = in_configuration && !line.starts_with(b"VERSION ");
        // The rest of the configuration may hold credentials.
        if !configuration || line.to_ascii_lowercase().starts_with(b"dir::bin::methods::") {
            text.extend_from_slice(line);
        }
    }
    text.extend(inspect(&files(&told), began()));
    if let Ok(mut file) = OpenOptions::new().append(true).open(record) {
        let _ = file.write_all(&text);
    }
    End::Code(0)
}

/// The files that are to be unpacked: the last of nine fields, where it is a path.
fn files(told: &[u8]) -> Vec<PathBuf> {
    let last = |line: &[u8]| {
        let path = line.splitn(9, |byte| *byte == b' ').nth(8).filter(|path| path.starts_with(b"/"))?;
        Some(PathBuf::from(std::ffi::OsStr::from_bytes(path)))
    };
    told.split(|byte| *byte == b'\n').filter_map(last).collect()
}

/// A line for each file, several files at once: apt waits for us.
fn inspect(files: &[PathBuf], began: i64) -> Vec<u8> {
    let (next, lines) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(line) = line(path, began)
                && let Ok(mut lines) = lines.lock()
            {
                lines.extend(line);
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8).min(files.len());
    std::thread::scope(|scope| {
        for _ in 1..workers {
            // Where no thread can be had, the others do its work.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    lines.into_inner().unwrap_or_default()
}

/// When the run began, as far as file times tell: the configuration was made then and never changed.
fn began() -> i64 {
    std::env::var_os(super::configuration::VARIABLE).and_then(|path| changed(Path::new(&path))).unwrap_or(i64::MAX)
}

fn line(path: &Path, began: i64) -> Option<Vec<u8>> {
    let (metadata, changed) = (std::fs::metadata(path).ok()?, changed(path)?);
    let digest = if changed <= began { digest(path) } else { None };
    Some(inspected(metadata.len(), changed, digest, path.as_os_str().as_bytes()))
}

/// When a file's inode was changed last, in microseconds since the epoch.
pub(super) fn changed(path: &Path) -> Option<i64> {
    Some(memory::changed(&std::fs::metadata(path).ok()?))
}

/// The digest of a file's bytes.
pub(super) fn digest(path: &Path) -> Option<Sha256> {
    let mut file = File::open(path).ok()?;
    let mut hasher = Hasher::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Some(Sha256(hasher.finalize().into())),
            Ok(count) => hasher.update(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

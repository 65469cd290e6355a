//! Finding the real tool: the first program of its name on `PATH` that is not us, and is not on its way to us.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::Tool;

/// A file, whatever its names: symbolic and hard links are one, a copy is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file behind a path, symbolic links followed.
    pub(crate) fn of(path: &Path) -> Option<FileId> {
        std::fs::metadata(path).ok().as_ref().map(FileId::of_metadata)
    }

    /// The file of which something else is asked as well.
    pub(crate) fn of_metadata(metadata: &std::fs::Metadata) -> FileId {
        FileId { device: metadata.dev(), inode: metadata.ino() }
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}:{:x}", self.device, self.inode)
    }
}

impl FileId {
    /// What [`Display`](fmt::Display) writes.
    pub(crate) fn parse(text: &str) -> Option<FileId> {
        let (device, inode) = text.split_once(':')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        Some(FileId { device: number(device)?, inode: number(inode)? })
    }
}

/// What `PATH` holds under one name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidates {
    /// The programs, in the order in which a shell would try them.
    pub(crate) programs: Vec<(PathBuf, FileId)>,
    /// The first file of that name that is not executable.
    pub(crate) not_executable: Option<PathBuf>,
}

/// Where a shell looks when `PATH` is not set.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Looks for `name` in the directories of `path`, passing over the files in `ourselves`.
///
/// If we stand on `path` ourselves, the search begins behind us: who called us by name had nothing before.
pub(crate) fn look_up(name: &OsStr, path: Option<&OsStr>, ourselves: &[FileId]) -> Candidates {
    go_on(name, path, ourselves, &[])
}

/// The same for a search that goes on: the files in `passed` are not looked at.
pub(super) fn go_on(name: &OsStr, path: Option<&OsStr>, ourselves: &[FileId], passed: &[FileId]) -> Candidates {
    let mut found = Candidates::default();
    let mut before_us = Candidates::default();
    let mut met = false;
    for directory in path.unwrap_or(OsStr::new(DEFAULT_PATH)).as_bytes().split(|&byte| byte == b':') {
        let file = join(directory, name);
        let Ok(metadata) = std::fs::metadata(&file) else { continue };
        let id = FileId { device: metadata.dev(), inode: metadata.ino() };
        if ourselves.contains(&id) {
            if !met {
                before_us = std::mem::take(&mut found);
            }
            met = true;
        } else if metadata.is_file() && !passed.contains(&id) {
            if access(&file, Access::EXEC_OK).is_err() {
                found.not_executable.get_or_insert(file);
            } else if !found.programs.iter().any(|(_, other)| *other == id) {
                found.programs.push((file, id));
            }
        }
    }
    if found.programs.is_empty() {
        found.programs = before_us.programs;
        found.not_executable = before_us.not_executable.or(found.not_executable);
    }
    found
}

/// `path` without the directories that hold nothing but us, as far as they concern who is called by this name or looks
/// for its interpreter; `None` if there is none.
pub(super) fn without_shims(path: &OsStr, called: &OsStr, ourselves: &[FileId]) -> Option<OsString> {
    let entries = || path.as_bytes().split(|&byte| byte == b':');
    let left: Vec<&[u8]> = entries().filter(|directory| !is_of_shims(directory, called, ourselves)).collect();
    (left.len() < entries().count()).then(|| OsString::from_vec(left.join(&b':')))
}

fn is_of_shims(directory: &[u8], called: &OsStr, ourselves: &[FileId]) -> bool {
    let is_us = |file: &Path| FileId::of(file).is_some_and(|id| ourselves.contains(&id));
    // Every directory of shims has one of these; the others need not be read.
    if ![called, OsStr::new("python3")].iter().any(|name| is_us(&join(directory, name))) {
        return false;
    }
    let is_hidden = |name: &OsStr| name.as_bytes().starts_with(b".");
    std::fs::read_dir(OsStr::from_bytes(directory)).is_ok_and(|mut entries| {
        entries.all(|entry| entry.is_ok_and(|entry| is_hidden(&entry.file_name()) || is_us(&entry.path())))
    })
}

/// Whether a file is the tool itself, not something that goes looking for it: pyenv's shims are scripts of a shell, those
/// of other families links to a program of another name, where pip is a script of Python and apt a program of its name.
pub(super) fn is_tool(tool: Tool, file: &Path) -> bool {
    let mut start = [0; 256];
    let read = std::fs::File::open(file).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let line = start[..read].split(|&byte| byte == b'\n').next().unwrap_or_default();
    match line.strip_prefix(b"#!") {
        Some(interpreter) => tool == Tool::Pip && contains(interpreter, b"py"),
        None => std::fs::canonicalize(file)
            .ok()
            .and_then(|file| file.file_name().map(OsStr::to_owned))
            .is_none_or(|name| tool.programs().iter().any(|part| contains(name.as_bytes(), part.as_bytes()))),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The path that `execvp` makes: an empty entry is the current directory, and nothing is tidied up.
fn join(directory: &[u8], name: &OsStr) -> PathBuf {
    let mut path = directory.to_vec();
    if !directory.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name.as_bytes());
    PathBuf::from(OsString::from_vec(path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn directories_of_shims_alone_are_left_out_of_path() {
        let place = tempfile::tempdir().unwrap();
        let us = place.path().join("us");
        std::fs::write(&us, "").unwrap();
        for (directory, names) in
            [("shims", &["pip", "pip3", "apt-get"][..]), ("pythons", &["python3"]), ("mixed", &["pip"]), ("other", &[])]
        {
            std::fs::create_dir(place.path().join(directory)).unwrap();
            names.iter().for_each(|name| symlink(&us, place.path().join(directory).join(name)).unwrap());
        }
        std::fs::write(place.path().join("shims/.gitignore"), "").unwrap();
        std::fs::write(place.path().join("mixed/tool"), "").unwrap();
        std::fs::write(place.path().join("other/pip"), "").unwrap();
        let ourselves = [FileId::of(&us).unwrap()];
        let without = |path: &str| {
            let path = path.replace('%', place.path().to_str().unwrap());
            let left = without_shims(OsStr::new(&path), OsStr::new("pip"), &ourselves)?;
            Some(left.to_str().unwrap().replace(place.path().to_str().unwrap(), "%"))
        };
        assert_eq!(without("%/shims:%/other::%/pythons/:/bin:%/shims"), Some("%/other::/bin".to_owned()));
        assert_eq!(without("%/mixed:%/other::%/none:/bin:"), None);
        assert_eq!(without("%/shims"), Some(String::new()));
        assert_eq!(without(""), None);
    }
}

//! What is to run, and running it in our own place.

use std::ffi::{CStr, CString, OsStr, OsString, c_char};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::ptr;

use super::{Error, inherited};

/// One variable of a child's environment: `Some` sets it, `None` removes it.
pub type Setting = (OsString, Option<OsString>);

/// A program to run: nothing is searched for, nothing is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file, as it is given to the kernel: a script sees this very path.
    pub path: PathBuf,
    /// The arguments, `argv[0]` included.
    pub arguments: Vec<OsString>,
    /// How its environment differs from ours. The rest is passed on as it is: order, duplicates, malformed entries.
    pub environment: Vec<Setting>,
}

/// Replaces this process by `program`, with everything that the caller handed down as it was.
///
/// Returns only if that fails; then this process is what it was before the call.
pub fn exec(program: &Program) -> Error {
    let source = match Image::new(program) {
        Err(error) => error,
        Ok(image) => {
            inherited::restore();
            let error = image.exec();
            inherited::take_back();
            error
        }
    };
    match program.as_script(&source) {
        Some(script) => exec(&script),
        None => Error::Start { path: program.path.clone(), source },
    }
}

impl Program {
    /// What a shell does with a text file that the kernel refuses for want of a first line `#!`: it is run by `sh`.
    pub(super) fn as_script(&self, refusal: &io::Error) -> Option<Program> {
        if refusal.raw_os_error() != Some(libc::ENOEXEC) || !is_text(&self.path) {
            return None;
        }
        let mut arguments = vec![OsString::from("sh"), self.path.clone().into_os_string()];
        arguments.extend(self.arguments.iter().skip(1).cloned());
        Some(Program { path: PathBuf::from("/bin/sh"), arguments, environment: self.environment.clone() })
    }
}

/// Whether the first line holds no NUL, which is how a shell tells a script from a binary of another machine.
fn is_text(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(128).read_to_end(&mut start));
    read.is_ok() && !start.split(|&byte| byte == b'\n').next().unwrap_or_default().contains(&0)
}

/// A [`Program`] as the kernel takes it, made beforehand so that nothing is allocated between `clone` and `exec`.
pub(super) struct Image {
    path: CString,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    /// Owns what the pointers of `arguments` and `environment` point to, our own environment aside.
    _strings: Vec<CString>,
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

impl Image {
    pub(super) fn new(program: &Program) -> io::Result<Image> {
        let mut strings = Vec::with_capacity(program.arguments.len() + program.environment.len());
        for argument in &program.arguments {
            strings.push(CString::new(argument.as_bytes())?);
        }
        let mut arguments: Vec<*const c_char> = strings.iter().map(|string| string.as_ptr()).collect();
        arguments.push(ptr::null());
        let environment = environment(&program.environment, &mut strings)?;
        let path = CString::new(program.path.as_os_str().as_bytes())?;
        Ok(Image { path, arguments, environment, _strings: strings })
    }

    /// Async-signal-safe; returns if the kernel refuses.
    pub(super) fn exec(&self) -> io::Error {
        // SAFETY: the path and every pointer of both arrays end with a NUL, and both arrays with a null pointer.
        unsafe { libc::execve(self.path.as_ptr(), self.arguments.as_ptr(), self.environment.as_ptr()) };
        io::Error::last_os_error()
    }
}

/// Our environment with `changes`: a changed variable keeps its place, a new one comes last.
fn environment(changes: &[Setting], strings: &mut Vec<CString>) -> io::Result<Vec<*const c_char>> {
    let mut entries = Vec::with_capacity(64);
    let mut placed = vec![false; changes.len()];
    // SAFETY: the array and its strings live as long as the process, and this crate never changes the environment.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            match changes.iter().position(|(name, _)| is_named(CStr::from_ptr(*entry), name)) {
                None => entries.push(*entry),
                Some(index) if !placed[index] => {
                    placed[index] = true;
                    entries.extend(assignment(&changes[index], strings)?);
                }
                Some(_) => {}
            }
            entry = entry.add(1);
        }
    }
    for (change, placed) in changes.iter().zip(placed) {
        if !placed {
            entries.extend(assignment(change, strings)?);
        }
    }
    entries.push(ptr::null());
    Ok(entries)
}

fn is_named(entry: &CStr, name: &OsStr) -> bool {
    entry.to_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'='))
}

fn assignment((name, value): &Setting, strings: &mut Vec<CString>) -> io::Result<Option<*const c_char>> {
    let Some(value) = value else { return Ok(None) };
    let mut entry = name.clone().into_vec();
    entry.push(b'=');
    entry.extend_from_slice(value.as_bytes());
    let entry = CString::new(entry)?;
    // The string's own bytes stay where they are when the vector of strings grows.
    let pointer = entry.as_ptr();
    strings.push(entry);
    Ok(Some(pointer))
}

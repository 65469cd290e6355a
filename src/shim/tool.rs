//! The names under which we masquerade.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// A tool that is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// pip, under any of its names.
    Pip,
    /// A Python interpreter, under any of its names: a pip where it is told `-m pip`, see `super::python`.
    Python,
    /// `apt-get` and `apt`, two faces of one library.
    Apt,
}

impl Tool {
    /// The tool whose name the last component of `argv[0]` is.
    pub fn from_argv0(argv0: &OsStr) -> Option<Tool> {
        match base_name(argv0).as_bytes() {
            b"apt-get" | b"apt" => Some(Tool::Apt),
            name if name.starts_with(b"python") => is_versioned(&name[b"python".len()..]).then_some(Tool::Python),
            name => is_versioned(name.strip_prefix(b"pip")?).then_some(Tool::Pip),
        }
    }

    /// What the names of the files of real programs hold: `platform-python3.6` is a Python.
    pub(super) fn programs(self) -> &'static [&'static str] {
        match self {
            Tool::Pip => &["pip"],
            Tool::Python => &["python", "pypy", "graalpy"],
            Tool::Apt => &["apt"],
        }
    }

    /// The name that stands for the tool in records.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Pip | Tool::Python => "pip",
            Tool::Apt => "apt-get",
        }
    }
}

/// The last component of `argv[0]`: what is looked up on `PATH`.
pub(super) fn base_name(argv0: &OsStr) -> &OsStr {
    OsStr::from_bytes(argv0.as_bytes().rsplit(|&byte| byte == b'/').next().unwrap_or_default())
}

/// Nothing, `3`, `3.12`, or `3.13t` as the free-threaded builds are named.
fn is_versioned(suffix: &[u8]) -> bool {
    let number = suffix.strip_suffix(b"t").filter(|rest| !rest.is_empty()).unwrap_or(suffix);
    number.is_empty()
        || number.split(|&byte| byte == b'.').all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides() {
        for name in ["pip", "pip3", "pip3.12", "pip3.13t", "/opt/wheeltap/shims/pip3", "./pip"] {
            assert_eq!(Tool::from_argv0(OsStr::new(name)), Some(Tool::Pip), "{name}");
        }
        for name in ["python", "/x/python3", "python3.12", "python3.13t"] {
            assert_eq!(Tool::from_argv0(OsStr::new(name)), Some(Tool::Python), "{name}");
        }
        for name in ["apt", "/usr/bin/apt-get"] {
            assert_eq!(Tool::from_argv0(OsStr::new(name)), Some(Tool::Apt), "{name}");
        }
        for name in
            ["", "wheeltap", "pipx", "pip.", "pip3.", "pipt", "python3-config", "pythonw", "apt-cache", "pip/", "PIP"]
        {
            assert_eq!(Tool::from_argv0(OsStr::new(name)), None, "{name}");
        }
    }
}

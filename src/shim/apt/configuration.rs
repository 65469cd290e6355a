//! The configuration that apt is given: `APT_CONFIG` (apt.conf(5)), the file that it reads before all others.
//!
//! A scalar in it is overridden by any other file, so an image that has its own methods keeps them; an entry of a list is
//! added to it. A file that the user gave by the same variable is included, where it can be: apt only warns of one that is
//! no readable regular file, but an `#include` of it would be an error.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The variable.
pub(super) const VARIABLE: &str = "APT_CONFIG";

/// The argument that makes our binary the hook.
pub(super) const HOOK: &str = "apt-pre-install-pkgs";

/// Where apt's methods are, unless it is told otherwise.
const METHODS: &str = "/usr/lib/apt/methods";

/// The setting that moves all paths.
const ROOT: &[u8] = b"RootDir";

/// Where an image's configuration is, unless apt is told otherwise.
const PARTS: &str = "/etc/apt/apt.conf.d";
const MAIN: &str = "/etc/apt/apt.conf";

/// No configuration is longer: what is may be a package that is named beside it.
const LONGEST: u64 = 1 << 16;

/// Methods that work on files which are here already (gpgv(1) and the like): left alone.
const INTERNAL: [&str; 4] = ["gpgv", "sqv", "store", "rred"];

/// The names of the methods that bring files.
pub(super) fn methods() -> Vec<String> {
    let entries = std::fs::read_dir(METHODS).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| !INTERNAL.contains(&name.as_str()) && is_plain(name)).collect();
    names.sort_unstable();
    names
}

/// The text that puts `program` in the place of each of `methods` and makes it a hook, and then includes `other`.
pub(super) fn text(program: &Path, methods: &[String], other: Option<&Path>) -> Vec<u8> {
    let program = program.display();
    let mut text = String::new();
    for method in methods {
        text.push_str(&format!("Dir::Bin::Methods::{method} \"{program}\";\n"));
    }
    // A hook that is missing or fails would make apt fail, and one that does not read would have it write to nobody.
    text.push_str(&format!(
        "DPkg::Pre-Install-Pkgs:: \"{program} {HOOK} 2>/dev/null || cat >/dev/null || true\";\n\
         DPkg::Tools::Options::{program}::Version \"3\";\n"
    ));
    let mut text = text.into_bytes();
    if let Some(other) = other {
        text.extend_from_slice(b"#include \"");
        text.extend_from_slice(other.as_os_str().as_bytes());
        text.extend_from_slice(b"\";\n");
    }
    text
}

/// What the user's own variable asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Nothing.
    None,
    /// This file, by an absolute path.
    File(PathBuf),
    /// Something that cannot be included without apt noticing.
    Unfit,
}

/// Looks at the value of the variable. A relative path means another file to those whom apt starts in another directory,
/// and their complaints are to be the same.
pub(super) fn other(value: Option<&OsStr>) -> Other {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Other::None };
    let path = Path::new(value);
    let quotable = !value.as_bytes().iter().any(|byte| matches!(byte, b'"' | b'\n' | b'\\' | b';'));
    let readable = path.is_absolute() && path.is_file() && File::open(path).is_ok();
    if quotable && readable { Other::File(path.to_owned()) } else { Other::Unfit }
}

/// Whether anything speaks of `RootDir`, which apt puts before every path, that of our binary included: then it would not
/// find its methods.
pub(super) fn moves_the_root(arguments: &[OsString], other: Option<&Path>) -> bool {
    let speaks = |bytes: &[u8]| bytes.windows(ROOT.len()).any(|window| window.eq_ignore_ascii_case(ROOT));
    let parts = std::fs::read_dir(PARTS).into_iter().flatten().flatten().map(|entry| entry.path());
    let value = |argument: &OsString| {
        let bytes = argument.as_bytes();
        let rest = bytes.strip_prefix(b"--config-file=").or_else(|| bytes.strip_prefix(b"-c")).unwrap_or(bytes);
        PathBuf::from(OsStr::from_bytes(rest))
    };
    let is_configuration = |path: &PathBuf| path.metadata().is_ok_and(|file| file.is_file() && file.len() < LONGEST);
    let named = arguments.iter().map(value).filter(is_configuration);
    let mut files = parts.chain(named).chain([PathBuf::from(MAIN)]).chain(other.map(Path::to_owned));
    arguments.iter().any(|argument| speaks(argument.as_bytes()))
        || files.any(|file| std::fs::read(file).is_ok_and(|text| speaks(&text)))
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::{Other, other, text};

    #[test]
    fn the_users_own_file_is_included_where_apt_reads_it_too() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("my.conf");
        std::fs::write(&file, "").unwrap();
        assert_eq!(other(Some(file.as_os_str())), Other::File(file.clone()));
        assert_eq!(other(Some(OsStr::new(""))), Other::None);
        for unfit in ["Cargo.toml", "/nowhere", "/dev/null", "/"] {
            assert_eq!(other(Some(OsStr::new(unfit))), Other::Unfit, "{unfit}");
        }
        let text = text(Path::new("/proc/7/exe"), &["http".to_owned()], Some(Path::new("/a b/my.conf")));
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("Dir::Bin::Methods::http \"/proc/7/exe\";\n"));
        assert!(text.ends_with("DPkg::Tools::Options::/proc/7/exe::Version \"3\";\n#include \"/a b/my.conf\";\n"));
    }
}

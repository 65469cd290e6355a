//! The `python` shims: which command lines of an interpreter are pip.
//!
//! `python -m pip` passes the shims of pip by; those who want it seen put the shims of the interpreter on `PATH` too.
//! Everything but `-m pip` is a plain exec. Refuses to interpret Python: only CPython's command line is read, as its
//! manual (using/cmdline) gives it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// Options of CPython that take a value, joined or in the next argument.
const WITH_VALUE: &[u8] = b"WX";

/// Long options of CPython that take the next argument as their value.
const LONG_WITH_VALUE: [&[u8]; 1] = [b"--check-hash-based-pycs"];

/// Where pip's own arguments begin, if these arguments of an interpreter run the module `pip`.
pub(crate) fn arguments_of_pip(arguments: &[OsString]) -> Option<usize> {
    let mut at = 0;
    while let Some(argument) = arguments.get(at).map(|argument| argument.as_bytes()) {
        at += 1;
        if LONG_WITH_VALUE.contains(&argument) {
            at += 1;
            continue;
        }
        if argument.starts_with(b"--") && argument.len() > 2 {
            continue;
        }
        // A script, `-` for standard input, or `--`: no module is run.
        let letters = argument.strip_prefix(b"-").filter(|letters| !letters.is_empty() && *letters != b"-")?;
        for (position, letter) in letters.iter().enumerate() {
            let joined = &letters[position + 1..];
            match letter {
                b'm' if joined.is_empty() => return (arguments.get(at)? == "pip").then_some(at + 1),
                b'm' => return (joined == b"pip").then_some(at),
                b'c' => return None,
                letter if WITH_VALUE.contains(letter) => {
                    at += usize::from(joined.is_empty());
                    break;
                }
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_the_module_pip_and_nothing_else() {
        for (line, expected) in [
            ("-m pip install six", Some(2)),
            ("-mpip install", Some(1)),
            ("-Im pip install", Some(2)),
            ("-I -W ignore -X dev -m pip list", Some(7)),
            ("-Wignore -Xdev -m pip list", Some(4)),
            ("-c import -m pip", None),
            ("-m venv x", None),
            ("-m", None),
            ("script.py -m pip", None),
            ("- -m pip", None),
            ("-- -m pip", None),
            ("--check-hash-based-pycs always -m pip x", Some(4)),
            ("-V", None),
            ("", None),
        ] {
            let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            assert_eq!(arguments_of_pip(&words), expected, "{line}");
        }
    }
}

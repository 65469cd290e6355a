//! What a pip command line asks for, as far as recording must know.
//!
//! Follows optparse as pip sets it up: general options before the command, options and arguments mixed after it, the
//! value of a long option joined by `=` or in the next argument, unambiguous abbreviations, `--` ends the options.
//! Refuses to judge: what pip would refuse is left for pip to refuse.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// The commands that can obtain artifacts. All others are a plain exec.
const DOWNLOADING: [&[u8]; 4] = [b"install", b"download", b"wheel", b"lock"];

/// Options of pip and of these commands whose value may stand in the next argument, over all supported versions.
const LONG_WITH_VALUE: &str = "\
    abi all-releases build build-constraint build-dir build-directory build-option cache-dir cert client-cert \
    config-setting config-settings constraint default-timeout dest destination-dir destination-directory \
    editable exists-action extra-index-url find-links global-option group implementation index-url \
    install-option keyring-provider keyring-subprocess local-log log log-file no-binary only-binary \
    only-final output platform prefix progress-bar proxy pypi-url python python-version refresh-package report \
    requirement \
    requirements-from-script resume-retries retries root root-user-action source source-dir source-directory \
    src target timeout trusted-host upgrade-strategy uploaded-prior-to use-deprecated use-feature wheel-dir";
const SHORT_WITH_VALUE: &[u8] = b"Ccdefiortw";

/// One option of a command line, in the order given.
#[derive(Debug, PartialEq, Eq)]
struct Given<'a> {
    /// Without its dashes; abbreviations as they stand.
    name: &'a [u8],
    value: Option<&'a [u8]>,
    long: bool,
}

impl Given<'_> {
    /// Whether this is the option with this long name, which may be abbreviated to no less than `shortest` letters.
    fn is_long(&self, long: &str, shortest: usize) -> bool {
        self.long && self.name.len() >= shortest && long.as_bytes().starts_with(self.name)
    }

    fn is_short(&self, short: u8) -> bool {
        !self.long && self.name == [short]
    }
}

/// What a command line says of pip's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching<'a> {
    /// There is to be none.
    Off,
    /// It is in this directory.
    In(&'a [u8]),
}

/// A command line of pip, taken apart.
#[derive(Debug)]
pub(crate) struct Command<'a> {
    name: Option<&'a [u8]>,
    options: Vec<Given<'a>>,
    arguments: Vec<&'a [u8]>,
    isolated: bool,
}

impl<'a> Command<'a> {
    /// Takes the arguments after `argv[0]` apart.
    pub(crate) fn parse(arguments: &'a [OsString]) -> Self {
        let mut command = Command {
            name: None,
            options: Vec::new(),
            arguments: Vec::new(),
            // pip looks for the literal word, wherever it stands, before any parser runs.
            isolated: arguments.iter().any(|argument| argument == "--isolated"),
        };
        let mut rest = arguments.iter().map(|argument| argument.as_bytes());
        while let Some(argument) = rest.next() {
            if argument == b"--" {
                if command.name.is_none() {
                    command.name = rest.next();
                }
                command.arguments.extend(rest);
                break;
            } else if let Some(long) = argument.strip_prefix(b"--") {
                let (name, joined) = match long.iter().position(|&byte| byte == b'=') {
                    Some(at) => (&long[..at], Some(&long[at + 1..])),
                    None => (long, None),
                };
                let value = joined.or_else(|| takes_value(name).then(|| rest.next()).flatten());
                command.options.push(Given { name, value, long: true });
            } else if argument.len() > 1 && argument[0] == b'-' {
                command.short_options(&argument[1..], &mut rest);
            } else if command.name.is_none() {
                command.name = Some(argument);
            } else {
                command.arguments.push(argument);
            }
        }
        command
    }

    fn short_options(&mut self, cluster: &'a [u8], rest: &mut impl Iterator<Item = &'a [u8]>) {
        for (at, letter) in cluster.iter().enumerate() {
            let name = std::slice::from_ref(letter);
            if SHORT_WITH_VALUE.contains(letter) {
                let joined = &cluster[at + 1..];
                let value = if joined.is_empty() { rest.next() } else { Some(joined) };
                self.options.push(Given { name, value, long: false });
                return;
            }
            self.options.push(Given { name, value: None, long: false });
        }
    }

    /// Whether the command can obtain artifacts; help and version texts obtain none.
    pub(crate) fn can_download(&self) -> bool {
        self.name.is_some_and(|name| DOWNLOADING.contains(&name))
            && !self.options.iter().any(|given| given.is_long("help", 1) || given.is_short(b'h'))
            && !self.options.iter().any(|given| given.name == b"V" || given.name == b"version")
    }

    /// Whether pip ignores the environment and the user's configuration.
    pub(crate) fn is_isolated(&self) -> bool {
        self.isolated
    }

    /// What it says of pip's cache, `None` if nothing: pip takes the last of its two options.
    pub(crate) fn caching(&self) -> Option<Caching<'a>> {
        self.options.iter().rev().find_map(|given| match given.value {
            None => given.is_long("no-cache-dir", 5).then_some(Caching::Off),
            // pip takes an empty name for none.
            Some(b"") => given.is_long("cache-dir", 2).then_some(Caching::Off),
            Some(path) => given.is_long("cache-dir", 2).then_some(Caching::In(path)),
        })
    }

    /// The command.
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        self.name
    }

    /// What follows the command and is no option.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &'a [u8]> {
        self.arguments.iter().copied()
    }

    /// All values given under this long name, which may be abbreviated to no less than `shortest` letters, or its letter.
    pub(crate) fn values(&self, long: &str, shortest: usize, short: u8) -> impl Iterator<Item = &'a [u8]> {
        let meant = move |given: &&Given<'a>| given.is_long(long, shortest) || given.is_short(short);
        self.options.iter().filter(meant).filter_map(|given| given.value)
    }

    /// The last value given under any of these long names, the first of which may be abbreviated to no less than
    /// `shortest` letters, as optparse allows.
    pub(crate) fn value(&self, names: &[&str], shortest: usize) -> Option<&'a [u8]> {
        let meant = |name: &[u8]| {
            names.iter().any(|full| name == full.as_bytes())
                || (name.len() >= shortest && names.iter().any(|full| full.as_bytes().starts_with(name)))
        };
        self.options.iter().rev().find(|given| given.long && meant(given.name)).and_then(|given| given.value)
    }
}

/// Whether a long option, perhaps abbreviated, takes the next argument as its value.
fn takes_value(name: &[u8]) -> bool {
    // Flags, whole or abbreviated (`--pref` of `prefer-binary`), although options that take a value begin like them.
    let whole = matches!(name, b"" | b"i" | b"b" | b"pre" | b"pref" | b"user" | b"upgrade");
    let mut names = LONG_WITH_VALUE.split_whitespace().map(str::as_bytes);
    names.any(|full| full == name || (!whole && full.starts_with(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn finds_the_command_behind_general_options() {
        for (line, can) in [
            ("install six", true),
            ("--timeout 5 install six", true),
            ("--timeout=5 -q install six", true),
            ("--log install", false),
            ("--cache-d /x install six", true),
            ("list --outdated", false),
            ("install --help", false),
            ("install -h", false),
            ("install --hel", false),
            ("--ti install download", true),
            ("--ca install", false),
            ("--pref install", true),
            ("--i install", true),
            ("--version install", false),
            ("", false),
            ("-- install six", true),
            ("-r install x", false),
            ("config list", false),
            ("lock -r x", true),
        ] {
            assert_eq!(Command::parse(&words(line)).can_download(), can, "{line}");
        }
    }

    #[test]
    fn takes_values_as_optparse_does() {
        let line = words("--log a install -qr --log -d here --log-file=b --loc c --pre six --cache-dir x");
        let command = Command::parse(&line);
        assert_eq!(command.value(&["log", "log-file", "local-log"], 3), Some(&b"c"[..]));
        assert_eq!(command.caching(), Some(Caching::In(b"x")));
        assert!(!command.is_isolated());
    }

    #[test]
    fn the_value_of_an_option_is_no_flag() {
        let line = words("install -c --isolated-not six -f--help");
        assert!(Command::parse(&line).can_download());
        assert!(!Command::parse(&line).is_isolated());
        assert!(Command::parse(&words("install --isolated x")).is_isolated());
    }
}

//! What a command line asks of apt: whether it can fetch, and what there is to know about the run.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// A command that can fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) verb: Verb,
    /// Packages go to the archives and no further.
    pub(super) download_only: bool,
    /// Nothing may be fetched.
    pub(super) no_download: bool,
}

/// What is done with what is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Indexes are brought up to date.
    Update,
    /// Packages are fetched into the archives and handed to dpkg.
    Install,
    /// Packages are fetched into the working directory.
    Download,
    /// Source packages are fetched into the working directory.
    Source,
    /// Changelogs are fetched and shown.
    Changelog,
}

/// Long options that take a value in the next argument, unless it follows an equals sign.
const WITH_VALUE: [&str; 15] = [
    "config-file",
    "option",
    "target-release",
    "default-release",
    "host-architecture",
    "build-profiles",
    "error-on",
    "with-source",
    "solver",
    "planner",
    "comment",
    "cli-version",
    "snapshot",
    "color",
    "format",
];

/// Short options that take a value: the rest of the argument, else the next one.
const SHORT_WITH_VALUE: &[u8] = b"cotaPS";

/// Options with which apt only says what it would do, or something else.
const DRY: [&str; 9] =
    ["simulate", "just-print", "dry-run", "recon", "no-act", "print-uris", "help", "version", "print-only"];

impl Command {
    /// Of a command line, `argv[0]` included; `None` if nothing can be fetched.
    pub(super) fn of(arguments: &[OsString]) -> Option<Command> {
        let (mut words, mut only, mut never) = (Vec::new(), false, false);
        let mut arguments = arguments.iter().skip(1).map(|argument| argument.as_bytes());
        while let Some(argument) = arguments.next() {
            if argument == b"--" {
                words.extend(arguments.by_ref());
            } else if let Some(long) = argument.strip_prefix(b"--") {
                let name = long.split(|byte| *byte == b'=').next().unwrap_or_default().to_ascii_lowercase();
                let name = String::from_utf8_lossy(&name).into_owned();
                let says_no = [&b"=false"[..], b"=no", b"=0", b"=off", b"=disable"].iter().any(|no| long.ends_with(no));
                match name.as_str() {
                    name if DRY.contains(&name) && !says_no => return None,
                    "download-only" => only = !says_no,
                    "no-download" => never = !says_no,
                    "download" => never = says_no,
                    name if WITH_VALUE.contains(&name) && !long.contains(&b'=') => drop(arguments.next()),
                    _ => {}
                }
            } else if argument.len() > 1 && argument[0] == b'-' {
                for (at, option) in argument.iter().enumerate().skip(1) {
                    match option {
                        b's' | b'h' | b'v' => return None,
                        b'd' => only = true,
                        option if SHORT_WITH_VALUE.contains(option) => {
                            if at + 1 == argument.len() {
                                arguments.next();
                            }
                            break;
                        }
                        _ => {}
                    }
                }
            } else {
                words.push(argument);
            }
        }
        let verb = Verb::of(words.first()?, &words[1..])?;
        Some(Command { verb, download_only: only, no_download: never })
    }
}

impl Command {
    /// Whether packages are handed to dpkg, if any are.
    pub(super) fn reaches_dpkg(self) -> bool {
        self.verb == Verb::Install && !self.download_only
    }
}

impl Verb {
    fn of(word: &[u8], operands: &[&[u8]]) -> Option<Verb> {
        Some(match word {
            b"update" => Verb::Update,
            b"install" | b"reinstall" | b"upgrade" | b"dist-upgrade" | b"full-upgrade" | b"dselect-upgrade"
            | b"build-dep" | b"satisfy" => Verb::Install,
            // `apt-get remove a b+` removes one and installs the other.
            b"remove" | b"purge" | b"autoremove" | b"auto-remove" | b"autopurge"
                if operands.iter().any(|operand| operand.ends_with(b"+")) =>
            {
                Verb::Install
            }
            b"download" => Verb::Download,
            b"source" => Verb::Source,
            b"changelog" => Verb::Changelog,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Verb};

    fn of(line: &str) -> Option<Command> {
        Command::of(&line.split(' ').map(Into::into).collect::<Vec<_>>())
    }

    #[test]
    fn tells_what_can_fetch() {
        let verb = |line| of(line).map(|command| command.verb);
        for line in [
            "apt-get install -y x",
            "apt-get -qqo=Dpkg::Use-Pty=0 install x",
            "apt -o A=b -t sid full-upgrade",
            "apt-get -c install install x",
            "apt-get --option install --yes upgrade",
            "apt-get remove a b+",
            "apt-get install -- -s",
            "apt-get --simulate=false install x",
        ] {
            assert_eq!(verb(line), Some(Verb::Install), "{line}");
        }
        for line in [
            "apt-get",
            "apt-get remove x",
            "apt-get install -s x",
            "apt-get install -yqs x",
            "apt-get install --print-uris x",
            "apt-get -h install",
            "apt list",
            "apt-get clean",
            "apt-get -c install",
            "apt-get -o install",
        ] {
            assert_eq!(verb(line), None, "{line}");
        }
        assert_eq!(verb("apt-get -qq update"), Some(Verb::Update));
        assert_eq!(verb("apt-get download x"), Some(Verb::Download));
        assert_eq!(verb("apt source -d x"), Some(Verb::Source));
    }

    #[test]
    fn tells_how_far_it_goes() {
        assert!(of("apt-get install -yd x").unwrap().download_only);
        assert!(of("apt-get --download-only upgrade").unwrap().download_only);
        assert!(of("apt-get install --no-download x").unwrap().no_download);
        let plain = of("apt-get install -o d x").unwrap();
        assert!(!plain.download_only && !plain.no_download);
    }
}

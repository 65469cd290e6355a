//! What a run's arguments and environment say about how it prints.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::subprocess::Version;

/// What is known of a pip before it runs. What it takes from its configuration files is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How many `-v` less how many `-q`, those of the environment included.
    pub verbosity: i32,
    /// The same of the environment alone, which is what a nested pip inherits.
    pub inherited: i32,
    /// `--use-deprecated=legacy-resolver`, which shows a failure twice.
    pub legacy_resolver: bool,
    /// Whether `--progress-bar` asks for bars or turns them off; `None` if it is not given.
    pub bars: Option<bool>,
    /// Whether what is drawn moves although there is no terminal.
    pub moves: bool,
}

impl Facts {
    /// Facts of the run `argv`, its name included, whose environment `variable` knows.
    pub fn of(argv: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> Facts {
        let inherited = count(variable("PIP_VERBOSE")) - count(variable("PIP_QUIET"));
        let mut facts = Facts { verbosity: inherited, inherited, ..Facts::default() };
        facts.sets("--progress-bar", variable("PIP_PROGRESS_BAR").unwrap_or_default().as_bytes());
        facts.sets("--use-deprecated", variable("PIP_USE_DEPRECATED").unwrap_or_default().as_bytes());
        // Rich's, and pip's `looks_like_ci`.
        let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
        facts.moves = set(&"FORCE_COLOR") && !["BUILD_BUILDID", "BUILD_ID", "CI", "PIP_IS_CI"].iter().any(set);
        let mut before: &[u8] = b"";
        for argument in argv.iter().skip(1) {
            let argument = argument.as_bytes();
            if argument == b"--" {
                break;
            }
            facts.verbosity += loudness(argument);
            facts.sets(&String::from_utf8_lossy(before), argument);
            if let Some(at) = memchr::memchr(b'=', argument) {
                facts.sets(&String::from_utf8_lossy(&argument[..at]), &argument[at + 1..]);
            }
            before = argument;
        }
        facts
    }

    fn sets(&mut self, option: &str, value: &[u8]) {
        match option {
            "--progress-bar" if !value.is_empty() => self.bars = Some(value != b"off"),
            "--use-deprecated" => self.legacy_resolver |= value.ends_with(b"legacy-resolver"),
            _ => {}
        }
    }

    /// How many `-v` a pip without a log hands down to a nested one (`build_env.py`).
    pub(super) fn handed_down(&self, version: Version) -> i32 {
        match self.verbosity {
            ..=0 => 0,
            1 => i32::from(!((21, 0)..(24, 1)).contains(&version)),
            _ if version >= (24, 1) => 2,
            _ => 1,
        }
    }

    /// How verbose a nested pip is without a log.
    pub(super) fn nested_verbosity(&self, version: Version) -> i32 {
        self.inherited + self.handed_down(version)
    }

    /// How verbose a nested pip is with a log, at which the outer one is as verbose as can be.
    pub(super) fn logged_nested_verbosity(&self, version: Version) -> i32 {
        self.inherited + if version >= (24, 1) { 2 } else { 1 }
    }
}

/// What one argument adds: `--verbose`, `-q`, `-vvv`. A letter behind another option's in one word, as in `-Uv`, counts,
/// but not behind one that takes a value, as in `-rv`.
fn loudness(argument: &[u8]) -> i32 {
    match argument {
        b"--verbose" => return 1,
        b"--quiet" => return -1,
        _ => {}
    }
    let Some(letters) = argument.strip_prefix(b"-").filter(|letters| !letters.starts_with(b"-")) else { return 0 };
    let plain = letters.iter().take_while(|letter| !b"rcetidwbf".contains(letter));
    plain.map(|letter| i32::from(*letter == b'v') - i32::from(*letter == b'q')).sum()
}

/// A counting option's variable, as pip reads it: a number, or a word for yes or no.
fn count(value: Option<OsString>) -> i32 {
    let value = value.unwrap_or_default().to_string_lossy().trim().to_lowercase();
    match value.as_str() {
        "y" | "yes" | "t" | "true" | "on" => 1,
        number => number.parse().unwrap_or(0),
    }
}

//! What a run's arguments and environment say about how it prints.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::words::Version;

/// What is known of a pip before it runs. What it takes from its configuration files is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How many `-v` less how many `-q`, those of the environment included.
    pub verbosity: i32,
    /// The same of the environment alone, which is what a nested pip inherits.
    pub inherited: i32,
    /// Major and minor version, if something else than pip has told.
    pub version: Option<(u32, u32)>,
    /// `--isolated`: pip ignores the environment.
    pub isolated: bool,
    /// `--use-deprecated=legacy-resolver`, which shows a failure twice.
    pub legacy_resolver: bool,
    /// `--use-feature=inprocess-build-deps`.
    pub in_process: bool,
    /// Whether `--progress-bar` asks for bars or turns them off; `None` if it is not given.
    pub bars: Option<bool>,
    /// `--debug`: an error is told with the values of pip's own variables.
    pub debug: bool,
    /// Whether what is drawn moves although there is no terminal.
    pub moves: bool,
    /// An argument is not UTF-8.
    pub unprintable: bool,
}

impl Facts {
    /// Facts of the run `argv`, its name included, whose environment `variable` knows.
    pub fn of(argv: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> Facts {
        let mut facts = Facts::default();
        facts.read(argv.iter().skip(1).map(|argument| argument.as_bytes()));
        facts.unprintable = argv.iter().any(|argument| argument.to_str().is_none());
        // Rich's, and pip's `looks_like_ci`.
        let set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
        facts.moves = set(&"FORCE_COLOR") && !["BUILD_BUILDID", "BUILD_ID", "CI", "PIP_IS_CI"].iter().any(set);
        facts.inherited = count(variable("PIP_VERBOSE")) - count(variable("PIP_QUIET"));
        if !facts.isolated {
            facts.verbosity += facts.inherited;
            let value = |name| variable(name).unwrap_or_default();
            facts.sets("--use-deprecated", value("PIP_USE_DEPRECATED").as_bytes());
            facts.sets("--use-feature", value("PIP_USE_FEATURE").as_bytes());
            facts.debug |= count(variable("PIP_DEBUG")) != 0;
            if facts.bars.is_none() {
                facts.sets("--progress-bar", value("PIP_PROGRESS_BAR").as_bytes());
            }
        }
        facts
    }

    /// The same facts of a pip whose version is `version`, such as `24.3.1`.
    pub fn with_version(mut self, version: &str) -> Facts {
        let mut numbers = version.split('.').map(|number| number.parse().ok());
        self.version = numbers.next().flatten().zip(numbers.next().flatten());
        self
    }

    fn read<'a>(&mut self, arguments: impl Iterator<Item = &'a [u8]>) {
        let mut before = "";
        for argument in arguments.take_while(|argument| *argument != b"--") {
            self.verbosity += loudness(argument);
            self.isolated |= argument == b"--isolated";
            self.debug |= argument.len() >= 5 && b"--debug".starts_with(argument);
            self.sets(before, argument);
            if let Some(at) = argument.iter().position(|&byte| byte == b'=') {
                self.sets(str::from_utf8(&argument[..at]).unwrap_or_default(), &argument[at + 1..]);
            }
            before = str::from_utf8(argument).unwrap_or_default();
        }
    }

    fn sets(&mut self, option: &str, value: &[u8]) {
        let contains = |word: &[u8]| value.split(u8::is_ascii_whitespace).any(|one| one == word);
        match option {
            "--progress-bar" if !value.is_empty() => self.bars = Some(value != b"off"),
            "--use-deprecated" => self.legacy_resolver |= contains(b"legacy-resolver"),
            "--use-feature" => self.in_process |= contains(b"inprocess-build-deps"),
            _ => {}
        }
    }

    /// Whether pip shows the output of a command as it comes, or, with `-qqq`, nothing of it at all.
    pub(super) fn shows(&self, description: &[u8]) -> bool {
        let fetches = [&b"git "[..], b"hg ", b"svn ", b"bzr "].iter().any(|tool| description.starts_with(tool));
        self.verbosity > 0 || self.verbosity <= -3 || fetches && self.verbosity == 0
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

    /// A line that shows how a nested pip was started, as it is without a log: there `-v` or `-vv` is handed down to it only
    /// if the outer pip has it. `None` if the line does not show that or shows it as it is.
    pub(super) fn unlogged(&self, line: &[u8], version: Version) -> Option<Vec<u8>> {
        let behind = b" --no-binary ";
        let at = memchr::memmem::find(line, behind)?;
        memchr::memmem::find(&line[..at], b" install ")?;
        let handed_down = [" -vv", " -v"].iter().find(|flag| line[..at].ends_with(flag.as_bytes()))?;
        let wanted = match self.handed_down(version) {
            0 => "",
            1 => " -v",
            _ => " -vv",
        };
        let before = &line[..at - handed_down.len()];
        (wanted != *handed_down).then(|| [before, wanted.as_bytes(), &line[at..]].concat())
    }
}

/// What one argument adds: `--verbose`, `-q`, `-vvv`. A letter behind another option's in one word, as in `-Uv`, counts,
/// but not behind one that takes a value, as in `-rv`.
fn loudness(argument: &[u8]) -> i32 {
    // optparse takes what is unambiguous: `--vers` is another option.
    if argument.len() >= 6 && b"--verbose".starts_with(argument) {
        return 1;
    }
    if argument.len() >= 3 && b"--quiet".starts_with(argument) {
        return -1;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(arguments: &str, environment: &[(&str, &str)]) -> Facts {
        let argv: Vec<OsString> = arguments.split(' ').map(OsString::from).collect();
        Facts::of(&argv, |name| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn reckons_verbosity_as_pip_does() {
        assert_eq!(facts("pip -v install -vv --verbose six", &[]).verbosity, 4);
        assert_eq!(facts("pip install -Uq --quiet six -rv --qui --verb", &[]).verbosity, -2);
        assert_eq!(facts("pip install --version --vers -v -- -v", &[]).verbosity, 1);
        assert_eq!(facts("pip install -v", &[("PIP_QUIET", "2"), ("PIP_VERBOSE", "yes")]).verbosity, 0);
        assert_eq!(facts("pip --isolated install -v", &[("PIP_QUIET", "2")]).verbosity, 1);
        assert_eq!(facts("pip install", &[("PIP_QUIET", "on")]).inherited, -1);
    }

    #[test]
    fn finds_options_by_either_spelling() {
        let both = [facts("pip install --progress-bar off", &[]), facts("pip install --progress-bar=off", &[])];
        assert!(both.iter().all(|facts| facts.bars == Some(false)));
        assert_eq!(facts("pip install", &[("PIP_PROGRESS_BAR", "on")]).bars, Some(true));
        assert!(facts("pip install --use-deprecated legacy-resolver", &[]).legacy_resolver);
        assert!(facts("pip install", &[("PIP_USE_FEATURE", "fast-deps inprocess-build-deps")]).in_process);
        assert_eq!(Facts::default().with_version("24.3.1").version, Some((24, 3)));
    }
}

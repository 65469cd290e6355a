//! What pip's configuration says of its log, its cache and its output.
//!
//! pip's order (its `configuration.py` and `parser.py`): command line over environment over files; a section named for
//! the command over `[global]`; files from the machine's to the environment's, later over earlier, `PIP_CONFIG_FILE`
//! last. Refuses to be a configuration reader: only the keys that recording must know are looked for, and a file that
//! cannot be read is passed over as pip passes it over.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::home::home;

/// The environment that the tool will see.
pub(crate) trait Environment {
    /// The variables by which options may be set (`PIP_...`), in the order in which they stand; others may be among them.
    fn variables(&self) -> impl Iterator<Item = (OsString, OsString)>;

    /// The value of a variable, `None` where it is unset.
    fn get(&self, name: &str) -> Option<OsString>;

    /// The number of the user that the tool runs as, where that can be known.
    fn user(&self) -> Option<u32>;

    /// The value of a variable that is set and not empty, which is what pip calls set.
    fn given(&self, name: &str) -> Option<OsString> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// What the variables say of an option with these names, in lower case with hyphens: pip takes the last.
    fn option(&self, names: &[&str]) -> impl DoubleEndedIterator<Item = OsString> {
        let is_meant = |name: &OsString| {
            let name = name.as_bytes().strip_prefix(b"PIP_").unwrap_or_default();
            let name: Vec<u8> =
                name.iter().map(|&byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }).collect();
            names.iter().any(|known| known.as_bytes() == name)
        };
        let values: Vec<_> = self
            .variables()
            .filter(|(name, value)| is_meant(name) && !value.is_empty())
            .map(|(_, value)| value)
            .collect();
        values.into_iter()
    }
}

/// The environment of this process.
pub(crate) struct Inherited;

impl Environment for Inherited {
    fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        // Each look at the environment copies all of it, and the tool's start waits for several.
        static OF_PIP: OnceLock<Vec<(OsString, OsString)>> = OnceLock::new();
        let is_of_pip = |(name, _): &(OsString, OsString)| name.as_bytes().starts_with(b"PIP_");
        OF_PIP.get_or_init(|| std::env::vars_os().filter(is_of_pip).collect()).iter().cloned()
    }

    fn get(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn user(&self) -> Option<u32> {
        Some(rustix::process::getuid().as_raw())
    }
}

/// The values of pip's configuration files that recording must know, each the last that pip would take.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// `log`.
    pub(crate) log: Option<Vec<u8>>,
    /// `cache-dir`.
    pub(crate) cache_dir: Option<Vec<u8>>,
    /// Whether there is a `no-cache-dir`, whatever its value.
    pub(crate) no_cache_dir: bool,
    /// What else decides what pip prints, by the name of its option.
    pub(crate) output: BTreeMap<&'static str, Vec<u8>>,
}

/// The options that decide what pip prints, and their variables.
const OUTPUT: [(&str, &str); 5] = [
    ("quiet", "PIP_QUIET"),
    ("verbose", "PIP_VERBOSE"),
    ("progress-bar", "PIP_PROGRESS_BAR"),
    ("use-feature", "PIP_USE_FEATURE"),
    ("use-deprecated", "PIP_USE_DEPRECATED"),
];

impl Configuration {
    /// Reads the files that pip would read for `command`. `tool` is the pip that will run: its environment's own file
    /// lies two directories above it.
    pub(crate) fn read(command: &[u8], isolated: bool, tool: &Path, environment: &impl Environment) -> Self {
        Configuration::from_texts(&Configuration::texts(isolated, tool, environment), command)
    }

    /// What is in those files.
    pub(crate) fn texts(isolated: bool, tool: &Path, environment: &impl Environment) -> Vec<Vec<u8>> {
        files(isolated, tool, environment).iter().filter_map(|file| std::fs::read(file).ok()).collect()
    }

    /// The value of a variable that decides what pip prints: that of the files where the variable is not set.
    pub(crate) fn variable(&self, name: &str, environment: &impl Environment) -> Option<OsString> {
        let option = OUTPUT.iter().find(|(_, variable)| *variable == name).map(|(option, _)| option);
        let configured = || Some(OsString::from_vec(self.output.get(option?)?.clone()));
        environment.given(name).or_else(configured)
    }

    /// A command's own section wins over `[global]`, whichever file it stands in; within a section the later file wins,
    /// also with an empty value, and then pip passes the setting over.
    pub(crate) fn from_texts(texts: &[impl AsRef<[u8]>], command: &[u8]) -> Self {
        let mut configuration = Configuration::default();
        for section in [b"global".as_slice(), command] {
            // As in a dictionary of Python's: what is set again keeps the place where it stood first.
            let mut settings: Vec<(String, Vec<u8>)> = Vec::new();
            let lines = texts.iter().flat_map(|text| lines(text.as_ref()));
            for Line { key, value, .. } in lines.filter(|line| line.section == section) {
                match settings.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, earlier)) => *earlier = value,
                    None => settings.push((key, value)),
                }
            }
            let settings = settings.into_iter().filter(|(_, value)| !value.is_empty());
            settings.for_each(|(key, value)| configuration.take(&key, value));
        }
        configuration
    }

    fn take(&mut self, key: &str, value: Vec<u8>) {
        match key {
            "log" | "log-file" | "local-log" => self.log = Some(value),
            "cache-dir" => self.cache_dir = Some(value),
            "no-cache-dir" => self.no_cache_dir = true,
            key => {
                let option = OUTPUT.iter().find(|(option, _)| *option == key);
                self.output.extend(option.map(|(option, _)| (*option, value)));
            }
        }
    }
}

/// One setting of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its line, from 1.
    pub(crate) number: usize,
    /// The section that it stands in.
    pub(crate) section: &'a [u8],
    /// The option as pip knows it: in lower case, with hyphens.
    pub(crate) key: String,
    /// Its value; the lines that continue it, which are indented, are joined by line ends.
    pub(crate) value: Vec<u8>,
}

/// The settings of a configuration file, as `configparser` reads them.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut physical = text.split(|&byte| byte == b'\n').enumerate().peekable();
    let mut section: &[u8] = b"";
    std::iter::from_fn(move || {
        loop {
            let (number, line) = physical.next()?;
            let line = line.trim_ascii();
            if line.starts_with(b"#") || line.starts_with(b";") {
                continue;
            }
            if let Some(name) = line.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
                section = name;
                continue;
            }
            // Before a quicker search began, it would find out what this processor can do, at a tool's start.
            let Some(at) = line.iter().position(|byte| b"=:".contains(byte)) else { continue };
            let key = crate::event::text(line[..at].trim_ascii()).to_lowercase().replace('_', "-");
            let mut value = line[at + 1..].trim_ascii().to_vec();
            let goes_on = |line: &&[u8]| line.starts_with(b" ") || line.starts_with(b"\t");
            while let Some((_, more)) = physical.next_if(|(_, line)| goes_on(line) && !line.trim_ascii().is_empty()) {
                let more = more.trim_ascii();
                if !more.starts_with(b"#") && !more.starts_with(b";") {
                    value.extend_from_slice(if value.is_empty() { b"" } else { b"\n" });
                    value.extend_from_slice(more);
                }
            }
            return Some(Line { number: number + 1, section, key, value });
        }
    })
}

/// The files that pip would read, in its order.
pub(crate) fn files(isolated: bool, tool: &Path, environment: &impl Environment) -> Vec<PathBuf> {
    let named = environment.given("PIP_CONFIG_FILE").map(PathBuf::from);
    // pip reads no file at all when the variable names the null device.
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Vec::new();
    }
    let mut files = Vec::new();
    let machine = environment.given("XDG_CONFIG_DIRS").unwrap_or_else(|| OsString::from("/etc/xdg"));
    files.extend(std::env::split_paths(&machine).map(|directory| directory.join("pip/pip.conf")));
    files.push(PathBuf::from("/etc/pip.conf"));
    // A file that the variable names takes the place of the user's.
    if !isolated
        && !named.as_ref().is_some_and(|file| file.exists())
        && let Some(home) = home(environment).map(PathBuf::from)
    {
        files.push(home.join(".pip/pip.conf"));
        let user = environment.given("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        files.push(user.join("pip/pip.conf"));
    }
    files.extend(prefixes(tool, environment).into_iter().map(|prefix| prefix.join("pip.conf")));
    files.extend(named);
    files
}

/// The directories that may be `sys.prefix` of the pip that will run. A pip of pyenv's shims decides only when it runs
/// which one it is, so that all of pyenv's versions are candidates: taking a log for the user's own where it is not
/// costs evidence, the other way round would cost the user's log.
fn prefixes(tool: &Path, environment: &impl Environment) -> Vec<PathBuf> {
    let mut prefixes: Vec<PathBuf> = Vec::new();
    prefixes.extend(environment.given("VIRTUAL_ENV").map(PathBuf::from));
    if let Some(directory) = tool.parent() {
        if directory.file_name() == Some(OsStr::new("shims")) {
            let versions = directory.with_file_name("versions");
            prefixes.extend(std::fs::read_dir(versions).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if let Some(prefix) = directory.parent() {
            prefixes.push(prefix.to_path_buf());
        }
    }
    prefixes
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Environment for Vec<(&str, &str)> {
        fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
            self.iter().map(|(name, value)| (name.into(), value.into()))
        }

        fn get(&self, name: &str) -> Option<OsString> {
            self.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        }

        fn user(&self) -> Option<u32> {
            None
        }
    }

    #[test]
    fn the_commands_section_wins_over_global_and_later_files_over_earlier() {
        let first = "[install]\nlog = b\n[global]\nlog = a\ncache-dir: /c\n# log = no\n";
        let second = "[global]\nlog=z\ncache-dir = /d\n[wheel]\nlog=w\n";
        let configuration = |command| Configuration::from_texts(&[first, second], command);
        assert_eq!(configuration(b"install").log.as_deref(), Some(&b"b"[..]));
        assert_eq!(configuration(b"install").cache_dir.as_deref(), Some(&b"/d"[..]));
        assert_eq!(configuration(b"wheel").log.as_deref(), Some(&b"w"[..]));
        assert_eq!(configuration(b"download").log.as_deref(), Some(&b"z"[..]));
    }

    #[test]
    fn a_value_goes_on_in_indented_lines() {
        let text = b"[global]\n# find-links = no\nFind_Links =\n    /a=1\n    # no\n\t/b\nno-index: true\n";
        let found: Vec<_> = lines(text).map(|line| (line.number, line.key, line.value)).collect();
        let expected = [(3, "find-links", "/a=1\n/b"), (7, "no-index", "true")];
        assert_eq!(found, expected.map(|(number, key, value)| (number, key.to_owned(), value.as_bytes().to_vec())));
    }

    #[test]
    fn a_variable_wins_over_the_files() {
        let text = "[global]\nquiet = 2\nprogress_bar = off\n[install]\nquiet=1\n";
        let configuration = Configuration::from_texts(&[text], b"install");
        let environment = Vec::from([("PIP_PROGRESS_BAR", "on"), ("PIP_VERBOSE", ""), ("COLUMNS", "9")]);
        let value = |name| configuration.variable(name, &environment);
        assert_eq!(value("PIP_QUIET"), Some("1".into()));
        assert_eq!(value("PIP_PROGRESS_BAR"), Some("on".into()));
        assert_eq!(value("PIP_VERBOSE"), None);
        assert_eq!(value("COLUMNS"), Some("9".into()));
    }

    #[test]
    fn reads_the_files_that_pip_reads() {
        let directory = tempfile::tempdir().unwrap();
        let there = directory.path().join("named.conf");
        std::fs::write(&there, "").unwrap();
        let there = there.to_str().unwrap();
        let machine = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf"];
        let user = ["/h/.pip/pip.conf", "/h/.config/pip/pip.conf"];
        let environments = ["/v/pip.conf", "/usr/pip.conf"];
        for (isolated, named, expected) in [
            (false, "", [&machine[..], &user, &environments].concat()),
            (true, "", [&machine[..], &environments].concat()),
            // One that is not there takes nobody's place.
            (false, "/no/p.conf", [&machine[..], &user, &environments, &["/no/p.conf"]].concat()),
            (false, there, [&machine[..], &environments, &[there]].concat()),
            (true, there, [&machine[..], &environments, &[there]].concat()),
            (false, "/dev/null", Vec::new()),
        ] {
            let environment = vec![("HOME", "/h"), ("PIP_CONFIG_FILE", named), ("VIRTUAL_ENV", "/v")];
            let found = files(isolated, Path::new("/usr/bin/pip"), &environment);
            assert_eq!(found, expected.iter().map(PathBuf::from).collect::<Vec<_>>(), "{named} {isolated}");
        }
    }
}

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

/// The environment that the tool will see.
pub(crate) trait Environment {
    /// The value of a variable, `None` where it is unset.
    fn get(&self, name: &str) -> Option<OsString>;

    /// The value of a variable that is set and not empty, which is what pip calls set.
    fn given(&self, name: &str) -> Option<OsString> {
        self.get(name).filter(|value| !value.is_empty())
    }
}

/// The environment of this process.
pub(crate) struct Inherited;

impl Environment for Inherited {
    fn get(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}

/// The values of pip's configuration files that recording must know, each the last that pip would take.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// `log`.
    pub(crate) log: Option<Vec<u8>>,
    /// `cache-dir`.
    pub(crate) cache_dir: Option<Vec<u8>>,
    /// `no-cache-dir`.
    pub(crate) no_cache_dir: Option<Vec<u8>>,
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
        let files = files(isolated, tool, environment);
        let texts: Vec<Vec<u8>> = files.iter().filter_map(|file| std::fs::read(file).ok()).collect();
        Configuration::from_texts(&texts, command)
    }

    /// The value of a variable that decides what pip prints: that of the files where the variable is not set.
    pub(crate) fn variable(&self, name: &str, environment: &impl Environment) -> Option<OsString> {
        let option = OUTPUT.iter().find(|(_, variable)| *variable == name).map(|(option, _)| option);
        let configured = || Some(OsString::from_vec(self.output.get(option?)?.clone()));
        environment.given(name).or_else(configured)
    }

    /// A command's own section wins over `[global]`, whichever file it stands in; within a section the later file wins.
    fn from_texts(texts: &[impl AsRef<[u8]>], command: &[u8]) -> Self {
        let mut configuration = Configuration::default();
        for section in [b"global".as_slice(), command] {
            for text in texts {
                configuration.take(text.as_ref(), section);
            }
        }
        configuration
    }

    fn take(&mut self, text: &[u8], wanted: &[u8]) {
        for Line { key, value, .. } in lines(text).filter(|line| line.section == wanted) {
            match key.as_str() {
                "log" | "log-file" | "local-log" => self.log = Some(value),
                "cache-dir" => self.cache_dir = Some(value),
                "no-cache-dir" => self.no_cache_dir = Some(value),
                key => {
                    let option = OUTPUT.iter().find(|(option, _)| *option == key);
                    option.into_iter().for_each(|(option, _)| drop(self.output.insert(option, value.clone())));
                }
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
            let Some(at) = memchr::memchr2(b'=', b':', line) else { continue };
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
    if !isolated && let Some(home) = environment.given("HOME").map(PathBuf::from) {
        files.push(home.join(".pip/pip.conf"));
        let user = environment.given("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        files.push(user.join("pip/pip.conf"));
    }
    files.extend(prefixes(tool, environment).into_iter().map(|prefix| prefix.join("pip.conf")));
    if !isolated {
        files.extend(named);
    }
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

/// `path` as pip takes it: a leading `~` is the home directory, anything else is relative to the working directory.
pub(crate) fn expand(path: &[u8], environment: &impl Environment) -> PathBuf {
    if let Some(rest) = path.strip_prefix(b"~")
        && (rest.is_empty() || rest[0] == b'/')
        && let Some(home) = environment.given("HOME")
    {
        let mut expanded = home.into_vec();
        expanded.extend_from_slice(rest);
        return PathBuf::from(OsString::from_vec(expanded));
    }
    PathBuf::from(OsStr::from_bytes(path))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    impl Environment for HashMap<&str, &str> {
        fn get(&self, name: &str) -> Option<OsString> {
            HashMap::get(self, name).map(OsString::from)
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
        let environment = HashMap::from([("PIP_PROGRESS_BAR", "on"), ("PIP_VERBOSE", ""), ("COLUMNS", "9")]);
        let value = |name| configuration.variable(name, &environment);
        assert_eq!(value("PIP_QUIET"), Some("1".into()));
        assert_eq!(value("PIP_PROGRESS_BAR"), Some("on".into()));
        assert_eq!(value("PIP_VERBOSE"), None);
        assert_eq!(value("COLUMNS"), Some("9".into()));
    }

    #[test]
    fn reads_the_files_that_pip_reads() {
        let environment = HashMap::from([("HOME", "/h"), ("PIP_CONFIG_FILE", "/p.conf"), ("VIRTUAL_ENV", "/v")]);
        let names = |isolated| -> Vec<String> {
            files(isolated, Path::new("/usr/bin/pip"), &environment)
                .into_iter()
                .map(|file| file.display().to_string())
                .collect()
        };
        assert_eq!(
            names(false),
            [
                "/etc/xdg/pip/pip.conf",
                "/etc/pip.conf",
                "/h/.pip/pip.conf",
                "/h/.config/pip/pip.conf",
                "/v/pip.conf",
                "/usr/pip.conf",
                "/p.conf"
            ]
        );
        assert_eq!(names(true), ["/etc/xdg/pip/pip.conf", "/etc/pip.conf", "/v/pip.conf", "/usr/pip.conf"]);
        let none = HashMap::from([("HOME", "/h"), ("PIP_CONFIG_FILE", "/dev/null")]);
        assert!(files(false, Path::new("/usr/bin/pip"), &none).is_empty());
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        let environment = HashMap::from([("HOME", "/h")]);
        assert_eq!(expand(b"~/x", &environment), Path::new("/h/x"));
        assert_eq!(expand(b"~user/x", &environment), Path::new("~user/x"));
        assert_eq!(expand(b"x", &environment), Path::new("x"));
    }
}

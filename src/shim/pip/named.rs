//! What a command line of pip names besides requirements: URLs, and where wheels are to go.
//!
//! pip tells of a file that was given by its URL little more than its name, so the URLs are handed to the classifier.
//! Refuses to parse requirements: of the files that the command line names, words that are URLs are picked out; files
//! that those name in turn are not read.

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Command, Environment, expand};

/// As many bytes of a requirements file are looked at.
const LONGEST: u64 = 1 << 20;
/// As many URLs are kept.
const MOST: usize = 1 << 12;

/// The URLs of files that the arguments and the requirements files name, raw and without fragments.
pub(crate) fn urls(command: &Command<'_>, directory: &Path, environment: &impl Environment) -> Vec<Vec<u8>> {
    let mut urls: Vec<Vec<u8>> = command.arguments().filter_map(url).collect();
    for path in command.values("requirement", 5, b'r').chain(command.values("constraint", 2, b'c')) {
        let mut text = Vec::new();
        let file = File::open(directory.join(expand(path, environment))).ok();
        let file = file.filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()));
        if file.is_some_and(|file| file.take(LONGEST).read_to_end(&mut text).is_ok()) {
            urls.extend(text.split(u8::is_ascii_whitespace).filter_map(url));
        }
    }
    urls.truncate(MOST);
    urls
}

/// Where `pip wheel` puts wheels, relative to its working directory: option, variable, else that directory itself.
pub(crate) fn wheel_directory(command: &Command<'_>, environment: &impl Environment) -> Option<PathBuf> {
    (command.name()? == b"wheel").then(|| {
        let given = command.values("wheel-dir", 1, b'w').last().map(|path| expand(path, environment));
        let variable = || environment.option(&["wheel-dir"]).next_back().filter(|_| !command.is_isolated());
        given.or_else(|| variable().map(|path| expand(path.as_bytes(), environment))).unwrap_or_default()
    })
}

/// A URL, also behind `NAME@`.
fn url(word: &[u8]) -> Option<Vec<u8>> {
    // Every argument of every call is looked at: a quicker search would first find out what this processor can do.
    let start = (0..word.len()).find(|&start| word[start..].starts_with(b"http"))?;
    let url = (start == 0 || b"@ ".contains(&word[start - 1])).then(|| &word[start..])?;
    let whole = url.starts_with(b"http://") || url.starts_with(b"https://");
    let end = url.iter().position(|byte| b"# ".contains(byte)).unwrap_or(url.len());
    whole.then(|| url[..end].to_vec())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split('|').map(OsString::from).collect()
    }

    #[test]
    fn finds_urls_in_arguments_and_requirements_files() {
        let directory = tempfile::tempdir().unwrap();
        let text = "# none\nhttps://a.example/a-1.tar.gz#sha256=0\nb @ http://b.example/b.whl ; x\ngit+https://c.example/c\n-i https://i.example\n";
        std::fs::write(directory.path().join("r.txt"), text).unwrap();
        let line = words(
            "install|--proxy|http://p.example|six|d@https://d.example/d.whl|-rr.txt|-c|absent.txt|f @ https://f.example/f.whl",
        );
        let found = urls(&Command::parse(&line), directory.path(), &Vec::<(&str, &str)>::new());
        let found: Vec<&str> = found.iter().map(|url| std::str::from_utf8(url).unwrap()).collect();
        let expected = ["d.example/d.whl", "f.example/f.whl", "a.example/a-1.tar.gz"];
        assert_eq!(found[..3], expected.map(|rest| format!("https://{rest}")));
        assert_eq!(found[3..], ["http://b.example/b.whl", "https://i.example"]);
    }

    #[test]
    fn knows_where_wheels_go() {
        let environment = Vec::from([("PIP_WHEEL_DIR", "~/v"), ("HOME", "/h")]);
        let directory = |line| wheel_directory(&Command::parse(&words(line)), &environment);
        for (line, expected) in [
            ("wheel|-w|w|six", Some("w")),
            ("wheel|--wheel-dir=~/x|six", Some("/h/x")),
            ("wheel|--wh|w|six", Some("w")),
            ("wheel|six", Some("/h/v")),
            ("--isolated|wheel|six", Some("")),
            ("download|-d|w|six", None),
        ] {
            assert_eq!(directory(line), expected.map(PathBuf::from), "{line}");
        }
    }
}

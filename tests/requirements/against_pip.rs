//! The same files, read by pip and by us.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use wheeltap::manifest::requirements::{Flag, PathKind, Requirements, Source, World, read};

use crate::support::pips::{NEWEST, RealPip};

const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/requirements/oracle.py");
const VARIABLES: [(&str, &str); 6] = [
    ("VERSION", "1.0"),
    ("EMPTY", ""),
    ("NAME", "named"),
    ("NESTED", "nested.txt"),
    ("LINE", "a==1 --hash=sha256:ab"),
    ("HASHED", "a #b"),
];

/// Lines that pip's newest version and this project take otherwise, each with the reason.
const DIFFERENT: [(&str, &str); 2] = [
    ("a ===foobar", "a version that PEP 440 does not know cannot be compared"),
    ("a; python_version === '3.11'", "the library of PEP 508 does not know the operator in markers"),
];

/// Files by their bytes.
const ENCODED: [&[u8]; 14] = [
    b"\xef\xbb\xbfa==1\n",
    b"\xef\xbb\xbf\xff\n",
    b"\xff\xfea\0=\0=\x001\0\n\0",
    b"\xfe\xff\0a\0\n\0b",
    b"\xfe\xff\0a\0\n\0",
    b"\xff\xfe\0\0a\0\0\0",
    b"\0\0\xfe\xff\0\0\0a",
    b"# -*- coding: latin-1 -*-\na # \xe9\n",
    b"\n# vim: set fileencoding=utf_8 :\na # \xc3\xa9\n",
    b"# coding: ascii\na # \xc3\xa9\n",
    b"# coding: no-such-encoding\na\n",
    b"a # \xc3\xa9\n",
    b"a # \xe9\n",
    b"",
];

/// A directory with everything that the lines name, seen as from within.
struct Within<'a>(&'a Path);

impl World for Within<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        fs::read(self.0.join(path)).map_err(|error| error.to_string())
    }

    fn variable(&self, name: &str) -> Option<String> {
        VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    fn kind(&self, path: &str) -> PathKind {
        let path = self.0.join(path);
        match path.is_dir() {
            true if path.join("setup.py").exists() || path.join("pyproject.toml").exists() => PathKind::Project,
            true => PathKind::Directory,
            false if path.exists() => PathKind::File,
            false => PathKind::Absent,
        }
    }
}

fn furnished() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &[u8]| {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("setup.py", b"");
    write("project/pyproject.toml", b"");
    write("empty/nothing", b"");
    write("a-1.0-py3-none-any.whl", b"");
    write("nested.txt", b"nested==1\n--pre\n");
    write("sub/inner.txt", b"inner\n-r innermost.txt\n-c ../nested.txt\n");
    write("sub/innermost.txt", b"innermost # here\n");
    write("editable.txt", b"-e ./project\n");
    write("circle.txt", b"a\n-r sub/half.txt\n");
    write("sub/half.txt", b"b\n-r ../circle.txt\n");
    place
}

/// A line of the corpus with its escapes carried out.
fn unescaped(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars();
    let code = |digits: String| char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap();
    while let Some(c) = rest.next() {
        text.push(match c {
            '\\' => match rest.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\x0b',
                'f' => '\x0c',
                'x' => code(rest.by_ref().take(2).collect()),
                'u' => code(rest.by_ref().take(4).collect()),
                other => other,
            },
            other => other,
        });
    }
    text
}

/// What pip says of each file.
fn asked(pip: &RealPip, place: &Path, files: &[PathBuf]) -> Vec<Value> {
    let mut child = Command::new(pip.python())
        .arg(ORACLE)
        .current_dir(place)
        .env_clear()
        .envs(VARIABLES)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let names: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
    child.stdin.take().unwrap().write_all(names.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), files.len());
    answers
}

/// Our reading in the oracle's words.
fn described(reading: &Requirements, place: &Path) -> Value {
    let requirements = reading.entries.iter().map(|entry| {
        let requirement = &entry.requirement;
        let mut specifier: Vec<_> = requirement.specifiers.iter().map(|one| one.to_string()).collect();
        let mut hashes = entry.hashes.clone();
        let mut extras = requirement.extras.clone();
        specifier.sort();
        hashes.sort();
        extras.sort();
        serde_json::json!({
            "line": entry.place.line,
            "name": requirement.name,
            "extras": extras,
            "specifier": specifier,
            "marker": requirement.marker.is_some(),
            "url": match &requirement.source {
                Source::Index => None,
                Source::Url(url) | Source::Repository(url) => Some(url.clone()),
                Source::Path(path) => Some(format!("file://{}", normal(&place.join(path)))),
            },
            "editable": entry.editable,
            "constraint": entry.constraint,
            "hashes": hashes,
        })
    });
    let options = reading.options.iter().filter_map(|option| {
        let name = match option.flag {
            Flag::IndexUrl => "index_url",
            Flag::ExtraIndexUrl => "extra_index_urls",
            Flag::NoIndex => "no_index",
            Flag::FindLinks => "find_links",
            Flag::Pre => "pre",
            Flag::PreferBinary => "prefer_binary",
            Flag::RequireHashes => "require_hashes",
            Flag::TrustedHost => "trusted_hosts",
            _ => return None,
        };
        Some(serde_json::json!([option.place.line, name, option.value]))
    });
    serde_json::json!({"requirements": requirements.collect::<Vec<_>>(), "options": options.collect::<Vec<_>>()})
}

fn normal(path: &Path) -> String {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => drop(normal.pop()),
            std::path::Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal.to_str().unwrap().to_owned()
}

/// Spells what both mean alike alike: names and extras canonically, versions without their spelling's freedom.
fn alike(mut answer: Value) -> Value {
    for requirement in answer["requirements"].as_array_mut().into_iter().flatten() {
        for extra in requirement["extras"].as_array_mut().unwrap() {
            *extra = wheeltap::event::canonical_name(extra.as_str().unwrap()).into();
        }
        for one in requirement["specifier"].as_array_mut().unwrap() {
            let text = one.as_str().unwrap();
            let parsed: pep440_rs::VersionSpecifier = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            *one = parsed.to_string().into();
        }
        // pip takes a marker that it puts into the name of an editable requirement apart later.
        if requirement["editable"] == true {
            requirement["marker"] = Value::Null;
        }
    }
    answer
}

#[test]
fn every_odd_line_is_read_as_pip_reads_it() {
    let pip = RealPip::provide(NEWEST).unwrap();
    let corpus = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/requirements/odd.txt")).unwrap();
    let place = furnished();
    let corpus = corpus.lines().map(|line| (line.to_owned(), unescaped(line).into_bytes()));
    let cases: Vec<_> = corpus.chain(ENCODED.map(|bytes| (format!("{bytes:x?}"), bytes.to_vec()))).collect();
    let files: Vec<_> = (0..cases.len()).map(|number| PathBuf::from(format!("case{number}.txt"))).collect();
    for ((_, bytes), file) in cases.iter().zip(&files) {
        fs::write(place.path().join(file), bytes).unwrap();
    }
    let answers = asked(&pip, place.path(), &files);
    let mut wrong = Vec::new();
    for (((line, _), file), theirs) in cases.iter().zip(&files).zip(answers) {
        let reading = read(file, &Within(place.path()));
        let refused = !reading.errors.is_empty();
        let same = match theirs.get("error") {
            Some(_) => refused,
            None => !refused && alike(described(&reading, place.path())) == alike(theirs.clone()),
        };
        let expected_to_differ = DIFFERENT.iter().any(|(different, _)| different == line);
        if same == expected_to_differ {
            let ours =
                if refused { reading.errors[0].to_string() } else { described(&reading, place.path()).to_string() };
            wrong.push(format!("{line}\n  pip:  {theirs}\n  ours: {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}

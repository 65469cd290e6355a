//! Whole files, read from memory.

use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;

use super::{DependencyManifest, PathKind, Requirements, Source, World, read};
use crate::event::{Moment, Redactor};

#[derive(Default)]
struct Memory {
    files: HashMap<&'static str, Vec<u8>>,
}

impl Memory {
    fn holding(files: &[(&'static str, &str)]) -> Self {
        Memory { files: files.iter().map(|&(path, content)| (path, content.as_bytes().to_vec())).collect() }
    }
}

impl World for Memory {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.files.get(path.to_str().unwrap()).cloned().ok_or("No such file or directory (os error 2)".to_owned())
    }

    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some("s3cret".to_owned()),
            "VERSION" => Some("1.0".to_owned()),
            _ => None,
        }
    }

    fn kind(&self, path: &str) -> PathKind {
        match path {
            "./project" | "." => PathKind::Project,
            "./empty" => PathKind::Directory,
            _ if self.files.contains_key(path) => PathKind::File,
            _ => PathKind::Absent,
        }
    }
}

fn reading(content: &str) -> Requirements {
    read(Path::new("r.txt"), &Memory::holding(&[("r.txt", content)]))
}

fn messages(reading: &Requirements) -> Vec<String> {
    reading.errors.iter().map(ToString::to_string).collect()
}

#[test]
fn reads_each_form_of_requirement() {
    let found = reading(concat!(
        "Requests[Security,socks] >=2.8, ==2.8.* ; python_version < '3.12'  # why\n",
        "flask @ https://files.example/flask-3.0-py3-none-any.whl\n",
        "https://files.example/click-8.1-py3-none-any.whl#sha256=00 ; sys_platform == 'linux'\n",
        "git+https://git.example/a.git@main#egg=a-b&subdirectory=x\n",
        "./project[extra]\n-e .\n-e https://git.example/x#egg=y\n-e 'z[q] @ git+https://git.example/z ; os_name == \"nt\"'\n",
        "six==1.0 --hash=sha256:ab \\\n  --hash sha512:cd --config-settings k=v\n",
    ));
    assert_eq!(
        messages(&found),
        [
            "r.txt:7: invalid editable requirement `https://git.example/x#egg=y`: it is neither a directory nor a repository"
        ]
    );
    let shown: Vec<_> = found
        .entries
        .iter()
        .map(|entry| {
            let requirement = &entry.requirement;
            let marker = requirement.marker.as_ref().map_or("", |marker| &marker.text);
            format!(
                "{} {} {:?} {:?} {} {marker}",
                entry.place.line,
                requirement.name.as_deref().unwrap_or("?"),
                requirement.extras,
                requirement.source,
                requirement.specifiers
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"1 Requests ["security", "socks"] Index >=2.8, ==2.8.* python_version < '3.12'"#,
            r#"2 flask [] Url("https://files.example/flask-3.0-py3-none-any.whl")  "#,
            r#"3 click [] Url("https://files.example/click-8.1-py3-none-any.whl#sha256=00") ==8.1 sys_platform == 'linux'"#,
            r#"4 a-b [] Repository("git+https://git.example/a.git@main#egg=a-b&subdirectory=x")  "#,
            r#"5 ? ["extra"] Path("./project")  "#,
            r#"6 ? [] Path(".")  "#,
            r#"8 z ["q"] Repository("git+https://git.example/z")  os_name == "nt""#,
            r#"9 six [] Index ==1.0 "#,
        ]
    );
    assert_eq!(found.entries[7].hashes, ["sha256:ab", "sha512:cd"]);
    assert_eq!(found.entries[7].config_settings, ["k=v"]);
    assert!(found.demands_hashes());
}

#[test]
fn reports_every_fault_with_its_line() {
    let found = reading(
        "a=1\nb>=1;python_version\n\n-r none.txt\n--what\n./nothing/here\n./empty\nok\n--hash=sha256:1\n-e none\nc==1 'd\n-rhttps://h.example/r.txt\n",
    );
    assert_eq!(found.entries.len(), 1);
    let lines: Vec<_> = found.errors.iter().map(|problem| problem.place.line).collect();
    assert_eq!(lines, [1, 2, 4, 5, 6, 7, 10, 11, 12], "{:#?}", messages(&found));
    let hints: Vec<_> = found.errors.iter().map(|problem| problem.hint()).collect();
    assert!(hints.iter().all(|hint| !hint.is_empty()), "{hints:?}");
    assert!(hints[0].contains("`==`") && hints[4].contains("nothing is there"));
    assert_eq!(found.warnings.len(), 1);
}

#[test]
fn follows_files_and_names_circles() {
    let world = Memory::holding(&[
        ("reqs/main.txt", "-r base.txt\n-c ../limits.txt\n-r base.txt\nmain\n"),
        ("reqs/base.txt", "base\n-r deep/../sub/leaf.txt\n"),
        ("reqs/sub/leaf.txt", "leaf\n-r ../main.txt\n"),
        ("limits.txt", "base<2\n-e .\n"),
    ]);
    let found = read(Path::new("reqs/main.txt"), &world);
    let names: Vec<_> =
        found.entries.iter().map(|entry| (entry.requirement.name.clone().unwrap(), entry.constraint)).collect();
    let expected =
        [("base", false), ("leaf", false), ("base", true), ("base", false), ("leaf", false), ("main", false)];
    assert_eq!(names, expected.map(|(name, constraint)| (name.to_owned(), constraint)));
    let circle =
        "reqs/sub/leaf.txt:2: it includes itself: reqs/main.txt -> reqs/base.txt -> reqs/sub/leaf.txt -> reqs/main.txt";
    assert_eq!(messages(&found)[0], circle);
    assert!(
        messages(&found)[1].starts_with("limits.txt:2: invalid editable requirement `.`"),
        "{:?}",
        messages(&found)
    );
}

#[test]
fn keeps_secrets_out_of_the_manifest() {
    let found = reading(concat!(
        "--index-url https://u:${TOKEN}@index.example/simple --pre\n",
        "a==${VERSION}\nb @ https://${TOKEN}@files.example/b.whl\nhttps://${TOKEN}@files.example/c-1-py3-none-any.whl\n",
        "git+https://x:${TOKEN}@git.example/d\n${TOKEN}=1\n-r https://${TOKEN}@h.example/\n-e ${TOKEN}\n--hash=${TOKEN}\n",
    ));
    let manifest = DependencyManifest::new(
        std::slice::from_ref(&found),
        Some("runtime"),
        Moment::from_microseconds(0),
        &Redactor::default(),
    );
    let text = format!("{} {:?}", serde_json::to_string(&manifest).unwrap(), messages(&found));
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(manifest.dependencies[0].requirement, "a==1.0");
    assert_eq!(manifest.dependencies[1].url.as_deref(), Some("https://${TOKEN}@files.example/b.whl"));
    assert_eq!((manifest.total_dependencies, manifest.options.len(), found.errors.len()), (4, 2, 4));
    assert!(matches!(&found.entries[2].requirement.source, Source::Url(url) if url.contains("s3cret")));
    assert_eq!(
        serde_json::from_str::<DependencyManifest>(&serde_json::to_string(&manifest).unwrap()).unwrap(),
        manifest
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    assert_eq!(
        messages(&read(Path::new("none"), &Memory::default())),
        ["none: cannot read none: No such file or directory (os error 2)"]
    );
    let mut world = Memory::default();
    world.files.insert("bad", b"ok\n\xff".to_vec());
    assert_eq!(messages(&read(Path::new("bad"), &world)), ["bad: cannot read it as text: line 2 is not UTF-8"]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut world = Memory::default();
        world.files.insert("r.txt", bytes);
        let found = read(Path::new("r.txt"), &world);
        let _ = messages(&found);
    }

    #[test]
    fn any_jumble_of_its_words_is_read_without_panic(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "a", "==1.0", ">=", "[x]", "[", "]", "(", ";", "python_version", "<", "'3'", "\"", "@", "https://x/", "#", "\\",
                "\n", " ", "-e", "-r", "r.txt", "--hash=", "sha256:", "${A}", "é", "\u{1f600}", "git+", "file:", ".whl", "-", "=",
                "extra", "and", "in", "*", "!", "1.0.post1", "./", "egg=", "&", "~=", "===", ",", "\u{85}",
            ]),
            0..30,
        )
    ) {
        let mut world = Memory::default();
        world.files.insert("r.txt", words.concat().into_bytes());
        let found = read(Path::new("r.txt"), &world);
        let _ = (messages(&found), DependencyManifest::new(&[found], None, Moment::from_microseconds(0), &Redactor::default()));
    }
}

//! The rules of the house that no compiler holds: layers, sizes, where `unsafe` may stand, and that each page of
//! `docs/contract/` is tested. The table of layers is the one in ARCHITECTURE.md.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "only the pure modules are fenced")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Those that see no file, no clock, no process and no environment.
const PURE: [&str; 6] = ["event", "classify", "restore", "manifest", "dockerfile", "report"];

/// Where `unsafe` may stand.
const UNSAFE: [&str; 2] = ["supervise", "witness"];

/// A file is one idea.
const MOST_LINES: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of a kind below a directory, in order, with its path from the root.
fn files(directory: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(directory)];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|other| other == extension) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

/// The module of the crate that a file belongs to: `event` for `src/event/bytes.rs`; none for `src/main.rs`.
fn module(path: &Path) -> Option<String> {
    let mut parts = path.iter().skip(1);
    let first = parts.next()?.to_str()?.to_owned();
    parts.next().map(|_| first)
}

/// The layer of each module, from the lines of ARCHITECTURE.md that begin with a digit: `2  report   ledger   store`.
fn layers() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut layers = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(layer) = words.next().filter(|word| word.len() == 1).and_then(|word| word.parse().ok()) else {
            continue;
        };
        layers.extend(words.map(|word| (word.to_owned(), layer)));
    }
    layers
}

#[test]
fn a_module_names_only_modules_of_lower_layers() {
    let layers = layers();
    let mut faults = Vec::new();
    for (path, text) in files("src", "rs") {
        let Some(module) = module(&path) else { continue };
        let Some(layer) = layers.get(&module) else {
            faults.push(format!("{}: `{module}` is missing from the table in ARCHITECTURE.md", path.display()));
            continue;
        };
        for (line, named) in named_modules(&path, &code(&text)) {
            if named != module && layers.get(&named).is_some_and(|other| other >= layer) {
                faults.push(format!("{}:{line}: `{module}` names `{named}`", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(layers.get("cli"), Some(&4), "the table is read");
}

/// The modules of the crate that a file names, by `crate::` or by going up with `super::`, and where.
fn named_modules(path: &Path, code: &str) -> Vec<(usize, String)> {
    let depth = path.iter().count() - if path.ends_with("mod.rs") { 2 } else { 1 };
    // Formatted as it is, the end of a module within a file stands as far to the right as its beginning.
    let mut inline: Vec<usize> = Vec::new();
    let mut named = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for path in line.match_indices("crate::").map(|(at, word)| &line[at + word.len()..]) {
            named.extend(heads(path).into_iter().map(|name| (number + 1, name)));
        }
        let supers = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        for path in supers.filter(|path| path.starts_with("super::")) {
            let up = path.matches("super::").count();
            if up == depth + inline.len() {
                named.extend(heads(&path["super::".len() * up..]).into_iter().map(|name| (number + 1, name)));
            }
        }
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.contains(&"mod") && words.last() == Some(&"{") {
            inline.push(indent);
        } else if line.trim() == "}" && inline.last() == Some(&indent) {
            inline.pop();
        }
    }
    named
}

/// The first names of a path or of a group of paths: `a` of `a::b`, `a` and `b` of `{a::c, b}`.
fn heads(path: &str) -> Vec<String> {
    let group = path.strip_prefix('{').map_or(path, |group| group.split('}').next().unwrap_or_default());
    let parts: Vec<&str> = if path.starts_with('{') { group.split(',').collect() } else { vec![group] };
    let head = |part: &str| part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    parts.into_iter().map(head).filter(|name| !name.is_empty()).collect()
}

/// The text without its comments.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect()
}

#[test]
fn a_pure_module_says_so_and_is_held_to_it() {
    for (path, text) in files("src", "rs") {
        let Some(module) = module(&path) else { continue };
        if PURE.contains(&module.as_str()) && path.iter().count() == 3 && path.ends_with("mod.rs") && has_code(&text) {
            let fence = "#![deny(clippy::disallowed_methods, clippy::disallowed_types)]";
            assert!(text.contains(fence), "{} lacks {fence}", path.display());
        }
    }
}

fn has_code(text: &str) -> bool {
    code(text).lines().any(|line| !line.trim().is_empty())
}

#[test]
fn unsafe_code_stands_where_system_calls_are_made() {
    for (path, text) in files("src", "rs") {
        let is_allowed = module(&path).is_some_and(|module| UNSAFE.contains(&module.as_str()));
        let is_unsafe = code(&text).split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == "unsafe");
        assert!(is_allowed || !is_unsafe, "{} holds unsafe code", path.display());
    }
}

#[test]
fn only_main_ends_the_process() {
    for (path, text) in files("src", "rs") {
        let ends = code(&text).contains("process::exit") || code(&text).contains("process::abort");
        assert!(!ends || path.ends_with("main.rs"), "{} ends the process", path.display());
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (path, text) in files("src", "rs") {
        assert!(text.starts_with("//!") || path.ends_with("tests.rs"), "{} does not open with `//!`", path.display());
    }
}

#[test]
fn no_file_is_too_long() {
    for (path, text) in files("src", "rs") {
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines: split it", path.display());
    }
}

#[test]
fn every_page_of_the_contract_is_tested_and_every_citation_has_its_page() {
    let pages: BTreeSet<String> = files("docs/contract", "md")
        .into_iter()
        .map(|(path, text)| {
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(text.starts_with(&format!("# {id}: ")), "{} does not open with its name", path.display());
            for section in ["\n## Intent\n", "\n## Acceptance criteria\n", "\n## Known limits\n"] {
                assert!(text.contains(section), "{} lacks{section}", path.display());
            }
            id
        })
        .collect();
    let sources = files("tests", "rs").into_iter().chain(files("src", "rs"));
    let cited: BTreeSet<String> = sources
        .flat_map(|(_, text)| {
            let lines = text.lines().filter_map(|line| line.trim().strip_prefix("// Contract: "));
            lines.flat_map(|ids| ids.split(',')).map(|id| id.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let untested: Vec<_> = pages.difference(&cited).collect();
    let unwritten: Vec<_> = cited.difference(&pages).collect();
    assert!(untested.is_empty() && unwritten.is_empty(), "no test: {untested:?}; no page: {unwritten:?}");
}

/// The variables of ours that a text names.
fn variables(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect::<String>();
    let names = text.split("WHEELTAP_").skip(1).map(name).filter(|name| !name.is_empty());
    names.map(|name| format!("WHEELTAP_{name}")).collect()
}

#[test]
fn every_variable_is_documented_in_one_place_and_none_is_made_up() {
    let page = fs::read_to_string(root().join("docs/environment.md")).unwrap();
    let (of_users, of_tests) = page.split_once("## The tests'").unwrap();
    let in_source: BTreeSet<_> = files("src", "rs").iter().flat_map(|(_, text)| variables(text)).collect();
    assert_eq!(in_source, variables(of_users), "in src/, and in docs/environment.md");
    let tests = files("tests", "rs");
    let in_tests: BTreeSet<_> = tests.iter().flat_map(|(_, text)| variables(text)).collect();
    assert!(
        variables(of_tests).is_subset(&in_tests),
        "no test knows of {:?}",
        variables(of_tests).difference(&in_tests)
    );
    let readme = variables(&fs::read_to_string(root().join("README.md")).unwrap());
    assert!(readme.is_subset(&in_source), "the README promises {:?}", readme.difference(&in_source));
}

#[test]
fn the_rules_would_notice() {
    let named = |path: &str, code: &str| -> Vec<String> {
        named_modules(Path::new(path), code).into_iter().map(|(_, name)| name).collect()
    };
    assert_eq!(named("src/event/mod.rs", "use super::shim::Tool;\n"), ["shim"]);
    assert_eq!(named("src/event/mod.rs", "mod tests {\n    use super::shim;\n}\nuse super::cli;\n"), ["cli"]);
    assert_eq!(named("src/event/bytes.rs", "use super::{a, b};\nuse super::super::cli::x;\n"), ["cli"]);
    assert_eq!(named("src/event/bytes.rs", "use crate::{report::x, store};\nlet a = crate::cli::run;\n").len(), 3);
}

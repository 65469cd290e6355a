//! `wheeltap site-packages`, against what Python itself says of the same directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::Place;
use crate::support::pips::{NEWEST, RealPip};
use crate::support::wheels::Made;

/// Files and bytes of a directory, and of each distribution by its `RECORD`, by way of `importlib.metadata`.
const ORACLE: &str = "
import importlib.metadata as metadata, json, os, sys
directory = os.path.realpath(sys.argv[1])
sizes = {}
for place, _, names in os.walk(directory):
    for name in names:
        path = os.path.join(place, name)
        if not os.path.islink(path):
            sizes[path] = os.path.getsize(path)
packages = {}
for one in metadata.distributions(path=[directory]):
    files = {os.path.realpath(one.locate_file(file)) for file in one.files or []}
    packages[one.metadata['Name']] = sum(sizes.get(file, 0) for file in files)
compiled = sum(size for path, size in sizes.items() if path.endswith('.pyc'))
print(json.dumps({'files': len(sizes), 'bytes': sum(sizes.values()), 'packages': packages, 'compiled': compiled}))
";

fn asked(place: &Place, pip: &RealPip, directory: &Path) -> Value {
    let said = place.of(place.command(pip.python()).args(["-I", "-c", ORACLE]).arg(directory));
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

fn reported(place: &Place, directory: &Path) -> Value {
    let said = place.of(place.wheeltap(["site-packages", "--format", "json"]).arg(directory));
    assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    serde_json::from_str(&said.stdout).unwrap()
}

fn sizes(document: &Value) -> BTreeMap<String, u64> {
    let packages = document["packages"].as_array().unwrap().iter();
    packages.map(|one| (one["name"].as_str().unwrap().to_owned(), one["bytes"].as_u64().unwrap())).collect()
}

/// Installs, with pip, into a directory.
fn filled(place: &Place, pip: &RealPip) -> std::path::PathBuf {
    let (links, target) = (place.join("links"), place.join("site"));
    fs::create_dir(&links).unwrap();
    Made::new("one-two", "1.0").requires(&["leaf"]).wheel(&links);
    Made::new("leaf", "2.0").wheel(&links);
    let mut install = place.command(pip.python());
    install.args(["-m", "pip", "install", "--no-index", "--find-links"]).arg(&links).arg("--target").arg(&target);
    let said = place.of(install.args(["--disable-pip-version-check", "one-two"]));
    assert_eq!(said.status, Some(0), "{said:?}");
    target
}

#[test]
fn weighs_what_python_says() {
    let (place, pip) = (Place::new(), RealPip::provide(NEWEST).unwrap());
    let directory = filled(&place, &pip);
    for directory in
        [directory, pip.venv.join("lib").read_dir().unwrap().next().unwrap().unwrap().path().join("site-packages")]
    {
        let (truth, report) = (asked(&place, &pip, &directory), reported(&place, &directory));
        assert_eq!((&report["files"], &report["bytes"]), (&truth["files"], &truth["bytes"]));
        assert_eq!(report["compiled"]["bytes"], truth["compiled"]);
        let truth: BTreeMap<String, u64> = serde_json::from_value(truth["packages"].clone()).unwrap();
        assert_eq!(sizes(&report), truth, "{}", directory.display());
        let total = truth.values().sum::<u64>() + report["unowned"]["bytes"].as_u64().unwrap();
        assert_eq!(total, report["bytes"]);
    }
}

#[test]
fn lists_what_could_go_and_removes_nothing() {
    let (place, pip) = (Place::new(), RealPip::provide(NEWEST).unwrap());
    let directory = filled(&place, &pip);
    for (path, content) in [
        ("leaf-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: leaf\nVersion: 1.0\n"),
        ("one_two.egg-info/PKG-INFO", "Metadata-Version: 1.1\nName: one-two\nVersion: 0.9\n"),
        ("gone-1.0.dist-info/METADATA", "Name: gone\nVersion: 1.0\n"),
        ("gone-1.0.dist-info/RECORD", "gone.py,,\ngone-1.0.dist-info/RECORD,,\n"),
        ("~eaf/leaf.py", "12345"),
        ("pack/tests/test_it.py", "123"),
        ("pack/tests/__pycache__/test_it.cpython-311.pyc", "1234567"),
        ("tests/top.py", "1"),
    ] {
        place.write(&format!("site/{path}"), content);
    }
    let before = asked(&place, &pip, &directory);
    let report = reported(&place, &directory);
    assert_eq!(asked(&place, &pip, &directory), before);
    let paths = |field: &str| -> Vec<&str> {
        report[field].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect()
    };
    assert_eq!(paths("stale"), ["~eaf", "gone-1.0.dist-info", "one_two.egg-info"]);
    assert_eq!(paths("tests"), ["pack/tests"]);
    assert_eq!((&report["tests"][0]["bytes"], &report["stale"][0]["bytes"]), (&3.into(), &5.into()));
    let several = &report["several"];
    assert_eq!(several[0]["metadata"], serde_json::json!(["leaf-1.0.dist-info", "leaf-2.0.dist-info"]));
    assert_eq!((several.as_array().unwrap().len(), &several[1]["name"]), (2, &"one-two".into()));
    let stale: u64 = report["stale"].as_array().unwrap().iter().map(|one| one["bytes"].as_u64().unwrap()).sum();
    let all = stale + 3 + report["compiled"]["bytes"].as_u64().unwrap();
    assert_eq!(report["could_go"]["bytes"], all);
    let text = place.of(place.wheeltap(["site-packages"]).arg(&directory)).stdout;
    for line in [
        "several: leaf: leaf-1.0.dist-info, leaf-2.0.dist-info",
        "stale: gone-1.0.dist-info: none of the files that it lists is there",
        "tests: pack/tests (3 bytes)",
    ] {
        assert!(text.lines().any(|one| one.starts_with(line)), "no {line:?} in {text}");
    }
    let absent = place.says("site-packages none");
    assert_eq!((absent.status, absent.stderr.contains("cannot list none")), (Some(2), true), "{absent:?}");
}

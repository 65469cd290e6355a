//! `wheeltap wheelhouse check`, and whether pip agrees.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Place, Said};
use crate::support::pips::{NEWEST, RealPip};
use crate::support::wheels::Made;

/// A build backend that lies in the source itself: it imports `helper`, and makes a wheel of nothing.
const BACKEND: &str = r#"
import helper, os, zipfile
def _name():
    lines = dict(line.split(": ", 1) for line in open("PKG-INFO").read().splitlines() if ": " in line)
    return lines["Name"], lines["Version"]
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name, version = _name()
    info = f"{name}-{version}.dist-info"
    path = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, path), "w") as wheel:
        wheel.writestr(f"{info}/METADATA", open("PKG-INFO").read())
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path
"#;
const PYPROJECT: &str = "[build-system]\nrequires = [\"helper>=1\"]\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n[project]\nname = \"sourced\"\nversion = \"1.0\"\ndependencies = [\"leaf\"]\n";

/// One wheelhouse, one requirements file, and what is to be said of them.
struct Case {
    name: &'static str,
    requirements: &'static str,
    fill: fn(&Path),
    /// The status of the check, and what it says.
    status: i32,
    says: &'static [&'static str],
}

fn wheels(directory: &Path, made: &[Made]) {
    made.iter().for_each(|made| drop(made.wheel(directory)));
}

fn base(directory: &Path) {
    wheels(
        directory,
        &[
            Made::new("top", "1.0").requires(&["leaf>=1", "spare; extra == 'more'"]).extra("more"),
            Made::new("leaf", "1.0"),
        ],
    );
}

fn sourced(directory: &Path) {
    Made::new("sourced", "1.0")
        .requires(&["leaf"])
        .sdist(directory, &[("pyproject.toml", PYPROJECT), ("backend.py", BACKEND)]);
    Made::new("leaf", "1.0").wheel(directory);
}

const CASES: [Case; 22] = [
    Case {
        name: "all is there",
        requirements: "top",
        fill: base,
        status: 0,
        says: &["suffices for", "2 files to install"],
    },
    Case {
        name: "nothing is there",
        requirements: "none",
        fill: base,
        status: 1,
        says: &["missing: none, for none (requirements.txt:1)"],
    },
    Case {
        name: "what an extra needs",
        requirements: "top[more]",
        fill: base,
        status: 1,
        says: &["missing: spare, for spare; extra == 'more' (top 1.0)"],
    },
    Case {
        name: "an extra that there is not",
        requirements: "top[most]",
        fill: base,
        status: 0,
        says: &["2 files to install"],
    },
    Case {
        name: "a marker that does not hold",
        requirements: "top\nnone; python_version < '3'",
        fill: base,
        status: 0,
        says: &[],
    },
    Case {
        name: "another version",
        requirements: "top>=2",
        fill: base,
        status: 1,
        says: &["missing: top>=2, for top>=2", "  top-1.0-py3-none-any.whl: the version does not fit"],
    },
    Case {
        name: "a constraint",
        requirements: "top\n-c limits.txt",
        fill: |directory| {
            base(directory);
            fs::write(directory.with_file_name("limits.txt"), "leaf>=2\n").unwrap();
        },
        status: 1,
        says: &["missing: leaf>=1,>=2, for leaf>=1 (top 1.0), leaf>=2 (limits.txt:1)"],
    },
    Case {
        name: "two that exclude each other",
        requirements: "top\nother",
        fill: |directory| {
            base(directory);
            wheels(directory, &[Made::new("other", "1").requires(&["leaf<1"]), Made::new("leaf", "0.5")]);
        },
        status: 1,
        says: &["conflict: no file of leaf serves all: leaf>=1 (top 1.0), leaf<1 (other 1)"],
    },
    Case {
        name: "an older one that agrees",
        requirements: "other\ntop",
        fill: |directory| {
            base(directory);
            wheels(
                directory,
                &[Made::new("other", "2").requires(&["leaf<1"]), Made::new("other", "1"), Made::new("leaf", "0.5")],
            );
        },
        status: 0,
        says: &["3 files to install"],
    },
    Case {
        name: "another platform",
        requirements: "top",
        fill: |directory| wheels(directory, &[Made::new("top", "1").tagged("cp27-cp27m-win32")]),
        status: 1,
        says: &["  top-1-cp27-cp27m-win32.whl: it is for another Python or platform"],
    },
    Case {
        name: "half a wheel",
        requirements: "top",
        fill: |directory| {
            base(directory);
            let path = directory.join("leaf-1.0-py3-none-any.whl");
            let whole = fs::read(&path).unwrap();
            fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        },
        status: 1,
        says: &["broken: leaf-1.0-py3-none-any.whl: it is not a whole zip archive"],
    },
    Case {
        name: "a wheel under a temporary name",
        requirements: "top",
        fill: |directory| {
            base(directory);
            fs::rename(directory.join("leaf-1.0-py3-none-any.whl"), directory.join(".leaf-1.0-py3-none-any.whl.x1"))
                .unwrap();
        },
        status: 1,
        says: &["missing: leaf>=1"],
    },
    Case {
        name: "the wrong hash",
        requirements: "leaf==1.0 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000",
        fill: base,
        status: 1,
        says: &[
            "hash: leaf-1.0-py3-none-any.whl: its sha256 is not one of those at requirements.txt:1",
            "fetch: pip download --dest wheelhouse -r requirements.txt",
        ],
    },
    Case {
        name: "a dependency without hash",
        requirements: "top==1.0 --hash=sha256:@top",
        fill: base,
        status: 1,
        says: &["unhashed: leaf-1.0-py3-none-any.whl"],
    },
    Case {
        name: "all hashed",
        requirements: "top==1.0 --hash=sha256:@top\nleaf==1.0 --hash=sha256:@leaf",
        fill: base,
        status: 0,
        says: &[],
    },
    Case {
        name: "only wheels",
        requirements: "sourced\n--only-binary=:all:",
        fill: sourced,
        status: 1,
        says: &["sourced-1.0.tar.gz: --only-binary excludes it"],
    },
    Case {
        name: "a source that cannot be built",
        requirements: "sourced",
        fill: sourced,
        status: 1,
        says: &["missing: helper>=1, to build sourced-1.0.tar.gz", "fetch: pip download --dest wheelhouse 'helper>=1'"],
    },
    Case {
        name: "a source whose helper needs more",
        requirements: "sourced",
        fill: |directory| {
            sourced(directory);
            Made::new("helper", "1.0").requires(&["depth"]).wheel(directory);
        },
        status: 1,
        says: &["missing: depth, to build sourced-1.0.tar.gz, for depth (helper 1.0)"],
    },
    Case {
        name: "a source that may ask for more",
        requirements: "sourced",
        fill: |directory| {
            sourced(directory);
            Made::new("helper", "1.0").wheel(directory);
        },
        status: 3,
        says: &["doubt: sourced-1.0.tar.gz: its build backend `backend` may ask for more", "may suffice"],
    },
    Case {
        name: "sources that need each other",
        requirements: "sourced",
        fill: |directory| {
            sourced(directory);
            let circle =
                PYPROJECT.replace("helper>=1", "sourced").replace("\"sourced\"\nversion", "\"helper\"\nversion");
            Made::new("helper", "1.0").sdist(directory, &[("pyproject.toml", &circle), ("backend.py", BACKEND)]);
        },
        status: 1,
        says: &[
            "circle: these need each other to be built: helper-1.0.tar.gz -> sourced-1.0.tar.gz -> helper-1.0.tar.gz",
        ],
    },
    Case {
        name: "a path that is there",
        requirements: "./elsewhere/near-1.0-py3-none-any.whl",
        fill: |directory| {
            let elsewhere = directory.with_file_name("elsewhere");
            fs::create_dir(&elsewhere).unwrap();
            Made::new("near", "1.0").requires(&["leaf"]).wheel(&elsewhere);
            base(directory);
        },
        status: 0,
        says: &["2 files to install"],
    },
    Case {
        name: "a server",
        requirements: "top @ https://files.invalid/top-1.0-py3-none-any.whl",
        fill: base,
        status: 1,
        says: &[
            "network: top @ https://files.invalid/top-1.0-py3-none-any.whl (requirements.txt:1) is fetched from its own place",
        ],
    },
];

fn check(place: &Place, directory: &Path, python: &Path, more: &[&str]) -> Said {
    let mut command = place.wheeltap(["wheelhouse", "check", "--requirements", "requirements.txt", "--python"]);
    place.of(command.arg(python).args(more).current_dir(directory))
}

/// Whether pip can install it, for real.
fn installs(place: &Place, directory: &Path, pip: &RealPip) -> bool {
    let mut command = place.command(pip.python());
    command.args(["-m", "pip", "install", "--no-index", "--find-links", "wheelhouse", "-r", "requirements.txt"]);
    command.args([
        "--ignore-installed",
        "--target",
        "installed",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "-q",
    ]);
    // Two sources that need each other are built until something gives: the stack, or this limit.
    let limited = "ulimit -u 4096; exec timeout 60 \"$@\"";
    let mut limiting = place.command("/bin/sh");
    limiting.args(["-c", limited, "sh"]).arg(command.get_program()).args(command.get_args());
    place.of(limiting.current_dir(directory).env("PIP_RETRIES", "0")).status == Some(0)
}

#[test]
fn each_verdict_is_what_pip_does() {
    let pip = RealPip::provide(NEWEST).unwrap();
    for case in CASES {
        let place = Place::new();
        let directory = place.join("case");
        let wheelhouse = directory.join("wheelhouse");
        fs::create_dir_all(&wheelhouse).unwrap();
        (case.fill)(&wheelhouse);
        let mut requirements = case.requirements.to_owned();
        for name in ["top", "leaf"] {
            if requirements.contains(&format!("@{name}")) {
                let digest = wheeltap::store::sha256(&wheelhouse.join(format!("{name}-1.0-py3-none-any.whl"))).unwrap();
                requirements = requirements.replace(&format!("@{name}"), &digest.to_string());
            }
        }
        fs::write(directory.join("requirements.txt"), requirements).unwrap();
        let said = check(&place, &directory, &pip.python(), &[]);
        assert_eq!(said.status, Some(case.status), "{}: {said:?}", case.name);
        for text in case.says {
            assert!(said.stdout.contains(text), "{}: no {text:?} in {}", case.name, said.stdout);
        }
        // Circles are left out: pip builds on and on, each build in another.
        if !case.name.starts_with("sources that need") {
            assert_eq!(installs(&place, &directory, &pip), case.status != 1, "{}: pip disagrees", case.name);
        }
    }
}

#[test]
fn the_command_that_it_names_fetches_what_is_missing() {
    let pip = RealPip::provide(NEWEST).unwrap();
    let place = Place::new();
    let links = place.join("links");
    let wheelhouse = place.join("wheelhouse");
    fs::create_dir_all(&links).unwrap();
    fs::create_dir_all(&wheelhouse).unwrap();
    base(&wheelhouse);
    sourced(&wheelhouse);
    fs::remove_file(wheelhouse.join("leaf-1.0-py3-none-any.whl")).unwrap();
    wheels(
        &links,
        &[Made::new("leaf", "1.0"), Made::new("helper", "1.5").requires(&["depth"]), Made::new("depth", "1")],
    );
    place.write("requirements.txt", "top\nsourced\n");
    let document = check(&place, place.path(), &pip.python(), &["--format", "json"]);
    assert_eq!(document.status, Some(1));
    let document: Value = serde_json::from_str(&document.stdout).unwrap();
    let remedy = document["remedy"].as_str().unwrap();
    assert_eq!(remedy, "pip download --dest wheelhouse 'leaf>=1' && pip download --dest wheelhouse 'helper>=1'");
    let mut shell = place.command("/bin/sh");
    shell.args(["-c", remedy]).env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", &links);
    shell.env("PATH", format!("{}:/usr/bin:/bin", pip.venv.join("bin").display()));
    let fetched = place.of(&mut shell);
    assert_eq!(fetched.status, Some(0), "{fetched:?}");
    assert_eq!(check(&place, place.path(), &pip.python(), &[]).status, Some(3));
    assert!(installs(&place, place.path(), &pip));
}

#[test]
fn another_environment_is_named() {
    let place = Place::new();
    let wheelhouse = place.join("wheelhouse");
    fs::create_dir_all(&wheelhouse).unwrap();
    let made = Made::new("top", "1.0").tagged("cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64");
    wheels(&wheelhouse, &[made.requires(&["old; python_full_version < '3.12.4'", "win; sys_platform == 'win32'"])]);
    place.write("requirements.txt", "top\n");
    let said = |line: &str| place.says(&format!("wheelhouse check --requirements requirements.txt {line}"));
    assert_eq!(said("--python 3.12.9 --platform manylinux_2_28_x86_64").status, Some(0));
    // The patch release is open: what one of them needs must be there.
    let open = said("--python 3.12 --platform manylinux_2_17_x86_64");
    assert_eq!(open.status, Some(1));
    assert!(open.stdout.contains("missing: old") && !open.stdout.contains("win"), "{open:?}");
    let download = "pip download --dest wheelhouse --only-binary=:all: --python-version 3.12 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64";
    let fetch = format!("fetch: {download} old || {download} --no-deps old\nhint: check again afterwards: ");
    assert!(open.stdout.contains(&fetch), "{open:?}");
    assert!(said("--python 3.12.9 --platform musllinux_1_2_x86_64").stdout.contains("another Python or platform"));
    let wrong = said("--python 3.12 --platform amiga");
    assert_eq!((wrong.status, wrong.stderr.contains("`amiga` is not a platform tag")), (Some(2), true), "{wrong:?}");
    let absent = said("--python ./no-python");
    assert!(absent.status == Some(2) && absent.stderr.contains("hint: name the environment instead"), "{absent:?}");
}

#[test]
fn every_line_of_the_manifest_is_held_against_the_files() {
    let place = Place::new();
    let wheelhouse = place.join("wheelhouse");
    fs::create_dir_all(&wheelhouse).unwrap();
    let none = place.says("wheelhouse check");
    assert_eq!(none.status, Some(2));
    assert!(none.stderr.contains("it has no manifest\nhint: `wheeltap wheelhouse manifest --write`"), "{none:?}");
    base(&wheelhouse);
    wheels(&wheelhouse, &[Made::new("third", "1")]);
    let written = place.says("wheelhouse manifest --write");
    assert_eq!(written.stdout, "wheelhouse/wheelhouse_manifest.json: 3 files\n");
    assert_eq!(place.says("wheelhouse check").stdout, "wheelhouse: 3 files, as the manifest says\n");
    fs::remove_file(wheelhouse.join("third-1-py3-none-any.whl")).unwrap();
    Made::new("extra", "1").wheel(&wheelhouse);
    Made::new("top", "1.0").requires(&["leaf>=2", "spare; extra == 'more'"]).wheel(&wheelhouse);
    let said = place.says("wheelhouse check");
    let lines: Vec<_> = said.stdout.lines().collect();
    assert_eq!(said.status, Some(1));
    assert_eq!(lines[0], "missing: third-1-py3-none-any.whl is in the manifest and not in the wheelhouse");
    assert_eq!(lines[1], "extra: extra-1-py3-none-any.whl is in the wheelhouse and not in the manifest");
    assert!(lines[2].starts_with("changed: top-1.0-py3-none-any.whl: it"), "{lines:?}");
    place.write("wheelhouse/wheelhouse_manifest.json", "{\"schema\": 1");
    let torn = place.says("wheelhouse check");
    assert!(torn.status == Some(2) && torn.stderr.contains("wheelhouse_manifest.json`: it is not JSON"), "{torn:?}");
    let absent = place.says("wheelhouse check --wheelhouse none");
    assert!(absent.status == Some(2) && absent.stderr.contains("cannot list none"), "{absent:?}");
}

// Contract: caches-told-apart
#[test]
fn a_wheelhouse_that_a_file_names_beside_an_index_is_bypassed() {
    let place = Place::new();
    let wheelhouse = place.join("wheelhouse");
    fs::create_dir_all(&wheelhouse).unwrap();
    base(&wheelhouse);
    let said = |requirements: &str, verb: &str| {
        place.write("requirements.txt", requirements);
        place.says(&verb.replace("FILE", "requirements.txt limits.txt"))
    };
    let bypassed = "a wheelhouse is named, and an index beside it: of the same version pip takes the index's";
    for verb in ["requirements FILE", "wheelhouse check --requirements FILE"] {
        place.write("limits.txt", "");
        let beside = said("--find-links ./wheelhouse\ntop\n", verb);
        assert_eq!(beside.status, Some(0), "{beside}");
        assert!(
            beside.stderr.contains(&format!("requirements.txt:1: {bypassed}\nhint: add `--no-index`\n")),
            "{verb}: {beside}"
        );
        for none in ["top\n--find-links https://wheels.example/\n", "--no-index -f wheelhouse\ntop\n"] {
            assert!(!said(none, verb).stderr.contains(bypassed), "{none}");
        }
        place.write("limits.txt", "--no-index\n");
        assert!(!said("top\n-f wheelhouse\n", verb).stderr.contains(bypassed), "an option of one file counts for all");
    }
}

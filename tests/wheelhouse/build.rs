//! `wheeltap wheelhouse build`, with pip's newest version taking from a directory of links instead of an index.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Place, Said};
use crate::support::pips::{NEWEST, RealPip};
use crate::support::streams::terminal;
use crate::support::wheels::Made;

/// A build backend that lies in the source itself and needs nothing.
const PYPROJECT: &str = "[build-system]\nrequires = [\"helper\"]\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n[project]\nname = \"sourced\"\nversion = \"1.0\"\n";
const BACKEND: &str = r#"
import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(os.path.join(directory, "sourced-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("sourced-1.0.dist-info/METADATA", open("PKG-INFO").read())
        wheel.writestr("sourced-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("sourced-1.0.dist-info/RECORD", "")
    return "sourced-1.0-py3-none-any.whl"
"#;

/// A place with links to take from, and pip.
struct Workshop {
    place: Place,
    pip: RealPip,
}

impl Workshop {
    fn new() -> Self {
        let workshop = Workshop { place: Place::new(), pip: RealPip::provide(NEWEST).unwrap() };
        let links = workshop.links();
        fs::create_dir(&links).unwrap();
        Made::new("top", "1.0").requires(&["leaf>=1"]).wheel(&links);
        Made::new("leaf", "1.0").wheel(&links);
        Made::new("leaf", "2.0").wheel(&links);
        Made::new("helper", "1.0").wheel(&links);
        Made::new("sourced", "1.0").sdist(&links, &[("pyproject.toml", PYPROJECT), ("backend.py", BACKEND)]);
        workshop
    }

    fn links(&self) -> PathBuf {
        self.place.join("links")
    }

    fn build(&self, line: &str) -> Said {
        self.place.of(&mut self.command(line))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.place.wheeltap(["wheelhouse", "build"].into_iter().chain(line.split_whitespace()));
        command.env("PATH", format!("{}:/usr/bin:/bin", self.pip.venv.join("bin").display()));
        command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", self.links()).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command
    }

    fn manifest(&self) -> Value {
        serde_json::from_slice(&fs::read(self.place.join("wheelhouse/wheelhouse_manifest.json")).unwrap()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.place.join("wheelhouse"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "wheelhouse_manifest.json")
            .collect();
        names.sort();
        names
    }
}

#[test]
fn fills_a_wheelhouse_and_says_who_asked_for_what() {
    let workshop = Workshop::new();
    workshop.place.write("requirements/a.txt", "top==1.0\n# why\nleaf<2\n");
    workshop.place.write("requirements/b.txt", "gone; python_version < '3'\nhelper\n");
    let said = workshop.build("--requirements requirements/*.txt --jobs 2");
    assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(
        workshop.files(),
        ["helper-1.0-py3-none-any.whl", "leaf-1.0-py3-none-any.whl", "top-1.0-py3-none-any.whl"]
    );
    let manifest = workshop.manifest();
    assert_eq!(manifest["requirements"], serde_json::json!(["requirements/a.txt", "requirements/b.txt"]));
    let line = |index: usize| {
        let line = &manifest["success"][index];
        (
            line["name"].as_str().unwrap(),
            line["version"].as_str().unwrap(),
            line["tags"].as_str().unwrap(),
            line["requirement"].as_str().unwrap(),
            line["required_by"].to_string(),
        )
    };
    assert_eq!(line(0), ("helper", "1.0", "py3-none-any", "helper", "[\"requirements/b.txt:2\"]".to_owned()));
    assert_eq!(line(1), ("leaf", "1.0", "py3-none-any", "leaf<2", "[\"requirements/a.txt:3\"]".to_owned()));
    assert_eq!(line(2), ("top", "1.0", "py3-none-any", "top==1.0", "[\"requirements/a.txt:1\"]".to_owned()));
    for line in manifest["success"].as_array().unwrap() {
        let file = workshop.place.join("wheelhouse").join(line["filename"].as_str().unwrap());
        assert_eq!(line["size_bytes"], fs::metadata(&file).unwrap().len());
        assert_eq!(line["sha256"], wheeltap::store::sha256(&file).unwrap().to_string());
        assert_eq!((&line["origin"], &line["cached"]), (&"wheelhouse".into(), &true.into()), "{line}");
    }
    let skipped = &manifest["skipped"][0];
    assert_eq!((&skipped["requirement"], &skipped["line"]), (&"gone; python_version < '3'".into(), &1.into()));
    assert_eq!(manifest["summary"]["total_files"], 3);
    assert!(manifest["duration_seconds"].as_f64().unwrap() > 0.0);
    let stamp = manifest["session_id"].as_str().unwrap();
    let log = fs::read_to_string(workshop.place.join(format!("logs/wheelhouse/download_{stamp}.log"))).unwrap();
    assert!(log.contains("requirements/a.txt: $ pip download --dest wheelhouse -r requirements/a.txt"), "{log}");
    let session: Value =
        serde_json::from_slice(&fs::read(workshop.place.join(format!("logs/build/downloads_{stamp}.json"))).unwrap())
            .unwrap();
    assert_eq!(session["invocations"].as_array().unwrap().len(), 2);
    assert_eq!(session["downloads"]["wheels"].as_array().unwrap().len(), 3);
    assert_eq!(workshop.place.says("wheelhouse check").status, Some(0));
}

// Contract: console-manners
#[test]
fn a_bar_is_drawn_where_standard_error_is_a_terminal_and_gone_at_the_end() {
    let workshop = Workshop::new();
    workshop.place.write("r.txt", "top\n");
    let (mut ours, theirs) = terminal();
    let mut command = workshop.command("-r r.txt");
    command.env("TERM", "xterm").stdout(Stdio::piped()).stderr(theirs);
    let child = command.spawn().unwrap();
    drop(command);
    let mut shown = Vec::new();
    // A terminal ends with an error.
    let _ = ours.read_to_end(&mut shown);
    let output = child.wait_with_output().unwrap();
    let (shown, stdout) = (String::from_utf8(shown).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(output.status.success() && stdout.contains("2 files"), "{stdout}");
    let is_bar = |text: &str| text.contains("/1 ") && text.contains('░');
    assert!(is_bar(&shown), "{shown:?}");
    let left = shown.rsplit("\x1b[2K").next().unwrap();
    assert_eq!(left.trim_matches(['\r', '\n']), "", "{shown:?}");
    assert!(!is_bar(&stdout) && !stdout.contains('\r') && !stdout.contains('\x1b'), "{stdout:?}");
}

#[test]
fn run_again_it_fetches_nothing() {
    let workshop = Workshop::new();
    workshop.place.write("r.txt", "top\n");
    assert_eq!(workshop.build("-r r.txt").status, Some(0));
    let mut before = workshop.manifest();
    fs::remove_dir_all(workshop.links()).unwrap();
    let again = workshop.build("-r r.txt");
    assert_eq!((again.status, again.stderr.as_str()), (Some(0), ""), "{again:?}");
    assert!(again.stdout.starts_with("nothing was downloaded\n    2 "), "{again:?}");
    assert!(again.stdout.contains("already there"), "{again:?}");
    let mut after = workshop.manifest();
    for line in [&mut before, &mut after].into_iter().flat_map(|manifest| manifest["success"].as_array_mut().unwrap()) {
        for changing in ["origin", "at"] {
            line[changing] = Value::Null;
        }
    }
    assert_eq!(before["success"], after["success"]);
}

#[test]
fn what_cannot_be_had_does_not_stop_the_rest() {
    let workshop = Workshop::new();
    workshop.place.write("bad.txt", "top\nnowhere==1\nleaf=1\nhelper\n-c limits.txt\n");
    workshop.place.write("limits.txt", "leaf<2\n");
    workshop.place.write("worse.txt", "-r none.txt\n");
    workshop.place.write("absent.txt", "helper\nnowhere>=2\n");
    let said = workshop.build("-r bad.txt -r worse.txt -r absent.txt");
    assert_eq!(said.status, Some(1), "{said:?}");
    assert_eq!(
        workshop.files(),
        ["helper-1.0-py3-none-any.whl", "leaf-1.0-py3-none-any.whl", "top-1.0-py3-none-any.whl"]
    );
    let manifest = workshop.manifest();
    let errors: Vec<_> = manifest["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["requirement"].as_str().unwrap(),
                error["file"].as_str().unwrap(),
                error["line"].as_u64(),
                error["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(
        errors[0].1 == "bad.txt" && errors[0].2 == Some(3) && errors[0].3.contains("invalid requirement `leaf=1`"),
        "{errors:?}"
    );
    assert_eq!(errors[1], ("nowhere==1", "bad.txt", Some(2), "No matching distribution found for nowhere==1"));
    assert!(errors[2].1 == "worse.txt" && errors[2].3.contains("cannot read none.txt"), "{errors:?}");
    assert_eq!((errors[3].0, errors[3].1), ("nowhere>=2", "absent.txt"));
    assert!(
        said.stdout.contains("failed: nowhere==1 (bad.txt:2): No matching distribution found for nowhere==1\n"),
        "{said:?}"
    );
}

#[test]
fn sources_get_what_they_are_built_with_or_are_built() {
    let workshop = Workshop::new();
    workshop.place.write("r.txt", "sourced\n");
    assert_eq!(workshop.build("-r r.txt").status, Some(0));
    assert_eq!(workshop.files(), ["helper-1.0-py3-none-any.whl", "sourced-1.0.tar.gz"]);
    assert_eq!(
        workshop.manifest()["success"][0]["required_by"],
        serde_json::json!(["the build of sourced-1.0.tar.gz"])
    );
    fs::remove_dir_all(workshop.place.join("wheelhouse")).unwrap();
    let built = workshop.build("-r r.txt --build-wheels");
    assert_eq!(built.status, Some(0), "{built:?}");
    assert_eq!(workshop.files(), ["sourced-1.0-py3-none-any.whl"]);
    assert_eq!(workshop.manifest()["success"][0]["origin"], "built");
    assert_eq!(workshop.manifest()["summary"]["wheels_built"], 1);
}

#[test]
fn secrets_stay_out_of_everything_that_is_written() {
    let workshop = Workshop::new();
    workshop.place.write("r.txt", "--extra-index-url https://user:${TOKEN}@index.invalid/simple\nleaf\nnowhere @ https://user:s3cret@files.invalid/nowhere-1-py3-none-any.whl\n");
    let mut command = workshop.place.wheeltap(["wheelhouse", "build", "-r", "r.txt", "--", "--retries", "0"]);
    command.env("PATH", format!("{}:/usr/bin:/bin", workshop.pip.venv.join("bin").display()));
    command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", workshop.links()).env("TOKEN", "s3cret");
    let said = workshop.place.of(&mut command);
    assert_eq!(said.status, Some(1), "{said:?}");
    assert!(!format!("{said:?}").contains("s3cret"), "{said:?}");
    for directory in ["wheelhouse", "logs/wheelhouse", "logs/build"] {
        for entry in fs::read_dir(workshop.place.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            let content = fs::read(&path).unwrap();
            assert!(!content.windows(6).any(|window| window == b"s3cret"), "{}", path.display());
        }
    }
}

#[test]
fn says_what_to_do_when_it_cannot_begin() {
    let place = Place::new();
    let none = place.says("wheelhouse build -r none*.txt");
    assert_eq!(none.status, Some(2));
    assert!(none.stderr.contains("`none*.txt` matches nothing\nhint: "), "{none:?}");
    place.write("r.txt", "leaf\n");
    let mut command = place.wheeltap(["wheelhouse", "build", "-r", "r.txt"]);
    let no_pip = place.of(command.env("PATH", place.path()));
    assert_eq!(no_pip.status, Some(2));
    assert!(no_pip.stderr.contains("there is no pip on PATH\nhint: install pip"), "{no_pip:?}");
}

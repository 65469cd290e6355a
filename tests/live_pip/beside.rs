//! Another pip fills the cache while a pip runs: what that one fetched is not taken for fetched by this one.

use std::fs;

use serde_json::{Value, json};

use super::support::index::Index;
use super::support::pips::RealPip;
use super::support::place::{Place, Run, Side};

/// A build that has another pip download what its pip will need.
const BACKEND: &str = r#"
import os, subprocess

def get_requires_for_build_wheel(config_settings=None):
    own = ("PIP_LOG", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if name not in own}
    pip = os.path.join(os.environ["VENV"], "bin/pip")
    subprocess.run([pip, "download", "-d", os.path.join(os.environ["TMPDIR"], "beside"), "alpha"], env=env, check=True)
    return []

def prepare_metadata_for_build_wheel(directory, config_settings=None):
    os.mkdir(os.path.join(directory, "host-1.0.dist-info"))
    with open(os.path.join(directory, "host-1.0.dist-info/METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\nName: host\nVersion: 1.0\nRequires-Dist: alpha\n")
    return "host-1.0.dist-info"
"#;

/// The page of what the other pip fetched as the document has it, and how the server answered this one, if it was asked.
fn page_beside(wanted: &str) -> Option<(Value, Option<u16>)> {
    let pip = RealPip::required(wanted)?;
    let (mut index, place) = (Index::start(&pip).unwrap(), Place::new(&pip));
    let host = place.root().join("app/host");
    fs::create_dir(&host).unwrap();
    let project = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";
    fs::write(host.join("pyproject.toml"), project).unwrap();
    fs::write(host.join("backend.py"), BACKEND).unwrap();
    index.begin(&json!([]));
    let mut run = Run::pip(&["install", "--dry-run", "./host"]);
    run.env.push(("VENV".to_owned(), Some("{root}/venv".to_owned())));
    let ended = place.run(Side::Shimmed, &run, &index);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(place.root().join("tmp/beside").is_dir(), "no other pip has run");
    let answers: Vec<u16> = index.requests().iter().filter(|one| one.name() == "alpha").map(|one| one.status).collect();
    let [document] = &place.sessions()[..] else { panic!("not one document") };
    let pages = document["downloads"]["other"].as_array().unwrap().iter().filter(|one| one["kind"] == "index");
    let [page] = &pages.collect::<Vec<_>>()[..] else { panic!("{document:#}") };
    Some(((*page).clone(), answers.get(1).copied()))
}

// Contract: pip-truth
#[test]
fn a_page_that_another_pip_fetched_and_this_one_had_confirmed_is_cached() {
    let Some((page, answer)) = page_beside("24.0") else { return };
    assert_eq!((page["origin"].as_str(), answer), (Some("http-cache"), Some(304)), "{page:#}");
}

// Contract: pip-truth
#[test]
fn a_page_that_another_pip_fetched_is_not_called_downloaded() {
    for (wanted, answer_expected) in [("22.3.1", Some(304)), ("newest", None)] {
        let Some((page, answer)) = page_beside(wanted) else { return };
        assert_eq!((page["origin"].as_str(), answer), (Some("unknown"), answer_expected), "{wanted} {page:#}");
        assert!(page["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{wanted} {page:#}");
    }
}

//! Each diagnosis of a cache, with the real tool: what is said to be of no use spares no download, and with the remedy
//! the second run downloads nothing.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::Place;
use crate::support::index::Index;
use crate::support::pips::RealPip;
use crate::support::requires;

/// A pip, an index to take from, and a place to run both in.
struct World {
    place: Place,
    pip: RealPip,
    index: Index,
    scheme: &'static str,
}

impl World {
    fn new(wanted: &str) -> World {
        let pip = RealPip::provide(wanted).unwrap();
        let index = Index::start(&pip).unwrap();
        World { place: Place::new(), pip, index, scheme: "https" }
    }

    /// A command in this world's environment.
    fn set(&self, command: Command, variables: &[(&str, &str)]) -> Command {
        let mut command = command;
        let port = if self.scheme == "https" { self.index.ports.https } else { self.index.ports.http };
        command.env("PATH", format!("{}:/usr/bin:/bin", self.pip.venv.join("bin").display()));
        command.env("PIP_INDEX_URL", format!("{}://localhost:{port}/simple/", self.scheme));
        command.env("PIP_CERT", self.index.certificate()).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        for (name, value) in variables {
            command.env(name, value.replace("PLACE", self.place.path().to_str().unwrap()));
        }
        command
    }

    /// Downloads `big`, and says whether the index had to give it.
    fn downloads(&mut self, variables: &[(&str, &str)]) -> Result<bool, String> {
        let port = if self.scheme == "https" { self.index.ports.https } else { self.index.ports.http };
        let files = format!("{}://localhost:{port}", self.scheme);
        self.index.begin(&json!([{"match": "*", "files": files}]));
        let _ = fs::remove_dir_all(self.place.join("out"));
        let mut command = self.set(self.place.command(self.pip.python()), variables);
        let output = command.args(["-m", "pip", "download", "--no-deps", "-d", "out", "big"]).output().unwrap();
        let gave =
            self.index.requests().iter().any(|request| request.name().ends_with(".whl") && request.status == 200);
        match output.status.success() {
            true => Ok(gave),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// What the doctor says of pip's caches: the words, and the first hint.
    fn said(&self, variables: &[(&str, &str)]) -> (Vec<String>, Option<String>, Option<i32>) {
        let mut command = self.set(self.place.wheeltap(["doctor", "--format", "json"]), variables);
        let said = self.place.of(&mut command);
        let document: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        let checks = document["checks"].as_array().unwrap();
        let of_pip = checks.iter().filter(|check| check["about"] == "pip-cache" || check["about"] == "wheelhouse");
        let of_pip: Vec<_> = of_pip.filter(|check| check["verdict"] != "ok").collect();
        let words = of_pip.iter().map(|check| check["verdict"].as_str().unwrap().to_owned()).collect();
        let hint = of_pip.iter().find_map(|check| check["remedy"].as_str().map(str::to_owned));
        assert!(of_pip.iter().all(|check| check["verdict"] == "cold" || check["evidence"].is_string()), "{said:?}");
        let others = checks.iter().any(|check| check["about"] == "apt-cache" && check["remedy"].is_string());
        (words, hint, said.status.filter(|_| !others))
    }

    fn clear(&self) {
        for name in ["home", "own"] {
            let _ = fs::remove_dir_all(self.place.join(name));
            fs::create_dir_all(self.place.join(name)).unwrap();
        }
    }

    /// The records of the cache, or the bodies.
    fn entries(&self, bodies: bool) -> Vec<std::path::PathBuf> {
        let mut found = vec![];
        let mut waiting = vec![self.place.join("home/.cache/pip")];
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(directory).unwrap().flatten().map(|entry| entry.path()) {
                match entry.is_dir() {
                    true => waiting.push(entry),
                    false if entry.extension().is_some_and(|end| end == "body") == bodies => found.push(entry),
                    false => {}
                }
            }
        }
        found
    }
}

const HOME: (&str, &str) = ("HOME", "PLACE/home");

/// What is set, what is said, and part of the hint.
type Setting = (&'static [(&'static str, &'static str)], &'static str, &'static str, &'static str);

const SETTINGS: [Setting; 6] = [
    (&[("PIP_NO_CACHE_DIR", "0")], "", "disabled", "unset `PIP_NO_CACHE_DIR`"),
    (&[], "[global]\nno-cache-dir = true\n", "disabled", "remove line 2 of"),
    (&[], "[global]\nno_cache_dir = off\n", "disabled", "remove line 2 of"),
    (&[], "# why\n[download]\nno-cache-dir = yes\n", "disabled", "remove line 3 of"),
    (&[("PIP_NO_CACHE_DIR", "maybe")], "", "broken", "unset `PIP_NO_CACHE_DIR`"),
    (&[("PIP_CACHE_DIR", "PLACE/file")], "", "broken", "remove `"),
];

/// What disables nothing.
const HARMLESS: [(&[(&str, &str)], &str); 3] = [
    (&[("PIP_NO_CACHE_DIR", "")], ""),
    (&[], "[global]\nno-cache-dir =\n[list]\nno-cache-dir = 1\n"),
    (&[("PIP_CACHE_DIR", "PLACE/own/cache")], "[global]\ncache-dir = /nowhere\n"),
];

// Contract: caches-told-apart
fn each_word_is_what_pip_does(wanted: &str) {
    let mut world = World::new(wanted);
    world.place.write("file", "");
    let configure = |world: &World, configuration: &str| {
        world.clear();
        world.place.write("home/.config/pip/pip.conf", configuration);
    };
    for (variables, configuration) in HARMLESS {
        configure(&world, configuration);
        let variables = [&[HOME], variables].concat();
        let name = format!("{variables:?} {configuration:?}");
        assert_eq!(world.said(&variables).0, ["cold"], "{name}");
        assert_eq!(world.downloads(&variables), Ok(true), "{name}");
        assert_eq!(world.downloads(&variables), Ok(false), "{name}");
        assert_eq!(world.said(&variables).0, [""; 0], "{name}");
    }
    for (variables, configuration, word, hint) in SETTINGS {
        configure(&world, configuration);
        let variables = [&[HOME], variables].concat();
        let name = format!("{variables:?} {configuration:?}");
        let (words, said, status) = world.said(&variables);
        assert_eq!(words, [word], "{name}");
        assert!(
            said.as_ref().is_some_and(|said| said.contains(hint)) && status.is_none_or(|it| it == 1),
            "{name}: {said:?}"
        );
        // pip keeps nothing: what it has downloaded once it downloads again, or it does not start at all.
        let _ = world.downloads(&variables);
        assert_ne!(world.downloads(&variables), Ok(false), "{name}");
    }
}

#[test]
fn each_word_is_what_the_newest_pip_does() {
    each_word_is_what_pip_does("newest");
}

#[test]
fn entries_that_cannot_be_used_are_told_from_those_that_can() {
    let mut world = World::new("newest");
    // What is done to each body or record, and what pip does then.
    type Damage = fn(&[u8]) -> Vec<u8>;
    let damages: [(bool, Damage, Result<bool, &str>); 3] = [
        (true, |body| body[..body.len() / 2].to_vec(), Err("IncompleteRead")),
        (false, |record| record[..record.len() / 2].to_vec(), Ok(true)),
        (false, |_| b"garbage".to_vec(), Ok(true)),
    ];
    for (number, (bodies, damage, expected)) in damages.into_iter().enumerate() {
        world.clear();
        assert_eq!(world.downloads(&[HOME]), Ok(true));
        for path in world.entries(bodies) {
            fs::write(&path, damage(&fs::read(&path).unwrap())).unwrap();
        }
        let (words, hint, _) = world.said(&[HOME]);
        assert_eq!(words, ["broken"], "damage {number}");
        assert_eq!(hint.as_deref(), Some("`pip cache purge`"));
        let went = world.downloads(&[HOME]);
        match expected {
            Ok(gave) => assert_eq!(went, Ok(gave), "damage {number}"),
            Err(reason) => assert!(went.as_ref().is_err_and(|said| said.contains(reason)), "damage {number}: {went:?}"),
        }
        let mut purge = world.set(world.place.command(world.pip.python()), &[HOME]);
        assert!(purge.args(["-m", "pip", "cache", "purge"]).output().unwrap().status.success());
        assert_eq!(world.said(&[HOME]).0, ["cold"], "damage {number}");
        assert_eq!(world.downloads(&[HOME]), Ok(true), "damage {number}");
        assert_eq!(world.downloads(&[HOME]), Ok(false), "damage {number}");
    }
}

#[test]
fn a_wheelhouse_beside_an_index_and_an_index_without_tls_are_bypasses() {
    let mut world = World::new("newest");
    world.clear();
    world.index.fill(&world.place.join("own"), &["big-1.0-py3-none-any.whl"]);
    let links = [HOME, ("PIP_FIND_LINKS", "PLACE/own")];
    assert_eq!(world.said(&links).0, ["cold", "bypassed"]);
    assert_eq!(world.downloads(&links), Ok(true));
    let alone = [HOME, ("PIP_FIND_LINKS", "PLACE/own"), ("PIP_NO_INDEX", "1")];
    assert_eq!(world.downloads(&alone), Ok(false));
    assert_eq!(world.said(&alone).0, [""; 0]);
    world.clear();
    world.scheme = "http";
    assert_eq!(world.said(&[HOME]).0, ["cold", "bypassed"]);
    assert_eq!((world.downloads(&[HOME]), world.downloads(&[HOME])), (Ok(true), Ok(true)));
    let trusted = [HOME, ("PIP_TRUSTED_HOST", "localhost")];
    assert_eq!((world.downloads(&trusted), world.downloads(&trusted)), (Ok(true), Ok(false)));
    assert_eq!(world.said(&trusted).0, [""; 0]);
}

#[test]
fn a_directory_of_another_user_is_of_no_use_to_root() {
    if !requires::root() {
        return;
    }
    let mut world = World::new("newest");
    world.clear();
    let cache = world.place.join("home/.cache/pip");
    fs::create_dir_all(&cache).unwrap();
    chown(&cache, Some(1000), Some(1000)).unwrap();
    assert_eq!(world.said(&[HOME]).0, ["broken"]);
    assert_eq!((world.downloads(&[HOME]), world.downloads(&[HOME])), (Ok(true), Ok(true)));
    let own = [HOME, ("PIP_CACHE_DIR", "PLACE/own")];
    assert_eq!((world.downloads(&own), world.downloads(&own)), (Ok(true), Ok(false)));
    assert_eq!(world.said(&own).0, [""; 0]);
    chown(&cache, Some(0), Some(0)).unwrap();
    assert_eq!((world.downloads(&[HOME]), world.downloads(&[HOME])), (Ok(true), Ok(false)));
}

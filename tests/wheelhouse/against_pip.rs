//! The verdict over wheelhouses at random, against what pip says of the same ones.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::Place;
use crate::support::pips::{NEWEST, RealPip};
use crate::support::wheels::Made;

const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wheelhouse/oracle.py");
const NAMES: [&str; 6] = ["alpha", "beta", "gamma-x", "delta", "Epsilon", "zeta"];
const VERSIONS: [&str; 6] = ["1.0", "1.5", "2.0", "2.1.post1", "3.0b1", "3.0"];

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn requirement(&mut self) -> String {
        let name = self.one(&NAMES);
        let extra = self.one(&["", "", "", "[Fast_x]", "[slow]"]);
        let version = self.one(&VERSIONS);
        let specifier = match self.one(&["", "", "", "==", ">=", ">=", "<", "~=", "!=", "range", "wild"]) {
            "" => String::new(),
            "range" => format!(">={version},<{}", self.one(&VERSIONS)),
            "wild" => "==2.*".to_owned(),
            operator => format!("{operator}{version}"),
        };
        format!("{name}{extra}{specifier}")
    }

    fn marked(&mut self) -> String {
        let marker = match self.roll(12) {
            0 => "; python_version < '3'",
            1 => "; sys_platform == 'linux'",
            2 => "; os_name == 'nt' or python_full_version >= '3.8.1'",
            3 | 4 => "; extra == 'fast-x'",
            5 => "; extra == 'slow' and python_version >= '3'",
            _ => "",
        };
        format!("{}{marker}", self.requirement())
    }

    fn wheel(&mut self) -> Made {
        let mut made = Made::new(self.one(&NAMES), self.one(&VERSIONS));
        made.extras = vec!["fast-x".to_owned(), "slow".to_owned()];
        made.requires = (0..self.roll(3)).map(|_| self.marked()).collect();
        made.requires_python =
            [None, None, None, Some(">=3.6"), None, None, None, Some("<3")][self.roll(8)].map(str::to_owned);
        let tags = [
            "py3-none-any",
            "py3-none-any",
            "py3-none-any",
            "py3-none-any",
            "py3-none-any",
            "py2.py3-none-any",
            "cp27-cp27m-win32",
            "py3-none-win_amd64",
        ];
        made.tagged(self.one(&tags))
    }

    fn requirements(&mut self) -> String {
        let mut lines: Vec<String> = (0..1 + self.roll(3)).map(|_| self.requirement()).collect();
        if self.roll(6) == 0 {
            lines.push("--pre".to_owned());
        }
        if self.roll(4) == 0 {
            lines.push("-c limits.txt".to_owned());
        }
        lines.join("\n")
    }
}

/// What pip says of each directory.
fn asked(pip: &RealPip, directories: &[PathBuf]) -> Vec<Value> {
    let mut child = Command::new(pip.python())
        .arg(ORACLE)
        .env_clear()
        .env("HOME", directories[0].parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<_> =
        directories.iter().map(|one| format!("{0}/wheelhouse\t{0}/requirements.txt", one.display())).collect();
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let answers: Vec<Value> =
        output.stdout.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(answers.len(), directories.len());
    answers
}

/// What we say of a directory, in the same words.
fn checked(place: &Place, python: &Path, directory: &Path) -> (Value, String) {
    let mut command =
        place.wheeltap(["wheelhouse", "check", "--format", "json", "--requirements", "requirements.txt", "--python"]);
    let said = place.of(command.arg(python).current_dir(directory));
    let document: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let complete = document["complete"].as_bool().unwrap();
    assert_eq!(said.status, Some(i32::from(!complete)), "{said:?}");
    let names = document["install"].as_array().unwrap().iter().map(|file| {
        let mut parts = file.as_str().unwrap().split('-');
        let (name, version) = (parts.next().unwrap(), parts.next().unwrap());
        format!("{} {version}", NAMES.iter().find(|one| one.replace('-', "_") == name).unwrap())
    });
    let mut installed: Vec<_> = names.filter(|_| complete).collect();
    installed.sort();
    (serde_json::json!({"status": i32::from(!complete), "installed": installed}), document["findings"].to_string())
}

#[test]
fn the_verdict_is_pips_own() {
    let cases: usize = std::env::var("WHEELTAP_CASES").map_or(60, |cases| cases.parse().unwrap());
    let pip = RealPip::provide(NEWEST).unwrap();
    let place = Place::new();
    let mut dice = Dice(std::env::var("WHEELTAP_SEED").map_or(2026, |seed| seed.parse().unwrap()));
    let directories: Vec<_> = (0..cases)
        .map(|case| {
            let wheelhouse = place.join(format!("{case}/wheelhouse"));
            fs::create_dir_all(&wheelhouse).unwrap();
            // One of the same name replaces another.
            let mut wheels = BTreeMap::new();
            for _ in 0..12 + dice.roll(20) {
                let made = dice.wheel();
                made.wheel(&wheelhouse);
                wheels.insert(
                    made.filename(),
                    format!("  {} {:?} {:?}\n", made.filename(), made.requires, made.requires_python),
                );
            }
            place.write(&format!("{case}/wheels.txt"), wheels.into_values().collect::<String>());
            place.write(&format!("{case}/requirements.txt"), dice.requirements());
            place.write(&format!("{case}/limits.txt"), format!("{}<3\n{}!=1.0\n", dice.one(&NAMES), dice.one(&NAMES)));
            place.join(case.to_string())
        })
        .collect();
    let mut wrong = Vec::new();
    let answers = asked(&pip, &directories);
    let satisfied = answers.iter().filter(|answer| answer["status"] == 0).count();
    for (directory, theirs) in directories.iter().zip(answers) {
        // pip's resolver loses itself in some circles, and says so as a fault of its own.
        if theirs["said"].as_str().is_some_and(|said| said.contains("RecursionError")) {
            continue;
        }
        let (ours, findings) = checked(&place, &pip.python(), directory);
        if ours != theirs {
            let requirements = fs::read_to_string(directory.join("requirements.txt")).unwrap();
            let case = directory.file_name().unwrap();
            let wheels = fs::read_to_string(directory.join("wheels.txt")).unwrap();
            wrong.push(format!(
                "case {case:?}: {requirements:?}\n  pip:  {theirs}\n  ours: {ours}\n  {findings}\n{wheels}"
            ));
        }
    }
    assert!(satisfied * 5 > cases && satisfied * 5 < cases * 4, "{satisfied} of {cases} are satisfied: no good sample");
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
}

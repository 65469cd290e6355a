//! Several files held against each other and against sessions.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Place, Said};
use crate::support::pips::{NEWEST, RealPip};

fn review(said: &Said) -> Value {
    let document: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    document["review"].clone()
}

#[test]
fn contradictions_heed_markers_extras_and_constraints() {
    let cases: [(&str, &str, Option<Value>); 12] = [
        ("a<2", "a>=2", Some(Value::Null)),
        ("A_b[x]==1", "a-B==2", Some(Value::Null)),
        ("a==1.0", "a==1.0+cpu", None),
        ("a==1.*", "a==1.5", None),
        ("a>=1", "a", None),
        ("a<2; python_version < '3'", "a>=2; python_version >= '3'", None),
        ("a<2; python_version < '3.9'", "a>=2", Some(json!("python_full_version < '3.9'"))),
        ("a<2; extra == 'x'", "a>=2; extra == 'y'", Some(json!("extra == 'x' and extra == 'y'"))),
        ("-c limits.txt", "a>=2", Some(Value::Null)),
        ("a @ https://one.invalid/a.zip", "a @ https://two.invalid/a.zip", Some(Value::Null)),
        ("a @ https://one.invalid/a-1-py3-none-any.whl", "a>=2", None),
        ("a>=1,<=1.0", "a!=1.0", Some(Value::Null)),
    ];
    for (one, other, expected) in cases {
        let place = Place::new();
        place.write("limits.txt", "a<2\n");
        place.write("one.txt", one);
        place.write("other.txt", other);
        let said = place.says("requirements --format json one.txt other.txt");
        let found = review(&said)["contradictions"].as_array().unwrap().clone();
        assert_eq!(found.first().map(|one| one["marker"].clone()), expected, "{one} / {other}: {said:?}");
        assert_eq!(said.status, Some(i32::from(expected.is_some())), "{one} / {other}");
    }
    let place = Place::new();
    place.write("one.txt", "\na<2 ; python_version < '3.9'\n");
    place.write("other.txt", "a[x]>=2\n");
    let text = place.says("requirements one.txt other.txt").stdout;
    let line = "contradiction: a: no version is in all of `a<2 ; python_version < '3.9'` (one.txt:2), `a[x]>=2` (other.txt:1) where python_full_version < '3.9'";
    assert!(text.lines().any(|one| one == line), "{text}");
}

/// Whether any of many versions is in both sets, by the library that pip itself uses.
const ORACLE: &str = "
import itertools, json, sys
from pip._vendor.packaging.specifiers import SpecifierSet
tails = ['', 'a1', 'rc1', '.post1', '.dev1', '+l']
versions = [f'{a}.{b}{t}' for a, b, t in itertools.product(range(5), range(4), tails)]
versions += [f'{a}.{b}.1{t}' for a, b, t in itertools.product(range(5), range(4), tails)] + ['99']
for line in sys.stdin:
    one, other = map(SpecifierSet, json.loads(line))
    print(json.dumps(any(one.contains(v, prereleases=True) and other.contains(v, prereleases=True) for v in versions)))
";

#[test]
fn disjoint_is_what_pips_own_library_finds_disjoint() {
    let mut state = 2026_u64;
    let mut roll = |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    };
    let mut specifiers = || {
        let one = |roll: &mut dyn FnMut(usize) -> usize| {
            let version = format!("{}.{}", 1 + roll(2), roll(3));
            match roll(9) {
                0 => format!("=={version}.*"),
                1 => format!("!={version}"),
                2 => format!("~={version}"),
                other => format!("{}{version}", ["==", ">=", ">", "<", "<=", "<"][other - 3]),
            }
        };
        let first = one(&mut roll);
        if roll(2) == 0 { first } else { format!("{first},{}", one(&mut roll)) }
    };
    let pairs: Vec<(String, String)> = (0..400).map(|_| (specifiers(), specifiers())).collect();
    let place = Place::new();
    let file = |side: fn(&(String, String)) -> &String| {
        pairs.iter().enumerate().map(|(number, pair)| format!("p{number}{}\n", side(pair))).collect::<String>()
    };
    place.write("one.txt", file(|pair| &pair.0));
    place.write("other.txt", file(|pair| &pair.1));
    let found = review(&place.says("requirements --format json one.txt other.txt"));
    let apart = |number: usize| {
        found["contradictions"].as_array().unwrap().iter().any(|one| one["name"] == format!("p{number}"))
    };
    let pip = RealPip::provide(NEWEST).unwrap();
    let mut python = Command::new(pip.python());
    python.args(["-c", ORACLE]).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let lines: String = pairs.iter().map(|(one, other)| format!("{}\n", json!([one, other]))).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let answers: Vec<bool> = output.lines().map(|line| line == "true").collect();
    assert_eq!(answers.len(), pairs.len());
    let meeting = answers.iter().filter(|meets| **meets).count();
    assert!((80..320).contains(&meeting), "{meeting} of {} meet: no good sample", pairs.len());
    let wrong: Vec<_> = (0..pairs.len()).filter(|number| apart(*number) == answers[*number]).collect();
    assert!(wrong.is_empty(), "{:?}", wrong.iter().map(|number| &pairs[*number]).collect::<Vec<_>>());
}

#[test]
fn what_is_open_unhashed_unseen_and_unnamed_is_listed() {
    let place = Place::new();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    place.write(
        "a.txt",
        format!("six==1.16.0 --hash=sha256:00\nidna\nboth\nold==2.0\nv @ git+https://v.invalid/v@{commit}\nw @ git+https://w.invalid/w@main\n-c limits.txt\n"),
    );
    place.write("limits.txt", "both==1.0\n");
    let artifact = |name: &str, version: &str, purpose: &str| {
        json!({"ecosystem": "pypi", "kind": "wheel", "name": name,
        "version": version, "filename": format!("{name}-{version}-py3-none-any.whl"), "cached": false,
        "origin": "downloaded", "evidence": [], "purpose": purpose})
    };
    let wheels = [
        artifact("Six", "1.16.0", "runtime"),
        artifact("both", "1.0", "runtime"),
        artifact("old", "1.0", "runtime"),
        artifact("urllib3", "2.0", "runtime"),
        artifact("flit_core", "3.0", "build"),
    ];
    let session = json!({"schema": 1, "session_id": "20260101_000000", "downloads": {"wheels": wheels},
        "summary": wheeltap::event::Summary::default()});
    place.write("logs/build/downloads_20260101_000000.json", session.to_string());
    let said = place.says("requirements --format json --sessions logs/build a.txt");
    let found = review(&said);
    let names = |field: &str| -> Vec<String> {
        let list = found[field].as_array().unwrap_or_else(|| panic!("{field}: {said:?}"));
        list.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("unpinned"), ["idna", "w"]);
    assert_eq!(names("unhashed"), ["both", "idna", "old", "v", "w"]);
    assert_eq!(names("in_no_session"), ["idna", "old", "v", "w"]);
    assert_eq!(names("in_no_file"), ["urllib3"]);
    assert_eq!(found["in_no_file"][0]["version"], "2.0");
    let text = place.says("requirements --sessions logs/build a.txt");
    assert!(
        text.stdout.ends_with(
            "in no session: 4: idna (a.txt:2), old (a.txt:4), v (a.txt:5), w (a.txt:6)\nin no file: 1: urllib3 2.0\n"
        ),
        "{text}"
    );
    assert_eq!(text.status, Some(0));
    let without = review(&place.says("requirements --format json a.txt"));
    assert_eq!((&without["in_no_session"], &without["in_no_file"]), (&Value::Null, &Value::Null));
}

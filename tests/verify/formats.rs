//! Every format of a certificate, as independent readers take it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Place, Said, can_cut};
use crate::requires;
use crate::schema::Validator;

/// Beside the schemas of our own documents.
const SARIF: &str = "../../tests/data/schemas/sarif";

/// What a program in Python says of a text; it must have nothing to say.
fn said_by(program: &str, argument: &str, text: &str) -> String {
    let mut command = Command::new("python3");
    command.args(["-c", program, argument]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// The rules of the JUnit format on which its readers agree: names, counts, and one outcome for a case.
const JUNIT: &str = "import sys, xml.etree.ElementTree as tree\n\
    suites = tree.fromstring(sys.stdin.buffer.read())\n\
    assert suites.tag == 'testsuites' and [suite.tag for suite in suites] == ['testsuite']\n\
    suite = suites[0]\n\
    assert {case.tag for case in suite} == {'testcase'}\n\
    for one in (suites, suite):\n\
    \x20   assert set(one.attrib) == {'name', 'tests', 'failures', 'errors', 'skipped', 'time'}, one.attrib\n\
    \x20   float(one.get('time'))\n\
    \x20   assert int(one.get('tests')) == len(suite.findall('testcase'))\n\
    \x20   assert int(one.get('failures')) == len(suite.findall('testcase/failure'))\n\
    \x20   assert int(one.get('skipped')) == len(suite.findall('testcase/skipped')) and one.get('errors') == '0'\n\
    for case in suite:\n\
    \x20   assert set(case.attrib) == {'classname', 'name', 'time'} and case.get('name'), case.attrib\n\
    \x20   assert len(case) <= 1 and all(outcome.tag in ('failure', 'skipped') and outcome.get('message') for outcome in case)\n\
    classes = sorted({case.get('classname').split('.')[1] for case in suite})\n\
    assert classes == sys.argv[1].split(','), classes\n";

fn again(place: &Place, said: &Said, format: &str, known: &[&str]) -> String {
    let stamp = said.certificate["session_id"].as_str().unwrap();
    let mut command = place.wheeltap(&["verify", stamp, "--format", format]);
    String::from_utf8(command.args(known).output().unwrap().stdout).unwrap()
}

// Contract: certificate
#[test]
fn independent_readers_take_every_format() {
    let Some(validator) = Validator::installed().filter(|_| can_cut()) else { return };
    let known_file = Place::new();
    let known_file = (known_file.write("known", "192.0.2.7  # accepted\n"), known_file);
    let known = ["--known", known_file.0.to_str().unwrap()];
    let reach = "(exec 3<>/dev/tcp/192.0.2.7/443) 2>/dev/null; getent hosts '\"<&>.invalid'; true";
    let miss = "pip3 install --no-index --no-cache-dir 'no-such-thing==1.0' >/dev/null 2>&1; kill -TERM $$";
    for (script, known, verdict, classes) in [
        ("true", &[][..], "PASS", "verdict"),
        (reach, &[], "FAIL", "attempt,verdict"),
        (&reach.replace("getent hosts", "true"), &known, "PASS", "attempt,verdict"),
        (miss, &[], "FAIL", "missing,verdict"),
        ("exit 3", &[], "FAIL", "verdict"),
        ("unshare --net true", &[], "UNKNOWN", "verdict"),
    ] {
        if script == miss && !requires::program("pip3") {
            continue;
        }
        let place = Place::new();
        let mut command = place.wheeltap(&["verify"]);
        command.args(known).args(["--", "bash", "-c", script]).env("PATH", std::env::var_os("PATH").unwrap());
        let said = place.said(command.output().unwrap());
        assert_eq!(said.verdict().1, verdict, "{script}: {said:?}");
        let certificate = said.certificate.to_string();
        assert_eq!(validator.faults("certificate", certificate.as_bytes()), "", "{script}");
        let sarif = again(&place, &said, "sarif", known);
        assert_eq!(validator.faults(SARIF, sarif.as_bytes()), "", "{script}: {sarif}");
        let junit = again(&place, &said, "junit", known);
        assert_eq!(said_by(JUNIT, classes, &junit), "", "{script}: {junit}");
    }
    // The readers can tell.
    assert_ne!(validator.faults("certificate", b"{\"schema\": 1}"), "");
    assert_ne!(said_by(JUNIT, "verdict", "<testsuites/>"), "");
}

// Contract: certificate
#[test]
fn a_job_on_github_gets_annotations_in_its_log_and_a_summary_in_its_file() {
    if !can_cut() {
        return;
    }
    let place = Place::new();
    let summary = place.write("summary.md", "before\n");
    let script = "(exec 3<>/dev/tcp/192.0.2.7/443) 2>/dev/null; true";
    let mut command = place.wheeltap(&["verify", "--format", "github", "--", "bash", "-c", script]);
    let said = place.said(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap());
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{said:?}");
    assert!(said.stderr.starts_with("::error title=network attempt::bash tried to reach 192.0.2.7:443\n"), "{said:?}");
    assert!(!said.stderr.contains("## "), "{said:?}");
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.starts_with("before\n## :x: Offline build: FAIL\n"), "{summary}");
    assert!(summary.contains("| bash | - | 192.0.2.7:443 | 1 | - | no |"), "{summary}");
    let session: Value = serde_json::from_str(&again(&place, &said, "json", &[])).unwrap();
    assert_eq!(session, said.certificate);
}

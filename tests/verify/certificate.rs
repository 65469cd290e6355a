//! What the certificate says, of commands and of sessions.

use serde_json::{Value, json};

use crate::harness::{Place, can_cut, pip};

// Contract: certificate
#[test]
fn a_command_that_needs_nothing_passes_and_its_output_is_its_own() {
    if !can_cut() {
        return;
    }
    let place = Place::new();
    let said = place.script("echo out; echo err >&2");
    assert_eq!((said.verdict(), said.stdout.as_str()), ((Some(0), "PASS"), "out\n"));
    assert!(said.stderr.starts_with("err\nPASS: "), "{}", said.stderr);
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string("docs/schema/certificate.schema.json").unwrap()).unwrap();
    let fields: Vec<&String> = said.certificate.as_object().unwrap().keys().collect();
    assert_eq!(json!(fields), schema["required"], "every field, always, in this order");
    assert_eq!(
        said.certificate["command"],
        json!({"argv": ["bash", "-c", "echo out; echo err >&2"], "exit_code": 0, "exit_signal": null})
    );
    assert_eq!(place.verify(&["true"]).verdict(), (Some(0), "PASS"));
}

// Contract: certificate
#[test]
fn a_command_that_fails_offline_fails_without_an_attempt() {
    if !can_cut() {
        return;
    }
    let said = Place::new().script("exit 37");
    assert_eq!((said.verdict(), said.certificate["command"]["exit_code"].as_i64()), ((Some(1), "FAIL"), Some(37)));
    let said = Place::new().script("kill -TERM $$");
    assert_eq!((said.verdict(), said.certificate["command"]["exit_signal"].as_i64()), ((Some(1), "FAIL"), Some(15)));
    let said = Place::new().verify(&["no-such-command"]);
    assert_eq!((said.status, said.certificate), (Some(2), Value::Null));
}

// Contract: certificate
#[test]
fn an_attempt_fails_a_command_that_hides_it() {
    if !can_cut() {
        return;
    }
    let said = Place::new().script("(exec 3<>/dev/tcp/192.0.2.7/443) 2>/dev/null; true");
    assert_eq!(said.verdict(), (Some(1), "FAIL"));
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string("docs/schema/certificate.schema.json").unwrap()).unwrap();
    let attempt = &said.certificate["attempts"][0];
    let fields: Vec<&String> = attempt.as_object().unwrap().keys().collect();
    assert_eq!(json!(fields), schema["$defs"]["attempt"]["required"]);
    assert_eq!((attempt["addr"].as_str(), attempt["proto"].as_str()), (Some("192.0.2.7:443"), Some("tcp")));
    assert_eq!((attempt["tool"].as_str(), attempt["count"].as_u64()), (Some("bash"), Some(1)));
}

// Contract: certificate
#[test]
fn less_than_a_witness_is_less_than_a_verdict() {
    for mode in ["off", "counters"] {
        let place = Place::new();
        let said =
            place.said(place.wheeltap(&["verify", "--", "true"]).env("WHEELTAP_WITNESS", mode).output().unwrap());
        assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{mode}");
        assert!(said.reasons().contains(&format!("WHEELTAP_WITNESS={mode}")), "{}", said.reasons());
    }
}

// Contract: certificate
#[test]
fn a_masked_failure_names_what_was_missing() {
    if !can_cut() || !crate::requires::program("pip3") {
        return;
    }
    let place = Place::new();
    let script = "pip3 install --no-index --no-cache-dir 'wheeltap-no-such-thing==1.0' >/dev/null 2>&1 || true";
    let mut command = place.wheeltap(&["verify", "--", "sh", "-c", script]);
    let said = place.said(command.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap());
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{said:?}");
    let missing = &said.certificate["missing"][0];
    assert_eq!(
        (missing["name"].as_str(), missing["requirement"].as_str()),
        (Some("wheeltap-no-such-thing"), Some("wheeltap-no-such-thing==1.0"))
    );
    let remedy = "pip download --dest wheelhouse wheeltap-no-such-thing==1.0 && \
                  export PIP_NO_INDEX=1 PIP_FIND_LINKS=\"$PWD/wheelhouse\"";
    assert_eq!(missing["remedy"], remedy);
}

// Contract: certificate
#[test]
fn known_attempts_stay_in_the_list_and_do_not_fail() {
    if !can_cut() {
        return;
    }
    let place = Place::new();
    let known = place.write("known.txt", "192.0.2.7:443  # telemetry that may fail\n");
    let script = "(exec 3<>/dev/tcp/192.0.2.7/443) 2>/dev/null; true";
    let verify = |script: &str| {
        let mut command = place.wheeltap(&["verify", "--known", known.to_str().unwrap(), "--", "bash", "-c", script]);
        place.said(command.output().unwrap())
    };
    let said = verify(script);
    assert_eq!((said.verdict(), &said.certificate["attempts"][0]["known"]), ((Some(0), "PASS"), &json!(true)));
    let said = verify(&script.replace("443", "80"));
    assert_eq!((said.verdict(), &said.certificate["attempts"][0]["known"]), ((Some(1), "FAIL"), &json!(false)));
    place.write("known.txt", "fine.invalid # yes\nhttps://no.invalid/ # a URL\n");
    let said = verify(script);
    assert_eq!((said.status, said.certificate.clone()), (Some(2), Value::Null));
    assert!(said.stderr.contains("known.txt:2: `https://no.invalid/` is not a host"), "{}", said.stderr);
}

// Contract: certificate
#[test]
fn a_session_is_judged_again_in_every_format() {
    if !can_cut() {
        return;
    }
    let place = Place::new();
    let said = place.script("(exec 3<>/dev/tcp/192.0.2.7/443) 2>/dev/null; true");
    let stamp = said.certificate["session_id"].as_str().unwrap();
    let again = |format: &str| {
        let output = place.wheeltap(&["verify", stamp, "--format", format]).output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(1), vec![]), "{format}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(serde_json::from_str::<Value>(&again("json")).unwrap(), said.certificate);
    assert!(again("text").starts_with("FAIL: "));
    let junit = again("junit");
    assert!(junit.contains("<testsuites ") && junit.contains("classname=\"wheeltap.attempt\""), "{junit}");
    assert_eq!(junit.matches("<testcase ").count(), 2, "{junit}");
    let sarif: Value = serde_json::from_str(&again("sarif")).unwrap();
    assert_eq!(
        (&sarif["version"], &sarif["runs"][0]["results"][0]["ruleId"]),
        (&json!("2.1.0"), &json!("network-attempt"))
    );
    let github = again("github");
    assert!(github.starts_with("::error title=network attempt::bash tried to reach 192.0.2.7:443\n## :x:"), "{github}");
}

#[test]
fn a_run_within_is_part_of_what_is_watched() {
    if !can_cut() {
        return;
    }
    let said = Place::new().verify(&[env!("CARGO_BIN_EXE_wheeltap"), "run", "--", "true"]);
    assert_eq!(said.verdict(), (Some(0), "PASS"), "{}", said.reasons());
}

#[test]
fn a_session_that_nobody_watched_is_unknown() {
    let place = Place::new();
    assert!(place.wheeltap(&["run", "--", "true"]).status().unwrap().success());
    let output = place.wheeltap(&["verify"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("UNKNOWN: "));
}

// Contract: certificate
#[test]
fn another_network_is_refused() {
    let output = Place::new().wheeltap(&["verify", "--", "docker", "build", "--network=host", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(if which("docker") { 2 } else { 127 }), "{output:?}");
}

fn which(program: &str) -> bool {
    ["/usr/local/bin", "/usr/bin", "/bin"]
        .iter()
        .any(|directory| std::path::Path::new(directory).join(program).exists())
}

// Contract: certificate
#[test]
fn what_pip_missed_is_there_after_the_command_that_the_certificate_names() {
    let Some(bin) = pip().filter(|_| can_cut()) else { return };
    let (place, pip) = (Place::new(), bin.join("pip").display().to_string());
    let index = crate::harness::Index::serve(&place);
    // A wheelhouse of one's own, none at all, and one beside an index.
    for (number, options) in ["--no-index --find-links 'my wheels'", "", "--find-links=own"].into_iter().enumerate() {
        let install = format!("{pip} install -q --no-cache-dir --target target{number} {options} leaf");
        let verify = |more: &str| {
            let script = format!("{more}; {} verify -- {install}", env!("CARGO_BIN_EXE_wheeltap"));
            let mut command = place.command("sh");
            command.args(["-c", &script]).env("PIP_INDEX_URL", &index.url).env("PIP_RETRIES", "0");
            command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
            place.said(command.output().unwrap())
        };
        let said = verify("true");
        assert_eq!(said.verdict(), (Some(1), "FAIL"), "{options}: {said:?}");
        let remedy = said.certificate["missing"][0]["remedy"].as_str().unwrap_or_else(|| panic!("{options}: {said:?}"));
        let said = verify(&format!("{remedy} >&2"));
        assert_eq!(said.verdict(), (Some(0), "PASS"), "{remedy}: {said:?}");
        assert_eq!(said.certificate["unmatched"], json!([]), "the wheelhouse vouches for it");
    }
}

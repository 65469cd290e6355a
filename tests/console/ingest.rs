//! `wheeltap ingest pip` on recorded text. What it says of each artifact is judged where the classifier is; here is what
//! the console adds.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Place, Said, wheeltap};

fn case(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/pip").join(name)
}

fn ingest(place: &Place, case: &str, options: &str) -> Said {
    let options = options.split_whitespace();
    let options = options.map(|option| match option.strip_prefix('@') {
        Some(file) => self::case(case).join(file).into_os_string(),
        None => option.into(),
    });
    place.of(place.wheeltap(["ingest", "pip"]).args(options))
}

fn document(said: &Said) -> Value {
    assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{said}");
    serde_json::from_str(&said.stdout).unwrap()
}

#[test]
fn a_log_is_one_invocation_with_all_that_text_can_tell() {
    let document = document(&ingest(&Place::new(), "24.0/install-cold", "--log @log --stdout @log.stdout --exit 0"));
    let [invocation] = document["invocations"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!(
        json!([invocation["tool"], invocation["tool_version"], invocation["via"], invocation["exit_code"]]),
        json!(["pip", "24.0", "text", 0])
    );
    let wheels = document["downloads"]["wheels"].as_array().unwrap();
    assert!(!wheels.is_empty());
    for wheel in wheels {
        assert_eq!(wheel["origin"], "downloaded", "{wheel}");
        assert!(wheel["source"].as_str().unwrap().starts_with("https://"), "{wheel}");
        assert!(wheel["evidence"].as_array().unwrap().contains(&json!("text")), "{wheel}");
        assert_eq!(wheel["invocation"], invocation["id"]);
    }
    assert_eq!(document["summary"]["total_downloads"], wheels.len());
    // pip's log has no time zone, and says nothing of the machine.
    assert_eq!(json!([document["started_at"], wheels[0]["at"]]), json!([null, null]));
    assert_eq!(document["build_info"]["hostname"], Value::Null);
}

#[test]
fn a_text_that_is_not_there_is_a_blind_spot() {
    let place = Place::new();
    let blind_spots = |options: &str| {
        let document = document(&ingest(&place, "24.0/install-cold", options));
        document["invocations"][0]["blind_spots"].as_array().unwrap().len()
    };
    assert_eq!(blind_spots("--stdout @stdout"), 2);
    assert_eq!(blind_spots("--log @log"), 1);
    assert_eq!(blind_spots("--log @log --stderr /dev/null --stdout @stdout --exit 0"), 0);
}

#[test]
fn a_log_of_several_pips_is_several_invocations() {
    let place = Place::new();
    let log = ["24.0/install-cold", "24.0/install-url", "25.3/install-sdist-isolated"]
        .map(|name| std::fs::read_to_string(case(name).join("log")).unwrap());
    place.write("pip.log", log.concat());
    let all = document(&place.says("ingest pip --log pip.log"));
    let versions: Vec<_> = all["invocations"].as_array().unwrap().iter().map(|one| &one["tool_version"]).collect();
    assert_eq!(versions, ["24.0", "24.0", "25.3"]);
    for (at, text) in log.iter().enumerate() {
        place.write("one.log", text);
        let one = document(&place.says("ingest pip --log one.log"));
        assert_eq!(one["invocations"].as_array().unwrap().len(), 1, "{at}");
        let named = |document: &Value, invocation: &Value| -> Vec<Value> {
            let downloads =
                document["downloads"].as_object().unwrap().values().flat_map(|list| list.as_array().unwrap());
            let of_this = downloads.filter(|artifact| artifact["invocation"] == *invocation);
            of_this.map(|artifact| json!([artifact["kind"], artifact["filename"], artifact["origin"]])).collect()
        };
        let [ours, alone] =
            [(&all, at), (&one, 0)].map(|(document, at)| named(document, &document["invocations"][at]["id"]));
        assert!(!alone.is_empty());
        assert_eq!(ours, alone, "{at}");
    }
    let with_streams = document(&place.says("ingest pip --log pip.log --stdout one.log --exit 0"));
    for invocation in with_streams["invocations"].as_array().unwrap() {
        assert_eq!(invocation["exit_code"], Value::Null);
        assert!(invocation["blind_spots"].to_string().contains("only the log was read"), "{invocation}");
    }
}

#[test]
fn a_failed_run_is_told_from_its_streams() {
    let place = Place::new();
    let document = document(&ingest(&place, "24.0/offline-default", "--stderr @stderr --exit 1"));
    assert_eq!(document["invocations"][0]["exit_code"], 1);
    assert!(document["summary"]["network_attempts"].as_u64().unwrap() > 0);
    assert_eq!(document["summary"]["total_downloads"], 0);
}

#[test]
fn standard_input_is_read_once() {
    let place = Place::new();
    let stdout = std::fs::File::open(case("24.0/install-cold/stdout")).unwrap();
    let said = place.of(place.wheeltap(["ingest", "pip", "--stdout", "-"]).stdin(Stdio::from(stdout)));
    assert!(document(&said)["summary"]["total_downloads"].as_u64().unwrap() > 0);
    insta::assert_snapshot!(place.says("ingest pip --stdout - --stderr -"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot read standard input more than once
        ");
}

#[test]
fn what_is_not_pips_is_refused() {
    let place = Place::new();
    place.write("make.log", "cc -o x x.c\nerror: expected `;`\nmake: *** [x] Error 1\n");
    place.write("binary", (0..=255u8).cycle().take(1 << 20).collect::<Vec<u8>>());
    place.write("long", vec![b'x'; 8 << 20]);
    std::fs::create_dir(place.join("directory")).unwrap();
    insta::assert_snapshot!(place.says("ingest pip --log make.log"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot take `make.log` for a log of pip's
        hint: `--log` takes what pip writes with `--log` or PIP_LOG, `--stdout` and `--stderr` what it prints
        ");
    insta::assert_snapshot!(place.says("ingest pip --stdout binary"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot find anything of pip's in this text
        hint: `--log` takes what pip writes with `--log` or PIP_LOG, `--stdout` and `--stderr` what it prints
        ");
    insta::assert_snapshot!(place.says("ingest pip --stderr long"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot find anything of pip's in this text
        hint: `--log` takes what pip writes with `--log` or PIP_LOG, `--stdout` and `--stderr` what it prints
        ");
    insta::assert_snapshot!(place.says("ingest pip --log nothing"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot read `nothing`: No such file or directory (os error 2)
        ");
    insta::assert_snapshot!(place.says("ingest pip --log directory"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot read `directory`: Is a directory (os error 21)
        ");
    insta::assert_snapshot!(place.says("ingest pip"), @"
        status: 2
        --- stdout
        --- stderr
        error: the following required arguments were not provided:
          <--stdout <FILE>|--stderr <FILE>|--log <FILE>>

        Usage: wheeltap ingest pip <--stdout <FILE>|--stderr <FILE>|--log <FILE>>

        For more information, try '--help'.
        ");
    // Silence is an answer of pip's (`-q`).
    place.write("empty", "");
    assert_eq!(place.says("ingest pip --stdout empty").status, Some(0));
}

#[test]
fn hostile_text_among_pips_own_is_tolerated() {
    let place = Place::new();
    let mut text = b"Collecting six\n  Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)\n".to_vec();
    text.extend(
        b"Collecting \x1b]0;title\x07evil\x00\xff\xfe\n  Downloading \x1b[2Jevil-1.0-py3-none-any.whl (1 kB)\n",
    );
    text.extend(vec![b'y'; 4 << 20]);
    text.extend(b"\nInstalling collected packages: six\nSuccessfully installed six-1.17.0\n");
    place.write("stdout", text);
    let document = document(&place.says("ingest pip --stdout stdout --exit 0"));
    let wheels = document["downloads"]["wheels"].as_array().unwrap();
    assert!(wheels.iter().any(|wheel| wheel["name"] == "six" && wheel["origin"] == "downloaded"), "{document}");
    assert!(!document.to_string().contains('\x1b'), "JSON escapes control characters");
}

#[test]
fn secrets_in_the_text_stay_there() {
    let place = Place::new();
    place.write(
        "stdout",
        "Looking in indexes: https://user:canary-1@host.example/simple\nCollecting six\n  Downloading \
         https://user:canary-2@host.example/six-1.17.0-py2.py3-none-any.whl?token=canary-3 (11 kB)\n",
    );
    let said = place.says("ingest pip --stdout stdout");
    assert_eq!(said.status, Some(0), "{said}");
    assert!(said.stdout.contains("six-1.17.0") && !said.stdout.contains("canary"), "{said}");
}

/// The document is data: it goes to a pipe as a whole or not at all.
#[test]
fn a_reader_that_leaves_is_no_error() {
    let place = Place::new();
    let script = format!(
        "{} ingest pip --stdout {} | head -c 1",
        wheeltap().display(),
        case("24.0/install-cold/stdout").display()
    );
    let said = place.of(place.command("bash").args(["-o", "pipefail", "-c", &script]));
    assert_eq!((said.status, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "{", ""));
}

#[test]
fn the_steps_of_a_build_log_know_their_lines_by_the_dockerfile() {
    let place = Place::new();
    place.write("Dockerfile", "FROM x\n# Why.\nRUN true && \\\n    pip install six\n");
    place.write(
        "log",
        "#5 [2/2] RUN true &&     pip install six\n#5 1.0 Collecting six\n\
         #5 1.1   Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)\n\
         #5 1.2 Installing collected packages: six\n#5 1.3 Successfully installed six-1.16.0\n#5 DONE 1.4s\n",
    );
    let line = |arguments: &str| {
        let said = place.says(arguments);
        let document: serde_json::Value =
            serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
        document["downloads"]["wheels"][0]["step"]["line"].as_u64()
    };
    assert_eq!(line("ingest buildkit --stderr log"), None);
    assert_eq!(line("ingest buildkit --stderr log --dockerfile Dockerfile"), Some(3));
}

//! `wheeltap ingest apt` on recorded text. What it says of each artifact is judged where the classifier is; here is what
//! the console adds.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Place, Said};

/// `ingest apt` with these records of a case.
fn ingest(place: &Place, case: &str, records: &[&str]) -> Said {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/apt").join(case);
    let options = records.iter().flat_map(|record| {
        let file = match *record {
            "methods" => "methods.log",
            "preinstall" => "preinstall.log",
            stream => stream,
        };
        [format!("--{record}").into(), case.join(file).into_os_string()]
    });
    place.of(place.wheeltap(["ingest", "apt"]).args(options))
}

fn document(said: &Said) -> Value {
    assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{said}");
    serde_json::from_str(&said.stdout).unwrap()
}

/// Name, origin, `cached` and size of each package.
fn packages(document: &Value) -> Value {
    let packages = document["downloads"]["apt"].as_array().unwrap().iter();
    packages
        .map(|artifact| json!([artifact["name"], artifact["origin"], artifact["cached"], artifact["size_bytes"]]))
        .collect()
}

#[test]
fn the_records_tell_what_was_fetched_and_what_was_not() {
    let case = "3.0.3/install-partly-cached";
    let document = document(&ingest(&Place::new(), case, &["methods", "preinstall"]));
    let expected = json!([["lab-dep", "downloaded", false, 884], ["lab-hello", "archive-cache", true, null]]);
    assert_eq!(packages(&document), expected);
    let [invocation] = document["invocations"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!(json!([invocation["tool"], invocation["via"]]), json!(["apt-get", "text"]));
    let summary = &document["summary"];
    assert_eq!(
        json!([summary["total_downloads"], summary["total_cached"], summary["network_attempts"]]),
        json!([1, 1, 1])
    );
    let first = &document["downloads"]["apt"][0];
    assert_eq!(first["sha256"], "9b8e197316171e1aa1c92b6c46e4b371a3eaa5eb1d9259a8fdf0ba2c07350bdd");
    assert!(first["evidence"].as_array().unwrap().contains(&json!("text")), "{first}");
}

#[test]
fn the_text_alone_tells_the_same_where_its_figures_prove_it() {
    let document = document(&ingest(&Place::new(), "3.0.3/install-partly-cached", &["stdout"]));
    let expected = json!([["lab-dep", "downloaded", false, 884], ["lab-hello", "archive-cache", true, null]]);
    assert_eq!(packages(&document), expected);
    assert_eq!(document["invocations"][0]["blind_spots"], json!([]));
}

#[test]
fn what_cannot_be_told_is_unknown_and_said() {
    let document = document(&ingest(&Place::new(), "3.0.3/install-qq", &["stdout"]));
    let expected = json!([["lab-hello", "unknown", null, null], ["lab-dep", "unknown", null, null]]);
    assert_eq!(packages(&document), expected);
    assert_eq!(document["summary"]["complete"], false);
    assert_eq!(document["invocations"][0]["blind_spots"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_no_record_is_refused() {
    let place = Place::new();
    place.write("text", "Reading package lists...\n");
    insta::assert_snapshot!(place.says("ingest apt --methods text"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot take `text` for the messages of apt's methods
        hint: a line of `--methods` is `TIME PROCESS METHOD <|> MESSAGE`; `--preinstall` begins with `VERSION`
        ");
    insta::assert_snapshot!(place.says("ingest apt --preinstall text"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot take `text` for what apt tells its hooks
        hint: a line of `--methods` is `TIME PROCESS METHOD <|> MESSAGE`; `--preinstall` begins with `VERSION`
        ");
    insta::assert_snapshot!(place.says("ingest apt --stdout - --methods -"), @"
        status: 2
        --- stdout
        --- stderr
        error: cannot read standard input more than once
        ");
    insta::assert_snapshot!(place.says("ingest apt"), @"
        status: 2
        --- stdout
        --- stderr
        error: the following required arguments were not provided:
          <--stdout <FILE>|--stderr <FILE>|--methods <FILE>|--preinstall <FILE>>

        Usage: wheeltap ingest apt <--stdout <FILE>|--stderr <FILE>|--methods <FILE>|--preinstall <FILE>>

        For more information, try '--help'.
        ");
    place.write("empty", "");
    assert_eq!(place.says("ingest apt --methods empty --preinstall empty").status, Some(0));
}

//! `profile` and `ingest buildkit`: what a kept log of an image build tells.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::harness::Place;

fn log(case: &str, stream: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/buildkit").join(case).join(stream)
}

fn profile(case: &str, stream: &str) -> Value {
    let place = Place::new();
    let arguments = ["profile", log(case, stream).to_str().unwrap(), "--format", "json"].map(str::to_owned);
    let said = place.of(&mut place.wheeltap(arguments));
    assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{case}");
    serde_json::from_str(&said.stdout).unwrap()
}

fn ingest(case: &str) -> Value {
    let place = Place::new();
    let (stdout, stderr) = (log(case, "stdout"), log(case, "stderr"));
    let arguments = ["ingest", "buildkit", "--stdout", stdout.to_str().unwrap(), "--stderr", stderr.to_str().unwrap()];
    let said = place.of(&mut place.wheeltap(arguments));
    assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{case}");
    serde_json::from_str(&said.stdout).unwrap()
}

#[test]
fn a_profile_tells_times_and_the_share_of_the_cache() {
    let cached = profile("docker20.10-buildkit0.8/multi-cached", "stderr");
    assert_eq!((&cached["builder"], &cached["cached_rate"]), (&"buildkit".into(), &1.0.into()));
    assert_eq!(cached["wall_seconds"], Value::Null, "plain progress tells no absolute time");
    for step in cached["steps"].as_array().unwrap().iter().filter(|step| step["state"] == "cached") {
        assert_eq!(step["seconds"], Value::Null, "{step}");
    }
    let raw = profile("docker20.10-buildx0.13.1/parallel-rawjson", "stderr");
    assert!(raw["wall_seconds"].as_f64().is_some_and(|seconds| seconds > 1.0));
    let path = raw["critical_path"].as_array().unwrap();
    assert!(path.len() > 1, "{path:?}");
    let legacy = profile("docker20.10-legacy/multi-cold", "stdout");
    assert_eq!((&legacy["builder"], &legacy["steps"][0]["id"]), (&"legacy".into(), &"1".into()));
}

#[test]
fn advice_names_the_line() {
    let place = Place::new();
    let dockerfile = place.write("Dockerfile", "FROM x\nCOPY . .\n\nRUN pip install \\\n  --find-links=/w six\n");
    let log = place.write(
        "log",
        "#5 [2/3] COPY . .\n#5 DONE 0.1s\n\n#6 [3/3] RUN pip install   --find-links=/w six\n#6 DONE 31.5s\n",
    );
    let said = place.says(&format!("profile {} --dockerfile {} --mode all", log.display(), dockerfile.display()));
    assert_eq!(said.status, Some(0), "{said}");
    for rule in ["slow-step", "find-links-index", "copy-order"] {
        let line = said.stdout.lines().find(|line| line.ends_with(&format!("[{rule}]")));
        assert!(line.is_some_and(|line| line.trim().starts_with("line 4: #6")), "{rule}: {said}");
    }
}

#[test]
fn each_mode_shows_its_part_and_the_image_its_layers() {
    let place = Place::new();
    place.write("log", "#5 [2/3] RUN a\n#5 CACHED\n\n#6 [3/3] RUN b\n#6 DONE 1.0s\n");
    let row = |command: &str, bytes: u64| serde_json::json!({"CreatedBy": format!("RUN /bin/sh -c {command} # buildkit"), "Size": bytes.to_string()});
    place.write("rows", format!("{}\n{}\n", row("b", 200_000_000), row("a", 1_500)));
    place.script(
        "bin/docker",
        "echo \"$*\" >asked\ncase $* in *no-such-image) echo 'No such image' >&2; exit 1;; esac\ncat rows",
    );
    let profile = |arguments: &str| {
        let mut command = place.wheeltap(["profile", "log"].into_iter().chain(arguments.split_whitespace()));
        command.env("PATH", format!("{}:/usr/bin:/bin", place.join("bin").display()));
        place.of(&mut command)
    };
    for (mode, parts) in [
        ("", [true, false, false]),
        ("--mode full", [true, false, false]),
        ("--mode layers", [false, false, true]),
        ("--mode cache", [false, true, false]),
        ("--mode all", [true, true, true]),
    ] {
        let said = profile(&format!("{mode} --image api:1"));
        assert_eq!((said.status, said.stderr.as_str()), (Some(0), ""), "{said}");
        let steps = said.stdout.contains("instruction") && said.stdout.contains("RUN b");
        let cache = said.stdout.contains("from the layer cache: 50 %");
        let layers = said.stdout.contains("RUN /bin/sh -c b") && said.stdout.contains("200 MB");
        assert_eq!([steps, cache, layers], parts, "{mode}: {said}");
        assert!(said.stdout.contains("[large-layer]"), "{said}");
    }
    let asked = std::fs::read_to_string(place.join("asked")).unwrap();
    assert_eq!(asked, "history --no-trunc --human=false --format {{json .}} -- api:1\n");
    let json: Value = serde_json::from_str(&profile("--format json --image api:1").stdout).unwrap();
    let layers = json["layers"].as_array().unwrap();
    assert_eq!((layers.len(), &layers[0]["bytes"], &layers[1]["bytes"]), (2, &1_500.into(), &200_000_000.into()));
    let without = profile("--mode all");
    assert!(without.status == Some(0) && !without.stdout.contains("large-layer"), "{without}");
    let absent = profile("--image no-such-image");
    assert_eq!((absent.status, absent.stdout.as_str()), (Some(2), ""), "{absent}");
    assert!(absent.stderr.contains("No such image"), "{absent}");
}

#[test]
fn what_is_no_log_of_a_build_is_refused() {
    let place = Place::new();
    place.write("text", "hello\nworld\n");
    for line in ["profile text", "ingest buildkit --stderr text", "profile absent"] {
        let said = place.says(line);
        assert_eq!((said.status, said.stdout.as_str()), (Some(2), ""), "{line}");
        assert!(said.stderr.starts_with("error: cannot "), "{said}");
    }
}

#[test]
fn a_log_becomes_a_session_with_steps() {
    let cold = ingest("docker20.10-buildkit0.8/multi-cold");
    assert!(cold["summary"]["total_downloads"].as_u64().unwrap() >= 4);
    let wheel = &cold["downloads"]["wheels"][0];
    assert!(wheel["step"]["id"].as_str().unwrap().starts_with('#') && wheel["step"]["stage"].is_string(), "{wheel}");
    let cached = ingest("docker20.10-buildkit0.8/multi-cached");
    assert_eq!(cached["summary"]["total_downloads"], 0);
    assert_eq!(cached["summary"]["complete"], false, "what the layer cache replayed is not in this log");
    let offline = ingest("docker20.10-buildx0.13.1/wheelhouse-nonet");
    assert_eq!((&offline["summary"]["network_attempts"], &offline["summary"]["total_cached"]), (&12.into(), &2.into()));
    let missing = &offline["network"]["completeness"]["missing"];
    assert_eq!((&missing[0]["tool"], &missing[0]["requirement"]), (&"apt-get".into(), &"hello".into()), "{missing}");
    assert_eq!(ingest("docker20.10-buildkit0.8/lines")["summary"]["complete"], false, "a clipped step");
}

//! `wheeltap report --budget`, `--github`, `lock` and `export`.

use crate::harness::Place;

fn sessions(place: &Place) {
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/example-sessions");
    let made =
        place.of(place.command("python3").arg(tool).arg(place.join("logs")).args(["--sessions", "2", "--hostile"]));
    assert_eq!(made.status, Some(0), "{}", made.stderr);
}

#[test]
fn a_budget_names_each_breach_and_growth_is_measured_against_what_was_accepted() {
    let place = Place::new();
    sessions(&place);
    place.write("tight.toml", "[limits]\ndownloads = 1\nbytes = \"1 GB\"\nhosts = [\"deb.example\"]\n");
    let said = place.says("report logs --budget tight.toml --format junit");
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(said.stderr.contains("over budget: downloads: ") && said.stderr.contains("not allowed: files.example"));
    assert!(!said.stderr.contains("bytes") && said.stdout.contains("name=\"downloads\"><failure message="), "{said}");
    place.write("growth.toml", "[growth]\nbytes = \"10 %\"\n");
    assert_eq!(place.says("report logs --budget growth.toml").status, Some(3), "nothing was accepted yet");
    assert_eq!(place.says("report logs --budget growth.toml --accept").status, Some(0));
    assert_eq!(place.says("report logs --budget growth.toml").status, Some(0));
    place.write("wrong.toml", "[limits]\ndownlods = 1\n");
    let wrong = place.says("report logs --budget wrong.toml");
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("line 2") && wrong.stderr.contains("hint:"), "{}", wrong.stderr);
}

#[test]
fn a_budget_that_cannot_be_read_is_named_with_its_line() {
    let place = Place::new();
    sessions(&place);
    for (text, fault) in [
        ("[limits]\ndownloads = 2\nbites = 1\n", "line 3: unknown field `bites`"),
        ("[limits]\ndownloads = \n", "line 2: "),
        ("bytes = \"1 MB\"\n", "line 1: unknown field `bytes`"),
    ] {
        place.write("budget.toml", text);
        let said = place.says("report --budget budget.toml logs");
        assert_eq!((said.status, said.stdout.as_str()), (Some(2), ""), "{text}");
        assert!(
            said.stderr.starts_with(&format!("error: cannot read `budget.toml` as a budget: {fault}")),
            "{}",
            said.stderr
        );
        assert!(!said.stderr.contains("\\x0a"), "{}", said.stderr);
    }
}

#[test]
fn a_job_on_github_gets_a_summary_and_annotations() {
    let place = Place::new();
    sessions(&place);
    place.write("summary.md", "before\n");
    let said =
        place.of(place.wheeltap(["report", "--github", "logs"]).env("GITHUB_STEP_SUMMARY", place.join("summary.md")));
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stdout.lines().all(|line| line.starts_with("::")) && said.stdout.contains("\n::notice "), "{said}");
    assert!(said.stdout.contains("::line 9: RUN pip install --no-cache-dir"), "where to change it: {said}");
    let summary = std::fs::read_to_string(place.join("summary.md")).unwrap();
    // Between backticks markdown knows no markup.
    let outside: String = summary.split('`').step_by(2).collect();
    assert!(summary.starts_with("before\n# Build report\n") && !outside.contains("<img"), "{summary}");
    assert_eq!(place.says("report --github logs").status, Some(2));
}

#[test]
fn exports_name_no_package_in_labels_and_locks_only_what_has_a_digest() {
    let place = Place::new();
    sessions(&place);
    let metrics = place.says("export --format openmetrics logs").stdout;
    assert!(metrics.ends_with("# EOF\n") && !metrics.contains("pandas") && !metrics.contains("img"), "{metrics}");
    let manifest: serde_json::Value =
        serde_json::from_str(&place.says("export --format dependency-manifest logs").stdout).unwrap();
    let named = |one: &serde_json::Value| one["requirement"] == "gcc-12:amd64=12.2.0-14";
    assert!(manifest["dependencies"].as_array().unwrap().iter().any(named), "{manifest}");
    let lock = place.says("lock logs");
    assert_eq!(lock.status, Some(3), "a file failed, another was built: {}", lock.stderr);
    let names = lock.stdout.lines().filter(|line| line.contains("==")).count();
    let hashes = lock.stdout.lines().filter(|line| line.trim().starts_with("--hash=sha256:")).count();
    assert!(names > 10 && names == hashes, "{}", lock.stdout);
    assert_eq!(place.says("lock logs --dir locks").status, Some(3));
    for file in ["requirements.lock", "pylock.toml", "debs.lock"] {
        assert!(place.join("locks").join(file).exists(), "{file}");
    }
}

//! Why an image build downloads again, and that it does so no more once what the report says has been done to the line
//! that it names.

use std::process::Command;

use serde_json::Value;

use crate::engine::{Project, World, packages, world};

/// What the official images of Debian hold.
const CLEAN: &str = r#"RUN echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };' >/etc/apt/apt.conf.d/docker-clean
"#;

/// What each step of an example comes after.
const HEAD: &str = "ARG BASE\nFROM ${BASE} AS one\nENV PIP_TRUSTED_HOST=127.0.0.1 PIP_BREAK_SYSTEM_PACKAGES=1\n";

/// A project whose steps run again when a file changes.
struct Example<'a> {
    project: Project<'a>,
    dockerfile: String,
    changes: usize,
}

/// What a report says of a download: file, reason, remedy, and line of the Dockerfile.
#[derive(Debug, PartialEq)]
struct Said {
    file: String,
    reason: String,
    remedy: String,
    line: usize,
}

impl<'a> Example<'a> {
    fn new(world: &'a World, steps: &str) -> Self {
        let dockerfile = format!("{HEAD}{steps}");
        Example { project: Project::new(world, &dockerfile), dockerfile, changes: 0 }
    }

    /// Changes what the steps depend on, builds, and answers with what the report says and the score.
    fn build(&mut self) -> (Vec<Said>, u64) {
        self.changes += 1;
        self.project.write("changing", self.changes.to_string());
        let built = self.project.tapped(&["--inject"], &[]);
        assert_eq!(built.status, Some(0), "{}", built.stderr);
        let mut command = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
        let output = command.args(["report", "--format", "json"]).current_dir(self.project.path()).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let said = |one: &Value| Said {
            file: text(&one["filename"]),
            reason: text(&one["reason"]),
            remedy: text(&one["remedy"]),
            line: one["step"]["line"].as_u64().unwrap_or_default() as usize,
        };
        (
            report["downloaded"].as_array().unwrap().iter().map(said).collect(),
            report["optimization_score"].as_u64().unwrap(),
        )
    }

    /// Builds twice, and answers with the remedy where the second build downloads all of `files` for this reason alone.
    #[track_caller]
    fn is_not_spared(&mut self, files: &[&str], reason: &str) -> (String, usize) {
        self.build();
        let (said, score) = self.build();
        assert!(said.iter().all(|one| one.reason == reason), "{said:#?}");
        assert!(said.iter().all(|one| (&one.remedy, one.line) == (&said[0].remedy, said[0].line)), "{said:#?}");
        let mut downloaded: Vec<&str> = said.iter().map(|one| one.file.as_str()).collect();
        downloaded.sort();
        assert_eq!((downloaded.as_slice(), score), (files, 0), "{said:#?}");
        (said[0].remedy.clone(), said[0].line)
    }

    /// Does as advised to a line; then the first build fills the cache, if anything for the reason `fills`, and the second
    /// downloads nothing.
    #[track_caller]
    fn is_spared_by(&mut self, advised: &(String, usize), edit: impl Fn(&str) -> String, fills: &str, origin: &str) {
        let (advised, line) = (&advised.0, advised.1);
        let mut lines: Vec<String> = self.dockerfile.lines().map(str::to_owned).collect();
        lines[line - 1] = edit(&lines[line - 1]);
        let dockerfile = lines.join("\n") + "\n";
        assert_ne!(dockerfile, self.dockerfile, "{advised}");
        self.project.write("Dockerfile", &dockerfile);
        let (said, _) = self.build();
        assert!(said.iter().all(|one| one.reason == fills), "{advised}: {said:#?}");
        assert_eq!(self.build(), (vec![], 100), "{advised}");
        let packages = packages(&self.project.session());
        assert!(!packages.is_empty() && packages.iter().all(|(_, of)| of == origin), "{advised}: {packages:?}");
    }
}

/// The parts of a remedy that are to be typed.
fn typed(remedy: &str) -> Vec<&str> {
    remedy.split('`').skip(1).step_by(2).collect()
}

/// A step that begins as the remedy shows it, up to where the tool stands.
fn begun_as<'r>(remedy: &'r str, tool: &str) -> impl Fn(&str) -> String + use<'r> {
    let begin = typed(remedy)[0].split_once(&format!(" {tool} ...")).expect("a step as it is to be").0;
    move |step| step.replacen("RUN", begin, 1)
}

const DEBS: [&str; 2] = ["tapped-library_1.0_all.deb", "tapped-tool_1.0_all.deb"];
const WHEELS: [&str; 2] = ["tapped_api-2.0-py3-none-any.whl", "tapped_dep-1.0-py3-none-any.whl"];

#[test]
fn a_cache_mount_keeps_what_pip_downloads() {
    let Some(world) = world() else { return };
    let steps = "FROM one\nCOPY changing /\n# Why.\nRUN echo first\nRUN echo so && \\\n    pip install tapped-api\n";
    let mut example = Example::new(&world, steps);
    let advised = example.is_not_spared(&WHEELS, "not-kept");
    assert_eq!(advised.1, 8);
    example.is_spared_by(&advised, begun_as(&advised.0, "pip"), "cold", "http-cache");
}

#[test]
fn a_cache_mount_without_docker_clean_keeps_what_apt_downloads() {
    let Some(world) = world() else { return };
    let steps = format!("{CLEAN}COPY changing /\nRUN apt-get update && \\\n    apt-get install -y tapped-tool\n");
    let mut example = Example::new(&world, &steps);
    let advised = example.is_not_spared(&DEBS, "not-kept");
    assert_eq!(advised.1, 6);
    example.is_spared_by(&advised, begun_as(&advised.0, "apt-get"), "cold", "archive-cache");
}

/// What empties the mount of a step, and how: before it, and in it.
const EMPTIED: [(&str, &str); 4] = [
    (CLEAN, "apt-get update && apt-get install -y tapped-tool"),
    ("", "apt-get update && apt-get install -y tapped-tool && apt-get clean"),
    (
        "RUN echo 'APT::Keep-Downloaded-Packages \"false\";' >/etc/apt/apt.conf.d/99drop\n",
        "apt-get update && apt-get install -y tapped-tool",
    ),
    ("", "apt update && apt install -y tapped-tool"),
];

#[test]
fn a_cache_mount_that_is_emptied_no_more_keeps_what_apt_downloads() {
    let Some(world) = world() else { return };
    for (number, (before, step)) in EMPTIED.into_iter().enumerate() {
        // A mount of its own, in which nothing lies.
        let id = format!("wheeltap-test-{number}-{}", world.registry.port);
        let mount = format!("--mount=type=cache,id={id},target=/var/cache/apt,sharing=locked");
        let mut example = Example::new(&world, &format!("{before}COPY changing /\nRUN {mount} {step}\n"));
        let advised = example.is_not_spared(&DEBS, "removed");
        let typed = typed(&advised.0);
        let [clean, remove, option] = typed[..] else { panic!("{advised:?}") };
        assert!(clean.ends_with(" clean") && remove.starts_with("rm ") && option.starts_with("-o "), "{advised:?}");
        let edit = |step: &str| {
            let step = step.replace(&format!(" && {clean}"), "").replace(" install", &format!(" install {option}"));
            step.replacen("sharing=locked ", &format!("sharing=locked {remove} && "), 1)
        };
        // What the mount lost is fetched once more.
        example.is_spared_by(&advised, edit, "removed", "archive-cache");
    }
}

#[test]
fn a_wheelhouse_spares_what_its_index_forbids_to_keep() {
    let Some(world) = world() else { return };
    let mut example = Example::new(&world, "COPY changing /\nRUN pip install fleeting\n");
    let advised = example.is_not_spared(&["fleeting-1.0-py3-none-any.whl"], "not-cacheable");
    // A mount does not help.
    let mounted = "--mount=type=cache,target=/root/.cache/pip pip install fleeting";
    let mounted = example.dockerfile.replace("pip install fleeting", mounted);
    example.project.write("Dockerfile", mounted);
    assert_eq!(example.is_not_spared(&["fleeting-1.0-py3-none-any.whl"], "not-cacheable"), advised);
    let [build, options] = typed(&advised.0)[..] else { panic!("{advised:?}") };
    example.project.write("requirements.txt", "fleeting\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    command.args(build.split(' ').skip(1)).args(["--requirements", "requirements.txt"]);
    command.env("PIP_INDEX_URL", format!("http://127.0.0.1:{}/simple/", world.registry.port));
    let output = command.current_dir(example.project.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let edit = |step: &str| {
        let step = step.replace("pip install", &format!("pip install {options}"));
        step.replacen("RUN", "COPY wheelhouse wheelhouse\nRUN", 1)
    };
    example.is_spared_by(&advised, edit, "", "wheelhouse");
}

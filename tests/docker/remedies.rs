//! Why an image build downloads again, and that it does so no more once what the report says has been done to the line
//! that it names.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::engine::{Project, World, packages, world};
use crate::image::remove;

/// What the official images of Debian hold.
const CLEAN: &str = r#"RUN echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };' >/etc/apt/apt.conf.d/docker-clean
"#;

/// What is built, and is not needed.
const IMAGE: &str = "wheeltap-test/remedied";

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
        let built = self.project.tapped(&["--inject"], &["-t", IMAGE]);
        remove(&self.project.world.docker, &[IMAGE]);
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

    /// Builds twice, and answers with remedy and line where the second build downloads `files` in a step, all for this
    /// reason alone.
    #[track_caller]
    fn is_not_spared(&mut self, files: &[&str], reason: &str) -> Vec<(String, usize)> {
        self.build();
        let (said, score) = self.build();
        assert!(score == 0 && said.iter().all(|one| one.reason == reason), "{said:#?}");
        let mut downloaded: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        said.iter().for_each(|one| downloaded.entry((one.line, &one.remedy)).or_default().push(&one.file));
        downloaded.values_mut().for_each(|downloaded| downloaded.sort());
        assert!(downloaded.values().all(|downloaded| downloaded == files), "{said:#?}");
        downloaded.into_keys().map(|(line, remedy)| (remedy.clone(), line)).collect()
    }

    /// Does as advised to the lines; then the first build fills the caches, if anything for the reason `fills`, and the
    /// second downloads nothing.
    #[track_caller]
    fn is_spared_by(
        &mut self,
        advised: &[(String, usize)],
        edit: impl Fn(&str, &str) -> String,
        fills: &str,
        origin: &str,
    ) {
        let mut lines: Vec<String> = self.dockerfile.lines().map(str::to_owned).collect();
        for (remedy, line) in advised {
            let edited = edit(remedy, &lines[line - 1]);
            assert_ne!(edited, lines[line - 1], "{remedy}");
            lines[line - 1] = edited;
        }
        let dockerfile = lines.join("\n") + "\n";
        self.project.write("Dockerfile", &dockerfile);
        let (said, _) = self.build();
        assert!(said.iter().all(|one| one.reason == fills), "{advised:?}: {said:#?}");
        assert_eq!(self.build(), (vec![], 100), "{advised:?}");
        let packages = packages(&self.project.session());
        assert!(!packages.is_empty() && packages.iter().all(|(_, of)| of == origin), "{advised:?}: {packages:?}");
    }
}

/// The parts of a remedy that are to be typed.
fn typed(remedy: &str) -> Vec<&str> {
    remedy.split('`').skip(1).step_by(2).collect()
}

/// A step that begins as the remedy shows it, up to where the tool stands.
fn begun_as(tool: &str) -> impl Fn(&str, &str) -> String {
    move |remedy, step| {
        let begin = typed(remedy)[0].split_once(&format!(" {tool} ...")).expect("a step as it is to be").0;
        step.replacen("RUN", begin, 1)
    }
}

const DEBS: [&str; 2] = ["tapped-library_1.0_all.deb", "tapped-tool_1.0_all.deb"];
const WHEELS: [&str; 2] = ["tapped_api-2.0-py3-none-any.whl", "tapped_dep-1.0-py3-none-any.whl"];

#[test]
fn a_cache_mount_keeps_what_pip_downloads() {
    let Some(world) = world() else { return };
    let steps = "FROM one\nCOPY changing /\n# Why.\nRUN echo first\nRUN echo so && \\\n    pip install tapped-api\n";
    let mut example = Example::new(&world, steps);
    let advised = example.is_not_spared(&WHEELS, "not-kept");
    assert!(advised.len() == 1 && advised[0].1 == 8, "{advised:?}");
    example.is_spared_by(&advised, begun_as("pip"), "cold", "http-cache");
}

/// pip hears of it by the image's environment alone, and takes any value for a yes.
#[test]
fn a_cache_that_the_image_disables_is_named() {
    let Some(world) = world() else { return };
    let disabled = "ENV PIP_NO_CACHE_DIR=0\n";
    let mut example = Example::new(&world, &format!("{disabled}COPY changing /\nRUN pip install tapped-api\n"));
    let advised = example.is_not_spared(&WHEELS, "disabled");
    assert!(advised.len() == 1 && advised[0].1 == 6, "{advised:?}");
    let edit = |remedy: &str, step: &str| {
        let [option, variable, run] = typed(remedy)[..] else { panic!("{remedy}") };
        assert_eq!((option, variable), ("--no-cache-dir", "PIP_NO_CACHE_DIR"));
        step.replacen("RUN", run, 1)
    };
    example.dockerfile = example.dockerfile.replace(disabled, "# Nothing is disabled.\n");
    example.is_spared_by(&advised, edit, "cold", "http-cache");
}

#[test]
fn a_cache_mount_without_docker_clean_keeps_what_apt_downloads() {
    let Some(world) = world() else { return };
    let steps = format!("{CLEAN}COPY changing /\nRUN apt-get update && \\\n    apt-get install -y tapped-tool\n");
    let mut example = Example::new(&world, &steps);
    let advised = example.is_not_spared(&DEBS, "not-kept");
    assert!(advised.len() == 1 && advised[0].1 == 6, "{advised:?}");
    example.is_spared_by(&advised, begun_as("apt-get"), "cold", "archive-cache");
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
    let (mut stages, mut last) = (String::new(), "FROM one\n".to_owned());
    for (number, (before, step)) in EMPTIED.into_iter().enumerate() {
        // A mount of its own, in which nothing lies.
        let id = format!("wheeltap-test-{number}-{}", world.registry.port);
        let mount = format!("--mount=type=cache,id={id},target=/var/cache/apt,sharing=locked");
        stages += &format!("FROM one AS emptied{number}\n{before}COPY changing /\nRUN {mount} {step}\n");
        last += &format!("COPY --from=emptied{number} /changing /changing{number}\n");
    }
    let mut example = Example::new(&world, &(stages + &last));
    let advised = example.is_not_spared(&DEBS, "removed");
    assert_eq!(advised.len(), EMPTIED.len(), "{advised:?}");
    let edit = |remedy: &str, step: &str| {
        let [clean, remove, option] = typed(remedy)[..] else { panic!("{remedy}") };
        assert!(clean.ends_with(" clean") && remove.starts_with("rm ") && option.starts_with("-o "), "{remedy}");
        let step = step.replace(&format!(" && {clean}"), "").replace(" install", &format!(" install {option}"));
        step.replacen("sharing=locked ", &format!("sharing=locked {remove} && "), 1)
    };
    // What the mounts lost is fetched once more.
    example.is_spared_by(&advised, edit, "removed", "archive-cache");
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
    let [build, options] = typed(&advised[0].0)[..] else { panic!("{advised:?}") };
    example.project.write("requirements.txt", "fleeting\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    command.args(build.split(' ').skip(1)).args(["--requirements", "requirements.txt"]);
    command.env("PIP_INDEX_URL", format!("http://127.0.0.1:{}/simple/", world.registry.port));
    let output = command.current_dir(example.project.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let edit = |_: &str, step: &str| {
        let step = step.replace("pip install", &format!("pip install {options}"));
        step.replacen("RUN", "COPY wheelhouse wheelhouse\nRUN", 1)
    };
    example.is_spared_by(&advised, edit, "", "wheelhouse");
}

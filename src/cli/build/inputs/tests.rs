use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::classify::buildkit::Reader;

const DOCKERFILE: &str = "ARG BASE\nFROM ${BASE}\nCOPY r*.txt lib /\nRUN pip\nCOPY app.py /\n";

/// A context with the files that [`DOCKERFILE`] names.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        for (name, text) in [("Dockerfile", DOCKERFILE), ("r.txt", "v1"), ("lib/a", "a"), ("app.py", "1")] {
            project.write(name, text);
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    fn inputs(&self, words: &str, began: Stamp) -> Option<Inputs> {
        let mut words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        words.push(self.0.path().into());
        Inputs::of(&Command::parse(words), &[self.path("logs/build")], began)
    }

    /// The fingerprint of the step, which is on line 4, for a build with these words.
    fn step_of(&self, words: &str) -> Option<Sha256> {
        let fingerprints = self.inputs(words, (i64::MAX, 0))?.hashed().fingerprints();
        fingerprints.of(&build("FROM x", "COPY r*.txt lib /"), &build("FROM x", "COPY a /").steps[2])
    }

    fn step(&self) -> Option<Sha256> {
        self.step_of("docker build")
    }
}

fn build(base: &str, copy: &str) -> Build {
    let mut reader = Reader::default();
    reader.feed(format!("#4 [1/4] {base}\n#5 [2/4] {copy}\n#6 [3/4] RUN pip\n#6 CACHED\n").as_bytes());
    reader.finish().expect("a log")
}

#[test]
fn a_step_is_what_is_above_it() {
    let project = Project::new();
    let first = project.step().expect("a fingerprint");
    project.write("app.py", "2");
    project.write("Dockerfile", &(DOCKERFILE.to_owned() + "CMD x\n"));
    project.write("other", "x");
    assert_eq!(project.step(), Some(first), "what comes later, or not at all");
    let undo =
        [("r.txt", "v2", "v1"), ("lib/a", "b", "a"), (".dockerignore", "lib", ""), ("Dockerfile", "", DOCKERFILE)];
    for (name, other, before) in undo {
        project.write(name, &if name == "Dockerfile" { format!("# c\n{DOCKERFILE}") } else { other.to_owned() });
        let changed = project.inputs("docker build", (i64::MAX, 0)).unwrap().hashed().steps.remove(0).1;
        project.write(name, before);
        let back = project.inputs("docker build", (i64::MAX, 0)).unwrap().hashed().steps.remove(0).1;
        assert!(changed != back && project.step() == Some(first), "{name}");
    }
    project.write("r2.txt", "");
    assert!(project.step().is_some_and(|other| other != first), "another file of that pattern");
    std::fs::remove_file(project.path("r2.txt")).unwrap();
    std::fs::set_permissions(project.path("lib/a"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(project.step().is_some_and(|other| other != first), "another mode");
}

#[test]
fn a_step_is_what_the_command_says_of_it() {
    let project = Project::new();
    let first = project.step();
    for words in ["-t x", "--build-arg OTHER=x", "--no-cache --label a=b", "--target x --load"] {
        assert_eq!(project.step_of(&format!("docker build {words}")), first, "{words}");
    }
    for words in ["--build-arg BASE=x", "--add-host a:1.2.3.4", "--platform linux/amd64", "--network none"] {
        let other = project.step_of(&format!("docker build {words}"));
        assert!(other.is_some() && other != first, "{words}");
    }
    for words in ["build --cache-from x", "build --build-context a=b", "build -f -", "buildx bake", "compose build"] {
        assert_eq!(project.step_of(&format!("docker {words}")), None, "{words}");
    }
}

#[test]
fn links_lead_nowhere_out_of_the_context() {
    let project = Project::new();
    std::fs::remove_file(project.path("r.txt")).unwrap();
    project.write("real", "v1");
    symlink("real", project.path("r.txt")).unwrap();
    let first = project.step().expect("a fingerprint");
    project.write("real", "v2");
    assert!(project.step().is_some_and(|other| other != first), "the builder follows it");
    symlink("nowhere", project.path("lib/link")).unwrap();
    let one = project.step().expect("a link within a directory is copied as it is");
    std::fs::remove_file(project.path("lib/link")).unwrap();
    symlink("elsewhere", project.path("lib/link")).unwrap();
    assert!(project.step().is_some_and(|other| other != one));
    symlink("/etc/hostname", project.path("r2.txt")).unwrap();
    assert_eq!(project.step(), None);
}

#[test]
fn what_cannot_be_read_or_changes_meanwhile_has_no_fingerprint() {
    let project = Project::new();
    assert!(project.step().is_some());
    let began = stamp();
    let hashed = |began| project.inputs("docker build", began).unwrap().hashed();
    let resting = hashed(began);
    assert_eq!(hashed((0, 0)).fingerprints().steps.len(), 0, "all that is new may be newer than the build");
    let edit = |name: &str| {
        while project.path(name).metadata().is_ok_and(|now| has_rested(&now, began)) {
            project.write(name, "edited");
        }
    };
    edit("app.py");
    assert_eq!(resting.fingerprints().steps.len(), 1, "that comes later");
    let changed = hashed(began);
    edit("r.txt");
    assert_eq!(changed.fingerprints().steps.len(), 0);
    std::fs::remove_dir_all(project.path("lib")).unwrap();
    assert_eq!(project.step(), None, "it is not there");
    rustix::fs::mkfifoat(rustix::fs::CWD, project.path("lib"), 0o644.into()).unwrap();
    assert_eq!(project.step(), None, "nobody writes into it");
}

#[test]
fn what_the_build_itself_writes_is_left_out() {
    let project = Project::new();
    project.write("Dockerfile", "FROM x\n\nCOPY . /\nRUN pip\n");
    project.write("logs/build/session", "1");
    let steps = || project.inputs("docker build", (i64::MAX, 0)).unwrap().hashed().steps.remove(0).1;
    let first = steps();
    project.write("logs/build/session", "2");
    assert_eq!(steps(), first);
    project.write("logs/other", "2");
    assert_ne!(steps(), first);
}

#[test]
fn what_a_base_image_brings_is_a_part_of_a_step() {
    let project = Project::new();
    let fingerprints = project.inputs("docker build", (i64::MAX, 0)).unwrap().hashed().fingerprints();
    let of = |base, copy| {
        let build = build(base, copy);
        fingerprints.of(&build, &build.steps[2])
    };
    let known = of("FROM x@sha256:1", "COPY r*.txt lib /");
    assert!(known.is_some() && known != of("FROM x@sha256:2", "COPY r*.txt lib /"));
    assert_eq!(of("FROM x@sha256:1", "COPY secrets /"), None, "its ONBUILD copies what is not hashed");
}

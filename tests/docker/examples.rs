//! The examples of `docker/`, by the recipe and injected: cold, again, after a change, without network.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::{Built, Project, SHIMS, World, packages, world};
use crate::image::{assert_same_on, remove};

/// Makes the image that the recipe copies from.
fn make_image(world: &World) {
    let docker = world.docker.parent().unwrap();
    let path = format!("{}:{}", docker.display(), std::env::var("PATH").unwrap());
    let made = Command::new("tools/image")
        .args([env!("CARGO_BIN_EXE_wheeltap"), SHIMS])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", path)
        .env("DOCKER_BUILDKIT", "1")
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// The names of what a session downloaded.
fn downloaded(session: &serde_json::Value) -> Vec<String> {
    packages(session).into_iter().filter(|(_, origin)| origin == "downloaded").map(|(name, _)| name).collect()
}

/// What a build told, without the records in it, and without the base, which any of the stages on it may give its name.
fn told(built: &Built) -> Vec<String> {
    let mut told = built.told();
    told.retain(|line| !line.contains("@wheeltap1:") && !line.contains("] FROM "));
    told
}

/// A copy of an example; `plain` without the two lines, its cache mounts its own.
fn example<'a>(world: &'a World, name: &str, plain: bool) -> Project<'a> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let project = Project::example(world, name);
    let text = std::fs::read_to_string(project.path().join("Dockerfile")).unwrap();
    let own = format!("id=tapped-{:04}{:02}-", std::process::id() % 10_000, COUNT.fetch_add(1, Ordering::Relaxed));
    let is_ours = |line: &&str| line.contains("/opt/wheeltap") && !line.contains("/opt/venv");
    let lines = text.lines().filter(|line| !plain || !is_ours(line));
    let line = |line: &str| line.replace("id=tapped-", &own).replace("/opt/wheeltap/shims:/opt/venv", "/opt/venv");
    project.write("Dockerfile", lines.map(line).map(|line| line + "\n").collect::<String>());
    project
}

/// Builds an example bare and tapped, again, and after a change; `own` are the options of the tapped builds.
fn built_like_a_bare_one(world: &World, name: &str, own: &[&str], debs: usize) {
    let plain = own.contains(&"--inject");
    let [project, other] = [(); 2].map(|()| example(world, name, plain));
    let target: &[&str] = if name == "log-export" { &["--target", "build"] } else { &[] };
    let arguments = |more: &[&'static str]| [target, more].concat();
    let what = format!("{name} {own:?}");
    let (bare_image, image) = ("wheeltap-test/bare-example", "wheeltap-test/example");
    world.registry.taken();
    let bare = other.bare(&arguments(&["--no-cache", "-t", bare_image]));
    assert_eq!(bare.status, Some(0), "{what}: {}", bare.stderr);
    let taken = world.registry.taken();
    let cold = project.tapped(own, &arguments(&["--no-cache", "-t", image]));
    assert_eq!((cold.status, &cold.stdout), (bare.status, &bare.stdout), "{what}: {}", cold.stderr);
    assert!(!cold.stderr.contains("@wheeltap1:") && !project.log().contains("@wheeltap1:"), "{what}");
    let without_ids = |told: Vec<String>| told.into_iter().map(|line| without_id(&line)).collect::<Vec<_>>();
    assert_eq!(without_ids(told(&cold)), without_ids(told(&bare)), "{what}");
    // By the recipe the records stay in the image: in one example is enough to be told from the rest.
    if plain || name == "api" {
        let records = if plain { "nothing" } else { "var/log/wheeltap" };
        assert_same_on(&world.base, &world.docker, bare_image, image, records);
    }
    assert_eq!(downloaded(&project.session()), taken, "{what}: {}", cold.stderr);
    assert_eq!((world.registry.taken(), taken.len()), (taken, debs + 2), "{what}: {}", cold.stderr);
    let again = project.tapped(own, &arguments(&[]));
    let session = project.session();
    assert!(again.stderr.contains("100 % of the steps cached"), "{what}: {}", again.stderr);
    assert_eq!(session["summary"]["total_downloads"], 0, "{what}");
    assert_eq!(session["summary"]["total_cached"], debs + 2, "{what}: {}", again.stderr);
    assert_eq!(world.registry.taken(), [""; 0], "{what}");
    project.write("requirements.txt", "tapped-api==2.0\n");
    let changed = project.tapped(own, &arguments(&[]));
    let taken = world.registry.taken();
    assert_eq!(downloaded(&project.session()), taken, "{what}: {}", changed.stderr);
    assert!(taken.contains(&"tapped_api-2.0-py3-none-any.whl".to_owned()), "{what}: {taken:?}");
    assert_eq!(changed.status, Some(0), "{what}: {}", changed.stderr);
    // By the recipe it would be the same build once more.
    if plain {
        other.write("requirements.txt", "tapped-api==2.0\n");
        let bare = other.bare(&arguments(&[]));
        assert_eq!((bare.status, without_ids(told(&changed))), (Some(0), without_ids(told(&bare))), "{what}");
        assert_eq!(world.registry.taken(), taken, "{what}");
    }
    remove(&world.docker, &[bare_image, image]);
}

/// The name of a step without the number that [`example`] gives its cache mounts.
fn without_id(line: &str) -> String {
    let mut parts = line.split("id=tapped-");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| line + "id=" + part.get(7..).unwrap_or_default())
}

// Contract: image-recipe
#[test]
fn examples_by_recipe_are_the_bare_build_and_recorded() {
    let Some(world) = world() else { return };
    make_image(&world);
    for (name, debs) in EXAMPLES {
        built_like_a_bare_one(&world, name, &[], debs);
    }
}

// Contract: image-inject
#[test]
fn examples_that_are_injected_are_the_bare_build_and_recorded() {
    let Some(world) = world() else { return };
    for (name, debs) in EXAMPLES {
        built_like_a_bare_one(&world, name, &["--inject"], debs);
    }
}

/// Each with the number of Debian packages that it takes.
const EXAMPLES: [(&str, usize); 5] =
    [("api", 2), ("multi-stage", 0), ("cache-mounts", 2), ("log-export", 0), ("wheelhouse", 0)];

// Contract: image-recipe
#[test]
fn a_filled_wheelhouse_is_taken_and_one_is_made_on_request() {
    let Some(world) = world() else { return };
    make_image(&world);
    let wheels = ["tapped_api-1.0-py3-none-any.whl", "tapped_dep-1.0-py3-none-any.whl"];
    let all = |origin: &str| wheels.map(|name| (name.to_owned(), origin.to_owned())).to_vec();
    world.registry.taken();
    for own in [&[][..], &["--inject"]] {
        let project = Project::example(&world, "wheelhouse");
        let made = project.tapped(own, &["--no-cache", "--build-arg", "BUILD_WHEELS=true"]);
        assert_eq!(made.status, Some(0), "{}", made.stderr);
        let mut expected = [all("downloaded"), all("wheelhouse")].concat();
        expected.sort();
        assert_eq!(packages(&project.session()), expected, "{own:?}: {}", made.stderr);
        assert_eq!(world.registry.taken(), wheels, "{own:?}");
        for name in wheels {
            project.take(&format!("files/{name}"), &format!("wheelhouse/{name}"));
        }
        let filled = project.tapped(own, &["--no-cache"]);
        assert_eq!(filled.status, Some(0), "{}", filled.stderr);
        let session = project.session();
        assert_eq!(packages(&session), all("wheelhouse"), "{own:?}: {}", filled.stderr);
        assert_eq!(
            (world.registry.taken(), &session["summary"]["network_attempts"]),
            (Vec::new(), &0.into()),
            "{own:?}"
        );
    }
}

// Contract: image-recipe
#[test]
fn exported_records_are_taken_over_once_and_from_cached_layers() {
    let Some(world) = world() else { return };
    make_image(&world);
    let export = ["--target", "logs", "--output", "logs/api"];
    let project = Project::example(&world, "log-export");
    world.registry.taken();
    let cold = project.tapped(&[], &[&export[..], &["--no-cache"]].concat());
    assert_eq!(cold.status, Some(0), "{}", cold.stderr);
    let exported = std::fs::read_dir(project.path().join("logs/api")).unwrap().flatten();
    let names: Vec<_> = exported.map(|entry| entry.file_name().into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("events_")), "{names:?}");
    let session = project.session();
    assert_eq!(downloaded(&session), world.registry.taken(), "{}", cold.stderr);
    assert_eq!((packages(&session).len(), session["invocations"].as_array().unwrap().len()), (2, 1), "{session}");
    // Where no earlier build is known, the files tell alone.
    let elsewhere = Project::example(&world, "log-export");
    let again = elsewhere.tapped(&[], &export);
    let origins: Vec<_> = packages(&elsewhere.session()).into_iter().map(|(_, origin)| origin).collect();
    assert_eq!(origins, ["layer-cache"; 2], "{}", again.stderr);
    let once_more = project.tapped(&[], &export);
    let origins: Vec<_> = packages(&project.session()).into_iter().map(|(_, origin)| origin).collect();
    assert_eq!(
        (origins, world.registry.taken()),
        (vec!["layer-cache".to_owned(); 2], Vec::new()),
        "{}",
        once_more.stderr
    );
}

// Contract: image-recipe
#[test]
fn without_network_a_filled_wheelhouse_suffices_and_an_incomplete_one_is_named() {
    let Some(world) = world() else { return };
    make_image(&world);
    let project = Project::example(&world, "offline");
    project.take("apt/tapped-library_1.0_all.deb", "archives/tapped-library_1.0_all.deb");
    project.take("files/tapped_api-1.0-py3-none-any.whl", "wheelhouse/tapped_api-1.0-py3-none-any.whl");
    project.take("files/tapped_dep-1.0-py3-none-any.whl", "wheelhouse/tapped_dep-1.0-py3-none-any.whl");
    for own in [&[][..], &["--inject"]] {
        let passed = project.tapped(own, &["--no-cache", "--network=none"]);
        assert_eq!(passed.status, Some(0), "{}", passed.stderr);
        let summary = &project.session()["summary"];
        assert_eq!(
            (&summary["total_downloads"], &summary["total_cached"]),
            (&0.into(), &3.into()),
            "{}",
            passed.stderr
        );
    }
    std::fs::remove_file(project.path().join("wheelhouse/tapped_dep-1.0-py3-none-any.whl")).unwrap();
    for own in [&[][..], &["--inject"]] {
        let failed = project.tapped(own, &["--no-cache", "--network=none"]);
        let bare = project.bare(&["--no-cache", "--network=none"]);
        assert_eq!(failed.status, bare.status, "{}", failed.stderr);
        assert_ne!(failed.status, Some(0));
        assert!(
            failed.stderr.contains("missing: tapped-dep") || failed.stderr.contains("missing: tapped_dep"),
            "{}",
            failed.stderr
        );
    }
    std::fs::remove_file(project.path().join("archives/tapped-library_1.0_all.deb")).unwrap();
    project.take("apt/tapped-tool_1.0_all.deb", "archives/tapped-tool_1.0_all.deb");
    for own in [&[][..], &["--inject"]] {
        let failed = project.tapped(own, &["--no-cache", "--network=none"]);
        let bare = project.bare(&["--no-cache", "--network=none"]);
        assert_eq!(failed.status, bare.status, "{}", failed.stderr);
        assert_ne!(failed.status, Some(0));
        assert!(failed.stderr.contains("missing: tapped-library: "), "{}", failed.stderr);
        let missing = &project.session()["network"]["completeness"]["missing"];
        let [missing] = &missing.as_array().unwrap()[..] else { panic!("{missing}") };
        assert_eq!((&missing["requirement"], &missing["tool"]), (&"tapped-library".into(), &"apt-get".into()));
    }
}

// Contract: image-recipe
#[test]
fn a_user_who_cannot_write_the_log_directory_is_recorded_by_marked_lines_alone() {
    let Some(world) = world() else { return };
    make_image(&world);
    let dockerfile = format!(
        "ARG BASE\nFROM ${{BASE}}\nCOPY --from={SHIMS} /opt/wheeltap /opt/wheeltap\n\
         ENV PATH=/opt/wheeltap/shims:$PATH WHEELTAP_LOG_DIR=/var/log/wheeltap WHEELTAP_EMIT=1\n\
         USER nobody\nWORKDIR /tmp\nRUN cd $(mktemp -d) && pip download tapped-dep && false\n"
    );
    let project = Project::new(&world, &dockerfile);
    let built = project.tapped(&[], &["--no-cache"]);
    assert_ne!(built.status, Some(0));
    assert_eq!(
        packages(&project.session()),
        [("tapped_dep-1.0-py3-none-any.whl".to_owned(), "downloaded".to_owned())],
        "{}",
        built.stderr
    );
}

//! The examples of `docker/`, by the recipe: cold, again, after a change, without network.

use std::process::Command;

use crate::engine::{Project, SHIMS, World, packages, world};

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

// Contract: image-recipe
#[test]
fn examples_are_recorded_cold_cached_and_changed() {
    let Some(world) = world() else { return };
    make_image(&world);
    for (name, debs) in [("api", 2), ("multi-stage", 0), ("cache-mounts", 2), ("log-export", 0), ("wheelhouse", 0)] {
        let project = Project::example(&world, name);
        world.registry.taken();
        let cold = project.tapped(&[], &["--no-cache"]);
        assert_eq!(cold.status, Some(0), "{name}: {}", cold.stderr);
        assert!(!cold.stderr.contains("@wheeltap1:") && !project.log().contains("@wheeltap1:"), "{name}");
        let downloaded: Vec<_> = packages(&project.session())
            .into_iter()
            .filter(|(_, origin)| origin == "downloaded")
            .map(|(name, _)| name)
            .collect();
        assert_eq!(downloaded, world.registry.taken(), "{name}: {}", cold.stderr);
        assert_eq!(downloaded.len(), debs + 2, "{name}: {}", cold.stderr);
        let again = project.tapped(&[], &[]);
        let session = project.session();
        assert!(again.stderr.contains("100 % of the steps cached"), "{name}: {}", again.stderr);
        assert_eq!(session["summary"]["total_downloads"], 0, "{name}");
        assert_eq!(session["summary"]["total_cached"], debs + 2, "{name}: {}", again.stderr);
        assert_eq!(world.registry.taken(), [""; 0], "{name}");
        project.write("requirements.txt", "tapped-api==2.0\n");
        let changed = project.tapped(&[], &[]);
        assert_eq!(changed.status, Some(0), "{name}: {}", changed.stderr);
        let downloaded: Vec<_> = packages(&project.session())
            .into_iter()
            .filter(|(_, origin)| origin == "downloaded")
            .map(|(name, _)| name)
            .collect();
        assert_eq!(downloaded, world.registry.taken(), "{name}: {}", changed.stderr);
        assert!(downloaded.contains(&"tapped_api-2.0-py3-none-any.whl".to_owned()), "{name}: {downloaded:?}");
    }
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

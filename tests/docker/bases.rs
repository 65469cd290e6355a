//! Base images of other kinds: Ubuntu's configuration of apt; and, as Alpine's is, one of musl and busybox, without apt.

use std::process::Command;

use crate::binary::linked_statically;
use crate::engine::{Project, World, packages, world};
use crate::image::{assert_same, remove};
use crate::requires;

/// What the images of Ubuntu (and of Debian) for docker configure, and its vendor's settings for `apt` alone.
const UBUNTU: &str = r#"ARG BASE
FROM ${BASE} AS ubuntu
RUN printf 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04"\n' >/etc/os-release && cd /etc/apt/apt.conf.d \
 && echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };' >docker-clean \
 && echo 'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };' >>docker-clean \
 && echo 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";' >>docker-clean \
 && echo 'Acquire::GzipIndexes "true";' >docker-gzip-indexes && echo 'Acquire::Languages "none";' >docker-no-languages \
 && echo 'Apt::AutoRemove::SuggestsImportant "false";' >docker-autoremove-suggests \
 && echo 'Acquire::http::User-Agent-Non-Interactive "true"; Binary::apt::APT::Keep-Downloaded-Packages "false"; Binary::apt::Acquire::Retries "1";' >01-vendor-ubuntu
FROM ubuntu
"#;

const UBUNTU_STEPS: &str = r#"RUN apt update && apt install -y --no-install-recommends tapped-library
RUN apt-get install -y --no-install-recommends tapped-tool && rm -rf /var/lib/apt/lists/*
RUN pip install --break-system-packages --no-cache-dir tapped-api==1.0
USER nobody
WORKDIR /tmp
RUN python3 -m pip download --no-cache-dir --no-deps tapped-dep && echo "as $(id -un)"
"#;

const MUSL_STEPS: &str = r#"RUN test ! -e /bin/bash && test ! -e /usr/bin/apt-get && readlink -f /proc/$$/exe && ls /lib*/ld-*
RUN python3 -c 'from pip._internal.utils.compatibility_tags import get_supported as tags; print(tags()[0])' | grep musllinux
RUN set -o pipefail; pip install --no-cache-dir tapped-api==1.0 | tail -n 1
USER guest
WORKDIR /tmp
RUN pip3 download --no-cache-dir --no-deps tapped-dep && echo "as $(id -un)"; ls -la /tmp | wc -l
"#;

/// Makes the image that the recipe copies from, of the static binary.
pub(crate) fn make_image(world: &World) {
    let directory = world.docker.parent().unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("tools/image");
    command.arg(linked_statically()).arg("wheeltap-test/static").current_dir(env!("CARGO_MANIFEST_DIR"));
    let made = command.env("PATH", path).env("DOCKER_BUILDKIT", "1").output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Builds `base` and then `steps` bare, injected and by the recipe, and compares; `taken` is what the steps take.
fn build_each_way(world: &World, name: &str, base: &str, steps: &str, taken: &[&str]) {
    let project = Project::new(world, &format!("{base}{steps}"));
    let recipe = "COPY --from=wheeltap-test/static /opt/wheeltap /opt/wheeltap\n\
        ENV PATH=/opt/wheeltap/shims:/opt/wheeltap/shims-python:$PATH WHEELTAP_LOG_DIR=/var/log/wheeltap WHEELTAP_EMIT=1\n";
    project.write("recipe", format!("{base}{recipe}{steps}"));
    let (bare_image, injected_image) = (format!("wheeltap-test/{name}-bare"), format!("wheeltap-test/{name}-injected"));
    world.registry.taken();
    let bare = project.bare(&["--no-cache", "-t", &bare_image]);
    assert_eq!(bare.status, Some(0), "{}", bare.stderr);
    assert_eq!(world.registry.taken(), taken, "{}", bare.stderr);
    let expected: Vec<(String, String)> =
        taken.iter().map(|name| ((*name).to_owned(), "downloaded".to_owned())).collect();

    let injected = project.tapped_by(linked_statically(), &["--inject"], &["--no-cache", "-t", &injected_image]);
    assert_eq!((injected.status, &injected.stdout), (Some(0), &bare.stdout), "{}", injected.stderr);
    assert_eq!(injected.told(), bare.told(), "{}", injected.stderr);
    let session = project.session();
    assert_eq!(packages(&session), expected, "{}", injected.stderr);
    assert_eq!((&session["summary"]["complete"], &session["blind_spots"]), (&true.into(), &serde_json::json!([])));
    assert_same(&world.docker, &bare_image, &injected_image);

    let recipe = project.tapped_by(linked_statically(), &[], &["--no-cache", "-f", "recipe"]);
    assert_eq!(recipe.status, Some(0), "{}", recipe.stderr);
    assert_eq!(packages(&project.session()), expected, "{}", recipe.stderr);
    remove(&world.docker, &[&bare_image, &injected_image]);
}

// Contract: image-inject
// Contract: image-recipe
#[test]
fn apt_and_its_configuration_in_ubuntu_are_borne() {
    let Some(world) = world() else { return };
    make_image(&world);
    let wheels = ["tapped_api-1.0-py3-none-any.whl", "tapped_dep-1.0-py3-none-any.whl"];
    let taken = ["tapped-library_1.0_all.deb", "tapped-tool_1.0_all.deb", wheels[0], wheels[1], wheels[1]];
    build_each_way(&world, "ubuntu", UBUNTU, UBUNTU_STEPS, &taken);
}

// Contract: image-inject
// Contract: image-recipe
#[test]
fn an_image_of_musl_and_pip_is_borne() {
    let Some(world) = world() else { return };
    let found = Command::new(&world.docker).args(["image", "inspect", "wheeltap-test/musl"]).output().unwrap();
    if !requires::met("no image of musl", found.status.success()) {
        return;
    }
    make_image(&world);
    let base = format!(
        "FROM wheeltap-test/musl\n\
         ENV PIP_INDEX_URL=http://127.0.0.1:{}/simple/ PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore\n",
        world.registry.port
    );
    let wheels = ["tapped_api-1.0-py3-none-any.whl", "tapped_dep-1.0-py3-none-any.whl"];
    build_each_way(&world, "musl", &base, MUSL_STEPS, &[wheels[0], wheels[1], wheels[1]]);
}

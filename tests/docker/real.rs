//! The real PyPI and the real Debian, from within the steps of a build.

use std::process::Command;

use serde_json::Value;

use crate::binary::linked_statically;
use crate::engine::{BASE, Project, world};
use crate::{bases, requires};

const STEPS: &str = "RUN apt-get update && apt-get install -y --no-install-recommends hello && rm -rf /var/lib/apt/lists/*\n\
    RUN pip download --no-cache-dir --no-deps -d /w six==1.16.0\n";

// Contract: image-inject
// Contract: image-recipe
#[test]
fn what_pypi_and_debian_sent_is_recorded() {
    let Some(world) = world() else { return };
    bases::make_image(&world);
    // Networks that inspect what passes have an authority of their own.
    let bundle = std::env::var_os("PIP_CERT").unwrap_or_else(|| "/etc/ssl/certs/ca-certificates.crt".into());
    let base = format!("FROM {BASE}\nCOPY authorities.pem /\nENV PIP_CERT=/authorities.pem\n");
    let project = Project::new(&world, &format!("{base}{STEPS}"));
    project.write("authorities.pem", std::fs::read(bundle).unwrap_or_default());
    let recipe = "COPY --from=wheeltap-test/static /opt/wheeltap /opt/wheeltap\n\
        ENV PATH=/opt/wheeltap/shims:$PATH WHEELTAP_LOG_DIR=/var/log/wheeltap WHEELTAP_EMIT=1\n";
    project.write("recipe", format!("{base}{recipe}{STEPS}"));
    let mut probe = Command::new("python3");
    probe.args(["-m", "pip", "download", "--quiet", "--no-cache-dir", "--no-deps", "six==1.16.0"]);
    let is_reached = probe.current_dir(project.path()).output().is_ok_and(|probe| probe.status.success());
    if !requires::met("no way to PyPI", is_reached) {
        return;
    }
    for (own, file) in [(&["--inject"][..], "Dockerfile"), (&[], "recipe")] {
        let built = project.tapped_by(linked_statically(), own, &["--no-cache", "-f", file]);
        assert_eq!(built.status, Some(0), "{}", built.stderr);
        let session = project.session();
        let only = |list: &str| -> Value {
            let packages: Vec<&Value> = session["downloads"][list].as_array().unwrap().iter().collect();
            assert_eq!(packages.len(), 1, "{list}: {}", built.stderr);
            packages[0].clone()
        };
        let wheel = only("wheels");
        assert_eq!(wheel["origin"], "downloaded", "{wheel}");
        assert!(wheel["source"].as_str().unwrap().starts_with("https://"), "{wheel}");
        assert!(wheel["source"].as_str().unwrap().ends_with("/six-1.16.0-py2.py3-none-any.whl"), "{wheel}");
        assert_eq!(wheel["size_bytes"], 11053);
        assert_eq!(wheel["sha256"], "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254");
        let deb = only("apt");
        assert_eq!((&deb["name"], &deb["origin"]), (&"hello".into(), &"downloaded".into()), "{deb}");
        assert!(deb["source"].as_str().unwrap().contains("/pool/main/h/hello/hello_"), "{deb}");
        assert!(deb["size_bytes"].as_u64() > Some(10_000), "{deb}");
        assert_eq!(deb["sha256"].as_str().map(str::len), Some(64), "{deb}");
        assert_eq!(session["summary"]["complete"], true, "{}", built.stderr);
    }
}

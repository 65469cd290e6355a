//! Image builds, with the engine's default profile: as root and as another user, cut and not.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Index, Place, Said, hostile};

pub(crate) const BASE: &str = "wheeltap-test/debian:bookworm";

/// Whether there is an engine with BuildKit and the base image, and our executable runs in that.
pub(crate) fn can_build() -> bool {
    let docker = |arguments: &[&str]| Command::new("/usr/bin/docker").args(arguments).output();
    let has_base = docker(&["image", "inspect", BASE]).is_ok_and(|output| output.status.success());
    crate::requires::met("no docker with the base image of the tests", has_base)
}

/// `wheeltap verify OPTIONS -- docker build --no-cache MORE .` of a Dockerfile.
pub(crate) fn verify(place: &Place, options: &[&str], more: &[&str], steps: &str) -> Said {
    let context = place.context();
    std::fs::write(context.join("Dockerfile"), format!("FROM {BASE}\n{steps}\n")).unwrap();
    let mut command = place.wheeltap(&["verify"]);
    command.args(options).args(["--", "/usr/bin/docker", "build"]).args(more).arg(context);
    command.env("DOCKER_BUILDKIT", "1");
    place.said(command.output().unwrap())
}

fn hosts(said: &Said) -> Vec<&str> {
    said.certificate["attempts"].as_array().into_iter().flatten().filter_map(|one| one["host"].as_str()).collect()
}

// Contract: certificate
#[test]
fn every_process_of_every_step_is_watched() {
    if !can_build() || !Path::new("/usr/bin/docker").exists() {
        return;
    }
    let place = Place::new();
    let marker = place.path().display().to_string();
    let clean = format!("RUN echo {marker} >/x\nRUN useradd -m app\nUSER app\nRUN python3 -c 'print(1)'");
    let said = verify(&place, &["--inject"], &["--no-cache"], &clean);
    assert_eq!(said.verdict(), (Some(0), "PASS"), "{}\n{}", said.reasons(), said.stderr);
    let said = verify(&place, &["--inject"], &[], &clean);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "all cached: {}", said.reasons());
    assert!(said.reasons().contains("came from the cache"), "{}", said.reasons());
    let said = verify(&place, &[], &["--no-cache"], &clean);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "without --inject: {}", said.reasons());
    let reaching = format!(
        "RUN echo {marker}\nRUN getent hosts root.invalid; true\nRUN useradd -m app\nUSER app\n\
         RUN python3 -c \"import socket; socket.create_connection(('user.invalid', 80))\" 2>/dev/null || true\n\
         RUN bash -c 'exec 3<>/dev/tcp/192.0.2.9/80' 2>/dev/null || true"
    );
    let said = verify(&place, &["--inject"], &["--no-cache"], &reaching);
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.stderr);
    assert_eq!(hosts(&said), ["root.invalid", "user.invalid"], "{said:?}");
    let attempts = said.certificate["attempts"].as_array().unwrap();
    let literal = attempts.iter().find(|one| one["addr"] == "192.0.2.9:80").expect("named by its address");
    assert!(literal["uid"].as_u64() > Some(0) && literal["step"]["id"].is_string(), "{literal}");
}

/// `ADD` of a URL is the builder's own doing, which no `--network` cuts: it fetches the file, and asks whether the one that
/// it has is current.
// Contract: never-a-false-pass
#[test]
fn what_the_builder_adds_from_elsewhere_is_an_attempt() {
    if !can_build() || !crate::requires::program("python3") {
        return;
    }
    let place = Place::new();
    let index = Index::serve(&place);
    let url = format!("{}leaf/", index.url);
    let added = format!("ADD {url} /leaf\nRUN echo {}", place.path().display());
    for options in [&["--no-cache"][..], &[]] {
        let said = verify(&place, &["--inject"], options, &added);
        assert_eq!(said.verdict(), (Some(1), "FAIL"), "{options:?}: {}\n{}", said.reasons(), said.stderr);
        let attempts = said.certificate["attempts"].as_array().unwrap();
        let [attempt] = &attempts[..] else { panic!("{options:?}: {attempts:?}") };
        assert_eq!((attempt["tool"].as_str(), attempt["wanted"].as_str()), (Some("docker"), Some(url.as_str())));
    }
}

/// In a container of the default profile no namespace can be had: with a network the boundary is advisory, without one
/// it is the kernel's, for a user who is not root as well.
// Contract: never-a-false-pass
#[test]
fn in_a_container_the_boundary_is_what_it_is() {
    if !can_build() {
        return;
    }
    let mount = format!("{}:/wheeltap:ro", env!("CARGO_BIN_EXE_wheeltap"));
    let nothing: &[&str] = &["true"];
    for (options, command, status, says) in [
        (&["--network=bridge"][..], nothing, 3, "boundary  advisory"),
        (&["--network=bridge"], &["sh", "-c", "getent hosts refused.invalid; true"], 1, "to reach refused.invalid"),
        (&["--network=none"], nothing, 0, "boundary  kernel-netns"),
        (&["--network=none", "--user=1000"], nothing, 0, "boundary  kernel-netns"),
    ] {
        let mut docker = Command::new("/usr/bin/docker");
        docker.args(["run", "--rm", "--volume", &mount, "--workdir=/tmp"]).args(options).arg(BASE);
        let output = docker.args(["/wheeltap", "verify", "--"]).args(command).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{options:?}: {stderr}");
        assert!(stderr.contains(says), "{options:?}: {stderr}");
    }
}

/// What runs `container.sh` in a container of the default profile, whose name server is its own loopback.
fn in_container(verb: &str) -> std::process::Output {
    let binary = format!("{}:/wheeltap:ro", env!("CARGO_BIN_EXE_wheeltap"));
    let scripts = format!("{}/tests/verify:/verify:ro", env!("CARGO_MANIFEST_DIR"));
    let mut docker = Command::new("/usr/bin/docker");
    docker.args(["run", "--rm", "--network=none", "--dns=127.0.0.1", "--volume", &binary, "--volume", &scripts]);
    docker.args([BASE, "bash", "/verify/container.sh", verb]).output().unwrap()
}

/// apt as it is by default: `_apt` fetches, whose memory is closed to us in a container, and maintainer scripts run.
// Contract: observe-transparent
#[test]
fn an_observed_installation_is_the_same_and_each_attempt_has_its_name() {
    if !can_build() {
        return;
    }
    let output = in_container("twice");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let differs: Vec<&str> = stderr.lines().filter(|line| !line.starts_with("WARNING: Localhost DNS")).collect();
    assert_eq!((output.status.code(), differs), (Some(0), vec![]), "what a bare run said differs");
    let session: Value = serde_json::from_slice(&output.stdout).unwrap();
    let witness = &session["network"]["completeness"]["witnesses"][0];
    assert_eq!((&witness["unreadable"], &witness["doubts"]), (&json!(0), &json!([])), "{witness}");
    assert_eq!((&witness["reconciled"], &witness["command"]["exit_code"]), (&json!(true), &json!(7)), "{witness}");
    let attempts = session["network"]["attempts"].as_array().unwrap();
    let seen = attempts.iter().filter(|one| one["kind"] == "witnessed");
    let seen: Vec<String> = seen
        .map(|one| {
            let mut chain = one["chain"].as_array().unwrap().iter().map(|process| process.as_str().unwrap());
            let by = ["reaching.postinst", "apt-get update", "apt-get install"];
            // The shell above them names both commands.
            let by = chain.find_map(|process| by.into_iter().find(|what| process.contains(what)));
            format!(
                "{} {} {} by {}",
                one["host"].as_str().unwrap_or("-"),
                one["addr"].as_str().unwrap(),
                one["uid"],
                by.unwrap()
            )
        })
        .collect();
    let expected = [
        "repo.example 127.0.0.1:53 42 by apt-get update",
        "repo.example 127.0.0.1:53 42 by apt-get install",
        "maintainer.invalid 127.0.0.1:53 0 by reaching.postinst",
        "- 192.0.2.12:80 0 by reaching.postinst",
    ];
    assert_eq!(seen, expected);
}

// Contract: certificate
#[test]
fn what_apt_missed_is_there_after_the_command_that_the_certificate_names() {
    if !can_build() {
        return;
    }
    let output = in_container("remedy");
    let certificates = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let certificates: Vec<Value> = certificates.map(|one| one.expect("a certificate")).collect();
    let [first, second] = &certificates[..] else { panic!("{output:?}") };
    assert_eq!(first["verdict"], "FAIL", "{first}");
    let remedy = "apt-get install --yes --download-only quiet=1.0";
    assert_eq!(first["missing"], json!([{"name": "quiet", "requirement": "quiet=1.0", "remedy": remedy}]));
    assert_eq!((&second["verdict"], &second["missing"]), (&json!("PASS"), &json!([])), "{second}");
    assert_eq!(second["unmatched"], json!([]), "the archive vouches for it");
}

/// The same in an image build, where a step before has the package in the archives.
// Contract: certificate
#[test]
fn what_an_image_build_missed_is_there_after_the_commands_that_the_certificate_names() {
    if !can_build() || !crate::requires::program("python3") {
        return;
    }
    let place = Place::new();
    let context = place.context();
    std::fs::create_dir(context.join("wheelhouse")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify/container.sh");
    std::fs::copy(script, context.join("container.sh")).unwrap();
    std::fs::write(context.join("wheelhouse/.keep"), "").unwrap();
    let index = Index::serve(&place);
    let prepared =
        "COPY . /context\nRUN bash /context/container.sh make && bash /context/container.sh serve apt-get -qq update\n";
    let wanted = "RUN apt-get install -y quiet; pip install --break-system-packages --no-index --find-links /context/wheelhouse leaf";
    let said = verify(&place, &["--inject"], &["--no-cache"], &format!("{prepared}{wanted}"));
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.stderr);
    let missing = said.certificate["missing"].as_array().unwrap();
    let remedy = |name: &str| missing.iter().find(|one| one["name"] == name).expect(name)["remedy"].as_str().unwrap();
    assert_eq!(remedy("leaf"), "pip download --dest wheelhouse leaf", "{missing:?}");
    let mut shell = Command::new("sh");
    shell.args(["-c", remedy("leaf")]).current_dir(&context).env("PIP_INDEX_URL", &index.url);
    shell.env_remove("PIP_FIND_LINKS").env_remove("PIP_NO_INDEX").env("PIP_CONFIG_FILE", "/dev/null");
    let downloaded = shell.output().unwrap();
    assert!(downloaded.status.success(), "{downloaded:?}");
    let cached = format!("RUN bash /context/container.sh serve {}\n", remedy("quiet"));
    let said = verify(&place, &["--inject"], &["--no-cache"], &format!("{prepared}{cached}{wanted}"));
    assert_eq!(said.verdict(), (Some(0), "PASS"), "{}", said.stderr);
    assert_eq!(said.certificate["unmatched"], json!([]), "wheelhouse and archive vouch for all");
}

// Contract: never-a-false-pass
#[test]
fn a_clipped_log_is_no_ground_for_a_pass() {
    if !can_build() {
        return;
    }
    let place = Place::new();
    let flood = format!(
        "RUN echo {}; python3 -c \"import sys; sys.stderr.write(('x' * 99 + chr(10)) * 40000)\"",
        place.path().display()
    );
    let said = verify(&place, &["--inject"], &["--no-cache"], &flood);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
}

/// Where IPv6 is off, no counter tells of what is tried over it.
// Contract: never-a-false-pass
#[test]
fn what_no_counter_tells_of_is_seen_or_a_doubt() {
    let Some(program) = hostile().filter(|_| can_build()) else { return };
    let mount = |path: &str, to: &str| format!("--volume={path}:{to}:ro");
    let mut docker = Command::new("/usr/bin/docker");
    docker.args(["run", "--rm", "--network=none", "--workdir=/tmp", "--sysctl=net.ipv6.conf.all.disable_ipv6=1"]);
    docker.args([&mount(env!("CARGO_BIN_EXE_wheeltap"), "/wheeltap"), &mount(program, "/hostile"), BASE]);
    let output = docker.args(["/wheeltap", "verify", "--", "/hostile", "many"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("tried to reach [2001:db8::1]:9"), "{stderr}");
}

/// With `WHEELTAP_WITNESS=observe` in a Dockerfile a shim watches its own tool; nobody watches the rest of its step.
// Contract: never-a-false-pass
#[test]
fn a_step_of_which_only_a_shim_watched_its_tool_is_not_certified() {
    if !can_build() {
        return;
    }
    let place = Place::new();
    let context = place.context();
    std::fs::copy(env!("CARGO_BIN_EXE_wheeltap"), context.join("wheeltap")).unwrap();
    let recipe = "COPY wheeltap /opt/wheeltap/wheeltap\n\
        RUN mkdir /opt/wheeltap/shims && ln -s ../wheeltap /opt/wheeltap/shims/pip\n\
        ENV PATH=/opt/wheeltap/shims:$PATH WHEELTAP_LOG_DIR=/var/log/wheeltap WHEELTAP_EMIT=1 WHEELTAP_WITNESS=observe\n";
    let bypassing = format!("{recipe}RUN getent hosts bypassing.invalid || true");
    let said = verify(&place, &[], &["--no-cache"], &bypassing);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
    let said = verify(&place, &[], &["--no-cache"], &format!("{recipe}RUN pip download -q --retries 0 leaf || true"));
    assert_eq!(said.verdict(), (Some(1), "FAIL"), "{}", said.reasons());
    let seen = said.certificate["attempts"].as_array().unwrap().iter().find(|one| one["host_source"] == "dns-query");
    let seen = seen.unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!((seen["tool"].as_str(), seen["invocation"].is_string()), (Some("pip"), true), "{seen}");
    assert!(said.reasons().contains("only its pips and apts were heard"), "{}", said.reasons());
    assert_eq!(said.certificate["boundary"], "kernel-netns");
}

/// Debian's own sudo in a step of a user: it works, and the certificate says why not every process could be watched;
/// asked for by name, every process is watched and sudo says what it lacks.
// Contract: observe-transparent
#[test]
fn a_users_sudo_works_in_a_step_or_the_certificate_says_why_not() {
    const SUDO: &str = "wheeltap-test/sudo";
    if !can_build() {
        return;
    }
    let place = Place::new();
    let image = format!(
        "FROM {BASE}\nRUN apt-get -qq update && apt-get install -y -qq --no-install-recommends sudo && useradd -m app && \
         echo 'app ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/app\n"
    );
    place.write("Dockerfile", &image);
    let mut docker = Command::new("/usr/bin/docker");
    docker
        .args(["build", "-q", "-t", SUDO, "--network=host", "."])
        .current_dir(place.path())
        .env("DOCKER_BUILDKIT", "1");
    if !crate::requires::met("no way to Debian's sudo", docker.output().is_ok_and(|output| output.status.success())) {
        return;
    }
    let steps = "USER app\nRUN echo user $(sudo id -u); sudo apt-get --version >/tmp/x && echo apt $?\n";
    let said = verify(&place, &["--inject"], &["--no-cache", "--progress=plain"], &format!("FROM {SUDO}\n{steps}"));
    assert!(said.stderr.contains(" user 0\n") && said.stderr.contains(" apt 0\n"), "{}", said.stderr);
    assert_eq!(said.verdict(), (Some(3), "UNKNOWN"), "{}", said.reasons());
    assert!(said.reasons().contains("no_new_privs would be needed, and would break sudo"), "{}", said.reasons());
    let observed = format!("FROM {SUDO}\nENV WHEELTAP_WITNESS=observe\n{steps}");
    let observed = verify(&place, &["--inject"], &["--no-cache", "--progress=plain"], &observed);
    assert!(observed.stderr.contains("sudo: The \"no new privileges\" flag is set"), "{}", observed.stderr);
    assert!(!observed.reasons().contains("could not be watched"), "{}", observed.reasons());
}

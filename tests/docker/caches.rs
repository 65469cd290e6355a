//! What `wheeltap doctor --dockerfile` says of the caches of steps, and what those steps then take when they run a second
//! time: as they stand, and with the remedy that was printed.

use std::process::Command;

use serde_json::Value;

use crate::engine::{BASE, Project, world};
use crate::registry::Registry;
use crate::wheels::Made;

/// What stands before a step, the step, the word that is said of it (none for a sound one), part of the printed remedy,
/// and the step with that. `{mount}` is a cache of its own, `{pip}` and `{apt}` get a package of its own.
type Step = (&'static str, &'static str, &'static str, &'static str, &'static str);

const RID: &str = "RUN rm -f /etc/apt/apt.conf.d/docker-clean";

#[rustfmt::skip]
const STEPS: &[Step] = &[
    ("", "{mount},target=/root/.cache/pip {pip}", "", "", ""),
    ("", "{pip}", "cold", "--mount=type=cache,target=/root/.cache/pip`", "{mount},target=/root/.cache/pip {pip}"),
    ("", "{mount},target=/root/.cache/pip {pip} --no-cache-dir", "disabled", "leave it out; the step's cache mount then serves", "{mount},target=/root/.cache/pip {pip}"),
    ("", "{mount},target=/var/pip {pip}", "bypassed", "mount it at `/root/.cache/pip`", "{mount},target=/root/.cache/pip {pip}"),
    ("", "{pip} --find-links /wheels", "bypassed", "add `--no-index`", "{pip} --find-links /wheels --no-index"),
    ("", "{mount},target=/root/.cache/pip {pip} -i {plain}", "bypassed", "name the index by `https:`", "{mount},target=/root/.cache/pip {pip}"),
    ("USER app", "{mount},target=/home/app/.cache/pip {pip}", "broken", "add `,uid=`", "{mount},target=/home/app/.cache/pip,uid=1000 {pip}"),
    ("", "{mount},target=/var/cache/apt,sharing=locked {apt}", "disabled", "begin the step with `rm -f /etc/apt/apt.conf.d/docker-clean`", "{mount},target=/var/cache/apt,sharing=locked rm -f /etc/apt/apt.conf.d/docker-clean && {apt}"),
    ("", "{apt}", "cold", "--mount=type=cache,target=/var/cache/apt,sharing=locked rm -f /etc/apt/apt.conf.d/docker-clean && apt-get", "{mount},target=/var/cache/apt,sharing=locked rm -f /etc/apt/apt.conf.d/docker-clean && {apt}"),
    (RID, "{mount},target=/var/cache/apt {apt}", "", "", ""),
    (RID, "{mount},target=/var/cache/apt {apt} && apt-get clean", "disabled", "leave that out", "{mount},target=/var/cache/apt {apt}"),
    (RID, "{mount},target=/var/cache/apt {apt} -o APT::Keep-Downloaded-Packages=false", "disabled", "leave that out", "{mount},target=/var/cache/apt {apt}"),
    (RID, "{mount},target=/mnt/apt {apt}", "bypassed", "mount it at `/var/cache/apt/archives`", "{mount},target=/var/cache/apt/archives {apt}"),
    (RID, "{mount},target=/var/cache/apt apt install -y {name}", "disabled", "use `apt-get`", "{mount},target=/var/cache/apt {apt}"),
];

/// What the official images of Debian have, and those of these tests have not.
const CLEAN: &str = "DPkg::Post-Invoke { \"rm -f /var/cache/apt/archives/*.deb || true\"; };\n";

/// The cache of a step: under a name of its own, which nothing else shares and which a mended step does not inherit.
fn mount(number: usize, is_mended: bool) -> String {
    format!("--mount=type=cache,id=wheeltap-test-caches-{number}-{is_mended}")
}

/// A Dockerfile of all steps, each in a stage of its own.
fn dockerfile(registry: &Registry, is_mended: bool) -> String {
    let address = format!("http://127.0.0.1:{}", registry.port);
    let mut text = format!(
        "FROM {BASE} AS prepared\nENV PIP_INDEX_URL={address}/simple/ PIP_TRUSTED_HOST=127.0.0.1 PIP_DISABLE_PIP_VERSION_CHECK=1\n\
         COPY docker-clean /etc/apt/apt.conf.d/\nCOPY wheels /wheels\n\
         RUN rm -rf /etc/apt/sources.list* && echo 'deb [trusted=yes] {address}/apt ./' >/etc/apt/sources.list && \
         useradd --create-home --uid 1000 app && apt-get -qq update\n"
    );
    for (number, (before, found, word, _, mended)) in STEPS.iter().enumerate() {
        let step = if is_mended && !word.is_empty() { mended } else { found };
        let name = format!("caches{number}");
        let step = step
            .replace("{mount}", &mount(number, is_mended))
            .replace("{pip}", &format!("pip download --no-deps -d /tmp/{name} {name}"))
            .replace("{apt}", &format!("apt-get install -y {name}"))
            .replace("{name}", &name);
        let stage = format!("FROM prepared AS stage{number}\nARG AGAIN\n{before}\nRUN {step}\n");
        // A loopback that is trusted under one name is not under another.
        text.push_str(&stage.replace("{plain}", &format!("http://localhost:{}/simple/", registry.port)));
    }
    let all = (0..STEPS.len()).map(|number| format!("--mount=type=bind,from=stage{number},target=/mnt/{number}"));
    text + &format!("FROM prepared\nRUN {} true\n", all.collect::<Vec<_>>().join(" "))
}

/// Empties the caches of all steps.
fn empty(project: &Project<'_>) {
    let caches = (0..2 * STEPS.len()).map(|each| format!("{},target=/mnt/{each}", mount(each / 2, each % 2 == 1)));
    let all = caches.collect::<Vec<_>>().join(" ");
    project.write("Dockerfile", format!("FROM {BASE}\nRUN {all} find /mnt -mindepth 2 -delete\n"));
    let emptied = project.bare(&["--no-cache"]);
    assert_eq!(emptied.status, Some(0), "{}", emptied.stderr);
}

/// What is said of each step: the word and the remedy of its line.
fn said(project: &Project<'_>, dockerfile: &str) -> Vec<(String, String)> {
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
    let output = doctor.args(["doctor", "--format", "json"]).current_dir(project.path()).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let checks = || document["checks"].as_array().unwrap().iter().filter(|check| check["about"] == "image");
    let lines: Vec<_> = dockerfile.lines().collect();
    let line_of =
        |number: usize| lines.iter().position(|line| *line == format!("FROM prepared AS stage{number}")).unwrap() + 4;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (0..STEPS.len())
        .map(|number| {
            let place = format!("`Dockerfile:{}`", line_of(number));
            let mut of_it = checks().filter(|check| text(&check["text"]).starts_with(&place));
            let found = of_it.next().map(|check| (text(&check["verdict"]), text(&check["remedy"])));
            assert!(of_it.next().is_none(), "{document}");
            found.unwrap_or_default()
        })
        .collect()
}

/// Builds twice; which steps took their package when they ran the second time.
fn taken_again(project: &Project<'_>) -> Vec<usize> {
    for run in ["first", "second"] {
        project.world.registry.taken();
        // With `--no-cache` the mounts would be empty.
        let built = project.bare(&["--build-arg", &format!("AGAIN={run}-{}", project.path().display())]);
        assert_eq!(built.status, Some(0), "{}", built.stderr);
    }
    let of_step = |name: &String| name.strip_prefix("caches")?.split(['-', '_']).next()?.parse().ok();
    let mut taken: Vec<usize> = project.world.registry.taken().iter().filter_map(of_step).collect();
    taken.sort_unstable();
    taken
}

// Contract: caches-told-apart
#[test]
fn each_word_is_what_a_step_does_when_it_runs_again() {
    let Some(world) = world() else { return };
    let project = Project::new(&world, "");
    project.write("docker-clean", CLEAN);
    for number in 0..STEPS.len() {
        let name = format!("caches{number}");
        Made::new(&name, "1.0").wheel(&world.registry.file("files"));
        world.registry.package(&name, "");
        project.take(&format!("files/{name}-1.0-py3-none-any.whl"), &format!("wheels/{name}-1.0-py3-none-any.whl"));
    }
    let found = dockerfile(&world.registry, false);
    project.write("Dockerfile", &found);
    let told = said(&project, &found);
    for ((word, remedy), step) in told.iter().zip(STEPS) {
        assert!(word == step.2 && remedy.contains(step.3), "{step:?}: {word}, {remedy}");
    }
    let of_no_use: Vec<usize> = (0..STEPS.len()).filter(|number| !STEPS[*number].2.is_empty()).collect();
    assert_eq!(taken_again(&project), of_no_use);

    let mended = dockerfile(&world.registry, true);
    project.write("Dockerfile", &mended);
    assert_eq!(said(&project, &mended), vec![(String::new(), String::new()); STEPS.len()]);
    assert_eq!(taken_again(&project), [0; 0]);
    empty(&project);
}

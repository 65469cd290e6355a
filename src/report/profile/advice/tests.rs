//! Each rule with what it is about, and with what looks like it and is not.

use super::super::{Layer, Profile};
use crate::classify::buildkit::Reader;

/// The log of a build: each step, and what it printed. A first word that is a number is the step's seconds.
fn log(steps: &[&str]) -> String {
    let mut text = String::new();
    for (at, step) in steps.iter().enumerate() {
        let (id, place) = (at + 5, at + 2);
        let (head, output) = step.split_once('\n').unwrap_or((step, ""));
        let (seconds, instruction) = match head.split_once(' ') {
            Some((seconds, rest)) if seconds.parse::<f64>().is_ok() => (seconds, rest),
            _ => ("1.0", head),
        };
        text.push_str(&format!("#{id} [{place}/{}] {instruction}\n", steps.len() + 1));
        output.lines().for_each(|line| text.push_str(&format!("#{id} 0.100 {line}\n")));
        text.push_str(&match seconds {
            "0" => format!("#{id} CACHED\n\n"),
            _ => format!("#{id} DONE {seconds}s\n\n"),
        });
    }
    text
}

/// The rules that are named, each with the number of its step in the list.
fn said(dockerfile: Option<&str>, steps: &[&str]) -> Vec<String> {
    let mut reader = Reader::default();
    reader.feed(log(steps).as_bytes());
    let profile = Profile::of(&reader.finish().unwrap(), dockerfile, Vec::new());
    let number = |id: &str| id[1..].parse::<usize>().unwrap() - 5;
    let rule = |advice: &super::Advice| match &advice.step {
        Some(id) => format!("{} {}", advice.rule, number(id)),
        None => advice.rule.to_owned(),
    };
    profile.advice.iter().map(rule).collect()
}

const DEB: &str =
    "\nGet:1 http://deb.example/debian bookworm/main amd64 hello amd64 1.0 [6108 B]\nFetched 6108 B in 0s (1 B/s)";
const WHEEL: &str = "\nCollecting six\n  Downloading six-1.16.0-py2.py3-none-any.whl (11 kB)\nInstalling collected packages: six\nSuccessfully installed six-1.16.0";
const BUILT: &str = "\nBuilding wheels for collected packages: six\n  Building wheel for six (setup.py): started\n  Building wheel for six (setup.py): finished with status 'done'\n  Created wheel for six: filename=six-1.16.0-py3-none-any.whl size=10 sha256=0000000000000000000000000000000000000000000000000000000000000000\nSuccessfully built six";
const PIP: &str = "RUN --mount=type=cache,target=/root/.cache/pip pip install x";
const APT: &str = "RUN --mount=type=cache,target=/var/cache/apt apt-get install -y x";

#[test]
fn steps() {
    let download = |step: &str| format!("{step}{DEB}");
    let wheel = |step: &str| format!("{step}{WHEEL}");
    for (steps, expected) in [
        // apt-combine: lists in a layer of their own.
        (&["RUN apt-get update"][..], &["apt-combine 0"][..]),
        (&["RUN apt update && rm -rf /tmp/*", "RUN apt install -y x"], &["apt-combine 0", "apt-combine 1"]),
        (&["RUN apt-get -qq update; apt-get clean"], &["apt-combine 0"]),
        (&["RUN /bin/sh -c \"apt-get update\""], &["apt-combine 0"]),
        (&["RUN apt-get update && apt-get -qq install x"], &[]),
        (&["RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get --yes -o A::B=c install x"], &[]),
        (&["RUN [\"/bin/bash\", \"-euc\", \"apt-get update && apt-get install -y x\"]"], &[]),
        (&["RUN bash -c 'apt-get update && apt-get install -y x'"], &[]),
        (&["RUN apt-get update && apt-get upgrade -y"], &[]),
        (&["RUN apt-get update && xargs -a list apt-get install -y"], &[]),
        (&["RUN apt-get update && ./install.sh"], &[]),
        (&["RUN apt-get update && $INSTALL x"], &[]),
        (&["RUN <<EOF (apt-get update...)"], &[]),
        (&["RUN --mount=type=cache,target=/var/lib/apt apt-get update", "RUN echo apt-get update"], &[]),
        (&["RUN apt-get update && apt-get install -y a", "RUN apt-get install -y ./b.deb"], &[]),
        (&["RUN apt-get update && apt-get install -y a", "RUN echo apt-get install b"], &[]),
        (&["RUN apt-get update && apt-get install -y a", "RUN apt-get -y install b"], &["apt-combine 1"]),
        // docker-clean.
        (&[APT], &["docker-clean 0"]),
        (&["RUN --mount=target=/var/cache/apt/archives/,type=cache apt-get -qq install x"], &["docker-clean 0"]),
        (&["RUN echo 'Keep-Downloaded-Packages \"true\";' >/etc/apt/apt.conf.d/keep", APT], &["docker-clean 1"]),
        (&["RUN rm -f /etc/apt/apt.conf.d/docker-clean", APT], &[]),
        (&["RUN --mount=type=cache,target=/var/cache/apt rm /etc/apt/apt.conf.d/docker-clean; apt-get install x"], &[]),
        (&["RUN --mount=type=bind,target=/var/cache/apt apt-get install x"], &[]),
        (&["RUN --mount=type=cache,target=/var/cache/apt echo apt-get install x"], &[]),
        // apt-cache-mount.
        (&[&download("RUN apt-get update && apt-get -qq install x")], &["apt-cache-mount 0"]),
        (&[&download("RUN --mount=type=cache,target=/root/.cache/pip apt-get install x")], &["apt-cache-mount 0"]),
        (&["RUN apt-get install x"], &[]),
        (&["RUN apt-get install x && pip install six", "RUN true"], &[]),
        (&[&download("RUN --mount=target=/var/cache/apt,type=cache rm docker-clean; apt-get install x")], &[]),
        // pip-cache-mount.
        (&[&wheel("RUN pip install six")], &["pip-cache-mount 0"]),
        (&[&wheel("RUN python3.11 -m pip install six")], &["pip-cache-mount 0"]),
        (&[&wheel("RUN apt-get install x && /opt/venv/bin/pip3 --quiet install six")], &["pip-cache-mount 0"]),
        (&[&wheel("RUN --mount=type=cache,target=/var/cache/apt pip download six")], &["pip-cache-mount 0"]),
        (&[&wheel("RUN --mount=type=bind,target=/root/.cache/pip pip install six")], &["pip-cache-mount 0"]),
        (&[&wheel("RUN --mount=target=/root/.cache/pip,type=cache pip install six")], &[]),
        (&[&wheel("RUN --mount=dst=/home/a/.cache,type=cache pip install six")], &[]),
        (&[&wheel("RUN --mount=type=cache,target=/c pip install --cache-dir /c six")], &[]),
        (&[&wheel("RUN --mount=type=cache,target=/c pip install six")], &[]),
        (&["RUN pip install six"], &[]),
        (&[&wheel("RUN ./install.sh && echo pip install six")], &[]),
        // no-cache-dir.
        (&["RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir x"], &["no-cache-dir 0"]),
        (&["RUN --mount=target=/root/.cache/pip,type=cache PIP_NO_CACHE_DIR=1 pip install x"], &["no-cache-dir 0"]),
        (&["RUN --mount=type=cache,target=/root/.cache/pip pip install x && echo --no-cache-dir"], &[]),
        (&["RUN --mount=type=cache,target=/root/.cache/pip pip install x; pip list --no-cache-dir"], &[]),
        (&["RUN pip install --no-cache-dir x"], &[]),
        (&[PIP], &[]),
        // find-links-index.
        (&["RUN pip install --find-links=/w x"], &["find-links-index 0"]),
        (&["RUN pip install -f /w x"], &["find-links-index 0"]),
        (&["RUN PIP_FIND_LINKS=/w pip install x"], &["find-links-index 0"]),
        (&["RUN pip install --find-links https://wheels.example/ x"], &[]),
        (&["RUN pip install --no-index --find-links /w x"], &[]),
        (&["RUN export PIP_NO_INDEX=1 && pip install --find-links /w x"], &[]),
        (&["ENV PIP_NO_INDEX=1", "RUN pip install --find-links /w x"], &[]),
        // copy-order.
        (&["COPY . .", PIP], &["copy-order 1"]),
        (&["COPY --chown=a:b ./ /app", "RUN python -m pip install -r r.txt"], &["copy-order 1"]),
        (&["ADD [\".\", \"/app/\"]", "RUN pip wheel -r r.txt"], &["copy-order 1"]),
        (&["COPY r.txt .", PIP, "COPY . ."], &[]),
        (&["COPY --from=other . .", PIP], &[]),
        (&["COPY . .", "RUN pip install --no-deps -e ."], &[]),
        (&["COPY . .", "RUN echo pip install x"], &[]),
        // slow-step, and why.
        (&[&format!("30.5 {PIP}")], &["slow-step 0"]),
        (&[&format!("29.9 {PIP}")], &[]),
    ] {
        assert_eq!(said(None, steps), expected, "{steps:#?}");
    }
}

#[test]
fn variables_of_the_dockerfile_are_known() {
    let steps = ["RUN pip install --find-links /w x"];
    let rules = |env: &str| said(Some(&format!("FROM x\n{env}\n{}\n", steps[0])), &steps);
    assert_eq!(rules("ENV A=1"), ["find-links-index 0"]);
    assert!(rules("ENV A=1 PIP_NO_INDEX=1").is_empty());
    assert!(rules("ENV PIP_NO_INDEX yes").is_empty());
}

#[test]
fn a_slow_step_says_why() {
    let why = |output: &str| {
        let mut reader = Reader::default();
        reader.feed(log(&[&format!("31.0 RUN make{output}")]).as_bytes());
        let profile = Profile::of(&reader.finish().unwrap(), None, Vec::new());
        (profile.steps[0].slow_because, profile.advice[0].text.clone())
    };
    for (output, because, text) in [
        (WHEEL, "network", "it goes to the network"),
        (DEB, "network", "it goes to the network"),
        (&format!("{WHEEL}{BUILT}"), "build", "it builds from source"),
        ("\ngcc -c a.c", "unknown", "does not say why"),
    ] {
        let (found, said) = why(output);
        assert!(found == Some(because) && said.contains(text), "{output}: {found:?}, {said}");
    }
}

#[test]
fn each_cache_mount_is_advised_for_what_it_would_keep() {
    let other = WHEEL.replace("six", "seven").replace("1.16.0", "1.0");
    let step = format!(
        "RUN apt-get update && apt-get install -y hello && pip install six && pip install seven{DEB}{WHEEL}{other}"
    );
    let mut reader = Reader::default();
    reader.feed(log(&[&step]).as_bytes());
    let profile = Profile::of(&reader.finish().unwrap(), None, Vec::new());
    let said: Vec<_> = profile.advice.iter().map(|advice| (advice.rule, &advice.text[..12])).collect();
    assert_eq!(said, [("apt-cache-mount", "downloads 1 "), ("pip-cache-mount", "downloads 2 ")]);
}

#[test]
fn the_share_of_the_layer_cache() {
    let rate = |cached: usize| {
        let steps: Vec<&str> = (0..10).map(|at| if at < cached { "0 RUN true" } else { "RUN true" }).collect();
        said(None, &steps)
    };
    assert!(rate(0).is_empty(), "a cold build");
    assert_eq!((rate(1), rate(4)), (vec!["poor-cache".to_owned()], vec!["poor-cache".to_owned()]));
    assert!(rate(5).is_empty() && rate(10).is_empty());
}

#[test]
fn the_layers() {
    let said = |layers: Vec<Layer>| {
        let mut reader = Reader::default();
        reader.feed(log(&["RUN make"]).as_bytes());
        let dockerfile = Some("FROM x\n\nRUN make\n");
        let advice = Profile::of(&reader.finish().unwrap(), dockerfile, layers).advice;
        advice.into_iter().map(|advice| (advice.rule, advice.line)).collect::<Vec<_>>()
    };
    let layer = |bytes| Layer { created_by: "RUN /bin/sh -c make".to_owned(), bytes };
    assert_eq!(said(vec![layer(100_000_001)]), [("large-layer", Some(3))]);
    assert_eq!(said(vec![layer(100_000_000)]), []);
    assert_eq!(said(vec![layer(1); 21]), [("many-layers", None)]);
    assert_eq!(said([vec![layer(1); 20], vec![layer(0); 5]].concat()), []);
}

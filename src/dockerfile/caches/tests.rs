//! Each step with the one word that is to be said of it.

use super::{CacheState, Tool, caches};
use crate::event::CacheState::{Broken, Bypassed, Cold, Disabled};

/// What is said of the last step of a stage.
fn said(before: &str, step: &str) -> Option<(CacheState, Tool)> {
    let text = format!("FROM x\n{before}\nRUN {step}\n");
    let found = caches(&text);
    assert!(found.iter().all(|one| one.line > 2), "{found:?}");
    found.last().map(|one| (one.state, one.tool))
}

const PIP: &str = "--mount=type=cache,target=/root/.cache/pip";
const APT: &str = "--mount=type=cache,target=/var/cache/apt,sharing=locked";

#[test]
fn steps_of_pip() {
    let pip = |state| Some((state, Tool::Pip));
    for (before, step, expected) in [
        ("", "pip install x", pip(Cold)),
        ("", "pip list && pip --version && echo pip install", None),
        ("", &format!("{PIP} pip install x"), None),
        ("", &format!("{PIP} python3.11 -m pip --quiet install x"), None),
        ("", &format!("{PIP} cd /app && /opt/venv/bin/pip3 install --no-cache-dir x"), pip(Disabled)),
        ("", &format!("{PIP} [\"pip\", \"install\", \"--no-cache\", \"x\"]"), pip(Disabled)),
        ("", &format!("{PIP} PIP_NO_CACHE_DIR=0 pip install x"), pip(Disabled)),
        ("", &format!("{PIP} export PIP_NO_CACHE_DIR=off && pip install x"), pip(Disabled)),
        ("ENV A=1 PIP_NO_CACHE_DIR=1", &format!("{PIP} pip install x"), pip(Disabled)),
        ("ENV PIP_NO_CACHE_DIR yes", &format!("{PIP} pip install x"), pip(Disabled)),
        ("ENV PIP_NO_CACHE_DIR=", &format!("{PIP} pip install x"), None),
        ("ENV PIP_NO_CACHE_DIR=1", &format!("{PIP} PIP_NO_CACHE_DIR= pip install x"), None),
        ("", "pip install --find-links /wheels x", pip(Bypassed)),
        ("", "pip install --no-index --find-links=/wheels x", None),
        ("ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/w", "pip install x", None),
        ("ENV PIP_FIND_LINKS=/w", "pip install x", pip(Bypassed)),
        ("USER app", &format!("{PIP} pip install x"), pip(Bypassed)),
        ("USER app", "--mount=type=cache,target=/home/app/.cache/pip pip install x", pip(Broken)),
        ("USER app", "--mount=type=cache,target=/home/app/.cache,uid=1000 pip install x", None),
        ("USER app\nENV HOME=/srv", "--mount=type=cache,uid=7,target=/srv/.cache/pip pip install x", None),
        ("ENV PIP_CACHE_DIR=/c", &format!("{PIP} pip install x"), pip(Bypassed)),
        ("ENV PIP_CACHE_DIR=/c", "--mount=type=cache,dst=/c pip install x", None),
        ("", "--mount=type=cache,target=/root/.cache/pip,uid=5 pip install x", pip(Broken)),
        ("", "--mount=type=bind,target=/root/.cache/pip pip install x", pip(Cold)),
        ("ENV PIP_INDEX_URL=http://index.example/simple", &format!("{PIP} pip install x"), pip(Bypassed)),
        ("", &format!("{PIP} pip install -i http://i.example/ --trusted-host a --trusted-host i.example:80 x"), None),
    ] {
        assert_eq!(said(before, step), expected, "{before} / {step}");
    }
}

#[test]
fn steps_of_apt() {
    let apt = |state| Some((state, Tool::Apt));
    let rid = "rm -f /etc/apt/apt.conf.d/docker-clean";
    for (before, step, expected) in [
        ("", "apt-get update && apt-get install -y x", apt(Cold)),
        ("", "apt-get update", None),
        ("", "apt-get install -y --no-install-recommends /archives/*.deb", None),
        ("", "apt-get install -y --no-download x", None),
        ("", &format!("{APT} apt-get install -y x"), apt(Disabled)),
        ("", &format!("{APT} {rid} && apt-get install -y x"), None),
        (&format!("RUN {rid}"), &format!("{APT} apt-get install -y x && rm -rf /var/lib/apt/lists/*"), None),
        (&format!("RUN {rid}"), &format!("{APT} apt-get install -y x && apt-get clean"), apt(Disabled)),
        (&format!("RUN {rid}"), &format!("{APT} apt-get install x; rm -rf /var/cache/apt/archives/*"), apt(Disabled)),
        (&format!("RUN {rid}"), &format!("{APT} apt install -y x"), apt(Disabled)),
        (
            &format!(
                "RUN {rid}; echo 'Binary::apt::APT::Keep-Downloaded-Packages \"true\";' >/etc/apt/apt.conf.d/keep"
            ),
            &format!("{APT} apt install -y x"),
            None,
        ),
        (
            &format!("RUN {rid}; echo 'APT::Keep-Downloaded-Packages \"off\";' >/x"),
            &format!("{APT} apt-get install x"),
            apt(Disabled),
        ),
        (&format!("RUN {rid}"), &format!("{APT} apt -o APT::Keep-Downloaded-Packages=1 install x"), None),
        (&format!("RUN {rid}"), &format!("{APT} apt-get install -o Dir::Cache::archives=/other -y x"), apt(Bypassed)),
    ] {
        assert_eq!(said(before, step), expected, "{before} / {step}");
    }
}

#[test]
fn a_stage_begins_as_the_one_that_it_builds_on() {
    let text = format!(
        "FROM x AS base\nENV PIP_NO_CACHE_DIR=1\nRUN rm /etc/apt/apt.conf.d/docker-clean\n\
         FROM y\nRUN {PIP} pip install a\nFROM Base\nRUN {PIP} pip install a\nRUN {APT} apt-get install b\n"
    );
    let found = caches(&text);
    assert_eq!((found.len(), found[0].line, found[0].state), (1, 7, Disabled), "{found:?}");
    assert_eq!(found[0].evidence, "`PIP_NO_CACHE_DIR=1` on line 2");
}

//! A secret is planted in every place that pip accepts one, and every byte that wheeltap wrote is searched for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use wheeltap::event::marked;

use super::support::index::Index;
use super::support::pips::RealPip;
use super::support::place::{Place, Run, Side};

/// Part of each secret, and of nothing else. Secrets go on from it so that a leak says which one it was.
const CANARY: &str = "CaNaRy";

/// One run with secrets in it.
struct Planted {
    /// Where they are, to say which run leaked.
    place: &'static str,
    arguments: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    /// Files below the root.
    files: &'static [(&'static str, &'static str)],
}

const RUNS: [Planted; 14] = [
    Planted {
        place: "options that take a URL",
        arguments: &[
            "install",
            "-vv",
            "--index-url",
            "https://alice:CaNaRyIndex@index.example/simple/",
            "--extra-index-url=https://CaNaRyToken@files.example/simple/",
            "--find-links",
            "https://alice:CaNaRyLinks@mirror.example/simple/alpha/",
            "gamma",
        ],
        env: &[],
        files: &[],
    },
    Planted {
        place: "short options",
        arguments: &[
            "download",
            "-ihttps://alice:CaNaRyShort@index.example/simple",
            "-f",
            "https://a:CaNaRyF@b.invalid/",
            "alpha",
        ],
        env: &[("PIP_RETRIES", "0")],
        files: &[],
    },
    Planted {
        place: "variables of pip",
        arguments: &["install", "gamma"],
        env: &[
            ("PIP_INDEX_URL", "https://alice:CaNaRyVariable@index.example/simple"),
            (
                "PIP_EXTRA_INDEX_URL",
                "https://alice:CaNaRyExtra@files.example/simple https://CaNaRySecond@mirror.example/simple",
            ),
            ("PIP_FIND_LINKS", "https://alice:CaNaRyFound@mirror.example/simple/beta/"),
        ],
        files: &[],
    },
    Planted {
        place: "a configuration file",
        arguments: &["install", "gamma"],
        env: &[],
        files: &[(
            "home/.config/pip/pip.conf",
            "[global]\nindex-url = https://alice:CaNaRyConfigured@index.example/simple\nextra-index-url =\n    https://CaNaRyOther@files.example/simple\n",
        )],
    },
    Planted {
        place: "netrc",
        arguments: &["install", "-i", "https://index.example/simple", "gamma"],
        env: &[],
        files: &[("home/.netrc", "machine index.example\nlogin alice\npassword CaNaRyNetrc\n")],
    },
    Planted {
        place: "the proxy's option",
        arguments: &["install", "--proxy", "http://alice:CaNaRyProxy@127.0.0.1:{proxy}", "gamma"],
        env: &[],
        files: &[],
    },
    Planted {
        place: "the proxy's variable, and no answer",
        arguments: &["install", "--retries", "1", "gamma"],
        env: &[("HTTPS_PROXY", "http://alice:CaNaRyEnvironment@127.0.0.1:1")],
        files: &[],
    },
    Planted {
        place: "direct references",
        arguments: &[
            "install",
            "alpha @ https://alice:CaNaRyDirect@files.example{path alpha-1.1-py3-none-any.whl}",
            "https://CaNaRyBare@files.example{path big-1.0-py3-none-any.whl}?X-Amz-Signature=CaNaRySigned&Expires=1#sha256=0",
        ],
        env: &[],
        files: &[],
    },
    Planted {
        place: "a requirements file",
        arguments: &["install", "-r", "secret.txt"],
        env: &[("TOKEN", "CaNaRyExpanded")],
        files: &[(
            "app/secret.txt",
            "--index-url https://alice:CaNaRyFile@index.example/simple\n--extra-index-url https://${TOKEN}@files.example/simple\ngamma\n",
        )],
    },
    Planted {
        place: "settings of a build",
        arguments: &[
            "install",
            "--config-settings",
            "api-token=CaNaRySetting",
            "--config-settings=password=CaNaRyEqual",
            "isolated",
        ],
        env: &[],
        files: &[],
    },
    Planted {
        place: "the environment",
        arguments: &["install", "failing"],
        env: &[("API_TOKEN", "CaNaRyApi"), ("TWINE_PASSWORD", "CaNaRyTwine"), ("AWS_SECRET_ACCESS_KEY", "CaNaRyAws")],
        files: &[],
    },
    Planted {
        place: "version control",
        arguments: &["install", "plain @ git+https://alice:CaNaRyGit@index.example/plain.git@main"],
        env: &[],
        files: &[],
    },
    Planted {
        place: "an encoded password",
        arguments: &["install", "-i", "https://alice:CaNaRy%40Encoded%2F@index.example/simple", "gamma"],
        env: &[],
        files: &[],
    },
    Planted {
        place: "a refused password and the user's own log",
        arguments: &[
            "install",
            "--no-input",
            "--log",
            "own.log",
            "-i",
            "https://alice:CaNaRyWrong@index.example/auth/simple",
            "gamma",
        ],
        env: &[],
        files: &[],
    },
];

/// Pages lead to files with signed queries; one path wants a password that nobody has.
fn rules() -> serde_json::Value {
    json!([
        {"match": "*/simple/*", "query": "?X-Goog-Signature=CaNaRyQuery&token=CaNaRyParameter"},
        {"match": "*/auth/*", "auth": "nobody:nothing"},
    ])
}

// Contract: secrets
#[test]
fn no_secret_is_recorded() {
    for wanted in ["20.3.4", "24.0", "newest"] {
        let Some(pip) = RealPip::required(wanted) else { return };
        let mut index = Index::start(&pip).unwrap();
        let place = Place::new(&pip);
        let mut artifacts = 0;
        for planted in &RUNS {
            artifacts += search(planted, &pip, &mut index, &place);
        }
        assert!(artifacts > 20, "pip {}: only {artifacts} artifacts recorded: nothing was searched", pip.version);
    }
}

// Contract: secrets, run-follow
#[test]
fn no_secret_of_a_followed_pip_is_recorded_nor_reported() {
    let Some(pip) = RealPip::required("24.0") else { return };
    let mut index = Index::start(&pip).unwrap();
    let place = Place::new(&pip);
    let mut artifacts = 0;
    for planted in &RUNS {
        let run = prepare(planted, &mut index, &place);
        let command = [env!("CARGO_BIN_EXE_wheeltap"), "run", "--", "{root}/venv/bin/pip"].map(str::to_owned);
        let argv = command.into_iter().chain(run.argv.into_iter().skip(1)).collect();
        let logs = ("WHEELTAP_LOG_DIR".to_owned(), Some(place.logs().to_str().unwrap().to_owned()));
        place.run(Side::Bare, &Run { argv, env: run.env.into_iter().chain([logs]).collect(), ..run }, &index);
        artifacts += searched(planted, &pip, &place);
        for form in ["text", "json", "markdown", "html"] {
            let mut report = Command::new(env!("CARGO_BIN_EXE_wheeltap"));
            let report = report.args(["report", "--all", "--format", form]).arg(place.logs()).output().unwrap();
            assert!(report.status.success() && !report.stdout.is_empty(), "{report:?}");
            leak(&pip, planted, &[report.stdout, report.stderr].concat(), &format!("the report as {form}"));
        }
    }
    assert!(artifacts > 20, "only {artifacts} artifacts recorded: nothing was searched");
}

/// Makes the place as new, with what is planted in it.
fn prepare(planted: &Planted, index: &mut Index, place: &Place) -> Run {
    place.clear();
    index.begin(&rules());
    for (path, text) in planted.files {
        let path = place.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut run = Run::pip(planted.arguments);
    let variables = planted.env.iter().chain(&[("GIT_TERMINAL_PROMPT", "0")]);
    run.env = variables.map(|(name, value)| (name.to_string(), Some(value.to_string()))).collect();
    run
}

/// Runs, searches, and returns how many artifacts were recorded.
fn search(planted: &Planted, pip: &RealPip, index: &mut Index, place: &Place) -> usize {
    let mut run = prepare(planted, index, place);
    run.env.push(("WHEELTAP_EMIT".to_owned(), Some("1".to_owned())));
    let ended = place.run(Side::Shimmed, &run, index);
    let mut collector = marked::Collector::default();
    let lines = ended.stderr.split_inclusive(|&byte| byte == b'\n');
    lines.filter_map(|line| marked::find(line)?.1).for_each(|piece| collector.add(piece));
    let (events, _) = collector.finish();
    leak(pip, planted, &serde_json::to_vec(&events).unwrap(), "a marked line");
    searched(planted, pip, place)
}

/// Searches all that was written, and returns how many artifacts were recorded.
fn searched(planted: &Planted, pip: &RealPip, place: &Place) -> usize {
    if place.logs().exists() {
        every_file(&place.logs(), &mut |path| {
            leak(pip, planted, path.to_string_lossy().as_bytes(), "a file's name");
            leak(pip, planted, &fs::read(path).unwrap(), &path.display().to_string());
        });
    }
    let sessions = place.sessions();
    assert_eq!(sessions.len(), 1, "pip {}, {}", pip.version, planted.place);
    sessions.iter().map(|session| session["summary"]["total_artifacts"].as_u64().unwrap() as usize).sum()
}

/// Fails if a secret is in the text, in any form.
fn leak(pip: &RealPip, planted: &Planted, text: &[u8], whence: &str) {
    let spoken = String::from_utf8_lossy(text);
    for form in [CANARY.to_owned(), CANARY.to_lowercase(), STANDARD.encode(format!("alice:{CANARY}"))[..12].to_owned()]
    {
        if let Some(at) = spoken.find(&form) {
            let around: String = spoken[at..].chars().take(60).collect();
            panic!("pip {}, {}: {whence} tells {around:?}", pip.version, planted.place);
        }
    }
}

fn every_file(directory: &Path, look: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, look) } else { look(&path) }
    }
}

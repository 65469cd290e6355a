//! The command that `wheelhouse check` prints, for another Python or platform than the one that runs: as it is printed it
//! fills the wheelhouse, until the check passes and pip itself, told the markers of that target, needs nothing more.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::served::Served;
use crate::support::pips::RealPip;
use crate::support::wheels::Made;
use crate::{digest, pip, pip_command, succeeds, with_pip};

/// pip with the markers of another machine: it weighs those of the Python that runs it, whatever it downloads for.
const ELSEWHERE: &str = "import json, sys
from pip._vendor.packaging import markers
own = markers.default_environment()
markers.default_environment = lambda: {**own, **json.loads(sys.argv[1])}
from pip._internal.cli.main import main
sys.exit(main(sys.argv[2:]))";

/// A target, its markers for pip, and how many commands it takes for each kind of requirements file.
struct Target {
    python: &'static str,
    platform: &'static str,
    markers: &'static str,
    rounds: usize,
}

const TARGETS: [Target; 3] = [
    Target {
        python: "3.12",
        platform: "manylinux_2_28_x86_64",
        markers: r#"{"python_version": "3.12", "python_full_version": "3.12.3"}"#,
        rounds: 1,
    },
    // What an older Python alone needs, pip leaves out.
    Target {
        python: "3.9.2",
        platform: "musllinux_1_2_aarch64",
        markers: r#"{"python_version": "3.9", "python_full_version": "3.9.2", "platform_machine": "aarch64"}"#,
        rounds: 2,
    },
    // What other systems alone need, pip wants, and there is none for this one.
    Target {
        python: "3.12",
        platform: "win_amd64",
        markers: r#"{"python_version": "3.12", "python_full_version": "3.12.3", "sys_platform": "win32", "os_name": "nt",
            "platform_system": "Windows", "platform_machine": "AMD64"}"#,
        rounds: 2,
    },
];

/// The wheels of the index, for each target and for all.
fn fill(served: &Served) {
    let requires =
        ["leaf>=1", "older; python_version < '3.10'", "linuxed; sys_platform == 'linux'", "seven; os_name == 'nt'"];
    for tags in [
        "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "cp39-cp39-musllinux_1_1_aarch64",
        "cp312-cp312-win_amd64",
    ] {
        served.wheel(&Made::new("top", "1.0").requires(&requires).tagged(tags));
    }
    for tags in ["cp312-cp312-manylinux_2_17_x86_64", "cp39-cp39-musllinux_1_1_aarch64"] {
        served.wheel(&Made::new("linuxed", "1.0").tagged(tags));
    }
    for name in ["leaf", "older", "seven", "direct"] {
        served.wheel(&Made::new(name, "1.0"));
    }
}

/// Checks, and does as it is told, until nothing is missing; how often it had to be told.
fn follow(pip: &RealPip, place: &Path, target: &Target, index: Option<(&str, &str)>) -> usize {
    let line = format!(
        "wheelhouse check --format json --requirements requirements.txt --python {} --platform {}",
        target.python, target.platform
    );
    for round in 0..4 {
        let output = with_pip(pip, place, &line).output().unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let Some(remedy) = said["remedy"].as_str() else {
            assert_eq!((output.status.code(), &said["complete"]), (Some(0), &true.into()), "{said}");
            return round;
        };
        let environment = with_pip(pip, place, "");
        let mut shell = Command::new("sh");
        shell.args(["-ec", remedy]).current_dir(place).env_clear();
        shell
            .envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .envs(index)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        succeeds(&mut shell);
    }
    panic!("it is never enough for {}", target.platform);
}

/// Has pip resolve the file from the wheelhouse alone, for the target and with its markers.
fn assert_served(pip: &RealPip, place: &Path, target: &Target) {
    let mut command =
        pip_command(pip, place, "download --no-index --find-links wheelhouse --only-binary=:all: --dest out");
    let arguments: Vec<_> = command.get_args().skip(2).map(ToOwned::to_owned).collect();
    command = {
        let mut other = Command::new(pip.python());
        other.args(["-c", ELSEWHERE, target.markers]).args(arguments).args(["--python-version", target.python]);
        other.current_dir(place).env_clear();
        other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        other
    };
    // Each platform is taken for just itself.
    let tags = match target.platform {
        "manylinux_2_28_x86_64" => &["manylinux_2_17_x86_64"][..],
        "musllinux_1_2_aarch64" => &["musllinux_1_1_aarch64"],
        platform => &[platform],
    };
    command.args(tags.iter().flat_map(|tag| ["--platform", tag]));
    succeeds(command.args(["-r", "requirements.txt"]));
}

// Contract: caches-told-apart
#[test]
fn the_printed_command_fills_a_wheelhouse_for_another_machine() {
    let Some(pip) = pip("24.0") else { return };
    let served = Served::new();
    fill(&served);
    let index = format!("{}/simple/", served.address());
    let plain = "top\ndirect; sys_platform == 'win32'\n".to_owned();
    // Where the file says from where to fetch, no index is known but by it.
    let pointing = format!("--index-url {index}\n{plain}");
    let hashed = |file: &str, requirement: &str| {
        let (name, marker) = requirement.split_once(';').unwrap_or((requirement, "python_version >= '3'"));
        format!("{name}==1.0; {marker} --hash=sha256:{}\n", digest(&served.file(file)))
    };
    let hashed = [
        hashed("top-1.0-cp312-cp312-win_amd64.whl", "top"),
        hashed("leaf-1.0-py3-none-any.whl", "leaf"),
        hashed("seven-1.0-py3-none-any.whl", "seven;os_name == 'nt'"),
        hashed("direct-1.0-py3-none-any.whl", "direct;sys_platform == 'win32'"),
    ];
    for target in &TARGETS {
        let mut files = vec![(&plain, target.rounds), (&pointing, target.rounds)];
        let hashed = format!("--index-url {index}\n{}", hashed.concat());
        if target.platform == "win_amd64" {
            // All is named at once.
            files.push((&hashed, 1));
        }
        for (requirements, rounds) in files {
            let place = tempfile::tempdir().unwrap();
            std::fs::create_dir(place.path().join("wheelhouse")).unwrap();
            std::fs::write(place.path().join("requirements.txt"), requirements).unwrap();
            let index = (*requirements == plain).then_some(("PIP_INDEX_URL", index.as_str()));
            assert_eq!(follow(&pip, place.path(), target, index), rounds, "{} {requirements}", target.platform);
            let alone = requirements.replace(&format!("--index-url {}/simple/\n", served.address()), "");
            std::fs::write(place.path().join("requirements.txt"), alone).unwrap();
            assert_served(&pip, place.path(), target);
        }
    }
}

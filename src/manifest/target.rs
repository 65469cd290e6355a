//! The environment that an installation is meant for: the values of markers, and the tags of wheels that it takes.
//!
//! Refuses to guess: where a Python is named by two numbers only, each of its patch releases counts.

use std::collections::HashMap;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{ExtraName, MarkerEnvironment, MarkerEnvironmentBuilder};
use serde::Deserialize;

use super::platform::Platform;
use super::requirements::Marker;
use crate::event::Tags;

/// What an interpreter answers when it is asked for its markers and tags.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InterpreterAnswer {
    /// `sys.executable`.
    pub executable: String,
    /// PEP 508's variables.
    pub environment: HashMap<String, String>,
    /// The tags of wheels, the best first.
    pub tags: Vec<String>,
    /// The version of its pip.
    #[serde(default)]
    pub pip: Option<String>,
}

/// An environment to install into.
#[derive(Clone, Debug)]
pub struct Target {
    environments: Vec<MarkerEnvironment>,
    ranks: HashMap<String, usize>,
    unknown: &'static [&'static str],
    label: String,
    /// pip's version, where it is known.
    pip: Option<Version>,
}

/// Why a target cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A version of Python is not one.
    #[error("`{0}` is not a version of Python: write 3.11 or 3.11.9")]
    Python(String),
    /// A platform tag is not known.
    #[error(
        "`{0}` is not a platform tag known here: write manylinux_2_28_x86_64, musllinux_1_2_aarch64, macosx_11_0_arm64 or win_amd64"
    )]
    Platform(String),
}

/// The variables that no name of a target tells.
const UNKNOWN: [&str; 2] = ["platform_release", "platform_version"];

impl Target {
    /// The environment of an interpreter that was asked.
    ///
    /// # Errors
    /// When its version is none.
    pub fn of_interpreter(answer: &InterpreterAnswer) -> Result<Self, TargetError> {
        let value = |name: &str| answer.environment.get(name).map_or("", String::as_str);
        // A Python built from a working tree calls itself `3.14.0a1+`.
        let python_full_version = value("python_full_version").trim_end_matches('+');
        let environment = MarkerEnvironmentBuilder {
            implementation_name: value("implementation_name"),
            implementation_version: value("implementation_version").trim_end_matches('+'),
            os_name: value("os_name"),
            platform_machine: value("platform_machine"),
            platform_python_implementation: value("platform_python_implementation"),
            platform_release: value("platform_release"),
            platform_system: value("platform_system"),
            platform_version: value("platform_version"),
            python_full_version,
            python_version: value("python_version"),
            sys_platform: value("sys_platform"),
        };
        let environment = environment.try_into().map_err(|_| TargetError::Python(python_full_version.to_owned()))?;
        Ok(Target {
            environments: vec![environment],
            ranks: ranked(answer.tags.iter().cloned()),
            unknown: &[],
            label: format!("{} ({})", answer.executable, python_full_version),
            pip: answer.pip.as_deref().and_then(|pip| pip.parse().ok()),
        })
    }

    /// CPython of this version on this platform, `3.11` or `3.11.9` on `manylinux_2_28_x86_64`.
    ///
    /// # Errors
    /// When either is not known.
    pub fn named(python: &str, platform: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError::Python(python.to_owned());
        let numbers: Vec<u32> = python.split('.').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let (minor, patches) = match *numbers.as_slice() {
            [3, minor] => (minor, vec![0, 99]),
            [3, minor, patch] => (minor, vec![patch]),
            _ => return Err(wrong()),
        };
        let parsed = Platform::parse(platform).ok_or_else(|| TargetError::Platform(platform.to_owned()))?;
        let environments = patches.iter().map(|patch| {
            let full = format!("3.{minor}.{patch}");
            let environment = MarkerEnvironmentBuilder {
                implementation_name: "cpython",
                implementation_version: &full,
                os_name: parsed.os_name(),
                platform_machine: &parsed.machine,
                platform_python_implementation: "CPython",
                platform_release: "",
                platform_system: parsed.platform_system(),
                platform_version: "",
                python_full_version: &full,
                python_version: &format!("3.{minor}"),
                sys_platform: parsed.sys_platform(),
            };
            environment.try_into().map_err(|_| wrong())
        });
        Ok(Target {
            environments: environments.collect::<Result<_, _>>()?,
            ranks: ranked(cpython_tags(minor, &parsed.tags())),
            unknown: &UNKNOWN,
            label: format!("Python {python} on {platform}"),
            pip: None,
        })
    }

    /// What to give pip as `--platform` for wheels of a platform.
    pub fn platforms_for_pip(platform: &str) -> Vec<String> {
        Platform::parse(platform).map_or_else(|| vec![platform.to_owned()], |parsed| parsed.for_pip(platform))
    }

    /// Whether its pip may want `wheel` for a source tree that does not say what it is built with: pips before 24.0 do.
    pub fn wants_wheel(&self) -> bool {
        self.pip.as_ref().is_none_or(|pip| *pip < Version::new([24, 0]))
    }

    /// The target for people.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether a requirement under `marker` counts, when these extras are asked for. Where the target leaves it open,
    /// it counts.
    pub fn applies(&self, marker: Option<&Marker>, extras: &[ExtraName]) -> bool {
        let Some(marker) = marker else { return true };
        self.environments.iter().any(|environment| marker.tree.evaluate(environment, extras))
            || self.unknown.iter().any(|variable| marker.text.contains(variable))
    }

    /// Whether a distribution with this `Requires-Python` is taken, by every Python that is meant.
    pub fn takes_python(&self, specifiers: &VersionSpecifiers) -> bool {
        self.environments.iter().all(|environment| {
            // pip compares the three numbers alone: a pre-release of Python counts as its release.
            let full = &environment.python_full_version().version;
            specifiers.contains(&Version::new(full.release().iter().take(3)))
        })
    }

    /// How well a wheel with these tags fits, 0 best; `None` if it does not.
    pub fn rank(&self, tags: &Tags) -> Option<usize> {
        let pythons = || tags.python.split('.');
        let each = pythons().flat_map(|python| tags.abi.split('.').map(move |abi| (python, abi)));
        let each = each.flat_map(|(python, abi)| {
            tags.platform.split('.').map(move |platform| format!("{python}-{abi}-{platform}"))
        });
        each.filter_map(|tag| self.ranks.get(&tag.to_ascii_lowercase()).copied()).min()
    }
}

fn ranked(tags: impl IntoIterator<Item = String>) -> HashMap<String, usize> {
    let mut ranks = HashMap::new();
    for (rank, tag) in tags.into_iter().enumerate() {
        ranks.entry(tag).or_insert(rank);
    }
    ranks
}

/// The tags of CPython 3.`minor`, the best first, in the order of PEP 425 as pip has it.
fn cpython_tags(minor: u32, platforms: &[String]) -> Vec<String> {
    let mut tags = Vec::new();
    let mut on_each_platform = |python: String, abi: &str| {
        tags.extend(platforms.iter().map(|platform| format!("{python}-{abi}-{platform}")));
    };
    let own = format!("cp3{minor}");
    for abi in [own.as_str(), "abi3", "none"] {
        on_each_platform(own.clone(), abi);
    }
    for older in (2..minor).rev() {
        on_each_platform(format!("cp3{older}"), "abi3");
    }
    let generic: Vec<_> = [format!("py3{minor}"), "py3".to_owned()]
        .into_iter()
        .chain((0..minor).rev().map(|older| format!("py3{older}")))
        .collect();
    for python in &generic {
        on_each_platform(python.clone(), "none");
    }
    tags.push(format!("{own}-none-any"));
    tags.extend(generic.iter().map(|python| format!("{python}-none-any")));
    tags
}

#[cfg(test)]
mod tests {
    use super::{Target, TargetError};
    use crate::event::Filename;
    use crate::manifest::requirements::Marker;

    fn marker(text: &str) -> Marker {
        Marker { text: text.to_owned(), tree: text.parse().unwrap() }
    }

    fn target() -> Target {
        Target::named("3.11", "manylinux_2_28_x86_64").unwrap()
    }

    #[test]
    fn wheels_fit_by_their_tags() {
        let target = target();
        let rank = |filename: &str| target.rank(&Filename::parse(filename).unwrap().tags.unwrap());
        let own = rank("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl").unwrap();
        let stable = rank("a-1-cp38-abi3-manylinux1_x86_64.whl").unwrap();
        let pure = rank("a-1-py2.py3-none-any.whl").unwrap();
        assert!(own < stable && stable < pure);
        for foreign in [
            "a-1-cp310-cp310-manylinux1_x86_64.whl",
            "a-1-cp311-cp311-manylinux_2_34_x86_64.whl",
            "a-1-py2-none-any.whl",
            "a-1-cp311-cp311-musllinux_1_1_x86_64.whl",
            "a-1-cp311-cp311-win_amd64.whl",
            "a-1-cp312-abi3-linux_x86_64.whl",
            "a-1-cp311-cp311t-linux_x86_64.whl",
            "a-1-cp311-cp311-manylinux2014_aarch64.whl",
        ] {
            assert_eq!(rank(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn what_is_open_counts() {
        let target = target();
        let applies = |text: &str| target.applies(Some(&marker(text)), &[]);
        assert!(applies("python_version == '3.11' and sys_platform == 'linux' and platform_machine == 'x86_64'"));
        assert!(applies("python_full_version < '3.11.3'") && applies("python_full_version >= '3.11.3'"));
        assert!(applies("platform_release >= '6'"));
        assert!(!applies("python_version < '3.11'") && !applies("os_name == 'nt'") && !applies("extra == 'x'"));
        assert!(target.applies(Some(&marker("extra == 'X_y'")), &["x-y".parse().unwrap()]));
        assert!(
            target.takes_python(&">=3.8,<4".parse().unwrap()) && !target.takes_python(&">=3.11.4".parse().unwrap())
        );
    }

    #[test]
    fn says_what_it_does_not_know() {
        assert_eq!(Target::named("2.7", "win32").unwrap_err(), TargetError::Python("2.7".to_owned()));
        assert_eq!(Target::named("3.11", "amiga").unwrap_err(), TargetError::Platform("amiga".to_owned()));
    }
}

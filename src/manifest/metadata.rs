//! Core metadata of a distribution (`METADATA`, `PKG-INFO`) and the build system of a source tree (`pyproject.toml`),
//! as far as they say what else has to be there.
//!
//! Refuses to run a build: what only a build can tell is said to be unknown.

use std::collections::BTreeMap;

use pep440_rs::VersionSpecifiers;

/// The core metadata of a distribution, as far as they matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoreMetadata {
    /// The version of the metadata format, major and minor.
    pub format: (u32, u32),
    /// The distribution, as it calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it needs, each as PEP 508 text.
    pub requires: Vec<String>,
    /// The extras that it has; pip passes over others.
    pub extras: Vec<String>,
    /// The Pythons that it accepts; `None` accepts any. What cannot be parsed stands in `unclear`.
    pub requires_python: Option<VersionSpecifiers>,
    /// The fields whose value a build may change (PEP 643), in lower case.
    pub dynamic: Vec<String>,
    /// Fields that cannot be understood.
    pub unclear: Vec<String>,
}

impl CoreMetadata {
    /// Reads the headers; the body, which is a description, is passed over.
    ///
    /// # Errors
    /// When no name or version stands in it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = crate::event::text(bytes);
        let mut metadata = CoreMetadata::default();
        for (field, value) in headers(&text) {
            match field.as_str() {
                "metadata-version" => metadata.format = format_of(&value),
                "name" => metadata.name = value,
                "version" => metadata.version = value,
                "requires-dist" => metadata.requires.push(value),
                "provides-extra" => metadata.extras.push(value),
                "dynamic" => metadata.dynamic.push(value.to_ascii_lowercase()),
                "requires-python" => match value.trim_end_matches(',').parse() {
                    Ok(specifiers) => metadata.requires_python = Some(specifiers),
                    Err(_) => metadata.unclear.push(format!("Requires-Python: {value}")),
                },
                _ => {}
            }
        }
        match metadata.name.is_empty() || metadata.version.is_empty() {
            true => Err("no name and version stand in its metadata".to_owned()),
            false => Ok(metadata),
        }
    }

    /// Whether a build of a source distribution must say the same of what it needs (PEP 643).
    pub fn binds_the_build(&self) -> bool {
        self.format >= (2, 2)
            && !self.dynamic.iter().any(|field| matches!(field.as_str(), "requires-dist" | "provides-extra"))
    }
}

fn format_of(value: &str) -> (u32, u32) {
    let mut numbers = value.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Each header with its name in lower case, folded lines joined.
fn headers(text: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.lines().take_while(|line| !line.trim_end().is_empty()) {
        match (line.starts_with([' ', '\t']), line.split_once(':'), headers.last_mut()) {
            (true, _, Some((_, value))) => value.push_str(&format!(" {}", line.trim())),
            (false, Some((field, value)), _) => {
                headers.push((field.trim().to_ascii_lowercase(), value.trim().to_owned()))
            }
            _ => {}
        }
    }
    headers
}

/// What a source tree says of its build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSystem {
    /// What must be installed to build, each as PEP 508 text.
    pub requires: Vec<String>,
    /// Nothing is said of the build: pip decides.
    pub is_default: bool,
    /// The backend; setuptools where none is named.
    pub backend: String,
    /// The name that `[project]` states.
    pub name: Option<String>,
    /// The version that `[project]` states.
    pub version: Option<String>,
    /// The dependencies of `[project]`, those of its extras under their markers, where all of them are static.
    pub dependencies: Option<Vec<String>>,
    /// The extras of `[project]`.
    pub extras: Vec<String>,
    /// Whether the backend asks for nothing besides [`BuildSystem::requires`] (`get_requires_for_build_wheel` of
    /// PEP 517), as far as the backend is known for that.
    pub is_frugal: bool,
}

/// What pip installs to build a tree that does not say.
const DEFAULT_REQUIRES: &str = "setuptools>=40.8.0";

impl BuildSystem {
    /// Reads a `pyproject.toml`; `None` stands for a tree that has none.
    ///
    /// # Errors
    /// When it is not what PEP 517, 518 and 621 have.
    pub fn parse(pyproject: Option<&str>) -> Result<Self, String> {
        #[derive(serde::Deserialize, Default)]
        struct Pyproject {
            #[serde(rename = "build-system")]
            build_system: Option<Table>,
            project: Option<Project>,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Table {
            requires: Vec<String>,
            build_backend: Option<String>,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Project {
            name: Option<String>,
            version: Option<String>,
            dependencies: Option<Vec<String>>,
            #[serde(default)]
            optional_dependencies: BTreeMap<String, Vec<String>>,
            #[serde(default)]
            dynamic: Vec<String>,
        }

        let table: toml::Table = pyproject.unwrap_or_default().parse().map_err(wrong)?;
        let hatch = table.get("tool").and_then(|tool| tool.get("hatch")?.get("build")).cloned();
        let parsed: Pyproject = table.try_into().map_err(wrong)?;
        let is_default = parsed.build_system.is_none();
        let (requires, backend) = match parsed.build_system {
            Some(table) => (table.requires, table.build_backend),
            None => (vec![DEFAULT_REQUIRES.to_owned()], None),
        };
        let (mut name, mut version, mut dependencies, mut extras) = (None, None, None, Vec::new());
        if let Some(project) = parsed.project {
            let is_open = |field: &String| matches!(field.as_str(), "dependencies" | "optional-dependencies");
            let optional = project.optional_dependencies.iter();
            let optional = optional.flat_map(|(extra, list)| list.iter().map(move |one| under_extra(one, extra)));
            let all = project.dependencies.into_iter().flatten().chain(optional).collect();
            dependencies = Some(all).filter(|_| !project.dynamic.iter().any(is_open));
            extras = project.optional_dependencies.keys().cloned().collect();
            (name, version) = (project.name, project.version);
        }
        let backend = backend.unwrap_or_else(|| "setuptools.build_meta".to_owned());
        let is_frugal = match backend.split(['.', ':']).next().unwrap_or_default() {
            "flit_core" | "poetry" | "uv_build" => true,
            "hatchling" => !hatch.is_some_and(|table| asks_for_more(&table)),
            _ => false,
        };
        Ok(BuildSystem { requires, is_default, backend, name, version, dependencies, extras, is_frugal })
    }

    /// Whether the backend is setuptools.
    pub fn is_setuptools(&self) -> bool {
        self.backend.starts_with("setuptools.")
    }
}

/// A requirement that counts with an extra only.
pub fn under_extra(requirement: &str, extra: &str) -> String {
    match requirement.split_once(';') {
        Some((wanted, marker)) => format!("{wanted} ; ({}) and extra == \"{extra}\"", marker.trim()),
        None => format!("{requirement} ; extra == \"{extra}\""),
    }
}

fn wrong(error: toml::de::Error) -> String {
    format!("pyproject.toml: {}", error.message())
}

/// Whether a table of hatchling's configuration names dependencies of the build, or hooks, which may have some.
fn asks_for_more(value: &toml::Value) -> bool {
    match value {
        toml::Value::Table(table) => table.iter().any(|(key, value)| {
            matches!(
                key.as_str(),
                "hooks" | "dependencies" | "require-runtime-dependencies" | "require-runtime-features"
            ) || asks_for_more(value)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{BuildSystem, CoreMetadata};

    #[test]
    fn reads_headers_and_no_description() {
        let text = concat!(
            "Metadata-Version: 2.1\nName: A.b\nVersion: 1.0\nRequires-Python: >=3.8,\nRequires-Dist: c (>=1)\n",
            "Requires-Dist: d[x]\n  ; extra == 'y'\nDynamic: Requires-Dist\nLicense: x\n\n        y\n\nRequires-Dist: no\n",
        );
        let metadata = CoreMetadata::parse(text.as_bytes()).unwrap();
        assert_eq!((metadata.name.as_str(), metadata.version.as_str(), metadata.format), ("A.b", "1.0", (2, 1)));
        assert_eq!(metadata.requires, ["c (>=1)", "d[x] ; extra == 'y'"]);
        assert_eq!(metadata.requires_python.unwrap().to_string(), ">=3.8");
        assert!(CoreMetadata::parse(b"Name: a\n").is_err());
    }

    #[test]
    fn knows_when_metadata_bind_the_build() {
        let binds = |head: &str| {
            CoreMetadata::parse(format!("{head}\nName: a\nVersion: 1\n").as_bytes()).unwrap().binds_the_build()
        };
        assert!(binds("Metadata-Version: 2.2") && binds("Metadata-Version: 2.10\nDynamic: License-File"));
        assert!(!binds("Metadata-Version: 2.1") && !binds("Metadata-Version: 2.2\nDynamic: Requires-Dist"));
    }

    #[test]
    fn reads_the_build_system() {
        let none = BuildSystem::parse(None).unwrap();
        assert_eq!(
            (none.requires, none.backend.as_str()),
            (vec!["setuptools>=40.8.0".to_owned()], "setuptools.build_meta")
        );
        let flit = BuildSystem::parse(Some(
            "[build-system]\nrequires=['flit_core<4']\nbuild-backend='flit_core.buildapi'\n[project]\nname='a'\ndependencies=['b']\n[project.optional-dependencies]\nx=['c;os_name==\"nt\"','d']",
        ))
        .unwrap();
        let all = ["b", "c ; (os_name==\"nt\") and extra == \"x\"", "d ; extra == \"x\""];
        assert_eq!((flit.is_frugal, flit.dependencies), (true, Some(all.map(str::to_owned).to_vec())));
        assert_eq!(flit.extras, ["x"]);
        let dynamic = BuildSystem::parse(Some("[project]\nname='a'\ndynamic=['dependencies']")).unwrap();
        assert_eq!((dynamic.is_frugal, dynamic.dependencies), (false, None));
        let hatch = |more: &str| {
            BuildSystem::parse(Some(&format!(
                "[build-system]\nrequires=['hatchling']\nbuild-backend='hatchling.build'\n{more}"
            )))
            .unwrap()
        };
        assert!(hatch("[tool.hatch.build.targets.sdist]\ninclude=['a']").is_frugal);
        assert!(!hatch("[tool.hatch.build.targets.wheel.hooks.mypyc]\ndependencies=['mypy']").is_frugal);
        assert!(BuildSystem::parse(Some("[build-system]\n")).is_err() && BuildSystem::parse(Some("[")).is_err());
    }
}

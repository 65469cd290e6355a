//! `docker compose build`: the project as compose itself resolves it, and the same with other Dockerfiles.
//!
//! What is to be different stands in one file more, behind the user's. Refuses unless compose resolves the project with
//! that file to the very same project with other Dockerfiles.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::command::Command;
use super::engine::ask;
use super::target::{Target, Wrapped};

/// The names of the files that compose looks for (compose-go, `DefaultFileNames`, `DefaultOverrideFileNames`), in that
/// order; the first of each is taken, from the first directory upwards that has one of the former.
const USUAL: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const USUAL_OVERRIDE: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// A project.
pub(super) struct Project {
    words: Vec<OsString>,
    /// Where the word `build` is among them.
    verb: usize,
    services: Vec<OsString>,
    /// The options that name the files which compose finds itself.
    files: Vec<OsString>,
    resolved: Value,
}

impl Project {
    /// Has compose resolve the project.
    ///
    /// # Errors
    /// Why it cannot.
    pub(super) fn resolve(command: &Command) -> anyhow::Result<Project> {
        let named: Vec<_> = command.before.iter().filter(|(name, _)| name == "-f" || name == "--file").collect();
        anyhow::ensure!(
            named.iter().all(|(_, file)| file.as_ref().is_none_or(|file| file != "-")),
            "its project comes through standard input"
        );
        let files = if named.is_empty() { found(command) } else { Vec::new() };
        let mut project = Project {
            words: command.words.clone(),
            verb: command.options - 1,
            services: command.operands.clone(),
            files: files.into_iter().flat_map(|file| ["-f".into(), file]).collect(),
            resolved: Value::Null,
        };
        project.resolved = project.config(&[])?;
        Ok(project)
    }

    /// The project with these options more.
    fn config(&self, more: &[OsString]) -> anyhow::Result<Value> {
        let mut words = self.words[..self.verb].to_vec();
        words.extend_from_slice(more);
        words.extend(["config", "--format", "json"].map(OsString::from));
        words.extend_from_slice(&self.services);
        Ok(serde_json::from_slice(&ask(&words)?)?)
    }

    fn services(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.resolved["services"].as_object().into_iter().flatten().filter(|(_, service)| service["build"].is_object())
    }

    /// The builds.
    ///
    /// # Errors
    /// When one is described in words that are not known.
    pub(super) fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let target = |(name, service): (&String, &Value)| {
            let mut target = serde_json::from_value::<Target>(service["build"].clone())?.named(name);
            target.platforms.get_or_insert_default().extend(service["platform"].as_str().map(str::to_owned));
            // Compose writes a dollar twice, since it replaces variables in what it reads.
            Ok(target.map(|text| text.replace("$$", "$")))
        };
        self.services().map(target).collect()
    }

    /// The command line that builds the wrapped ones. `place` is there as long as the build.
    ///
    /// # Errors
    /// When it would build something else.
    pub(super) fn words(
        &self,
        wrapped: &[Wrapped],
        context: Option<(&str, &Path)>,
        place: &Path,
    ) -> anyhow::Result<Vec<OsString>> {
        let text = |path: &Path| {
            let text = path.to_str().map(|text| text.replace('$', "$$"));
            text.ok_or_else(|| anyhow::anyhow!("`{}` is not UTF-8", path.display()))
        };
        let mut services = Map::new();
        let mut expected = self.resolved.clone();
        for target in wrapped {
            let mut build = match &target.inline {
                Some(inline) => json!({ "dockerfile_inline": inline.replace('$', "$$") }),
                None => json!({ "dockerfile": text(&target.file)? }),
            };
            let resolved = &mut expected["services"][&target.name]["build"];
            if let Some((name, directory)) = context {
                build["additional_contexts"] = json!({ name: text(directory)? });
                resolved["additional_contexts"][name] = text(directory)?.into();
            }
            for key in ["dockerfile", "dockerfile_inline"] {
                if let Some(value) = build.get(key) {
                    resolved[key] = value.clone();
                }
            }
            services.insert(target.name.clone(), json!({ "build": build }));
        }
        let file = place.join("compose.json");
        std::fs::write(&file, serde_json::to_vec(&json!({ "services": services }))?)?;
        let more: Vec<OsString> = self.files.iter().cloned().chain(["-f".into(), file.into()]).collect();
        anyhow::ensure!(self.config(&more)? == expected, "its files are not those that compose is thought to find");
        let mut words = self.words.clone();
        words.splice(self.verb..self.verb, more);
        Ok(words)
    }
}

/// The files of a project that the command line does not name.
fn found(command: &Command) -> Vec<OsString> {
    let named = command.before.iter().rev().find(|(name, _)| name == "--project-directory");
    let directory = named.and_then(|(_, value)| value.clone()).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let settings = std::fs::read_to_string(directory.join(".env")).unwrap_or_default();
    let setting = |name: &str| {
        let mut lines = settings.lines().rev().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
        let value = || Some(lines.next()?.trim().trim_matches(['"', '\'']).into());
        std::env::var_os(name).or_else(value).filter(|value: &OsString| !value.is_empty())
    };
    if let Some(files) = setting("COMPOSE_FILE") {
        let separator = setting("COMPOSE_PATH_SEPARATOR").and_then(|text| text.as_bytes().first().copied());
        let each = files.as_bytes().split(|byte| *byte == separator.unwrap_or(b':'));
        return each.map(|file| OsString::from_vec(file.to_vec())).collect();
    }
    let directory = std::path::absolute(&directory).unwrap_or(directory);
    let first = |directory: &Path, names: [&str; 4]| {
        names.into_iter().map(|name| directory.join(name)).find(|file| file.exists())
    };
    let above = directory.ancestors().find_map(|directory| Some((directory, first(directory, USUAL)?)));
    let files = above.into_iter().flat_map(|(directory, file)| [Some(file), first(directory, USUAL_OVERRIDE)]);
    files.flatten().map(PathBuf::into_os_string).collect()
}

//! One of several builds of a command, as `docker compose config` and `docker buildx bake --print` describe it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::engine::is_other_platform;
use super::source::Source;

/// One build. Compose and bake describe it in the same words but for the spelling.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Target {
    /// The service, or the target.
    #[serde(skip)]
    pub(super) name: String,
    context: Option<String>,
    dockerfile: Option<String>,
    /// The Dockerfile itself.
    #[serde(alias = "dockerfile_inline", alias = "dockerfile-inline")]
    pub(super) inline: Option<String>,
    /// The build arguments; one without a value has that of the environment.
    args: Option<BTreeMap<String, Option<String>>>,
    /// What stands behind the names of images.
    #[serde(alias = "additional_contexts")]
    contexts: Option<BTreeMap<String, String>>,
    pub(super) platforms: Option<Vec<String>>,
}

/// A build whose steps are wrapped.
pub(super) struct Wrapped {
    /// The service, or the target.
    pub(super) name: String,
    /// The Dockerfile to be built in the place of the user's.
    pub(super) file: PathBuf,
    /// Its text, if the user's stands in the file that describes the build.
    pub(super) inline: Option<String>,
}

impl Target {
    /// The same under the name that its file gives it.
    pub(super) fn named(self, name: &str) -> Target {
        Target { name: name.to_owned(), ..self }
    }

    /// Its Dockerfile.
    ///
    /// # Errors
    /// Why it cannot be had, or would be of no use.
    pub(super) fn source(&self) -> anyhow::Result<Source> {
        if let Some(other) = self.platforms.iter().flatten().find(|platform| is_other_platform(OsStr::new(platform))) {
            anyhow::bail!("it is built for {other}, and this executable is not of that platform");
        }
        if let Some(text) = &self.inline {
            return Ok(Source::inline(text.clone()));
        }
        let context = self.context.as_deref().unwrap_or(".");
        let context = Path::new(context.strip_prefix("cwd://").unwrap_or(context));
        Source::read(context, self.dockerfile.as_ref().map(|file| context.join(file)).as_deref())
    }

    /// The value of a build argument.
    pub(super) fn argument(&self, name: &str) -> Option<String> {
        match self.args.as_ref()?.get(name)? {
            Some(value) => Some(value.clone()),
            None => std::env::var(name).ok(),
        }
    }

    /// What stands behind the name of an image, if something else than the image does.
    pub(super) fn context(&self, name: &str) -> Option<String> {
        self.contexts.as_ref()?.get(name).cloned()
    }

    /// The same with another spelling of each text.
    pub(super) fn map(mut self, spelling: impl Fn(&str) -> String) -> Target {
        for text in [&mut self.context, &mut self.dockerfile, &mut self.inline].into_iter().flatten() {
            *text = spelling(text);
        }
        self.args.iter_mut().flat_map(BTreeMap::values_mut).flatten().for_each(|text| *text = spelling(text));
        self.contexts.iter_mut().flat_map(BTreeMap::values_mut).for_each(|text| *text = spelling(text));
        self
    }
}

//! The environment that an installation is meant for: an interpreter that is asked, or one that is named.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::cli::Hint as _;
use crate::manifest::target::{InterpreterAnswer, Target};

/// What an interpreter is asked. pip brings the library that knows: without pip it could install nothing either.
const QUESTION: &str = "
import json, sys
try:
    from pip import __version__ as pip
    from pip._vendor.packaging import markers, tags
except ImportError:
    pip = None
    from packaging import markers, tags
print(json.dumps({
    'executable': sys.executable,
    'environment': {name: str(value) for name, value in markers.default_environment().items()},
    'tags': [str(tag) for tag in tags.sys_tags()],
    'pip': pip,
}))
";

/// For which environment.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Choice {
    /// The Python to install into: a version (3.11 or 3.11.9) or an interpreter [default: python3]
    #[arg(long, value_name = "PYTHON")]
    python: Option<OsString>,
    /// The platform to install on, as the tag of the newest wheel that it takes: manylinux_2_28_x86_64,
    /// musllinux_1_2_aarch64, macosx_12_0_arm64, win_amd64 [default: that of the interpreter]
    #[arg(long, value_name = "TAG")]
    platform: Option<String>,
}

/// An environment, and its name where it is not that of the interpreter on this machine.
pub(super) struct Chosen {
    pub(super) target: Target,
    pub(super) foreign: Option<(String, String)>,
}

impl Choice {
    /// That of `python3`.
    pub(super) fn own() -> Self {
        Choice { python: None, platform: None }
    }

    /// The environment that was chosen.
    pub(super) fn target(&self) -> anyhow::Result<Chosen> {
        let version = self
            .python
            .as_deref()
            .and_then(OsStr::to_str)
            .filter(|python| python.starts_with(|c: char| c.is_ascii_digit()));
        if let (Some(version), Some(platform)) = (version, &self.platform) {
            return named(version, platform);
        }
        let interpreter = match (version, &self.python) {
            (None, Some(interpreter)) => interpreter.clone(),
            _ => OsString::from("python3"),
        };
        let answer = ask(&interpreter)?;
        let own = answer.environment.get("python_full_version").cloned().unwrap_or_default();
        let is_own =
            |version: &str| own == version || own.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'));
        match (version, &self.platform) {
            (Some(version), None) if !is_own(version) => {
                let platform = platform_of(&answer)
                    .context("cannot tell the platform of `python3`")
                    .hint("name it with --platform TAG")?;
                named(version, &platform)
            }
            (_, Some(platform)) => named(&own, platform),
            _ => Ok(Chosen {
                target: Target::of_interpreter(&answer).context("cannot understand the interpreter")?,
                foreign: None,
            }),
        }
    }
}

fn named(version: &str, platform: &str) -> anyhow::Result<Chosen> {
    let target = Target::named(version, platform).context("cannot choose an environment")?;
    Ok(Chosen { target, foreign: Some((version.to_owned(), platform.to_owned())) })
}

/// The newest platform tag of an interpreter: the first of those that are not for pure Python.
fn platform_of(answer: &InterpreterAnswer) -> Option<String> {
    let platform = answer.tags.first()?.rsplit('-').next()?;
    Some(platform.to_owned())
}

/// Asks an interpreter for its markers and tags. In isolated mode: nothing of the working directory is imported.
fn ask(interpreter: &OsStr) -> anyhow::Result<InterpreterAnswer> {
    let name = interpreter.display();
    let hint = "name the environment instead: --python 3.11 --platform manylinux_2_28_x86_64";
    let output = Command::new(interpreter).args(["-I", "-c", QUESTION]).env_remove("PYTHONHOME").output();
    let output = output.with_context(|| format!("cannot ask `{name}` for its environment")).hint(hint)?;
    if !output.status.success() {
        let stderr = crate::event::text(&output.stderr);
        let last = stderr.lines().last().unwrap_or("it says nothing");
        let refused: anyhow::Result<_> = (|| bail!("cannot ask `{name}` for its environment: {last}"))();
        return refused.hint(hint);
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("cannot understand what `{name}` says of its environment"))
        .hint(hint)
}

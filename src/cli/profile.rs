//! `wheeltap profile FILE...`: where the time of image builds went, by their logs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::ingest::read;
use super::report::OneFormat;
use super::{Console, Hint as _, Status, text_of};
use crate::classify::buildkit::Reader;
use crate::event::json::line;
use crate::report::profile::{Layer, Part, Profile, layers, profile_text};

/// Show where the time of an image build went, and what to change
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A log is what `docker build` printed: plain progress (BUILDKIT_PROGRESS=plain), rawjson, or the
text of the builder before BuildKit. Lines may begin with the time at which they arrived, as
`wheeltap build` keeps them; only then, and in rawjson, the time of the whole build is known.

Examples:
  wheeltap profile logs/docker_build/build_api.log --dockerfile Dockerfile
  docker build --progress=plain . 2>&1 | wheeltap profile -
  wheeltap profile build.log --mode all --image api:latest
  wheeltap profile *.log --format json | jq '.steps[] | select(.seconds > 30)'

Exit status: 0, or 2 if a file is no log of a build")]
pub(crate) struct Arguments {
    /// The log of a build; `-` reads standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// How to write it; JSON is one object a line
    #[arg(long, value_enum, default_value = "text")]
    format: OneFormat,
    /// What to show: steps, layers, cache, or all of them
    #[arg(long, value_enum, default_value = "full", hide_possible_values = true)]
    #[arg(help = "What to show: full (the steps), layers, cache, all")]
    mode: Mode,
    /// The image that was built, for the sizes of its layers
    #[arg(long, value_name = "NAME")]
    image: Option<String>,
    /// The Dockerfile, for the lines that the advice is about
    #[arg(long, value_name = "FILE")]
    dockerfile: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Mode {
    /// The steps.
    Full,
    /// The layers of the image.
    Layers,
    /// What came from the layer cache.
    Cache,
    /// All of it.
    All,
}

/// Shows the profiles, in the order given.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let dockerfile = arguments.dockerfile.as_deref().map(text_of).transpose()?;
    let layers = match &arguments.image {
        Some(image) => layers_of(image)?,
        None => Vec::new(),
    };
    let parts: &[Part] = match arguments.mode {
        Mode::Full => &[Part::Steps],
        Mode::Layers => &[Part::Layers],
        Mode::Cache => &[Part::Cache],
        Mode::All => &[Part::Steps, Part::Cache, Part::Layers],
    };
    for (number, path) in arguments.files.iter().enumerate() {
        let profile = profile(path, dockerfile.as_deref(), layers.clone())?;
        match arguments.format {
            OneFormat::Json => {
                let mut text = Vec::new();
                line(&mut text, &profile)?;
                text.push(b'\n');
                console.data().write_all(&text)?;
            }
            OneFormat::Text => {
                let before = if number > 0 { "\n" } else { "" };
                if arguments.files.len() > 1 {
                    console.data().write_all(
                        format!("{before}{}: ", crate::event::printable(&path.to_string_lossy())).as_bytes(),
                    )?;
                }
                console.data().write_all(profile_text(&profile, parts).as_bytes())?;
            }
        }
    }
    Ok(Status::Ok)
}

fn profile(path: &Path, dockerfile: Option<&str>, layers: Vec<Layer>) -> anyhow::Result<Profile> {
    let mut reader = Reader::default();
    read(path, |piece| reader.feed(piece))?;
    let build = reader.finish();
    let build = build.with_context(|| format!("cannot find the log of an image build in `{}`", path.display()));
    let build = build.hint("`docker build --progress=plain . 2>FILE` keeps one, as does `wheeltap build`")?;
    Ok(Profile::of(&build, dockerfile, layers))
}

/// Asks the engine for the layers of an image.
fn layers_of(image: &str) -> anyhow::Result<Vec<Layer>> {
    let output = Command::new("docker")
        .args(["history", "--no-trunc", "--human=false", "--format", "{{json .}}", "--", image])
        .stdin(Stdio::null())
        .output()
        .context("cannot run `docker history`")
        .hint("leave `--image` out where there is no engine")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "cannot read the layers of `{image}`: {}", said.trim());
    Ok(layers(&String::from_utf8_lossy(&output.stdout)))
}

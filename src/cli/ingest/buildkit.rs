//! `wheeltap ingest buildkit`: the log of an image build that somebody else kept.
//!
//! What shims in the steps wrote as marked lines is taken as they recorded it; of the rest, what pip and apt printed is
//! read. Refuses to call a step that the layer cache replayed free of downloads: its log is not there.

use std::path::PathBuf;

use anyhow::Context as _;

use super::replay::{distinct, document_of, read};
use crate::classify::buildkit::{Reader, State};
use crate::cli::{Console, Hint as _, Status, build::told, now, text_of};
use crate::dockerfile::Places;
use crate::event::{Event, Redactor};

/// Classify the log of an image build, step by step
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The plain progress and the rawjson of BuildKit, and the text of the builder before it, are told
apart by themselves. BuildKit prints to standard error, the one before it to standard output.

Examples:
  wheeltap ingest buildkit --stderr build.log --dockerfile Dockerfile
  docker build --progress=plain . 2>&1 | wheeltap ingest buildkit --stderr - | jq .summary
  DOCKER_BUILDKIT=0 docker build . >out.txt 2>err.txt
  wheeltap ingest buildkit --stdout out.txt --stderr err.txt")]
#[command(group(clap::ArgGroup::new("texts").required(true).multiple(true).args(["stdout", "stderr"])))]
pub(crate) struct Arguments {
    /// What docker wrote to standard output; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    stdout: Option<PathBuf>,
    /// What docker wrote to standard error, or to both as one
    #[arg(long, value_name = "FILE")]
    stderr: Option<PathBuf>,
    /// The Dockerfile that was built, for the lines of the steps
    #[arg(long, value_name = "FILE")]
    dockerfile: Option<PathBuf>,
}

/// Classifies the log and prints the document.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let texts = [&arguments.stdout, &arguments.stderr];
    distinct(texts)?;
    let mut reader = Reader::default();
    for path in texts.into_iter().flatten() {
        read(path, |piece| reader.feed(piece))?;
    }
    let build = reader.finish().context("cannot find the log of an image build in this text");
    let build = build.hint("`docker build --progress=plain . 2>FILE` keeps one; `-q` keeps none")?;
    let at = now();
    let mut events = told::events(&build, &Redactor::default(), at);
    for vertex in &build.steps {
        let reason = match vertex.state {
            State::Cached if vertex.name.is_run() => "was cached: what is in it, an earlier log tells",
            State::Unfinished => "does not end in this log",
            _ => continue,
        };
        let reason = format!("step {} {reason}", vertex.id);
        events.push(Event::BlindSpot { at, invocation: None, reason });
    }
    if let Some(path) = &arguments.dockerfile {
        told::locate(&mut events, &Places::of(&text_of(path)?));
    }
    console.data().write_all(&document_of(events, at)?)?;
    Ok(Status::Ok)
}

//! `wheeltap ingest apt`: the text of one apt, and what was recorded of its methods and hooks.
//!
//! Goes through the same classifier as a live run. Refuses what only a live run can know: what lay on the disk.

use std::path::PathBuf;

use super::replay::{Heard, distinct, document, read};
use crate::classify::Channel;
use crate::classify::apt::{Classifier, Runs};
use crate::cli::{Console, Hint as _, Status};

/// Classify what one apt-get or apt printed, or what was recorded of its methods and hooks
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The records know all that was fetched; from the text alone, what lay in the archives is known only
where apt's own figures prove it, and only in English.

Examples:
  wheeltap ingest apt --stdout out.txt --stderr err.txt
  wheeltap ingest apt --methods methods.log --preinstall preinstall.log
  wheeltap ingest apt --stdout out.txt | jq '.downloads.apt[] | {name, origin, reason}'")]
#[command(group(
    clap::ArgGroup::new("texts").required(true).multiple(true).args(["stdout", "stderr", "methods", "preinstall"])
))]
pub(crate) struct Arguments {
    /// What apt wrote to standard output, or to both streams as one; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    stdout: Option<PathBuf>,
    /// What apt wrote to standard error
    #[arg(long, value_name = "FILE")]
    stderr: Option<PathBuf>,
    /// The messages between apt and its acquire methods
    #[arg(long, value_name = "FILE")]
    methods: Option<PathBuf>,
    /// What apt told its hooks in `DPkg::Pre-Install-Pkgs`
    #[arg(long, value_name = "FILE")]
    preinstall: Option<PathBuf>,
    /// The exit status of apt, if it is known
    #[arg(long, value_name = "N")]
    exit: Option<u8>,
}

const HINT: &str = "a line of `--methods` is `TIME PROCESS METHOD <|> MESSAGE`; `--preinstall` begins with `VERSION`";

/// Classifies what was recorded and prints the document.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let Arguments { stdout, stderr, methods, preinstall, exit } = arguments;
    distinct([&stdout, &stderr, &methods, &preinstall])?;
    let mut classifier = Classifier::new(Runs::One);
    if let Some(path) = &methods {
        classifier.methods(b"");
        read(path, |piece| classifier.methods(piece))?;
    }
    if let Some(path) = &preinstall {
        classifier.hook(b"");
        read(path, |piece| classifier.hook(piece))?;
    }
    for (channel, path) in [(Channel::Stdout, &stdout), (Channel::Stderr, &stderr)] {
        if let Some(path) = path {
            classifier.text(channel, b"");
            read(path, |piece| classifier.text(channel, piece))?;
        }
    }
    for (path, understood, what) in [
        (&methods, classifier.understands_methods(), "the messages of apt's methods"),
        (&preinstall, classifier.understands_hook(), "what apt tells its hooks"),
    ] {
        if let (Some(path), false) = (path, understood) {
            return Err(anyhow::anyhow!("cannot take `{}` for {what}", path.display())).hint(HINT);
        }
    }
    let mut heard = Heard::new("apt-get");
    classifier.finish().into_iter().for_each(|finding| heard.take(finding));
    heard.ended(exit);
    console.data().write_all(&document(vec![heard])?)?;
    Ok(Status::Ok)
}

//! `wheeltap ingest pip`: the text of one pip.
//!
//! Goes through the same classifier as a live run. Refuses what only a live run can know: sizes and digests are what
//! pip itself says, times are unknown (pip's log has no time zone), and each missing text is a blind spot.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::replay::{Heard, read};
use crate::classify::{Channel, End, Finding, pip};
use crate::cli::{Console, Hint as _, Status};

/// Classify what one pip printed, or logged with `--log` or PIP_LOG
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The more of the three texts there are, the more is known: the log alone knows URLs and what was
obtained for builds, standard error alone knows what was wrong.

Examples:
  wheeltap ingest pip --log pip.log
  wheeltap ingest pip --stdout out.txt --stderr err.txt --exit 1
  docker run ... pip install requests 2>&1 | wheeltap ingest pip --stdout - | jq .summary")]
#[command(group(clap::ArgGroup::new("texts").required(true).multiple(true).args(["stdout", "stderr", "log"])))]
pub(crate) struct Arguments {
    /// What pip wrote to standard output; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    stdout: Option<PathBuf>,
    /// What pip wrote to standard error
    #[arg(long, value_name = "FILE")]
    stderr: Option<PathBuf>,
    /// What pip wrote to its log
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The exit status of pip, if it is known
    #[arg(long, value_name = "N")]
    exit: Option<u8>,
}

const HINT: &str = "`--log` takes what pip writes with `--log` or PIP_LOG, `--stdout` and `--stderr` what it prints";

/// Classifies the text and prints the document.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let texts =
        [(Channel::Log, &arguments.log), (Channel::Stdout, &arguments.stdout), (Channel::Stderr, &arguments.stderr)];
    if texts.iter().filter(|(_, path)| path.as_deref() == Some(Path::new("-"))).count() > 1 {
        bail!("cannot read standard input more than once");
    }
    let mut replay = Replay::new(arguments.log.is_some());
    for (channel, path) in texts {
        match path {
            Some(path) => {
                replay.read(channel, path)?;
                // Streams may hold anything that a build prints; a log is pip's or is none.
                if channel == Channel::Log && replay.bytes > 0 && !replay.classifier.has_understood() {
                    return Err(anyhow::anyhow!("cannot take `{}` for a log of pip's", path.display())).hint(HINT);
                }
            }
            None => replay.miss(channel),
        }
    }
    let document = replay.end(arguments.exit)?;
    console.data().write_all(&document)?;
    Ok(Status::Ok)
}

/// A pip that is over, read again.
struct Replay {
    classifier: pip::Classifier,
    heard: Heard,
    bytes: u64,
}

impl Replay {
    fn new(has_log: bool) -> Replay {
        let options = pip::Options { log: has_log, ..pip::Options::default() };
        Replay { classifier: pip::Classifier::new(options), heard: Heard::new("pip"), bytes: 0 }
    }

    fn read(&mut self, channel: Channel, path: &Path) -> anyhow::Result<()> {
        let Replay { classifier, heard, bytes } = self;
        read(path, |piece| {
            *bytes += piece.len() as u64;
            classifier.feed(channel, piece, &mut |finding| heard.take(finding));
        })
    }

    /// A text was not given.
    fn miss(&mut self, channel: Channel) {
        let without = match channel {
            Channel::Log => "no log was given: URLs, what was obtained for builds and what `-q` hides are not known",
            Channel::Stderr => "no standard error was given: warnings and failures are known from the rest only",
            _ => return,
        };
        self.heard.take(Finding::BlindSpot(without.to_owned()));
    }

    /// The document.
    fn end(self, exit: Option<u8>) -> anyhow::Result<Vec<u8>> {
        let Replay { classifier, mut heard, bytes } = self;
        if bytes > 0 && !classifier.has_understood() {
            return Err(anyhow::anyhow!("cannot find anything of pip's in this text")).hint(HINT);
        }
        let end = exit.map_or(End::Unknown, |code| End::Code(code.into()));
        classifier.finish(end, &mut |finding| heard.take(finding));
        heard.document(exit)
    }
}

//! `wheeltap ingest pip`: the text of one pip, or the log of several.
//!
//! Goes through the same classifier as a live run. Refuses what only a live run can know: sizes and digests are what
//! pip itself says, times are unknown (pip's log has no time zone), and each missing text is a blind spot.

use std::path::{Path, PathBuf};

use super::replay::{Heard, distinct, document, read};
use crate::classify::{Channel, End, Finding, pip};
use crate::cli::{Console, Hint as _, Status};

/// Classify what one pip printed, or logged with `--log` or PIP_LOG
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The more of the three texts there are, the more is known: the log alone knows URLs and what was
obtained for builds, standard error alone knows what was wrong. A log to which several pips wrote
becomes several invocations.

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
    distinct([&arguments.log, &arguments.stdout, &arguments.stderr])?;
    let mut replay = Replay::new(arguments.log.is_some());
    if let Some(path) = &arguments.log {
        replay.read_log(path)?;
        // Streams may hold anything that a build prints; a log is pip's or is none.
        if replay.bytes > 0 && !replay.has_understood() {
            return Err(anyhow::anyhow!("cannot take `{}` for a log of pip's", path.display())).hint(HINT);
        }
    }
    for (channel, path) in [(Channel::Stdout, &arguments.stdout), (Channel::Stderr, &arguments.stderr)] {
        if let Some(path) = path {
            replay.read(channel, path)?;
        }
    }
    if replay.bytes > 0 && !replay.has_understood() {
        return Err(anyhow::anyhow!("cannot find anything of pip's in this text")).hint(HINT);
    }
    console.data().write_all(&document(replay.end(&arguments))?)?;
    Ok(Status::Ok)
}

/// Pips that are over, read again: one, or as many as the log tells apart.
struct Replay {
    has_log: bool,
    over: Vec<Heard>,
    classifier: pip::Classifier,
    heard: Heard,
    /// Whether the log said where the run began that is being read.
    has_begun: bool,
    bytes: u64,
}

impl Replay {
    fn new(has_log: bool) -> Replay {
        let classifier = new_classifier(has_log);
        Replay { has_log, over: Vec::new(), classifier, heard: Heard::new("pip"), has_begun: false, bytes: 0 }
    }

    fn has_understood(&self) -> bool {
        !self.over.is_empty() || self.classifier.has_understood()
    }

    fn read_log(&mut self, path: &Path) -> anyhow::Result<()> {
        let mut runs = pip::Runs::new();
        read(path, |bytes| {
            self.bytes += bytes.len() as u64;
            runs.feed(bytes, &mut |piece| self.take(piece));
        })?;
        runs.finish(&mut |piece| self.take(piece));
        Ok(())
    }

    fn take(&mut self, piece: pip::Piece<'_>) {
        match piece {
            pip::Piece::Bytes(bytes) => self.feed(Channel::Log, bytes),
            pip::Piece::Mixed => self.heard.take(Finding::BlindSpot(MIXED.to_owned())),
            pip::Piece::Begins => {
                // A few lines may stand before the one that says that a run begins, or the end of a run whose beginning
                // was cut off.
                if self.has_begun || self.heard.has_artifacts() {
                    let next = new_classifier(self.has_log);
                    let (classifier, heard) = (
                        std::mem::replace(&mut self.classifier, next),
                        std::mem::replace(&mut self.heard, Heard::new("pip")),
                    );
                    self.over.push(finish(classifier, heard, End::Unknown));
                }
                self.has_begun = true;
            }
        }
    }

    /// Reads what the pip printed; of several pips it cannot be told whose it is.
    fn read(&mut self, channel: Channel, path: &Path) -> anyhow::Result<()> {
        read(path, |bytes| {
            self.bytes += bytes.len() as u64;
            if self.over.is_empty() {
                self.feed(channel, bytes);
            }
        })
    }

    fn feed(&mut self, channel: Channel, bytes: &[u8]) {
        let Replay { classifier, heard, .. } = self;
        classifier.feed(channel, bytes, &mut |finding| heard.take(finding));
    }

    /// The invocations.
    fn end(mut self, arguments: &Arguments) -> Vec<Heard> {
        let is_one = self.over.is_empty();
        let exit = arguments.exit.filter(|_| is_one);
        let mut last = finish(self.classifier, self.heard, exit.map_or(End::Unknown, |code| End::Code(code.into())));
        last.ended(exit);
        self.over.push(last);
        let has_streams = arguments.stdout.is_some() || arguments.stderr.is_some();
        let spots = [
            (arguments.log.is_none(), NO_LOG),
            (is_one && arguments.stderr.is_none(), NO_STDERR),
            (!is_one && has_streams, SEVERAL),
        ];
        for heard in &mut self.over {
            for (_, spot) in spots.iter().filter(|(applies, _)| *applies) {
                heard.take(Finding::BlindSpot((*spot).to_owned()));
            }
        }
        self.over
    }
}

fn new_classifier(has_log: bool) -> pip::Classifier {
    pip::Classifier::new(pip::Options { log: has_log, ..pip::Options::default() })
}

fn finish(classifier: pip::Classifier, mut heard: Heard, end: End) -> Heard {
    classifier.finish(end, &mut |finding| heard.take(finding));
    heard
}

const NO_LOG: &str = "no log was given: URLs, what was obtained for builds and what `-q` hides are not known";
const NO_STDERR: &str = "no standard error was given: warnings and failures are known from the rest only";
const SEVERAL: &str = "the log holds several pips, of which none can be given what was printed: only the log was read";
const MIXED: &str = "another pip wrote the same log at the same time: lines of both may be mixed up";

//! `wheeltap ingest pip`: the text of one pip.
//!
//! Goes through the same classifier as a live run. Refuses what only a live run can know: sizes and digests are what
//! pip itself says, times are unknown (pip's log has no time zone), and each missing text is a blind spot.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::classify::{Channel, End, Finding, pip};
use crate::cli::{Cannot as _, Console, Hint as _, Status, now};
use crate::event::{
    Artifact, Attempt, BuildInfo, Downloads, Event, Evidence, Invocation, Redactor, SCHEMA, Session, SessionId,
};
use crate::ledger::{self, build_info, fold, invocation_id};

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

/// How many bytes are read at once.
const CHUNK: usize = 1 << 16;

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

/// A text that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("read `{}`: {source}", path.display())]
struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

/// A pip that is over, read again.
struct Replay {
    classifier: pip::Classifier,
    heard: Heard,
    bytes: u64,
}

/// What the classifier has said.
struct Heard {
    artifacts: BTreeMap<u64, Box<Artifact>>,
    attempts: Vec<Attempt>,
    invocation: Invocation,
    redactor: Redactor,
}

impl Replay {
    fn new(has_log: bool) -> Replay {
        let heard = Heard {
            artifacts: BTreeMap::new(),
            attempts: Vec::new(),
            invocation: Invocation::new(invocation_id(), "pip", "text"),
            redactor: Redactor::default(),
        };
        let options = pip::Options { log: has_log, ..pip::Options::default() };
        Replay { classifier: pip::Classifier::new(options), heard, bytes: 0 }
    }

    fn read(&mut self, channel: Channel, path: &Path) -> anyhow::Result<()> {
        let unreadable = |source| Unreadable { path: path.to_owned(), source };
        let mut source: Box<dyn Read> = match path == Path::new("-") {
            true => Box::new(io::stdin()),
            false => Box::new(File::open(path).map_err(unreadable).cannot()?),
        };
        let mut buffer = vec![0; CHUNK];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    self.bytes += count as u64;
                    self.classifier.feed(channel, &buffer[..count], &mut |finding| self.heard.take(finding));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)).cannot(),
            }
        }
    }

    /// A text was not given.
    fn miss(&mut self, channel: Channel) {
        let without = match channel {
            Channel::Log => "no log was given: URLs, what was obtained for builds and what `-q` hides are not known",
            Channel::Stderr => "no standard error was given: warnings and failures are known from the rest only",
            _ => return,
        };
        self.heard.invocation.blind_spots.push(without.to_owned());
    }

    /// The document.
    fn end(self, exit: Option<u8>) -> anyhow::Result<Vec<u8>> {
        let Replay { classifier, mut heard, bytes } = self;
        if bytes > 0 && !classifier.has_understood() {
            return Err(anyhow::anyhow!("cannot find anything of pip's in this text")).hint(HINT);
        }
        let end = exit.map_or(End::Unknown, |code| End::Code(code.into()));
        classifier.finish(end, &mut |finding| heard.take(finding));
        heard.invocation.exit_code = exit.map(i32::from);
        let mut document = Vec::new();
        ledger::document(&mut document, &heard.session())?;
        document.push(b'\n');
        Ok(document)
    }
}

impl Heard {
    fn take(&mut self, finding: Finding) {
        match finding {
            Finding::Version(version) => self.invocation.tool_version = Some(self.redactor.text(&version)),
            Finding::Artifact { number, record, .. } => {
                self.artifacts.insert(number, record);
            }
            Finding::Attempt(attempt) => self.attempts.push(*attempt),
            Finding::BlindSpot(reason) => self.invocation.blind_spots.push(self.redactor.text(&reason)),
            Finding::Installed { .. } => {}
        }
    }

    /// The session of which this is the only invocation. When it happened is not known.
    fn session(self) -> Session {
        let Heard { artifacts, attempts, invocation, redactor } = self;
        let at = now();
        let id = invocation.id.clone();
        let artifacts = artifacts.into_iter().map(|(number, artifact)| {
            let mut record = redactor.artifact(&artifact);
            record.add_evidence(Evidence::TEXT);
            Event::Artifact { at, invocation: id.clone(), number, record: Box::new(record) }
        });
        let attempts = attempts.into_iter().map(|attempt| {
            let record = Attempt { invocation: Some(id.clone()), ..redactor.attempt(&attempt) };
            Event::Attempt { at, record: Box::new(record) }
        });
        // It ran elsewhere, for all that is known.
        let build_info = BuildInfo { platform: "unknown".to_owned(), hostname: None, ..build_info([], &redactor) };
        let session = SessionId::at(at);
        let started = Event::SessionStarted { at, schema: SCHEMA, session: session.clone(), build_info };
        let invocation = Event::InvocationFinished { at, record: Box::new(invocation) };
        let events = [started].into_iter().chain(artifacts).chain(attempts).chain([invocation]);
        let mut session = fold(&session, events);
        (session.started_at, session.finished_at, session.duration_seconds) = (None, None, None);
        let Downloads { wheels, sdists, apt, other } = &mut session.downloads;
        for artifact in wheels.iter_mut().chain(sdists).chain(apt).chain(other) {
            artifact.at = None;
        }
        session
    }
}

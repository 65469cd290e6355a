//! What classifiers say of recorded text, gathered into the document of one invocation, whatever the tool.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::classify::Finding;
use crate::cli::{Cannot as _, now};
use crate::event::{
    Artifact, Attempt, BuildInfo, Downloads, Event, Evidence, Invocation, Missing, Moment, Redactor, SCHEMA, Session,
    SessionId,
};
use crate::ledger::{self, build_info, fold, invocation_id};

/// How many bytes are read at once.
const CHUNK: usize = 1 << 16;

/// A text that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("read `{}`: {source}", path.display())]
struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

/// Reads a file piece by piece; `-` is standard input.
pub(in crate::cli) fn read(path: &Path, mut each: impl FnMut(&[u8])) -> anyhow::Result<()> {
    let unreadable = |source| Unreadable { path: path.to_owned(), source };
    let mut source: Box<dyn Read> = match path == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(unreadable).cannot()?),
    };
    let mut buffer = vec![0; CHUNK];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => each(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)).cannot(),
        }
    }
}

/// Refuses to read standard input twice.
pub(super) fn distinct<'a>(texts: impl IntoIterator<Item = &'a Option<PathBuf>>) -> anyhow::Result<()> {
    let standard = texts.into_iter().flatten().filter(|path| path.as_path() == Path::new("-"));
    anyhow::ensure!(standard.count() <= 1, "cannot read standard input more than once");
    Ok(())
}

/// What a classifier has said of an invocation.
pub(super) struct Heard {
    artifacts: BTreeMap<u64, Box<Artifact>>,
    attempts: Vec<Attempt>,
    missing: Vec<String>,
    invocation: Invocation,
    redactor: Redactor,
}

impl Heard {
    /// Nothing yet.
    pub(super) fn new(tool: &str) -> Heard {
        Heard {
            artifacts: BTreeMap::new(),
            attempts: Vec::new(),
            missing: Vec::new(),
            invocation: Invocation::new(invocation_id(), tool, "text"),
            redactor: Redactor::default(),
        }
    }

    /// One thing more.
    pub(super) fn take(&mut self, finding: Finding) {
        match finding {
            Finding::Version(version) => self.invocation.tool_version = Some(self.redactor.text(&version)),
            Finding::Artifact { number, record, .. } => {
                self.artifacts.insert(number, record);
            }
            Finding::Attempt(attempt) => self.attempts.push(*attempt),
            Finding::Missing { requirement } => self.missing.push(self.redactor.text(&requirement)),
            Finding::BlindSpot(reason) => self.invocation.blind_spots.push(self.redactor.text(&reason)),
            Finding::Installed { .. } => {}
        }
    }

    /// Whether any artifact was told of.
    pub(super) fn has_artifacts(&self) -> bool {
        !self.artifacts.is_empty()
    }

    /// The tool's exit status, if it is known.
    pub(super) fn ended(&mut self, exit: Option<u8>) {
        self.invocation.exit_code = exit.map(i32::from);
    }

    fn events(self, at: Moment) -> Vec<Event> {
        let Heard { artifacts, attempts, missing, invocation, redactor } = self;
        let mut events = Vec::with_capacity(artifacts.len() + attempts.len() + 1);
        for (number, artifact) in artifacts {
            let mut record = Box::new(redactor.artifact(&artifact));
            record.add_evidence(Evidence::TEXT);
            events.push(Event::Artifact { at, invocation: invocation.id.clone(), number, record });
        }
        for attempt in attempts {
            let record = Attempt { invocation: Some(invocation.id.clone()), ..redactor.attempt(&attempt) };
            events.push(Event::Attempt { at, record: Box::new(record) });
        }
        for requirement in missing {
            let record =
                Missing { tool: invocation.tool.clone(), requirement, invocation: Some(invocation.id.clone()) };
            events.push(Event::Missing { at, record: Box::new(record) });
        }
        events.push(Event::InvocationFinished { at, record: Box::new(invocation) });
        events
    }
}

/// The document of a session of these invocations, in their order.
pub(super) fn document(invocations: Vec<Heard>) -> anyhow::Result<Vec<u8>> {
    let at = now();
    document_of(invocations.into_iter().flat_map(|heard| heard.events(at)).collect(), at)
}

/// The document of a session of these events, all read at one moment.
pub(super) fn document_of(events: Vec<Event>, at: Moment) -> anyhow::Result<Vec<u8>> {
    let mut document = Vec::new();
    ledger::document(&mut document, &session(events, at))?;
    document.push(b'\n');
    Ok(document)
}

/// The session of these events. When it happened is not known.
fn session(events: Vec<Event>, at: Moment) -> Session {
    let redactor = Redactor::default();
    // It ran elsewhere, for all that is known.
    let build_info = BuildInfo { platform: "unknown".to_owned(), hostname: None, ..build_info([], &redactor) };
    let session = SessionId::at(at);
    let started = Event::SessionStarted { at, schema: SCHEMA, session: session.clone(), build_info };
    let mut session = fold(&session, std::iter::once(started).chain(events));
    (session.started_at, session.finished_at, session.duration_seconds) = (None, None, None);
    let Downloads { wheels, sdists, apt, other } = &mut session.downloads;
    for artifact in wheels.iter_mut().chain(sdists).chain(apt).chain(other) {
        artifact.at = None;
    }
    session
}

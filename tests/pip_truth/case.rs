//! A recorded run of pip, and what the server, the kernel and the disk knew of it.

use std::path::Path;

use serde::Deserialize;
use wheeltap::classify::pip::{Classifier, Options};
use wheeltap::classify::{Channel, Clues, End, Finding};
use wheeltap::event::{Artifact, Attempt};

use crate::pip_runs::{self, Files, Runs};

/// One directory of transcripts.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) version: String,
    pub(crate) scenario: String,
    files: Files,
    pub(crate) truth: Truth,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Truth {
    pub(crate) argv: Vec<String>,
    pub(crate) artifacts: Vec<True>,
}

/// One artifact as it was.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct True {
    pub(crate) kind: String,
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) filename: Option<String>,
    pub(crate) origin: String,
    pub(crate) size_bytes: Option<u64>,
    pub(crate) sha256: Option<String>,
    pub(crate) phase: Option<String>,
}

/// What the classifier said in the end.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) artifacts: Vec<(Artifact, Clues)>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) others: Vec<Finding>,
}

/// Which of the texts are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    LogAndStreams,
    Log,
    Streams,
    /// Standard output and error in one: here one after the other, since their order is lost.
    Both,
    StreamsOfKnownVersion,
}

impl Texts {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Texts::LogAndStreams => "log and streams",
            Texts::Log => "log alone",
            Texts::Streams => "streams alone",
            Texts::Both => "streams in one",
            Texts::StreamsOfKnownVersion => "streams of a pip of known version",
        }
    }

    pub(crate) fn have_log(self) -> bool {
        matches!(self, Texts::LogAndStreams | Texts::Log)
    }
}

impl Case {
    /// All cases of the directory that `WHEELTAP_CORPUS` names, else of those that are kept with the tests.
    pub(crate) fn all() -> Vec<Case> {
        match std::env::var_os("WHEELTAP_CORPUS") {
            Some(directory) => Case::of(&pip_runs::below(Path::new(&directory))),
            None => Case::kept(),
        }
    }

    /// The cases that are kept with the tests.
    pub(crate) fn kept() -> Vec<Case> {
        Case::of(pip_runs::kept())
    }

    fn of(runs: &Runs) -> Vec<Case> {
        let case = |((version, scenario), files): (&(String, String), &Files)| Case {
            version: version.clone(),
            scenario: scenario.clone(),
            truth: serde_json::from_slice(&files["truth.json"]).unwrap(),
            files: files.clone(),
        };
        runs.iter().map(case).collect()
    }

    /// A file of the transcript; what was empty may be missing.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        self.files.get(name).cloned().unwrap_or_default()
    }

    /// The channels of a run in the order in which they are fed.
    pub(crate) fn channels(&self, texts: Texts) -> Vec<(Channel, Vec<u8>)> {
        match texts {
            Texts::LogAndStreams => vec![
                (Channel::Log, self.bytes("log")),
                (Channel::Stdout, self.bytes("log.stdout")),
                (Channel::Stderr, self.bytes("log.stderr")),
            ],
            Texts::Log => vec![(Channel::Log, self.bytes("log"))],
            Texts::Streams | Texts::StreamsOfKnownVersion => {
                vec![(Channel::Stdout, self.bytes("stdout")), (Channel::Stderr, self.bytes("stderr"))]
            }
            Texts::Both => vec![(Channel::Both, [self.bytes("stdout"), self.bytes("stderr")].concat())],
        }
    }

    pub(crate) fn end(&self, texts: Texts) -> End {
        let name = if texts.have_log() { "log.exit" } else { "exit" };
        let code: i32 = String::from_utf8(self.bytes(name)).unwrap().trim().parse().unwrap();
        if code < 0 { End::Signal(-code) } else { End::Code(code) }
    }

    /// What the classifier says of it.
    pub(crate) fn classify(&self, texts: Texts) -> Said {
        let mut all = Vec::new();
        let version = (texts == Texts::StreamsOfKnownVersion).then(|| self.version.clone());
        let mut classifier = Classifier::new(Options { log: texts.have_log(), version, ..Options::default() });
        for (channel, bytes) in self.channels(texts) {
            classifier.feed(channel, &bytes, &mut |finding| all.push(finding));
        }
        classifier.finish(self.end(texts), &mut |finding| all.push(finding));
        Said::of(all)
    }
}

impl Said {
    /// The last word on each artifact.
    pub(crate) fn of(findings: Vec<Finding>) -> Self {
        let mut said = Said::default();
        for finding in findings {
            match finding {
                Finding::Artifact { number, record, clues } => {
                    let at = usize::try_from(number).unwrap();
                    assert!(at <= said.artifacts.len(), "numbers count from 0 in the order of first mention");
                    if at == said.artifacts.len() {
                        said.artifacts.push((*record, *clues));
                    } else {
                        said.artifacts[at] = (*record, *clues);
                    }
                }
                Finding::Attempt(attempt) => said.attempts.push(*attempt),
                other => said.others.push(other),
            }
        }
        said
    }
}

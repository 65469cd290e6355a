//! `wheeltap verify`: whether a command succeeds without the network, with a certificate.
//!
//! The command's own output is its own; the verdict goes to stderr and into `certificate_<stamp>.json`. Refuses to run
//! anything anew when it is given a session: the same rules then judge what was recorded.

mod entries;
mod image;
mod known;
mod offline;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::bail;

use super::{Cannot as _, Console, Hint as _, Status, Tone};
use crate::event::Session;
use crate::ledger::{self, Directory, Files};
use crate::report::certificate::{self, Case, Certificate, Verdict};

/// Certify that a command needs no network, or say what it tried to reach
///
/// The command runs in a network namespace of its own with nothing but the loopback, and every process that it starts
/// is watched. PASS: it succeeded, all of it was seen, and nobody tried to reach out. FAIL: it failed, or somebody did:
/// each try is named with host, process chain and what was wanted. UNKNOWN: the evidence does not suffice, and why.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap verify -- pip install --no-index --find-links wheelhouse -r requirements.txt
  wheeltap verify --known accepted.txt -- make install
  wheeltap verify --inject -- docker build --no-cache .
  wheeltap verify 20261120_153600 --format junit > offline.xml
  wheeltap verify --format github

A line of --known accepts tries to reach a host, `HOST[:PORT]  # why`, or what a server outside
of the cut did, `/PATH/OF/ITS/SOCKET  # why`; with * for any characters.

Exit status:
  0  PASS
  1  FAIL
  2  bad usage or bad input: a command that is not there, a line of --known that accepts nothing
  3  UNKNOWN
The command's own status is in the certificate.

Environment:
  GITHUB_STEP_SUMMARY where --format github appends its summary; the annotations are printed
  WHEELTAP_LOG_DIR    where session and certificate are kept
  WHEELTAP_WITNESS    observe (the default here), counters, off: less than observe makes it UNKNOWN")]
pub(crate) struct Arguments {
    /// The session to judge: a document, a journal, a log directory or a stamp [default: the latest]
    #[arg(value_name = "SESSION")]
    session: Option<PathBuf>,
    /// Accept the tries that this file lists
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Of an image build, watch every process of every step, whatever the Dockerfile knows of wheeltap
    #[arg(long)]
    inject: bool,
    /// How to write the verdict: text, json, junit, sarif, github
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    format: Format,
    /// The command and its arguments
    #[arg(value_name = "CMD", last = true, conflicts_with = "session")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
    Junit,
    Sarif,
    Github,
}

/// Names the file that a job on GitHub shows as its summary.
const GITHUB_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

impl Format {
    fn write(self, certificate: &Certificate, session: &Session) -> anyhow::Result<String> {
        Ok(match self {
            Format::Text => certificate::text(certificate),
            Format::Json => String::from_utf8(document(certificate)?)?,
            Format::Junit => certificate::junit(certificate, session),
            Format::Sarif => certificate::sarif(certificate),
            Format::Github => match std::env::var_os(GITHUB_SUMMARY).filter(|path| !path.is_empty()) {
                None => certificate::github(certificate),
                Some(path) => {
                    use std::io::Write as _;
                    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(PathBuf::from(path))?;
                    file.write_all(certificate::summary(certificate).as_bytes())?;
                    certificate::annotations(certificate)
                }
            },
        })
    }
}

/// Verifies.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let known = arguments.known.as_deref().map(known::read).transpose()?.unwrap_or_default();
    let case = Case { known, ..Case::default() };
    if image::is_build(&arguments.command) {
        return image::run(arguments.command, arguments.inject, case, arguments.format, console);
    }
    if arguments.inject {
        let misplaced: anyhow::Result<Status> = (|| bail!("cannot inject into a command that builds no image"))();
        return misplaced.hint("without `--inject` every process of the command is watched anyway");
    }
    if !arguments.command.is_empty() {
        return offline::run(&arguments.command, case, arguments.format, console);
    }
    let directory = Directory::from_environment();
    let loaded = ledger::load(&directory, arguments.session.as_deref())
        .cannot()
        .hint("`wheeltap verify -- COMMAND` verifies a command; `wheeltap run -- COMMAND` records a session")?;
    let session = loaded.session;
    let certificate = judge(&session, case);
    let text = arguments.format.write(&certificate, &session)?;
    console.data().write_all(text.as_bytes())?;
    Ok(status(certificate.verdict))
}

/// The verdict on a session, with the files around it that vouch for bytes.
fn judge(session: &Session, case: Case) -> Certificate {
    certificate::certify(session, &Case { entries: entries::of(session), ..case })
}

/// Keeps the certificate and says the verdict on stderr.
fn show(
    certificate: &Certificate,
    session: &Session,
    files: &Files,
    format: Format,
    console: &mut Console,
) -> anyhow::Result<Status> {
    let kept = ledger::replace(&files.certificate, &document(certificate)?);
    for line in format.write(certificate, session)?.lines() {
        console.talk(line);
    }
    match kept {
        Ok(()) => console.talk(&format!("wheeltap: {}", files.certificate.display())),
        Err(error) => console.say(Tone::Bad, "error", &format!("cannot {error}")),
    }
    Ok(status(certificate.verdict))
}

fn document(certificate: &Certificate) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Err(error) = ledger::document(&mut bytes, certificate) {
        bail!("cannot write the certificate: {error}");
    }
    Ok(bytes)
}

fn status(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Pass => Status::Ok,
        Verdict::Fail => Status::Finding,
        Verdict::Unknown => Status::Incomplete,
    }
}

//! One invocation of apt as it is recorded.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::command::Command;
use super::configuration::{self, Other};
use super::disk::Disk;
use super::memory::{self, MemoryFile};
use super::question::Question;
use super::survey::Survey;
use super::{dpkg, part};
use crate::classify::Finding;
use crate::classify::apt::{Classifier, Runs};
use crate::shim::fault::may_break;
use crate::shim::session::{Session, now};
use crate::shim::{Call, Recording};
use crate::supervise::{End, Error, Outcome, Setting, Tap};
use crate::witness::{Mode, Sighting};

const UNHOOKED: &str = "apt's configuration keeps our hook away: of packages that lay in the archives, only those are \
                        known that dpkg unpacked and that lie there still";

const UNPLANNED: &str = "apt did not tell its plan when it was asked again: which of the packages lay there already is \
                         not known";

/// Begins the recording of a call of apt, unless it fetches nothing or no session can be had.
pub(crate) fn begin(call: Call<'_>) -> Option<Box<dyn Recording + '_>> {
    let command = Command::of(call.arguments)?;
    let mut session = Session::begin(&call, now())?;
    let records = session.endure(|session| {
        may_break("prepare");
        Records::new(call.arguments).inspect_err(|reason| session.degraded(reason)).ok()
    });
    let (program, arguments) = (call.path.to_owned(), call.arguments.to_vec());
    let tapped = Tapped { disk: Disk::new(), records: records.flatten(), command, program, arguments };
    Some(Box::new(AptRecording { session, tapped }))
}

/// Listens to one apt, without its streams.
struct AptRecording {
    session: Session,
    tapped: Tapped,
}

/// What is known of it before it runs, and what records it.
struct Tapped {
    command: Command,
    program: PathBuf,
    arguments: Vec<OsString>,
    records: Option<Records>,
    disk: Disk,
}

/// What our parts write into, and what makes apt start them.
struct Records {
    configuration: MemoryFile,
    methods: MemoryFile,
    hook: MemoryFile,
}

impl Records {
    fn new(arguments: &[OsString]) -> Result<Self, String> {
        let refused = |why: &str| Err(format!("apt was not given our methods: {why}"));
        if !memory::can_be_reached() {
            return refused("it cannot reach this process through /proc");
        }
        let value = std::env::var_os(configuration::VARIABLE);
        let other = configuration::other(value.as_deref());
        let other = match &other {
            Other::None => None,
            Other::File(path) => Some(path.as_path()),
            Other::Unfit => return refused("APT_CONFIG names no file that can be included"),
        };
        if configuration::moves_the_root(arguments, other) {
            return refused("RootDir moves the path of our binary");
        }
        let methods = configuration::methods();
        if methods.is_empty() {
            return refused("its own were not found");
        }
        let text = configuration::text(&memory::of_ours("exe"), &methods, other);
        let failed = |error| format!("apt was not given our methods: no file in memory could be made: {error}");
        Ok(Records {
            configuration: MemoryFile::with("apt.conf", &text).map_err(failed)?,
            methods: MemoryFile::new("methods.log").map_err(failed)?,
            hook: MemoryFile::new("preinstall.log").map_err(failed)?,
        })
    }

    fn settings(&self) -> Vec<Setting> {
        let paths = [self.methods.path(), self.hook.path()].map(PathBuf::into_os_string);
        vec![
            (configuration::VARIABLE.into(), Some(self.configuration.path().into())),
            (part::VARIABLE.into(), Some(paths.join(OsStr::from_bytes(b":")))),
        ]
    }
}

impl Tap for AptRecording {}

impl Recording for AptRecording {
    fn environment(&self) -> Vec<Setting> {
        self.tapped.records.as_ref().map(Records::settings).unwrap_or_default()
    }

    fn watched(&mut self, mode: Mode, sighting: &Sighting) {
        self.session.endure(|session| session.watched(mode, sighting));
    }

    fn end(self: Box<Self>, outcome: Result<&Outcome, &Error>) {
        let AptRecording { mut session, tapped } = *self;
        match outcome {
            Ok(outcome) => {
                session.endure(Session::flush);
                session.endure(|session| tapped.conclude(session, outcome));
                session.end(Some(outcome.end));
            }
            Err(error) => {
                session.degraded(&format!("the tool runs unrecorded: cannot {error}"));
                session.end(None);
            }
        }
    }
}

impl Tapped {
    /// apt has ended: what the records, the disk and apt itself tell becomes what the session knows.
    fn conclude(self, session: &mut Session, outcome: &Outcome) {
        may_break("conclude");
        let Tapped { command, program, arguments, records, disk } = self;
        let question = Question { program: &program, arguments: &arguments };
        let mut survey = Survey { command, question, disk: &disk, end: outcome.end, hooked: true };
        let mut classifier = Classifier::new(Runs::One);
        classifier.began(disk.began());
        if matches!(outcome.end, End::Signal(_)) {
            classifier.interrupted();
        }
        let mut read = |file: &MemoryFile| {
            let contents = file.read();
            contents.unwrap_or_else(|error| {
                session.degraded(&format!("a record of apt's cannot be read: {error}"));
                Vec::new()
            })
        };
        let (mut messages, mut handed_over) = (Vec::new(), Vec::new());
        match &records {
            None => classifier.incomplete("they were not recorded"),
            Some(records) => {
                (messages, handed_over) = (read(&records.methods), read(&records.hook));
                classifier.recorded_by(memory::of_ours("exe").as_os_str().as_bytes());
                classifier.methods(&messages);
                classifier.hook(&handed_over);
                let unhooked = command.reaches_dpkg() && handed_over.is_empty();
                if unhooked || messages.is_empty() && handed_over.is_empty() {
                    let in_force = question.in_force(&records.settings());
                    if !in_force.methods && messages.is_empty() {
                        classifier.incomplete("apt's configuration overrides ours");
                    }
                    if unhooked && !in_force.hook {
                        survey.hooked = false;
                        session.blind_spot(UNHOOKED);
                    }
                }
            }
        }
        if !survey.tell(&mut classifier, &messages, &handed_over) {
            session.blind_spot(UNPLANNED);
        }
        if let Some(version) = dpkg::version_of_apt() {
            session.version(version);
        }
        for finding in classifier.finish() {
            match finding {
                Finding::Artifact { number, mut record, clues } => {
                    disk.complete(&mut record, &clues);
                    session.artifact(number, &record);
                }
                Finding::Attempt(attempt) => session.attempt(&attempt),
                Finding::Missing { requirement } => session.missing(&requirement),
                Finding::BlindSpot(reason) => session.blind_spot(&reason),
                Finding::Version(_) | Finding::Installed { .. } => {}
            }
        }
    }
}

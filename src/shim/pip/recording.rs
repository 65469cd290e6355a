//! One pip invocation as it is recorded.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use super::cache::present;
use super::installed;
use super::temporaries::Temporaries;
use super::{
    Cache, Command, Configuration, Environment, Files, Inherited, Listener, Log, NoCache, expand, urls, wheel_directory,
};
use crate::classify::{Channel, pip};
use crate::restore::{self, Facts, Plan, Restorer, Terminals};
use crate::shim::session::Session;
use crate::shim::{Call, Recording};
use crate::supervise::{Error, Interpose, Outcome, Setting, Stream, Tap};
use crate::witness::{Mode, Sighting};

/// How often the log is looked at while nothing comes through the streams.
const PERIOD: Duration = Duration::from_millis(50);

/// `never` keeps us from asking pip for a log.
pub(crate) const LOG_VARIABLE: &str = "WHEELTAP_PIP_LOG";

/// Names the log that a session follows, which is therefore nobody's own.
pub(crate) const FOLLOW_VARIABLE: &str = "WHEELTAP_FOLLOW";

/// The variables of pip that name a log.
pub(crate) const LOG_VARIABLES: [&str; 3] = ["PIP_LOG", "PIP_LOG_FILE", "PIP_LOCAL_LOG"];

/// What is said of a log of the user's own that was cut short (`copytruncate` of logrotate, `: > log`).
pub(crate) const LOG_WAS_CUT: &str =
    "pip's log was cut short while it was read: what was written last before that may be missing";

/// Begins the recording of a call of pip, unless it obtains nothing or no session can be had.
pub(crate) fn begin(call: &Call<'_>) -> Option<Box<dyn Recording>> {
    let command = Command::parse(call.own_arguments());
    if !command.can_download() {
        return None;
    }
    let session = Session::begin(call)?;
    Some(Box::new(PipRecording::new(session, &command, call)))
}

/// Listens to one pip.
struct PipRecording {
    listener: Listener,
    hearing: Hearing,
    interpose: Interpose,
}

impl PipRecording {
    fn new(mut session: Session, command: &Command<'_>, call: &Call<'_>) -> PipRecording {
        let (environment, tool) = (&Inherited, call.path);
        let isolated = command.is_isolated();
        let configuration = Configuration::read(command.name().unwrap_or_default(), isolated, tool, environment);
        let directory = std::env::current_dir().unwrap_or_default();
        let cache = Cache::locate(
            command.value(&["cache-dir"], 4),
            command.has("no-cache-dir", 0),
            isolated,
            &configuration,
            environment,
        );
        let version = installed::version(tool);
        version.iter().for_each(|version| session.version(version.clone()));
        let facts = Facts::of(call.arguments, |name| configuration.variable(name, environment));
        let facts = version.iter().fold(facts, |facts, version| facts.with_version(version));
        let hearing = match users_log(command, &configuration, environment) {
            Some(path) => Ok(Hearing { log: Some(Log::of_user(directory.join(path))), ..Hearing::default() }),
            None if environment.given(LOG_VARIABLE).is_some_and(|value| value == "never") => Err("as was asked for"),
            None => Hearing::through_private_log(isolated, facts).unwrap_or_else(|error| {
                session.degraded(&format!("no log for pip could be made: {error}"));
                Err("because it could not be made")
            }),
        };
        let hearing = hearing.unwrap_or_else(|reason| {
            let unseen = "URLs, build dependencies and what `-q` hides are not seen";
            session.blind_spot(&format!("pip was given no log ({reason}): {unseen}"));
            Hearing::default()
        });
        let urls = urls(command, &directory, environment);
        let is_disabled = matches!(cache, Err(NoCache::Disabled));
        let options = pip::Options { log: hearing.log.is_some(), no_cache: is_disabled, version, urls };
        let began = hearing.log.as_ref().and_then(Log::made).unwrap_or_else(present);
        // What is in pip's cache lies there at the end. To end a watch takes the kernel some fifteen milliseconds.
        let temporaries = if is_disabled { Temporaries::of(environment, &directory) } else { Temporaries::default() };
        let files = Files::new(directory, cache, Some(began))
            .of_this_user()
            .with_wheels_in(wheel_directory(command, environment))
            .with_temporaries(temporaries);
        let listener = Listener::new(session, options, files);
        // A stream that is a terminal stays one; the log tells what it shows.
        let interpose =
            Interpose { stdout: !std::io::stdout().is_terminal(), stderr: !std::io::stderr().is_terminal() };
        PipRecording { listener, hearing, interpose }
    }
}

/// How pip's log is had, and what that takes.
#[derive(Default)]
struct Hearing {
    log: Option<Log>,
    restorer: Option<Restorer>,
    settings: Vec<Setting>,
    arguments: Vec<OsString>,
}

impl Hearing {
    /// A fresh log that pip is asked to write, or why there can be none.
    fn through_private_log(isolated: bool, facts: Facts) -> std::io::Result<Result<Hearing, &'static str>> {
        let terminals = Terminals { stdout: std::io::stdout().is_terminal(), stderr: std::io::stderr().is_terminal() };
        let mut hearing = Hearing::default();
        if let Plan::NoLog(reason) = restore::plan(&facts, terminals) {
            return Ok(Err(reason));
        }
        let log = Log::private(&std::env::temp_dir())?;
        let path = log.path().as_os_str().to_owned();
        if isolated {
            // pip ignores its variables then; the option says the same.
            hearing.arguments.extend([OsString::from("--log"), path.clone()]);
        }
        hearing.settings.push((OsString::from("PIP_LOG"), Some(path)));
        Ok(Ok(Hearing { log: Some(log), restorer: Some(Restorer::new(facts)), ..hearing }))
    }
}

/// The log that the user has pip write, in pip's order: command line, environment, configuration. `PIP_LOG` is nobody's
/// own where it names the log that the session follows.
fn users_log(command: &Command<'_>, configuration: &Configuration, environment: &impl Environment) -> Option<PathBuf> {
    if let Some(path) = command.value(&["log", "log-file", "local-log"], 3) {
        return Some(expand(path, environment));
    }
    if !command.is_isolated() {
        let followed = environment.given(FOLLOW_VARIABLE);
        let given = LOG_VARIABLES.iter().find_map(|name| environment.given(name));
        if let Some(path) = given.filter(|path| Some(path) != followed.as_ref()) {
            return Some(expand(path.as_bytes(), environment));
        }
    }
    configuration.log.as_deref().filter(|path| !path.is_empty()).map(|path| expand(path, environment))
}

impl PipRecording {
    /// Reads what the log has got since the last time, for the restorer as well.
    fn read_log(&mut self) {
        if let Some(log) = &mut self.hearing.log {
            log.drain(|bytes| {
                if let Some(restorer) = &mut self.hearing.restorer {
                    restorer.log(bytes);
                }
                self.listener.hear(Channel::Log, bytes);
            });
            if log.was_cut() {
                self.listener.session.blind_spot(LOG_WAS_CUT);
            }
            self.listener.session.flush();
        }
    }
}

impl Tap for PipRecording {
    fn pass(&mut self, from: Stream, input: &[u8], output: &mut Vec<u8>) {
        self.read_log();
        match &mut self.hearing.restorer {
            Some(restorer) => restorer.pass(stream(from), input, output),
            None => output.extend_from_slice(input),
        }
    }

    fn seen(&mut self, from: Stream, input: &[u8]) {
        let channel = match from {
            Stream::Stdout => Channel::Stdout,
            Stream::Stderr => Channel::Stderr,
            Stream::Both => Channel::Both,
        };
        self.listener.hear(channel, input);
        self.listener.session.flush();
    }

    fn close(&mut self, from: Stream, output: &mut Vec<u8>) {
        self.read_log();
        if let Some(restorer) = &mut self.hearing.restorer {
            restorer.close(stream(from), output);
            if from != Stream::Stdout {
                output.append(&mut restorer.leftover());
            }
        }
    }

    fn held(&mut self, from: Stream) -> Vec<u8> {
        self.hearing.restorer.as_mut().map(|restorer| restorer.held(stream(from))).unwrap_or_default()
    }

    fn tick(&mut self) {
        self.read_log();
    }

    fn period(&self) -> Option<Duration> {
        self.hearing.log.is_some().then_some(PERIOD)
    }

    fn watched(&self) -> Option<BorrowedFd<'_>> {
        self.listener.temporaries().descriptor()
    }

    fn woken(&mut self) {
        self.listener.look();
    }
}

impl Recording for PipRecording {
    fn environment(&self) -> Vec<Setting> {
        self.hearing.settings.clone()
    }

    fn arguments(&self) -> Vec<OsString> {
        self.hearing.arguments.clone()
    }

    fn interpose(&self) -> Interpose {
        self.interpose
    }

    fn watched(&mut self, mode: Mode, sighting: &Sighting) {
        self.listener.session.watched(mode, sighting);
    }

    fn end(mut self: Box<Self>, outcome: Result<&Outcome, &Error>) {
        let Ok(outcome) = outcome else { return };
        self.read_log();
        if !self.interpose.stderr
            && let Some(restorer) = &mut self.hearing.restorer
        {
            // Standard error is a terminal, in which nobody stood: what the log swallowed is shown now, or never.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), &restorer.leftover());
        }
        if let Some(panic) = &outcome.tap_panic {
            self.listener.session.degraded(&format!("the recording broke off: {panic}"));
        }
        if outcome.left_behind {
            self.listener.session.blind_spot("a process that pip left behind still writes to its output");
        }
        self.listener.end(Some(outcome.end));
    }
}

fn stream(from: Stream) -> restore::Stream {
    match from {
        Stream::Stdout => restore::Stream::Stdout,
        Stream::Stderr => restore::Stream::Stderr,
        Stream::Both => restore::Stream::Both,
    }
}

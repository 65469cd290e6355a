//! One pip invocation as it is recorded.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::Duration;

use super::cache::present;
use super::installed;
use super::own_log;
use super::temporaries::Temporaries;
use super::{
    Cache, Command, Configuration, Environment, Files, Inherited, Listener, Log, NoCache, own_log_of_variables, urls,
    wheel_directory,
};
use crate::classify::{Channel, pip};
use crate::event::Moment;
use crate::restore::{self, Facts, Plan, Restorer, Terminals};
use crate::shim::fault::{may_break, quietly};
use crate::shim::session::{Session, now};
use crate::shim::{Call, Recording};
use crate::supervise::{Error, Interpose, Outcome, Setting, Stream, Tap};
use crate::witness::{Mode, Sighting};

/// How often the log is looked at while nothing comes through the streams.
const PERIOD: Duration = Duration::from_millis(50);

/// `never` keeps us from asking pip for a log.
pub(crate) const LOG_VARIABLE: &str = "WHEELTAP_PIP_LOG";

/// What is said of a log of the user's own that was cut short (`copytruncate` of logrotate, `: > log`).
pub(crate) const LOG_WAS_CUT: &str =
    "pip's log was cut short while it was read: what was written last before that may be missing";

/// Begins the recording of a call of pip, unless it obtains nothing or no session can be had.
pub(crate) fn begin(call: Call<'_>) -> Option<Box<dyn Recording + '_>> {
    let command = Command::parse(call.own_arguments());
    if !command.can_download() || Session::is_out_of_reach() {
        return None;
    }
    Some(Box::new(PipRecording::new(call, command)))
}

/// Listens to one pip.
struct PipRecording<'a> {
    hearing: Hearing,
    interpose: Interpose,
    /// What waits for pip's start, and nobody for it.
    waiting: Option<Waiting<'a>>,
    /// `None` where no session could be had.
    listener: Option<Listener>,
}

/// What makes a listener once pip runs.
struct Waiting<'a> {
    call: Call<'a>,
    began: Moment,
    /// The error holds the text of a panic.
    prepared: std::io::Result<Prepared<'a>>,
}

/// What a listener has to know.
struct Prepared<'a> {
    command: Command<'a>,
    version: Option<String>,
    directory: PathBuf,
    files: Files,
    is_cache_disabled: bool,
    degraded: Option<String>,
    blind_spot: Option<String>,
}

impl<'a> PipRecording<'a> {
    fn new(call: Call<'a>, command: Command<'a>) -> PipRecording<'a> {
        let began = now();
        let (hearing, interpose, prepared) = match quietly(|| Prepared::of(&call, command)) {
            // A stream that is a terminal stays one; the log tells what it shows.
            Ok((hearing, prepared)) => {
                let stdout = !std::io::stdout().is_terminal();
                (hearing, Interpose { stdout, stderr: !std::io::stderr().is_terminal() }, Ok(prepared))
            }
            Err(panic) => (Hearing::default(), Interpose::default(), Err(panic)),
        };
        let waiting = Some(Waiting { call, began, prepared });
        PipRecording { hearing, interpose, waiting, listener: None }
    }
}

impl<'a> Prepared<'a> {
    fn of(call: &Call<'_>, command: Command<'a>) -> (Hearing, Prepared<'a>) {
        may_break("prepare");
        let (environment, tool) = (&Inherited, call.path);
        let isolated = command.is_isolated();
        let configuration = Configuration::read(command.name().unwrap_or_default(), isolated, tool, environment);
        let directory = std::env::current_dir().unwrap_or_default();
        let version = installed::version(tool);
        let facts = Facts::of(call.arguments, |name| configuration.variable(name, environment));
        let facts = version.iter().fold(facts, |facts, version| facts.with_version(version));
        let mut degraded = None;
        let hearing = match own_log::of(&command, &configuration, environment) {
            Some(path) => Ok(Hearing { log: Some(Log::of_user(directory.join(path))), ..Hearing::default() }),
            None if environment.given(LOG_VARIABLE).is_some_and(|value| value == "never") => Err("as was asked for"),
            None => Hearing::through_private_log(isolated, facts).unwrap_or_else(|error| {
                degraded = Some(format!("no log for pip could be made: {error}"));
                Err("because it could not be made")
            }),
        };
        let (mut hearing, blind_spot) = match hearing {
            Ok(hearing) => (hearing, None),
            Err(reason) => {
                let unseen = "URLs, build dependencies and what `-q` hides are not seen";
                (Hearing::default(), Some(format!("pip was given no log ({reason}): {unseen}")))
            }
        };
        if hearing.settings.is_empty() {
            hearing.settings.extend(own_log::without_followed(environment));
        }
        let cache = Cache::of(&command, &directory, &configuration, environment);
        let is_cache_disabled = matches!(cache, Err(NoCache::Disabled));
        let written = hearing.log.as_ref().and_then(Log::made).unwrap_or_else(present);
        // What is in pip's cache lies there at the end. To end a watch takes the kernel some fifteen milliseconds.
        let temporaries =
            if is_cache_disabled { Temporaries::of(environment, &directory) } else { Temporaries::default() };
        let files = Files::new(directory.clone(), cache, Some(written)).of_this_user().with_temporaries(temporaries);
        (hearing, Prepared { command, version, directory, files, is_cache_disabled, degraded, blind_spot })
    }

    /// What is told of it, and what is listened with.
    fn told(self, session: &mut Session, has_log: bool) -> (pip::Options, Files) {
        may_break("begin");
        self.version.iter().for_each(|version| session.version(version.clone()));
        self.degraded.iter().for_each(|reason| session.degraded(reason));
        self.blind_spot.iter().for_each(|reason| session.blind_spot(reason));
        let urls = urls(&self.command, &self.directory, &Inherited);
        let options = pip::Options { log: has_log, no_cache: self.is_cache_disabled, version: self.version, urls };
        (options, self.files.with_wheels_in(wheel_directory(&self.command, &Inherited)))
    }
}

impl Waiting<'_> {
    /// Opens the session, of which pip needs to know nothing.
    fn listener(self, has_log: bool) -> Option<Listener> {
        let session = Session::begin(&self.call, self.began)?;
        let mut listener = Listener::new(session, |session| {
            let prepared = self.prepared.inspect_err(|panic| session.broke_off(&panic.to_string())).ok()?;
            Some(prepared.told(session, has_log))
        });
        listener.flush();
        Some(listener)
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
        // A nested pip does not ignore them: it writes what the user has it write.
        if !isolated || own_log_of_variables(&Inherited).is_none() {
            hearing.settings.push((OsString::from(own_log::PIP_LOG), Some(path)));
        }
        Ok(Ok(Hearing { log: Some(log), restorer: Some(Restorer::new(facts)), ..hearing }))
    }
}

impl PipRecording<'_> {
    /// Reads what the log has got since the last time, for the restorer as well.
    fn read_log(&mut self) {
        if let Some(log) = &mut self.hearing.log {
            log.drain(|bytes| {
                if let Some(restorer) = &mut self.hearing.restorer {
                    restorer.log(bytes);
                }
                self.listener.iter_mut().for_each(|listener| listener.hear(Channel::Log, bytes));
            });
            if let Some(listener) = &mut self.listener {
                if log.was_cut() {
                    listener.blind_spot(LOG_WAS_CUT);
                }
                listener.flush();
            }
        }
    }

    /// Reads what is left of the log, whatever has broken.
    fn read_rest(&mut self) {
        if quietly(|| self.read_log()).is_err() {
            self.hearing.restorer = None;
            let _ = quietly(|| self.read_log());
        }
    }
}

impl Tap for PipRecording<'_> {
    fn started(&mut self) {
        let has_log = self.hearing.log.is_some();
        let waiting = self.waiting.take();
        // Without a session there is nobody to tell that there is none.
        self.listener = quietly(|| waiting?.listener(has_log)).ok().flatten();
    }

    fn pass(&mut self, from: Stream, input: &[u8], output: &mut Vec<u8>) {
        self.read_log();
        may_break("restore");
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
        if let Some(listener) = &mut self.listener {
            listener.hear(channel, input);
            listener.flush();
        }
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
        self.listener.as_ref()?.watched()
    }

    fn woken(&mut self) {
        self.listener.iter_mut().for_each(Listener::look);
    }
}

impl Recording for PipRecording<'_> {
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
        self.listener.iter_mut().for_each(|listener| listener.witnessed(mode, sighting));
    }

    fn end(mut self: Box<Self>, outcome: Result<&Outcome, &Error>) {
        let Ok(outcome) = outcome else { return };
        self.read_rest();
        if (!self.interpose.stderr || outcome.tap_panic.is_some())
            && let Some(Ok(leftover)) = self.hearing.restorer.as_mut().map(|restorer| quietly(|| restorer.leftover()))
        {
            // Nobody stood in standard error, a terminal, or who stood there is broken: what the log swallowed is shown
            // now, or never.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), &leftover);
        }
        let Some(mut listener) = self.listener else { return };
        outcome.tap_panic.iter().for_each(|panic| listener.broke_off(panic));
        if outcome.left_behind {
            listener.blind_spot("a process that pip left behind still writes to its output");
        }
        listener.end(Some(outcome.end));
    }
}

fn stream(from: Stream) -> restore::Stream {
    match from {
        Stream::Stdout => restore::Stream::Stdout,
        Stream::Stderr => restore::Stream::Stderr,
        Stream::Both => restore::Stream::Both,
    }
}

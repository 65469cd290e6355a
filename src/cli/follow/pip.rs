//! One pip that is followed: what a shim knows of the pip that it starts, found out from the process.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::Books;
use super::installed::prefix_of;
use super::writer::Writer;
use crate::classify::{Channel, pip};
use crate::event::{Invocation, Redactor, text};
use crate::ledger::invocation_id;
use crate::restore::{Facts, Restorer};
use crate::shim::pip::{
    Cache, Command, Configuration, Environment, Files, Listener, NoCache, arguments_of_module, installed_version, urls,
    wheel_directory,
};
use crate::shim::{Session, look_up, quietly};

/// A pip that is followed.
pub(crate) struct Pip {
    /// `None` if it can obtain nothing, or nothing can be recorded.
    listener: Option<Listener>,
    /// Whether it is known to be worth a record; else only its text can tell.
    is_certain: bool,
    /// Gives back what the log took from its output; `None` if the log was the user's wish.
    restorer: Option<Restorer>,
    prefixes: Vec<PathBuf>,
}

/// The environment of the process that is followed.
impl Environment for Writer {
    fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        self.environment.iter().cloned()
    }

    fn get(&self, name: &str) -> Option<OsString> {
        self.variable(name).map(OsStr::to_owned)
    }

    fn user(&self) -> Option<u32> {
        self.user
    }
}

impl Pip {
    /// Begins to record the pip that `writer` is.
    pub(crate) fn begin(writer: Option<&Writer>, books: &Books) -> Pip {
        match writer.map(|writer| quietly(|| Pip::of_process(writer, books))) {
            Some(Ok(pip)) => pip,
            Some(Err(panic)) => {
                let mut pip = Pip::of_nobody(books);
                pip.broke_off(&panic);
                pip
            }
            None => Pip::of_nobody(books),
        }
    }

    fn of_process(writer: &Writer, books: &Books) -> Pip {
        let call = Call::of(&writer.argv);
        let command = Command::parse(&writer.argv[call.own..]);
        let directory = writer.directory.clone().unwrap_or_default();
        let tool = match call.tool.as_bytes().contains(&b'/') {
            true => directory.join(call.tool),
            false => find(call.tool, writer),
        };
        if !command.can_download() {
            return Pip { listener: None, is_certain: true, restorer: None, prefixes: Vec::new() };
        }
        let configuration =
            Configuration::read(command.name().unwrap_or_default(), command.is_isolated(), &tool, writer);
        let cache = Cache::of(&command, &directory, &configuration, writer);
        let variables = writer.environment.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let redactor = match writer.environment.is_empty() {
            // Another user's may not be read.
            true => books.redactor.clone(),
            false => Redactor::learn(writer.argv.iter().map(|argument| argument.as_bytes()), variables),
        };
        let arguments: Vec<Vec<u8>> = writer.argv.iter().map(|argument| argument.as_bytes().to_vec()).collect();
        let invocation = Invocation {
            tool_path: Some(text(tool.as_os_str().as_bytes())),
            tool_version: installed_version(&tool),
            argv: redactor.arguments(&arguments),
            cwd: writer.directory.as_ref().map(|directory| text(directory.as_os_str().as_bytes())),
            started_at: writer.started_at,
            ..Invocation::new(invocation_id(), "pip", "log")
        };
        let options = pip::Options {
            log: true,
            no_cache: matches!(cache, Err(NoCache::Disabled)),
            version: installed_version(&tool),
            urls: urls(&command, &directory, writer),
        };
        // The start is known to the hundredth of a second only, and never too late.
        let began = writer.started_at.map(|at| i128::from(at.microseconds()) * 1000);
        let files = Files::new(directory, cache, began).with_wheels_in(wheel_directory(&command, writer));
        let session = books.journal().map(|journal| Session::of(journal, redactor, invocation));
        let listener = session.map(|session| Listener::new(session, |_| Some((options, files))));
        let own = std::iter::once(OsString::from("pip")).chain(writer.argv[call.own..].iter().cloned());
        let facts = Facts::of(&own.collect::<Vec<_>>(), |name| writer.get(name));
        let facts = installed_version(&tool).iter().fold(facts, |facts, version| facts.with_version(version));
        let restorer = books.gives_back.then(|| Restorer::new(facts));
        let programs = [Some(tool.as_path()), writer.argv.first().map(Path::new)];
        let mut prefixes: Vec<PathBuf> = programs.into_iter().flatten().filter_map(prefix_of).collect();
        prefixes.extend(writer.given("VIRTUAL_ENV").map(PathBuf::from));
        Pip { listener, is_certain: true, restorer, prefixes }
    }

    /// The process was gone before it could be found.
    fn of_nobody(books: &Books) -> Pip {
        let invocation = Invocation::new(invocation_id(), "pip", "log");
        let session = books.journal().map(|journal| Session::of(journal, books.redactor.clone(), invocation));
        let options = pip::Options { log: true, ..pip::Options::default() };
        let files = Files::new(PathBuf::new(), Err(NoCache::Unknown), None);
        let listener = session.map(|session| {
            Listener::new(session, |session| {
                session.blind_spot("the process was too fast to be asked for its command line and directory");
                Some((options, files))
            })
        });
        let restorer = books.gives_back.then(|| Restorer::new(Facts::default()));
        Pip { listener, is_certain: false, restorer, prefixes: Vec::new() }
    }

    /// The pip has logged this.
    pub(crate) fn hear(&mut self, lines: &[u8]) {
        if let Some(restorer) = &mut self.restorer {
            let swallowed = quietly(|| {
                restorer.log(lines);
                restorer.leftover()
            });
            match swallowed {
                // Nobody stands in its streams: the output of a failed build comes beside them, but it comes at once.
                // That it cannot be written is nobody's concern.
                Ok(swallowed) => drop(std::io::stderr().write_all(&swallowed)),
                Err(panic) => {
                    self.restorer = None;
                    self.broke_off(&panic);
                }
            }
        }
        if let Some(listener) = &mut self.listener {
            listener.hear(Channel::Log, lines);
            self.is_certain |= listener.has_understood();
            if self.is_certain {
                listener.flush();
            }
        }
    }

    /// Its log is mixed with that of another.
    pub(crate) fn mixed(&mut self) {
        if let Some(listener) = &mut self.listener {
            listener.blind_spot("another pip wrote the same log at the same time: lines of both may be mixed up");
        }
    }

    fn broke_off(&mut self, panic: &io::Error) {
        self.listener.iter_mut().for_each(|listener| listener.broke_off(&panic.to_string()));
    }

    /// The pip has ended; the prefixes of the environments that it may have installed into.
    pub(crate) fn end(self) -> Vec<PathBuf> {
        if let Some(listener) = self.listener.filter(|_| self.is_certain) {
            listener.end(None);
        }
        self.prefixes
    }
}

/// A command line of pip's, as a process has it.
struct Call<'a> {
    /// The script, or the interpreter that runs the module.
    tool: &'a OsStr,
    /// Where pip's own arguments begin.
    own: usize,
}

impl<'a> Call<'a> {
    /// `python -m pip ...`, `python [options] /path/to/pip ...` as the kernel makes it of a script, or a program.
    fn of(argv: &'a [OsString]) -> Call<'a> {
        let Some((program, arguments)) = argv.split_first() else { return Call { tool: OsStr::new(""), own: 0 } };
        if let Some(own) = arguments_of_module(arguments) {
            return Call { tool: program, own: own + 1 };
        }
        match arguments.iter().position(|argument| !argument.as_bytes().starts_with(b"-")) {
            Some(script) if is_python(program) => Call { tool: &arguments[script], own: script + 2 },
            _ => Call { tool: program, own: 1 },
        }
    }
}

/// The program that a process was started as by its name.
fn find(name: &OsStr, writer: &Writer) -> PathBuf {
    let found = look_up(name, writer.variable("PATH"), &[]);
    found.programs.into_iter().next().map_or_else(|| PathBuf::from(name), |(program, _)| program)
}

fn is_python(program: &OsStr) -> bool {
    let name = Path::new(program).file_name().unwrap_or_default().as_bytes();
    name.starts_with(b"python") || name.starts_with(b"pypy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_command_lines_of_processes_apart() {
        for (line, tool, own) in [
            ("/v/bin/python /v/bin/pip install six", "/v/bin/pip", "install six"),
            ("/v/bin/python3.11 -sP /usr/bin/pip3 -q download", "/usr/bin/pip3", "-q download"),
            ("python3 -m pip download x", "python3", "download x"),
            ("python -Im pip", "python", ""),
            ("/usr/bin/pip install", "/usr/bin/pip", "install"),
            ("/v/bin/python /v/lib/pip/__pip-runner__.py install x", "/v/lib/pip/__pip-runner__.py", "install x"),
            ("", "", ""),
        ] {
            let argv: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            let call = Call::of(&argv);
            assert_eq!((call.tool, argv[call.own..].join(OsStr::new(" "))), (OsStr::new(tool), own.into()), "{line}");
        }
    }
}

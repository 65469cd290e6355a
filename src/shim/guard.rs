//! What keeps a shim from being itself again: one variable, `WHEELTAP_GUARD`, that it leaves to the tool.
//!
//! Other shim families find "the real tool" on `PATH`, too, and may find us: pyenv's `pip` runs pyenv, which for the
//! version `system` runs the first `pip` that is not pyenv's. So what we start may start us again, in two quite different
//! ways that the variable tells apart:
//!
//! - **The search goes on.** We started something that is not the tool itself (a script of another family, a copy of
//!   ourselves), and it became us, in the same process with at least the same arguments (or in a child of its own with
//!   the very same arguments in the same directory). Then we are transparent: nothing is recorded again, and of what we
//!   find everything is passed over that was started in this search already.
//! - **A nested call.** The tool itself, or somebody that it started, calls the tool: a build backend that runs `pip`.
//!   The search begins afresh. If the outer call is recorded and its variables still stand, its recording covers the
//!   nested call, which is then a plain `exec`; if they are gone, or there are none, the nested call is an invocation of
//!   its own. Either way nothing is recorded twice.
//!
//! What does not end this way (two wrappers that call each other with ever new arguments) ends at [`DEEPEST`] levels.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;

use super::Tool;
use super::lookup::FileId;
use crate::supervise::Setting;

/// The variable.
pub(super) const VARIABLE: &str = "WHEELTAP_GUARD";

/// No honest build nests calls so deeply.
pub(super) const DEEPEST: u32 = 100;

/// The layout of the variable; another layout is no guard.
const LAYOUT: &str = "1";

/// More arguments are not compared.
const MOST_ARGUMENTS: usize = 256;

/// What a shim leaves to those whom it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Guard {
    /// How many shims this one came through.
    pub(super) depth: u32,
    /// The process that goes on with the search, if it does: ours, or a child of ours.
    process: Process,
    directory: Option<FileId>,
    /// Hashes of the arguments, `argv[0]` aside.
    arguments: Vec<u32>,
    /// What was started last.
    started: Option<FileId>,
    /// The shims of this search, and what they started that is not the tool itself.
    passed: Vec<FileId>,
    /// The recordings that are under way.
    recorded: Vec<Recorded>,
}

/// Who the started program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// The process of this number, which the program replaced.
    Itself(u32),
    /// A child of the process of this number.
    ChildOf(u32),
}

impl Default for Process {
    fn default() -> Process {
        Process::Itself(0)
    }
}

/// A recording and the variables by which it reaches nested calls: name and hash of the value, `None` if unset.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Recorded {
    tool: String,
    variables: Vec<(String, Option<u32>)>,
}

/// This call, as far as a guard looks at it.
#[derive(Clone, Debug)]
pub(super) struct Here {
    pub(super) process: u32,
    pub(super) parent: u32,
    pub(super) directory: Option<FileId>,
    pub(super) arguments: Vec<u32>,
    /// The files that are us.
    pub(super) ourselves: Vec<FileId>,
}

/// The hashes of a call's arguments, `argv[0]` aside.
pub(super) fn hashes(arguments: &[OsString]) -> Vec<u32> {
    arguments.iter().take(MOST_ARGUMENTS).map(|argument| hash(argument)).collect()
}

impl Guard {
    /// Whether this call goes on with the search of the shim that left this guard.
    pub(super) fn goes_on(&self, here: &Here) -> bool {
        let Some(started) = self.started else { return false };
        if !self.passed.contains(&started) && !here.ourselves.contains(&started) {
            return false;
        }
        let same_process = match self.process {
            Process::Itself(number) => number == here.process,
            Process::ChildOf(number) => number == here.parent,
        };
        if same_process {
            contains_in_order(&here.arguments, &self.arguments)
        } else {
            here.arguments == self.arguments && here.directory == self.directory
        }
    }

    /// The files that a search that goes on passes over.
    pub(super) fn passed(&self) -> &[FileId] {
        &self.passed
    }

    /// Whether a recording of `tool` covers this call: all that it set is still as it set it, and it set something.
    pub(super) fn covers(&self, tool: Tool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
        self.recorded.iter().filter(|recorded| recorded.tool == tool.name()).any(|recorded| {
            !recorded.variables.is_empty()
                && recorded.variables.iter().all(|(name, value)| variable(name).map(|value| hash(&value)) == *value)
        })
    }

    /// The guard for what we start: `program`, which may be the tool itself.
    pub(super) fn next(before: Option<&Guard>, goes_on: bool, here: &Here, program: FileId, is_tool: bool) -> Guard {
        let mut passed = before.filter(|_| goes_on).map(|guard| guard.passed.clone()).unwrap_or_default();
        let new = here.ourselves.iter().chain((!is_tool).then_some(&program));
        passed.extend(new);
        passed.dedup();
        Guard {
            depth: before.map_or(0, |guard| guard.depth) + 1,
            process: Process::Itself(here.process),
            directory: here.directory,
            arguments: here.arguments.clone(),
            started: Some(program),
            passed,
            recorded: before.map(|guard| guard.recorded.clone()).unwrap_or_default(),
        }
    }

    /// The same where the program is not to replace us but to be recorded, with these settings, as our child.
    pub(super) fn recording(mut self, tool: Tool, settings: &[Setting]) -> Guard {
        if let Process::Itself(number) = self.process {
            self.process = Process::ChildOf(number);
        }
        self.recorded.retain(|recorded| recorded.tool != tool.name());
        let variables = settings.iter().filter_map(|(name, value)| {
            let name = name.to_str().filter(|name| name.bytes().all(is_plain))?;
            Some((name.to_owned(), value.as_ref().map(|value| hash(value))))
        });
        self.recorded.push(Recorded { tool: tool.name().to_owned(), variables: variables.collect() });
        self
    }

    /// The variable for the program to start.
    pub(super) fn setting(&self) -> Setting {
        (OsString::from(VARIABLE), Some(OsString::from(self.to_string())))
    }
}

/// Whether `part` is in `whole`, in the same order but perhaps with others in between: wrappers add arguments.
fn contains_in_order(whole: &[u32], part: &[u32]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|wanted| whole.any(|hash| hash == wanted))
}

/// FNV-1a. Nothing secret rests on it: who can read the guard can read the arguments.
fn hash(text: &OsStr) -> u32 {
    text.as_bytes().iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Whether a byte of a variable's name needs no quoting here.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl std::fmt::Display for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{LAYOUT};{};", self.depth)?;
        match self.process {
            Process::Itself(number) => write!(f, "={number};")?,
            Process::ChildOf(number) => write!(f, "<{number};")?,
        }
        let files = |files: &[FileId]| files.iter().map(FileId::to_string).collect::<Vec<_>>().join(",");
        write!(f, "{};", files(self.directory.as_slice()))?;
        self.arguments.iter().try_for_each(|hash| write!(f, "{hash:08x}"))?;
        write!(f, ";{};{};", files(self.started.as_slice()), files(&self.passed))?;
        for (index, recorded) in self.recorded.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            f.write_str(&recorded.tool)?;
            for (name, value) in &recorded.variables {
                write!(f, " {name}")?;
                if let Some(value) = value {
                    write!(f, "={value:08x}")?;
                }
            }
        }
        Ok(())
    }
}

/// The variable is not such a guard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoGuard;

impl FromStr for Guard {
    type Err = NoGuard;

    fn from_str(text: &str) -> Result<Guard, NoGuard> {
        let fields: Vec<&str> = text.split(';').collect();
        let [LAYOUT, depth, process, directory, arguments, started, passed, recorded] = fields[..] else {
            return Err(NoGuard);
        };
        let files = |text: &str| text.split(',').filter(|file| !file.is_empty()).map(FileId::from_str).collect();
        let directory: Result<Vec<FileId>, NoGuard> = files(directory);
        let started: Result<Vec<FileId>, NoGuard> = files(started);
        Ok(Guard {
            depth: depth.parse().map_err(|_| NoGuard)?,
            process: if let Some(number) = process.strip_prefix('=') {
                Process::Itself(number.parse().map_err(|_| NoGuard)?)
            } else {
                let number = process.strip_prefix('<').ok_or(NoGuard)?;
                Process::ChildOf(number.parse().map_err(|_| NoGuard)?)
            },
            directory: directory?.first().copied(),
            arguments: arguments
                .as_bytes()
                .chunks(8)
                .map(|digits| hexadecimal(std::str::from_utf8(digits).map_err(|_| NoGuard)?))
                .collect::<Result<_, _>>()?,
            started: started?.first().copied(),
            passed: files(passed)?,
            recorded: recorded
                .split(',')
                .filter(|recorded| !recorded.is_empty())
                .map(Recorded::from_str)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl FromStr for Recorded {
    type Err = NoGuard;

    fn from_str(text: &str) -> Result<Recorded, NoGuard> {
        let mut words = text.split(' ');
        let tool = words.next().unwrap_or_default().to_owned();
        let variables = words.map(|word| match word.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), Some(hexadecimal(value)?))),
            None => Ok((word.to_owned(), None)),
        });
        Ok(Recorded { tool, variables: variables.collect::<Result<_, _>>()? })
    }
}

fn hexadecimal(text: &str) -> Result<u32, NoGuard> {
    u32::from_str_radix(text, 16).map_err(|_| NoGuard)
}

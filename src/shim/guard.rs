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

    /// Whether what is started under this guard is the tool itself.
    pub(super) fn is_of_tool(&self, program: FileId) -> bool {
        !self.passed.contains(&program)
    }

    /// Whether a recording is under way.
    pub(super) fn is_recorded(&self) -> bool {
        !self.recorded.is_empty()
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
        let file = |text: &str| FileId::parse(text).ok_or(NoGuard);
        let files = |text: &str| text.split(',').filter(|file| !file.is_empty()).map(file).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn file(number: u64) -> FileId {
        FileId::parse(&format!("1:{number:x}")).unwrap()
    }

    fn here(process: u32, parent: u32, arguments: &[&str]) -> Here {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let ourselves = vec![file(1)];
        Here { process, parent, directory: Some(file(9)), arguments: hashes(&arguments), ourselves }
    }

    /// Ours, in process 100 with `install x`, about to start file 2.
    fn left(is_tool: bool) -> Guard {
        Guard::next(None, false, &here(100, 1, &["install", "x"]), file(2), is_tool)
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let settings = [("A".into(), Some("1".into())), ("B".into(), None)];
        for guard in [
            Guard::default(),
            left(true),
            left(false),
            left(true).recording(Tool::Pip, &settings),
            left(true).recording(Tool::Pip, &settings).recording(Tool::Apt, &[]),
        ] {
            assert_eq!(guard.to_string().parse(), Ok(guard));
        }
    }

    #[test]
    fn a_search_goes_on_where_it_came_from_something_that_searches() {
        for (is_tool, expected) in [(false, true), (true, false)] {
            let guard = left(is_tool);
            assert_eq!(guard.goes_on(&here(100, 1, &["install", "x"])), expected, "the same process");
            assert_eq!(guard.goes_on(&here(100, 1, &["install", "--more", "x"])), expected, "with more arguments");
            assert_eq!(guard.goes_on(&here(101, 100, &["install", "x"])), expected, "a child, the same arguments");
            assert!(!guard.goes_on(&here(100, 1, &["x", "install"])), "other arguments");
            assert!(!guard.goes_on(&here(101, 100, &["install", "--more", "x"])), "a child with more arguments");
        }
        let elsewhere = Here { directory: Some(file(8)), ..here(101, 100, &["install", "x"]) };
        assert!(!left(false).goes_on(&elsewhere), "a child in another directory");
        let recorded = left(false).recording(Tool::Pip, &[]);
        assert!(recorded.goes_on(&here(101, 100, &["install", "--more", "x"])), "the recorded child");
    }

    #[test]
    fn a_copy_that_is_started_as_the_tool_knows_it() {
        let copy = Here { ourselves: vec![file(2)], ..here(100, 1, &["install", "x"]) };
        assert!(left(true).goes_on(&copy));
        let next = Guard::next(Some(&left(true)), true, &copy, file(3), true);
        assert_eq!((next.passed(), next.depth), (&[file(1), file(2)][..], 2));
    }

    #[test]
    fn a_recording_covers_what_still_has_all_that_it_set() {
        let settings = [("A".into(), Some("1".into())), ("B".into(), None)];
        let guard = left(true).recording(Tool::Pip, &settings);
        let with = |a: Option<&'static str>, b: Option<&'static str>| {
            guard.covers(Tool::Pip, |name| if name == "A" { a } else { b }.map(OsString::from))
        };
        assert!(with(Some("1"), None));
        assert!(!with(Some("2"), None) && !with(None, None) && !with(Some("1"), Some("")));
        assert!(!guard.covers(Tool::Apt, |_| Some("1".into())), "another tool");
        assert!(!left(true).recording(Tool::Pip, &[]).covers(Tool::Pip, |_| None), "what sets nothing reaches nobody");
    }
}

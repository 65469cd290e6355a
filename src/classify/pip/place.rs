//! Where a line stands: in pip's own text, in that of a pip that installs what a build needs, or in another program's.
//!
//! pip mixes the output of the programs that it runs with its own lines and rarely says where it ends; and a pip that a
//! pip runs writes to the same log, so that each of its lines is there twice, once indented. Refuses to read other
//! programs' output, whatever it looks like.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::grammar::{Line, is_pip, is_version_control};

/// What may be believed of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// pip's own, for what the user asked.
    Main,
    /// pip's own, for what a build needs.
    Build,
    /// Another program's.
    Foreign,
}

/// Follows one channel.
#[derive(Debug, Default)]
pub(super) struct Places {
    nested: Option<Nested>,
    /// Programs whose output may follow. Where a nested pip writes to this log itself, each of them is there at two
    /// depths, and the text at one depth goes on when that at the other has ended.
    foreign: Vec<Foreign>,
    block: Option<Block>,
    /// Whether the output of a failed program that will follow is that of pip.
    block_of_pip: bool,
    /// The directory in which the outermost pip keeps the sources that it builds.
    home: Option<Vec<u8>>,
}

/// A pip for what a build needs.
#[derive(Debug, Default)]
struct Nested {
    /// The indentation of the line that announced it.
    base: usize,
    /// It writes to this log itself, from no indentation on.
    own: bool,
    /// It is a process of its own, of whose text the outer pip shows a part.
    piped: bool,
    /// It has sources to build, so that lines of building are not yet those of the outer pip.
    sources: bool,
    copies: HashMap<u64, Vec<(usize, usize)>>,
}

/// A program that is no pip.
#[derive(Debug)]
struct Foreign {
    /// The indentation of its `Running command`: its lines have that, or more.
    indent: usize,
    /// pip does not say that it has ended, but what it learnt from it, two spaces further left.
    silent: bool,
}

/// The quoted output of a failed program.
#[derive(Debug)]
struct Block {
    left: usize,
    of_pip: bool,
}

/// Above this many different lines of a nested pip the oldest are forgotten; there are a few hundred.
const COPIES: usize = 1 << 15;
/// As many programs may be under way at different depths.
const DEEPEST: usize = 16;

impl Places {
    /// Where this line stands; it may open or close a part of the text. `None` for the second copy of a line.
    pub(super) fn place(&mut self, indent: usize, text: &[u8], line: &Line<'_>) -> Option<Place> {
        if let Some(block) = &mut self.block {
            let of_pip = block.of_pip;
            block.left = block.left.saturating_sub(1);
            if block.left == 0 {
                self.block = None;
            }
            return Some(if of_pip { Place::Build } else { Place::Foreign });
        }
        self.turn(indent, line);
        if self.foreign.iter().any(|foreign| foreign.indent <= indent) {
            return Some(Place::Foreign);
        }
        match &mut self.nested {
            Some(nested) => nested.is_new(indent, text, line).then_some(Place::Build),
            None => Some(Place::Main),
        }
    }

    /// Whether the lines here are those that a failed program had printed.
    pub(super) fn is_quoting(&self) -> bool {
        self.block.is_some()
    }

    /// Whether all that pip logs is in the text here, and not only what it shows when asked to be verbose.
    pub(super) fn is_whole(&self) -> bool {
        self.nested.as_ref().is_none_or(|nested| nested.own || !nested.piped)
    }

    fn turn(&mut self, indent: usize, line: &Line<'_>) {
        match line {
            Line::Running { command } if is_pip(command) => {
                self.open(indent);
                if let Some(nested) = &mut self.nested {
                    nested.piped = true;
                }
            }
            Line::Running { command } if is_version_control(command) => self.leave_foreign(indent),
            Line::Running { command } => {
                self.close_before(indent);
                self.leave_foreign(indent);
                if self.foreign.len() < DEEPEST {
                    self.foreign.push(Foreign { indent, silent: command.ends_with(b"setup.py egg_info") });
                }
            }
            Line::Dependencies => self.open(indent),
            Line::DependenciesDone | Line::Step => {
                self.leave_foreign(indent);
                self.close_before(indent);
            }
            Line::Version { begins: true, .. } if indent == 0 => self.begin(),
            Line::Outermost if indent == 0 => *self = Places::default(),
            Line::Source { path } => {
                self.leave_foreign(indent);
                self.foreign.retain(|foreign| !(foreign.silent && foreign.indent == indent + 2));
                match &self.home {
                    Some(home) if path.starts_with(home) => self.close(),
                    _ => self.close_before(indent),
                }
            }
            Line::Discarding => {
                self.leave_foreign(indent);
                self.close_before(indent);
            }
            Line::Output { lines } if *lines > 0 => {
                self.block = Some(Block { left: *lines, of_pip: self.block_of_pip });
            }
            Line::OutputOf { description } => {
                self.block_of_pip = is_pip(description) || description.ends_with(b" dependencies");
            }
            Line::Temporary { path } => {
                self.leave_foreign(indent);
                if self.nested.is_none() && self.home.is_none() && is_home(path) {
                    self.home = Some(path.to_vec());
                }
            }
            Line::Built { .. } | Line::Chosen { .. } => self.leave_foreign(indent),
            _ if !self.has_two_depths() => self.foreign.retain(|foreign| foreign.indent <= indent),
            _ => {}
        }
        let sources = |target: &[u8]| !target.ends_with(b".whl") && !target.ends_with(b".metadata");
        if let (Some(nested), Line::Downloading { target, .. } | Line::Cached { target, .. }) = (&mut self.nested, line)
        {
            nested.sources |= sources(target);
        } else if let (Some(nested), Line::Processing { path } | Line::Clone { path, .. }) = (&mut self.nested, line) {
            nested.sources |= sources(path);
        }
    }

    /// A pip for a build's needs was announced.
    fn open(&mut self, indent: usize) {
        self.leave_foreign(indent);
        if self.nested.is_none() {
            self.nested = Some(Nested { base: indent, ..Nested::default() });
        }
    }

    /// A pip began to write to this log: one that was announced, one that a build's own program runs, or the outermost.
    fn begin(&mut self) {
        if self.nested.is_none()
            && let Some(foreign) = self.foreign.pop()
        {
            self.open(foreign.indent);
        }
        if let Some(nested) = &mut self.nested {
            nested.own = true;
        }
    }

    fn close(&mut self) {
        self.nested = None;
        self.foreign.clear();
    }

    /// A line of the outer pip, if nothing inside the nested one could have written it.
    fn close_before(&mut self, indent: usize) {
        if self.nested.as_ref().is_some_and(|nested| indent <= nested.base && !(nested.own && nested.sources)) {
            self.close();
        }
    }

    /// pip itself writes again where the output of a program stood.
    fn leave_foreign(&mut self, indent: usize) {
        let two_depths = self.has_two_depths();
        self.foreign.retain(|foreign| if two_depths { foreign.indent != indent } else { foreign.indent < indent });
    }

    /// Whether each line of a nested pip is here twice.
    fn has_two_depths(&self) -> bool {
        self.nested.as_ref().is_some_and(|nested| nested.own)
    }
}

impl Nested {
    /// Whether this line is not the copy of one that was read: as often as a text stood at one depth, it is the same
    /// line when it stands at another.
    fn is_new(&mut self, indent: usize, text: &[u8], line: &Line<'_>) -> bool {
        if *line == Line::Other {
            return true;
        }
        if self.copies.len() > COPIES {
            self.copies.clear();
        }
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let depths = self.copies.entry(hasher.finish()).or_default();
        let most = depths.iter().map(|&(_, count)| count).max().unwrap_or(0);
        match depths.iter_mut().find(|(depth, _)| *depth == indent) {
            Some((_, count)) => {
                *count += 1;
                *count > most
            }
            None => {
                depths.push((indent, 1));
                most == 0
            }
        }
    }
}

/// Whether this is the directory of a pip's own sources: the name says for which command.
fn is_home(path: &[u8]) -> bool {
    let name = super::url::last_component(path);
    [&b"pip-install-"[..], b"pip-wheel-", b"pip-download-", b"pip-lock-"].iter().any(|kind| name.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::{Place, Places};
    use crate::classify::pip::grammar::Line;
    use crate::classify::pip::log::indented;

    /// `M`, `B`, `F` for where each line stands, `-` for a copy.
    fn places(lines: &[&str]) -> String {
        let mut places = Places::default();
        let place = |line: &&str| {
            let (indent, text) = indented(line.as_bytes());
            match places.place(indent, text, &Line::parse(text)) {
                Some(Place::Main) => 'M',
                Some(Place::Build) => 'B',
                Some(Place::Foreign) => 'F',
                None => '-',
            }
        };
        lines.iter().map(place).collect()
    }

    #[test]
    fn a_program_s_output_ends_where_pip_goes_on() {
        let lines = [
            "Collecting demo",
            "  Running command Getting requirements to build wheel",
            "  Downloading https://tool.example/llvm-1.0.tar.gz (5 MB)",
            "      Collecting x",
            "  Getting requirements to build wheel: finished with status 'done'",
            "  Running command python setup.py egg_info",
            "  running egg_info",
            "  Source in /tmp/pip-install-a/demo has version 1.0, which satisfies requirement demo",
            "  Running command git rev-parse HEAD",
            "  5ae9c802c2a4ab76a760b84567c440d6db814944",
            "    Running command Preparing metadata (pyproject.toml)",
            "    anything",
            "Collecting other",
        ];
        assert_eq!(places(&lines), "MFFFMFFMMMFFM");
    }

    #[test]
    fn a_nested_pip_is_heard_once_and_its_programs_never() {
        let lines = [
            "Created temporary directory: /tmp/pip-install-home",
            "  Running command pip subprocess to install build dependencies",
            "  Using pip 24.0 from /venv (python 3.11)",
            "Using pip 24.0 from /venv (python 3.11)",
            "  Downloading bsrc-1.0.tar.gz (1 kB)",
            "    Downloading bsrc-1.0.tar.gz (1 kB)",
            "  Running command Building wheel for bsrc (pyproject.toml)",
            "  Downloading llvm-1.0.tar.gz (5 MB)",
            "  Building wheel for bsrc (pyproject.toml): finished with status 'done'",
            "    Running command Building wheel for bsrc (pyproject.toml)",
            "  Created wheel for bsrc: filename=bsrc-1.0-py3-none-any.whl size=1 sha256=0",
            "    Downloading llvm-1.0.tar.gz (5 MB)",
            "    Building wheel for bsrc (pyproject.toml): finished with status 'done'",
            "    Created wheel for bsrc: filename=bsrc-1.0-py3-none-any.whl size=1 sha256=0",
            "  Running command Getting requirements to build wheel",
            "  Getting requirements to build wheel: finished with status 'done'",
            "  Source in /tmp/pip-install-home/demo has version 1.0, which satisfies requirement demo",
            "Collecting other",
        ];
        assert_eq!(places(&lines), "MBB-B-FFBFBF--FBMM");
    }

    #[test]
    fn a_pip_that_a_program_runs_is_heard() {
        let lines = [
            "  Running command python setup.py egg_info",
            "  Collecting numpy",
            "Using pip 24.0 from /venv (python 3.11)",
            "Downloading numpy-1.0.tar.gz (5 MB)",
            "  Source in /tmp/x has version 1.0, which satisfies requirement demo",
        ];
        assert_eq!(places(&lines), "FFBBB");
    }

    #[test]
    fn quoted_output_is_as_long_as_it_says() {
        let lines = [
            "× pip subprocess to install build dependencies did not run successfully.",
            "╰─> [2 lines of output]",
            "    Downloading bdep-1.0-py3-none-any.whl (1 kB)",
            "    ERROR: no",
            "× Preparing metadata (pyproject.toml) did not run successfully.",
            "╰─> [1 lines of output]",
            "    Downloading llvm-1.0.tar.gz (5 MB)",
            "Collecting other",
        ];
        assert_eq!(places(&lines), "MMBBMMFM");
    }
}

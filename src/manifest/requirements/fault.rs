//! What may be wrong with a requirements file, and what to do about it.

use super::Place;

/// A fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", self.site())]
pub struct Problem {
    /// The file and the line; line 0 stands for the file as a whole.
    pub place: Place,
    /// What is wrong.
    pub fault: Fault,
}

impl Problem {
    fn site(&self) -> String {
        match self.place.line {
            0 => crate::event::text(self.place.file.as_os_str().as_encoded_bytes()),
            _ => self.place.to_string(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        self.fault.hint()
    }
}

/// What is wrong. Text of a line is shown with its variables not filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why, as the system puts it.
        reason: String,
    },
    /// The file is no text.
    #[error("cannot read it as text: {0}")]
    Encoding(String),
    /// A file that is included lies on a server.
    #[error("cannot follow `{0}`: nothing is fetched from here")]
    Remote(String),
    /// A file includes itself, at once or through others.
    #[error("it includes itself: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// More files within files than anyone writes.
    #[error("files include each other more than {0} deep")]
    Deep(usize),
    /// An option is wrong.
    #[error("invalid option in `{line}`: {reason}")]
    Option {
        /// The line.
        line: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A requirement is not as PEP 508 has it.
    #[error("invalid requirement `{line}`: {reason}")]
    Requirement {
        /// The requirement.
        line: String,
        /// What is wrong with it.
        reason: String,
        /// What may have been meant.
        slip: Slip,
    },
    /// An editable requirement that names neither a directory nor a repository.
    #[error("invalid editable requirement `{line}`: {reason}")]
    Editable {
        /// The requirement.
        line: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something that pip passes over or takes otherwise than it looks.
    #[error("{0}")]
    Odd(String),
}

/// What may have been meant by an invalid requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// `name=1.0`.
    SingleEquals,
    /// A path of which there is no file.
    Path,
    /// A directory that cannot be installed.
    Directory,
    /// A marker.
    Marker,
    /// Nothing known.
    Unclear,
}

impl Fault {
    fn hint(&self) -> &'static str {
        match self {
            Fault::Unreadable { .. } => "a path after -r or -c is taken from the directory of the file that holds it",
            Fault::Encoding(_) => "save the file as UTF-8",
            Fault::Remote(_) => "save the file beside this one and name the copy",
            Fault::Cycle(_) => "take out one of the lines that close the circle",
            Fault::Deep(_) => "look for a symbolic link that leads back into its own directory",
            Fault::Option { .. } => {
                "a requirements file takes few of pip's options: see its documentation of the format"
            }
            Fault::Requirement { slip, .. } => match slip {
                Slip::SingleEquals => "write `==` for an exact version",
                Slip::Path => {
                    "nothing is there: a path is taken from the directory in which pip runs, not from the file's"
                }
                Slip::Directory => "a directory can be installed if it holds pyproject.toml or setup.py",
                Slip::Marker => "a marker compares a variable with a quoted value: `; python_version < \"3.12\"`",
                Slip::Unclear => {
                    "write `name`, `name==1.0`, `name[extra]>=1,<2 ; marker`, `name @ URL`, a URL or a path"
                }
            },
            Fault::Editable { .. } => "write `-e ./directory`, or `-e name @ git+https://host/repository`, quoted",
            Fault::Odd(_) => "",
        }
    }
}

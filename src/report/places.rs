//! Where a pip was told to look, by its arguments and by the variables that a session keeps.

use crate::event::{Invocation, Session, directory_of_links, truth_value};

/// What its options say of one pip.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places<'a> {
    /// The directories of `--find-links`, in the order in which they were given.
    pub(super) directories: Vec<&'a str>,
    /// Whether no index is asked.
    pub(super) no_index: bool,
}

impl Places<'_> {
    /// Those of a run.
    pub(super) fn of<'a>(session: &'a Session, run: &'a Invocation) -> Places<'a> {
        let variable = |name| variable(session, run, name);
        let no_index = run.argv.iter().any(|word| word == "--no-index");
        let no_index = no_index || variable("PIP_NO_INDEX").is_some_and(|value| truth_value(value) == Some(true));
        let mut words = run.argv.iter();
        let mut places = variable("PIP_FIND_LINKS").map_or_else(Vec::new, |value| value.split_whitespace().collect());
        while let Some(word) = words.next() {
            match word.split_once('=') {
                Some(("--find-links", value)) => places.push(value),
                _ if word == "-f" || word == "--find-links" => places.extend(words.next().map(String::as_str)),
                _ => {}
            }
        }
        Places { directories: places.into_iter().filter_map(directory_of_links).collect(), no_index }
    }
}

/// A variable as a run had it. The steps of an image build have none of the machine's that began the session.
pub(super) fn variable<'s>(session: &'s Session, run: &Invocation, name: &str) -> Option<&'s str> {
    let value = session.build_info.build_args.get(name).filter(|_| run.step.is_none());
    value.map(String::as_str).filter(|value| !value.is_empty())
}

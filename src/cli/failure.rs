//! Errors as people read them: `error: cannot do this: because of that`, then what to do about it as `hint: ...`.

use std::fmt;

use super::{Console, Status, Tone, is_broken_pipe};

/// Adds what to do about it to an error.
pub(crate) trait Hint<T> {
    /// The same, and if it is an error, one that is shown with this hint: lower case, no final period, commands and
    /// paths in backticks.
    fn hint(self, hint: impl fmt::Display) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl fmt::Display) -> anyhow::Result<T> {
        self.map_err(|error| Hinted { error: error.into(), hint: hint.to_string() }.into())
    }
}

/// Makes a sentence of the errors of the lower layers, whose text is fit after "cannot".
pub(crate) trait Cannot<T> {
    /// The same, and if it is an error, with `cannot` in front.
    fn cannot(self) -> anyhow::Result<T>;
}

impl<T, E: std::error::Error + Send + Sync + 'static> Cannot<T> for Result<T, E> {
    fn cannot(self) -> anyhow::Result<T> {
        self.map_err(|error| Sentence(error).into())
    }
}

/// An error with `cannot` in front.
#[derive(Debug)]
struct Sentence<E>(E);

impl<E: fmt::Display> fmt::Display for Sentence<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.0)
    }
}

impl<E: std::error::Error> std::error::Error for Sentence<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// The whole chain of causes on one line; a cause that its effect has told already is not told again.
pub(crate) fn explained(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.ends_with(&cause) {
            told.push_str(": ");
            told.push_str(&cause);
        }
    }
    told
}

/// An error with its hint; stands in the chain of causes without a text of its own.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Hinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// Shows an error, and says how to end: a pipe whose reader left is success, anything else bad input.
pub(super) fn report(error: &anyhow::Error, console: &mut Console) -> Status {
    if is_broken_pipe(error) {
        return Status::Ok;
    }
    console.say(Tone::Bad, "error", &explained(error));
    for hinted in error.chain().filter_map(|cause| cause.downcast_ref::<Hinted>()) {
        console.say(Tone::Hint, "hint", &hinted.hint);
    }
    Status::Usage
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    fn shown(error: anyhow::Error) -> (Status, String) {
        let mut console = Console::in_memory();
        let status = report(&error, &mut console);
        (status, console.into_memory().1)
    }

    #[test]
    fn says_why_and_what_to_do_each_on_its_line() {
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        let error = Err::<(), _>(error).context("cannot read `a\x1b[31m.log`").hint("name a file").unwrap_err();
        let error = error.context("cannot ingest");
        assert_eq!(
            shown(error),
            (
                Status::Usage,
                "error: cannot ingest: cannot read `a\\x1b[31m.log`: entity not found\nhint: name a file\n".to_owned()
            )
        );
    }

    #[test]
    fn a_reader_that_left_early_is_no_error() {
        let error = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let error = Err::<(), _>(error).context("cannot write").hint("no").unwrap_err();
        assert_eq!(shown(error), (Status::Ok, String::new()));
    }
}

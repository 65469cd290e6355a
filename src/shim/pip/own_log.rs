//! The log that a user has pip write, which is read and never overridden.
//!
//! Refuses to take the log that a session follows for anybody's own: to that `PIP_LOG` leads the pips that pass the shims
//! by, and no other.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::{Command, Configuration, Environment, expand};
use crate::supervise::Setting;

/// The options of pip that name a log.
const OPTIONS: [&str; 3] = ["log", "log-file", "local-log"];

/// The variable by which we name one.
pub(crate) const PIP_LOG: &str = "PIP_LOG";

/// Names the log that a session follows.
pub(crate) const FOLLOW_VARIABLE: &str = "WHEELTAP_FOLLOW";

/// The log of one call, in pip's order: command line, environment, configuration.
pub(super) fn of(
    command: &Command<'_>,
    configuration: &Configuration,
    environment: &impl Environment,
) -> Option<PathBuf> {
    if let Some(path) = command.value(&OPTIONS, 3) {
        return Some(expand(path, environment));
    }
    let variable = if command.is_isolated() { None } else { of_variables(environment) };
    variable.or_else(|| configuration.log.as_deref().map(|path| expand(path, environment)))
}

/// The log that the variables name: of several pip takes the last.
pub(crate) fn of_variables(environment: &impl Environment) -> Option<PathBuf> {
    let followed = environment.given(FOLLOW_VARIABLE);
    let own = environment.option(&OPTIONS).rev().find(|path| Some(path) != followed.as_ref())?;
    Some(expand(own.as_bytes(), environment))
}

/// What keeps a pip from the log that the session follows, which it inherits: a shim hears it in another way, or has to do
/// without a log.
pub(super) fn without_followed(environment: &impl Environment) -> Option<Setting> {
    let followed = environment.given(FOLLOW_VARIABLE)?;
    (environment.given(PIP_LOG)? == followed).then(|| (OsString::from(PIP_LOG), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_is_the_users_counts() {
        let followed = (FOLLOW_VARIABLE, "/f");
        for (variables, own) in [
            (&[][..], None),
            (&[("PIP_LOG", "/a"), ("PIP_LOG_FILE", "/b")], Some("/b")),
            (&[("PIP_LOG_FILE", "/b"), ("PIP_LOG", "/a")], Some("/a")),
            (&[("PIP_LOCAL_LOG", "~/c"), ("PIP_LOG", "")], Some("/h/c")),
            (&[("PIP_Log_File", "/b")], Some("/b")),
            (&[("PIP_LOG", "/f"), followed], None),
            (&[("PIP_LOG", "/f"), ("PIP_LOG_FILE", "/b"), followed], Some("/b")),
            (&[("PIP_LOCAL_LOG", "/c"), ("PIP_LOG", "/f"), followed], Some("/c")),
            (&[("PIP_LOG", "/a"), followed], Some("/a")),
        ] {
            let environment = [&[("HOME", "/h")], variables].concat();
            assert_eq!(of_variables(&environment), own.map(PathBuf::from), "{variables:?}");
        }
    }

    #[test]
    fn a_pip_is_kept_from_the_followed_log_alone() {
        let kept = |log| without_followed(&vec![("PIP_LOG", log), (FOLLOW_VARIABLE, "/f")]).is_some();
        assert!(kept("/f") && !kept("/a") && !kept(""));
        assert!(without_followed(&vec![("PIP_LOG", "/f")]).is_none());
    }
}

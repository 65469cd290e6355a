//! Whether pip can be asked for a log so that nobody sees it.
//!
//! Off a terminal the [`Restorer`](super::Restorer) stands in the streams. On a terminal nobody does: pip must find the
//! terminal itself. There a log may cost no more than a spinner that stands still. pip's version may not be known before
//! it runs, so what any version would show counts.

use super::facts::Facts;

/// Which of pip's output streams are terminals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminals {
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

/// What a run of pip gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// A log.
    Log,
    /// No log, because of what the text says.
    NoLog(&'static str),
}

/// The plan for a run.
pub fn plan(facts: &Facts, terminals: Terminals) -> Plan {
    if facts.unprintable {
        return Plan::NoLog("pip's log cannot hold an argument that is not UTF-8, and pip would complain of that");
    }
    if terminals.stderr && facts.verbosity <= -2 {
        return Plan::NoLog("on a terminal -qq would show the warnings that it is to hide");
    }
    if terminals.stderr && facts.verbosity == 1 {
        return Plan::NoLog("on a terminal -v would show what a nested pip prints with -vv");
    }
    if (terminals.stdout || terminals.stderr) && facts.verbosity == 0 && facts.in_process {
        return Plan::NoLog("on a terminal the installation of build requirements would be shown");
    }
    if terminals.stdout && facts.verbosity < 0 {
        return Plan::NoLog("on a terminal -q would show the steps of builds");
    }
    if facts.debug {
        return Plan::NoLog("with --debug pip's traceback would show its name");
    }
    Plan::Log
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn planned(arguments: &str, stdout: bool, stderr: bool) -> Plan {
        let argv: Vec<OsString> = arguments.split(' ').map(OsString::from).collect();
        plan(&Facts::of(&argv, |_| None), Terminals { stdout, stderr })
    }

    // Contract: pip-log-gives-back
    #[test]
    fn gives_a_log_where_it_can_be_given_back() {
        for arguments in ["pip install six", "pip install -q six", "pip install -qq six", "pip install -v six"] {
            assert_eq!(planned(arguments, false, false), Plan::Log, "{arguments}");
        }
        assert_eq!(planned("pip install six", true, true), Plan::Log);
        assert_eq!(planned("pip install -vv six", true, true), Plan::Log);
    }

    // Contract: pip-log-gives-back
    #[test]
    fn keeps_a_quiet_pip_quiet_on_a_terminal() {
        for arguments in ["pip install -q six", "pip install -q six --progress-bar off", "pip install -qq six"] {
            assert!(matches!(planned(arguments, true, true), Plan::NoLog(_)), "{arguments}");
            assert!(matches!(planned(arguments, true, false), Plan::NoLog(_)), "{arguments}");
        }
        assert_eq!(planned("pip install -q six", false, true), Plan::Log);
        assert!(matches!(planned("pip install -qq six", false, true), Plan::NoLog(_)));
    }

    // Contract: pip-log-gives-back
    #[test]
    fn gives_no_log_that_a_terminal_would_show() {
        assert!(matches!(planned("pip install -v six", false, true), Plan::NoLog(_)));
        assert_eq!(planned("pip install -v six", true, false), Plan::Log);
        assert!(matches!(planned("pip install six --use-feature=inprocess-build-deps", true, true), Plan::NoLog(_)));
    }

    // Contract: pip-log-gives-back
    #[test]
    fn gives_no_log_that_a_traceback_would_show() {
        for arguments in ["pip --debug install six", "pip install six --debu"] {
            assert!(matches!(planned(arguments, false, false), Plan::NoLog(_)), "{arguments}");
        }
        let argv = ["pip", "install", "six"].map(OsString::from);
        let planned = |value: &str| {
            plan(&Facts::of(&argv, |name| (name == "PIP_DEBUG").then(|| value.into())), Terminals::default())
        };
        assert!(matches!(planned("1"), Plan::NoLog(_)));
        assert_eq!(planned("0"), Plan::Log);
    }

    #[test]
    fn gives_no_log_that_cannot_be_written() {
        let argv = [OsString::from("pip"), OsString::from("install"), OsString::from_vec(b"./caf\xe9".to_vec())];
        let facts = Facts::of(&argv, |_| None);
        assert!(matches!(plan(&facts, Terminals::default()), Plan::NoLog(_)));
    }
}

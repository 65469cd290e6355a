//! What can be typed: the one definition from which parser, help, completions and man pages come.

use clap::{Parser, Subcommand, ValueEnum};

use super::{
    archives, build, completions, diff, doctor, duplicates, export, ingest, lock, man, profile, report, requirements,
    run, shims, site_packages, step, trend, verify, wheelhouse, which,
};

/// Says of every file that pip and apt-get took on whether it was downloaded or came from a cache
///
/// wheeltap listens to pip and apt-get while a build runs: each wheel, source archive and Debian package is recorded with
/// where it came from, its size and its sha256. The build itself is left as it is: same output, same exit status.
#[derive(Debug, Parser)]
#[command(
    name = "wheeltap",
    bin_name = "wheeltap",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = AFTER_HELP
)]
pub(crate) struct Arguments {
    /// When to use colours
    #[arg(long = "color", global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    #[arg(help = "When to use colours: auto, always, never")]
    pub(crate) colour: ColourChoice,

    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

const AFTER_HELP: &str = "\
Exit status:
  run and build end as the command that they ran; every other verb ends with
  0  all is well
  1  a finding: something that was asked about is not as it should be
  2  bad usage or bad input
  3  the evidence is incomplete

Environment:
  WHEELTAP_LOG_DIR    where sessions are kept (default: logs/build)
  WHEELTAP_SESSION    the session to join instead of opening one
  WHEELTAP_DISABLE=1  the shims do nothing but start the real tool
  WHEELTAP_DEBUG=1    what goes wrong with the recording is said on stderr
  NO_COLOR, CLICOLOR_FORCE, TERM=dumb  are obeyed";

/// The verbs, in the order of the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a command, and record every pip and apt-get that it starts as one session
    Run(run::Arguments),
    /// Run an image build, keep its log, and say what each step took on
    Build(build::Arguments),
    /// Certify that a command needs no network, or say what it tried to reach
    Verify(verify::Arguments),
    /// Show where the time of an image build went, and what to change
    Profile(profile::Arguments),
    /// Show what a session took on: downloaded, cached and from which cache, failed, unseen
    Report(report::Arguments),
    /// Show what one session took on that another did not, and why
    Diff(diff::Arguments),
    /// Show what was downloaded more than once, and packages that came in several versions
    Duplicates(duplicates::Arguments),
    /// Show the history of a log directory, and what rose
    Trend(trend::Arguments),
    /// Write what a session obtained as lock files
    Lock(lock::Arguments),
    /// Write a session as a build report, a dependency manifest, metrics or test cases
    Export(export::Arguments),
    /// Fill a wheelhouse, check that it is whole and suffices, list what is in it
    Wheelhouse(wheelhouse::Arguments),
    /// Carry apt's archives elsewhere, drop packages that nothing asks for
    Archives(archives::Arguments),
    /// Show what requirements files ask for, with each error's file and line
    Requirements(requirements::Arguments),
    /// Show what installed packages weigh, and what of it could go
    SitePackages(site_packages::Arguments),
    /// Classify the recorded output of an old build, and print its session document
    Ingest(ingest::Arguments),
    /// Make, remove or check the links that record every run of pip and apt-get
    Shims(shims::Arguments),
    /// Run a step of an image build, and write what it took on to standard error as marked lines
    #[command(hide = true)]
    Step(step::Arguments),
    /// Say which file runs under a name, whether that run is recorded, and why
    Which(which::Arguments),
    /// Say what this environment allows, and what to do about the rest
    Doctor(doctor::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
    /// Print the manual page, or write all of them
    Man(man::Arguments),
}

/// Whether colours are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourChoice {
    /// On a terminal, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

//! `wheeltap export --format FORMAT [SESSION]`: a session in the forms that other programs read.

use std::path::PathBuf;

use super::sessions::{before, one};
use super::{Console, Status};
use crate::report::{self, Analysis};

/// Write a session in a form that another program reads
///
/// `build-report` and `dependency-manifest` are JSON; `openmetrics` is for the textfile collector of Prometheus' node
/// exporter (no package names in labels); `junit` has a case for each file that failed or is unknown.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  wheeltap export --format build-report > build-report.json
  wheeltap export --format dependency-manifest 20261120_153600 > dependency-manifest.json
  wheeltap export --format openmetrics > /var/lib/node_exporter/wheeltap.prom
  wheeltap export --format junit > junit.xml

Exit status: 0, or 2 if the session cannot be read")]
pub(crate) struct Arguments {
    /// A session document, a journal, a log directory, or the stamp of a session [default: the latest session]
    #[arg(value_name = "SESSION")]
    session: Option<PathBuf>,
    /// The form
    #[arg(long, value_enum)]
    format: Form,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    /// Figures and reasons, as `report --format json`.
    BuildReport,
    /// Each package with the version that was obtained.
    DependencyManifest,
    /// Metrics for a textfile collector.
    Openmetrics,
    /// Test cases for a CI service.
    Junit,
}

/// Writes it.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> anyhow::Result<Status> {
    let (loaded, status) = one(arguments.session, "export", console)?;
    let earlier = before(&loaded);
    let analysis = Analysis::of(&loaded.session, &earlier);
    let text = match arguments.format {
        Form::BuildReport => report::json(&analysis, &super::report::named(&loaded.files)),
        Form::DependencyManifest => report::dependency_manifest(&analysis),
        Form::Openmetrics => report::openmetrics(&analysis),
        Form::Junit => report::junit(&analysis, &[]),
    };
    console.data().write_all(text.as_bytes())?;
    Ok(status)
}

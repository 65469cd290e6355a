//! What the wheelhouse lacks to suffice without network: whether it does already, and what the builds of source
//! distributions want, which no requirements file names.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::super::check::locals;
use super::super::contents::Contents;
use super::super::interpreter::Choice;
use super::journal::Journal;
use super::outcome::{Outcome, reason};
use super::pip::Pip;
use super::task::{call, with_options};
use crate::cli::explained;
use crate::manifest::closure::{self, Report};
use crate::manifest::requirements::Requirements;
use crate::manifest::target::Target;

/// How often what was fetched is looked through for what it wants itself.
const ROUNDS: usize = 4;

/// A wheelhouse and the environment of this machine; without an interpreter to ask nothing is known of either.
pub(super) struct Completion {
    directory: PathBuf,
    target: Option<Target>,
}

impl Completion {
    pub(super) fn new(directory: &Path) -> Self {
        let target = Choice::own().target().ok().map(|chosen| chosen.target);
        Completion { directory: directory.to_owned(), target }
    }

    /// Whether the wheelhouse holds all that a file asks for. pip is asked afterwards: this only saves it the network.
    pub(super) fn suffices(&self, reading: &Requirements) -> bool {
        reading.errors.is_empty()
            && self.report(std::slice::from_ref(reading)).is_some_and(|report| report.findings.is_empty())
    }

    /// Fetches what builds want, and what that wants to be built.
    pub(super) fn complete(&self, readings: &[Requirements], pip: &Pip, journal: &mut Journal) -> Option<Outcome> {
        let mut outcome = Outcome::new(PathBuf::from("builds"));
        for _ in 0..ROUNDS {
            let groups = self.report(readings).map(|report| closure::missing_for_builds(&report)).unwrap_or_default();
            if groups.is_empty() || !outcome.errors.is_empty() {
                break;
            }
            for group in groups {
                if let Err(why) = self.fetch(&group, readings, pip, journal) {
                    group.iter().for_each(|requirement| outcome.unbuildable(requirement, &why));
                }
            }
        }
        (!outcome.errors.is_empty()).then_some(outcome)
    }

    fn fetch(
        &self,
        group: &[String],
        readings: &[Requirements],
        pip: &Pip,
        journal: &mut Journal,
    ) -> Result<(), String> {
        let (said, heard) = mpsc::channel();
        let file = with_options(group, readings).map_err(|error| explained(&error))?;
        let wanted = ["-r".into(), file.path().into()];
        let ended = call(Path::new("builds"), &wanted, pip, &said).map_err(|error| explained(&error));
        drop(said);
        heard.iter().for_each(|said| journal.hear(said));
        let ended = ended?;
        if ended.status.success() { Ok(()) } else { Err(reason(&ended.lines, &ended.status)) }
    }

    fn report(&self, readings: &[Requirements]) -> Option<Report> {
        let pool = Contents::of(&self.directory).ok()?.pool();
        Some(closure::check(readings, &pool, &locals(readings), self.target.as_ref()?))
    }
}

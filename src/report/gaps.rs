//! What the record of a session lacks.

use super::text::command;
use crate::event::Session;

/// Something that the record lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap<'a> {
    /// `degraded`, `blind spot`, `end not seen`.
    pub(super) what: &'static str,
    /// Of which tool, or of the session.
    pub(super) of: &'a str,
    /// Why, or of which command.
    pub(super) why: String,
}

/// What the record lacks, each once with how often: a hundred runs may have the same gap.
pub(super) fn gaps_of(session: &Session) -> Vec<(Gap<'_>, usize)> {
    let mut all: Vec<(Gap<'_>, usize)> = Vec::new();
    let mut add = |what, of, why: &str| {
        let gap = Gap { what, of, why: why.to_owned() };
        match all.iter_mut().find(|(known, _)| *known == gap) {
            Some((_, count)) => *count += 1,
            None => all.push((gap, 1)),
        }
    };
    session.degraded.iter().for_each(|why| add("degraded", "session", why));
    session.blind_spots.iter().for_each(|why| add("blind spot", "session", why));
    for run in &session.invocations {
        run.degraded.iter().for_each(|why| add("degraded", &run.tool, why));
        run.blind_spots.iter().for_each(|why| add("blind spot", &run.tool, why));
        if !run.has_ended() {
            add("end not seen", &run.tool, &command(run));
        }
    }
    all
}

//! What a session took on, for whoever asked for it at the end of a run.

use super::session::Finished;
use crate::cli::report::named;
use crate::cli::{Console, Tone};
use crate::report::{self, Paper};

/// How many entries of a list are shown.
const ENTRIES: usize = 5;

/// Shows the report on stderr.
pub(super) fn show(finished: &Finished, console: &mut Console) {
    match &finished.folded {
        Ok(Some(session)) => {
            let width = console.talks_to_terminal().then(|| console.width());
            let paper = Paper { width, colour: console.colours_talk(), entries: Some(ENTRIES) };
            console.talk_at_length(&report::text(
                &report::Analysis::of(session, &report::History::default()),
                &named(&finished.files),
                paper,
            ));
        }
        // The session goes on around this one, and is reported there.
        Ok(None) => {}
        Err(error) => console.say(Tone::Bad, "error", &format!("cannot {error}")),
    }
}

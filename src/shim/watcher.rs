//! The witness of one recorded call, where nobody around it watches already.
//!
//! Refuses to keep the tool waiting: what need not be read before it starts is read while it does, and a witness that
//! cannot be had is done without.

use std::time::Duration;

use super::Recording;
use super::watch;
use crate::supervise::{self, Error, Interpose, Outcome, Program};
use crate::witness::{Boundary, Extent, Mode, Witness};

/// How long processes that the tool left behind are waited for where every process is watched.
const PATIENCE: Duration = Duration::from_millis(50);

/// Watches one call.
pub(super) struct Watcher {
    mode: Mode,
    witness: Option<Witness>,
}

impl Watcher {
    /// Watches as `WHEELTAP_WITNESS` says, or else counts; does nothing within a recording or below another witness.
    pub(super) fn new(is_recorded: bool) -> Watcher {
        let wanted = watch::mode(Mode::Counters);
        let is_watched = is_recorded || watch::is_watched_above(wanted);
        Watcher { mode: if is_watched { Mode::Off } else { wanted }, witness: None }
    }

    /// Runs the program to its end.
    pub(super) fn run(
        &mut self,
        program: &Program,
        interpose: Interpose,
        recording: &mut dyn Recording,
    ) -> Result<Outcome, Error> {
        let extent = match self.mode {
            Mode::Off => return supervise::run(program, interpose, recording),
            // A tool's start waits for the first reading.
            Mode::Counters => Extent::Brief,
            Mode::Observe => Extent::Whole,
        };
        let witness = self.witness.insert(watch::begin(self.mode, Boundary::None, extent));
        watch::run_under(witness, program, interpose, recording)
    }

    /// Tells the recording what was seen.
    pub(super) fn tell(&mut self, recording: &mut dyn Recording) {
        if let Some(witness) = self.witness.take() {
            recording.watched(self.mode, &witness.finish(PATIENCE));
        }
    }
}

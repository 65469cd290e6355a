//! What a session took on, in a few lines.

use super::session::Finished;
use crate::cli::{Console, Tone};

/// Shows the summary on stderr.
pub(super) fn show(finished: &Finished, console: &mut Console) {
    let session = match &finished.folded {
        Ok(Some(session)) => session,
        Ok(None) => return,
        Err(error) => return console.say(Tone::Bad, "error", &format!("cannot fold the session: {error}")),
    };
    let summary = &session.summary;
    console.talk(&format!(
        "wheeltap: {} downloaded ({} bytes), {} cached ({} bytes), {} failed, {} unknown",
        summary.total_downloads,
        summary.bytes_downloaded,
        summary.total_cached,
        summary.bytes_cached,
        summary.total_failed,
        summary.total_unknown,
    ));
    console.talk(&format!("wheeltap: {}", finished.files.document.display()));
}

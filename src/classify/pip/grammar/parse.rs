//! Which of the forms a line has.
//!
//! Refuses to look behind the line: what it means here is for its reader to say.

use super::line::Line;
use super::{building, files, network, outcome};

/// What pip's lines begin with; the last two open `×` and `╰─>`.
const FIRST: &[u8] = b"ABCDEFGILOPRSTUWYhpctuz[0123456789\xc3\xe2";

impl<'a> Line<'a> {
    /// Reads a line that begins with its first character that is no space.
    pub(in crate::classify::pip) fn parse(text: &'a [u8]) -> Self {
        if let Some(rest) = text.strip_prefix(b"ERROR: ").or_else(|| text.strip_prefix(b"error: ")) {
            return Self::error(rest);
        }
        let text = text.strip_prefix(b"WARNING: ").unwrap_or(text);
        if let Some(line) = outcome::from_url(text) {
            return line;
        }
        // Nearly all lines that other programs print end here.
        if !text.first().is_some_and(|first| FIRST.contains(first)) {
            return Line::Other;
        }
        files::download(text)
            .or_else(|| files::file(text))
            .or_else(|| network::page(text))
            .or_else(|| network::network(text))
            .or_else(|| building::source(text))
            .or_else(|| outcome::outcome(text))
            .unwrap_or_else(|| if outcome::onward(text) { Line::Onward } else { Line::Other })
    }

    /// Whether nobody but pip writes this: what is taken note of, errors aside, since compilers write them in the same
    /// way, or a message of its logger.
    pub(in crate::classify::pip) fn is_pips(&self, text: &[u8]) -> bool {
        let logged: [&[u8]; 3] = [b"ERROR: ", b"WARNING: ", b"DEPRECATION: "];
        let is_vague = matches!(self, Line::Other | Line::Error { .. } | Line::Output { .. } | Line::OutputOf { .. });
        !is_vague || logged.iter().any(|prefix| text.starts_with(prefix))
    }

    fn error(text: &'a [u8]) -> Self {
        if text.starts_with(b"THESE PACKAGES DO NOT MATCH THE HASHES") {
            return Line::Mismatches;
        }
        network::refused(text)
            .or_else(|| network::unreachable(text))
            .or_else(|| files::spoiled(text))
            .unwrap_or(Line::Error { text })
    }

    /// Whether a transfer that was announced before this line has ended well: pip fetches one file after another and
    /// says nothing of what follows before that.
    pub(in crate::classify::pip) fn is_onward(&self) -> bool {
        match self {
            Line::Onward
            | Line::Collecting { .. }
            | Line::Downloading { .. }
            | Line::Cached { .. }
            | Line::CachedWheel { .. }
            | Line::Processing { .. }
            | Line::Present { .. }
            | Line::Chosen { .. }
            | Line::Fetched { .. }
            | Line::Saved { .. }
            | Line::Temporary { .. }
            | Line::Search { .. }
            | Line::PageWanted { .. }
            | Line::Clone { .. }
            | Line::Resolved { .. }
            | Line::Dependencies
            | Line::Step
            | Line::Source { .. }
            | Line::Built { .. }
            | Line::Installing
            | Line::Installed { .. }
            | Line::WouldInstall { .. } => true,
            Line::Running { command } => !building::is_version_control(command),
            _ => false,
        }
    }
}

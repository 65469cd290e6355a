//! Progress bars that only a log makes a quiet pip draw.
//!
//! `-q` keeps pip 22.0 to 25.1 from drawing a bar, and later ones that are asked for one; but they ask the log's level.
//! Off a terminal a bar is one line; with `FORCE_COLOR` it moves, between two escape sequences that nothing else uses.

use super::plain::Plain;

const HIDE_CURSOR: &[u8] = b"\x1b[?25l";
const SHOW_CURSOR: &[u8] = b"\x1b[?25h";
/// Goes back over a bar that is not to stay.
const ERASE: &[u8] = b"\r\x1b[1A\x1b[2K";

/// Takes bars out of a quiet pip's standard output.
#[derive(Debug, Default)]
pub(super) struct Bars {
    place: Place,
    /// What may be the beginning of an escape sequence.
    begun: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    Inside,
    /// A bar has just ended.
    Behind,
}

impl Bars {
    /// The input without what moves.
    pub(super) fn still(&mut self, input: &[u8]) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(input);
        let mut still = Vec::new();
        let mut rest = &bytes[..];
        loop {
            let sought = match self.place {
                Place::Outside => HIDE_CURSOR,
                Place::Inside => SHOW_CURSOR,
                Place::Behind => ERASE,
            };
            match (self.place, memchr::memmem::find(rest, sought)) {
                (Place::Behind, found) if found == Some(0) || !sought.starts_with(rest) => {
                    rest = if found == Some(0) { &rest[sought.len()..] } else { rest };
                    self.place = Place::Outside;
                }
                (Place::Behind, _) => break,
                (place, Some(at)) => {
                    let outside = place == Place::Outside;
                    still.extend_from_slice(if outside { &rest[..at] } else { b"" });
                    rest = &rest[at + sought.len()..];
                    self.place = if outside { Place::Inside } else { Place::Behind };
                }
                (place, None) => {
                    let begun = (1..sought.len()).rev().find(|length| rest.ends_with(&sought[..*length])).unwrap_or(0);
                    let (whole, tail) = rest.split_at(rest.len() - begun);
                    still.extend_from_slice(if place == Place::Outside { whole } else { b"" });
                    rest = tail;
                    break;
                }
            }
        }
        self.begun = rest.to_vec();
        still
    }

    /// Gives up what is held back.
    pub(super) fn held(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.begun)
    }
}

/// Whether a line is a bar that stands still, or a part of one that is wrapped: indented, and made of nothing but
/// strokes, figures and units. What `--report -` prints never is.
pub(super) fn is_bar(line: &Plain) -> bool {
    let text = String::from_utf8_lossy(line.text());
    let drawn = |character: char| "━╸╺-\\|/ .:?…kMGBbytesa".contains(character) || character.is_ascii_digit();
    let raw = text.strip_prefix("Progress ").and_then(|rest| rest.split_once(" of "));
    line.indent() > 0 && !text.is_empty() && text.chars().all(drawn)
        || raw.is_some_and(|(done, all)| done.bytes().chain(all.bytes()).all(|byte| byte.is_ascii_digit()))
}

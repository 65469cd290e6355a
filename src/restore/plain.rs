//! A line of pip's output without its colours.

use std::borrow::Cow;

/// A line, or the beginning of one.
#[derive(Debug)]
pub(super) struct Plain<'a> {
    bytes: Cow<'a, [u8]>,
    indent: usize,
    coloured: bool,
}

impl<'a> Plain<'a> {
    /// Without `ESC [ ... m` and the newline.
    pub(super) fn of(line: &'a [u8]) -> Plain<'a> {
        Plain::uncoloured(Cow::Borrowed(line.strip_suffix(b"\n").unwrap_or(line)))
    }

    /// The same of a line without its newline.
    pub(super) fn uncoloured(line: Cow<'a, [u8]>) -> Plain<'a> {
        // Not by memchr, whose first use asks for the processor's features: most lines are short, and many a run has none.
        let coloured = line.contains(&0x1b);
        let bytes = if coloured { Cow::Owned(uncoloured(&line)) } else { line };
        let indent = bytes.iter().take_while(|byte| **byte == b' ').count();
        Plain { bytes, indent, coloured }
    }

    /// All of it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Spaces before the text.
    pub(super) fn indent(&self) -> usize {
        self.indent
    }

    /// What follows them.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[self.indent..]
    }

    /// Whether there were colours.
    pub(super) fn coloured(&self) -> bool {
        self.coloured
    }
}

fn uncoloured(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((byte, behind)) = rest.split_first() {
        let parameters = behind.strip_prefix(b"[").filter(|_| *byte == 0x1b);
        let end =
            parameters.and_then(|parameters| parameters.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';')));
        rest = match (parameters, end) {
            (Some(parameters), Some(end)) if parameters[end] == b'm' => &parameters[end + 1..],
            _ => {
                plain.push(*byte);
                behind
            }
        };
    }
    plain
}

//! Physical lines into logical ones, as BuildKit joins them (`frontend/dockerfile/parser`): a line that ends in one
//! escape character goes on in the next; comments and empty lines in between are dropped; nothing is put in between.

use std::ops::Range;

/// The physical lines of `text` with their places, without line ends.
pub(super) fn physical(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let from = start;
        start += line.len();
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        (from..from + content.len(), content)
    })
}

/// Whether a line is a comment, which may be indented.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The content of a line that goes on in the next; `None` if it ends the instruction. Two escape characters in a row
/// end it: the first escapes the second.
pub(super) fn continued(line: &str, escape: char) -> Option<&str> {
    let content = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!content.ends_with(escape)).then_some(content)
}

/// The one line that the physical lines of `instruction` make.
pub(super) fn join(instruction: &str, escape: char) -> String {
    let mut joined = String::with_capacity(instruction.len());
    for (number, (_, line)) in physical(instruction).enumerate() {
        if number > 0 && (is_comment(line) || line.trim().is_empty()) {
            continue;
        }
        match continued(line, escape) {
            Some(content) => joined.push_str(content),
            None => {
                joined.push_str(line);
                break;
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_as_the_builder_does() {
        for (instruction, expected) in [
            ("a && \\\n    b", "a &&     b"),
            ("a \\\n# comment\n  # too\n\n  b", "a   b"),
            ("a \\  \n b", "a  b"),
            ("a \\\\\n b", "a \\\\"),
            ("a\\\r\nb", "ab"),
        ] {
            assert_eq!(join(instruction, '\\'), expected, "{instruction:?}");
        }
        assert_eq!(join("a `\n b \\", '`'), "a  b \\");
    }
}

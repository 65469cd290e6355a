//! The instructions of a Dockerfile with the lines that they begin on.

use super::heredoc;
use super::lines::{continued, is_comment, join, physical};

/// Each instruction of `text` on one line, with the line that it begins on, from 1; without here documents' lines.
pub fn instructions(text: &str) -> Vec<(usize, String)> {
    let head = text.lines().take_while(|line| is_comment(line)).collect::<String>().to_ascii_lowercase();
    let escape = if head.replace(' ', "").contains("escape=`") { '`' } else { '\\' };
    let documents = heredoc::find(text, escape);
    let mut found = Vec::new();
    let mut lines = physical(text).enumerate().peekable();
    while let Some((number, (place, first))) = lines.next() {
        let in_document = documents.iter().any(|document| document.place.contains(&place.start));
        if in_document || is_comment(first) || first.trim().is_empty() {
            continue;
        }
        let mut end = place.end;
        let mut goes_on = continued(first, escape).is_some();
        while goes_on && let Some((_, (next, line))) = lines.next() {
            end = next.end;
            goes_on = is_comment(line) || line.trim().is_empty() || continued(line, escape).is_some();
        }
        found.push((number + 1, join(text[place.start..end].trim_start(), escape).trim_end().to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::instructions;

    #[test]
    fn instructions_know_their_lines() {
        let text = "# c\nFROM x\n\nRUN a \\\n # c\n  b\nRUN <<E\nCOPY c\nE\n  copy a b\n";
        let expected = [(2, "FROM x"), (4, "RUN a   b"), (7, "RUN <<E"), (10, "copy a b")];
        assert_eq!(instructions(text), expected.map(|(line, text)| (line, text.to_owned())));
    }
}

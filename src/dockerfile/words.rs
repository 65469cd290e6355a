//! How a builder shows an instruction: with the variables that it knows replaced (BuildKit's `shell.Lex`, quotes kept).
//!
//! Old ones take escape characters out, newer ones leave them; both leave a variable that they do not know. Refuses to
//! know any value: values are learnt from an instruction whose shown text is there.

use std::collections::HashMap;

/// A piece of an instruction.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// Shown as it is.
    Text(String),
    /// A variable, as it is written: `$FOO`, `${FOO:-x}`.
    Variable(&'a str),
}

/// What variables were shown as, and whether escape characters were shown.
#[derive(Debug)]
pub(super) struct Values<'a> {
    values: HashMap<&'a str, &'a str>,
    shows_escapes: bool,
}

/// The values with which `instruction` is shown as `shown`; `None` if it cannot be.
pub(super) fn learn<'a>(instruction: &'a str, shown: &'a str, escape: char) -> Option<Values<'a>> {
    [true, false].into_iter().find_map(|shows_escapes| {
        let mut values = HashMap::new();
        let is_shown = match pieces(instruction, escape, shows_escapes) {
            Some(pieces) => align(&pieces, shown, &mut values, &mut MOST_TRIES.clone()),
            // What is no word of a shell's is shown as it is.
            None => instruction == shown,
        };
        is_shown.then_some(Values { values, shows_escapes })
    })
}

/// `instruction` as it is shown with these values; a variable without a value stands as it is written.
pub(super) fn show(instruction: &str, values: &Values<'_>, escape: char) -> String {
    let Some(pieces) = pieces(instruction, escape, values.shows_escapes) else { return instruction.to_owned() };
    let mut shown = String::with_capacity(instruction.len());
    for piece in &pieces {
        shown.push_str(match piece {
            Piece::Text(text) => text,
            Piece::Variable(name) => values.values.get(name).unwrap_or(name),
        });
    }
    shown
}

/// Finds values for the variables among `pieces` such that they are `shown`; one variable has one value.
fn align<'a>(pieces: &[Piece<'a>], shown: &'a str, values: &mut HashMap<&'a str, &'a str>, tries: &mut usize) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return shown.is_empty() };
    let name = match first {
        Piece::Text(text) => {
            return shown.strip_prefix(text.as_str()).is_some_and(|shown| align(rest, shown, values, tries));
        }
        Piece::Variable(name) => *name,
    };
    if let Some(value) = values.get(name) {
        return shown.strip_prefix(value).is_some_and(|shown| align(rest, shown, values, tries));
    }
    let next = match rest.first() {
        Some(Piece::Text(text)) => text.as_str(),
        _ => "",
    };
    let ends: Vec<usize> = match rest.is_empty() {
        true => vec![shown.len()],
        false => shown.match_indices(next).map(|(at, _)| at).collect(),
    };
    // An unknown variable is left as it is written: then that is its value, not what a shorter one would be.
    let unknown = Some(name.len()).filter(|_| shown.starts_with(name));
    for end in unknown.into_iter().chain(ends) {
        let Some(left) = tries.checked_sub(1) else { return false };
        *tries = left;
        let before = values.clone();
        values.insert(name, &shown[..end]);
        if align(rest, &shown[end..], values, tries) {
            return true;
        }
        *values = before;
    }
    false
}

/// How many values are tried before an instruction counts as another one.
const MOST_TRIES: usize = 10_000;

/// Cuts an instruction; `None` if it is not made of words, because a quote or a brace is not closed.
fn pieces(instruction: &str, escape: char, shows_escapes: bool) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut quoted = false;
    let mut rest = instruction;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        if letter == '\'' && !quoted {
            let end = after.find('\'')? + 2;
            text.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if letter == escape {
            let escaped = after.chars().next();
            let counts = !quoted || escaped.is_some_and(|next| next == '"' || next == '$' || next == escape);
            if shows_escapes || !counts {
                text.push(letter);
            }
            rest = after;
            if let Some(next) = escaped.filter(|_| counts) {
                text.push(next);
                rest = &after[next.len_utf8()..];
            }
        } else if letter == '$'
            && let length @ 1.. = variable(after)?
        {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Variable(&rest[..1 + length]));
            rest = &after[length..];
        } else {
            quoted ^= letter == '"';
            text.push(letter);
            rest = after;
        }
    }
    pieces.push(Piece::Text(text));
    (!quoted).then_some(pieces)
}

/// How long the name of a variable is, with its braces; 0 if a `$` is only that.
fn variable(text: &str) -> Option<usize> {
    match text.chars().next() {
        Some('{') => {
            let mut depth = 0;
            for (at, letter) in text.char_indices() {
                match letter {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            None
        }
        Some(letter) if letter.is_ascii_digit() || "@*#?-$!".contains(letter) => Some(1),
        _ => Some(text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(original: &str, rewritten: &str, display: &str) -> Option<String> {
        let values = learn(rewritten, display, '\\')?;
        Some(show(original, &values, '\\'))
    }

    #[test]
    fn what_an_old_builder_shows_is_undone() {
        // Recorded of Docker 20.10, but for the words around the command.
        assert_eq!(
            shown(
                r#"RUN echo "hi $FOO" '$FOO' \$FOO &&     printf 'no newline'"#,
                r#"RUN ["w","/bin/sh","-c","echo \"hi $FOO\" '$FOO' \\$FOO &&     printf 'no newline'"]"#,
                r#"RUN ["w","/bin/sh","-c","echo "hi bar" 'bar' \bar &&     printf 'no newline'"]"#
            )
            .unwrap(),
            r#"RUN echo "hi bar" '$FOO' $FOO &&     printf 'no newline'"#
        );
        assert_eq!(
            shown("RUN echo ${A:-x}  $B $$", "RUN [\"echo ${A:-x}  $B $$\"]", "RUN [\"echo x  $B $$\"]").unwrap(),
            "RUN echo x  $B $$"
        );
    }

    #[test]
    fn what_a_newer_builder_shows_is_undone() {
        assert_eq!(
            shown(r#"RUN a "\n" "$B""#, r#"RUN ["a \"\\n\" \"$B\""]"#, r#"RUN ["a \"\\n\" \"b c\""]"#).unwrap(),
            r#"RUN a "\n" "b c""#
        );
    }

    #[test]
    fn another_instruction_is_not_taken_for_it() {
        assert_eq!(shown("RUN a", r#"RUN ["a"]"#, r#"RUN ["b"]"#), None);
        assert_eq!(shown("RUN a $A", r#"RUN ["a $A"]"#, r#"RUN ["b x"]"#), None);
        assert_eq!(shown("RUN $A $A", r#"RUN ["$A $A"]"#, r#"RUN ["x y"]"#), None);
    }

    #[test]
    fn what_is_no_word_is_shown_as_it_is() {
        assert_eq!(shown("RUN it's", r#"RUN ["it's"]"#, r#"RUN ["it's"]"#).unwrap(), "RUN it's");
        assert_eq!(shown("RUN ${", "RUN [\"${\"]", "RUN [\"${\"]").unwrap(), "RUN ${");
    }
}

//! The options of a requirements line as words, as Python's `shlex.split` divides them.
//!
//! Refuses everything of a shell beyond quotes and backslashes.

/// The words of `line`.
///
/// # Errors
/// A quote or a backslash that nothing follows.
pub(super) fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            quote @ ('"' | '\'') => quoted(quote, &mut characters, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(characters.next().ok_or("a backslash ends the line")?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

/// What stands up to the closing quote. Within `"` a backslash escapes `"` and itself and nothing else.
fn quoted(quote: char, characters: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), &'static str> {
    loop {
        match characters.next().ok_or("a quote is not closed")? {
            character if character == quote => return Ok(()),
            '\\' if quote == '"' => {
                let escaped = characters.next().ok_or("a quote is not closed")?;
                if !matches!(escaped, '"' | '\\') {
                    word.push('\\');
                }
                word.push(escaped);
            }
            character => word.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn divides_as_shlex_does() {
        assert_eq!(
            words(r#"-e "a b"c\ d 'x\"y' "p\"q\\r\s" ''"#).unwrap(),
            ["-e", "a bc d", r#"x\"y"#, r#"p"q\r\s"#, ""]
        );
        assert!(words("-e 'a").is_err() && words("a\\").is_err() && words("\"a\\").is_err());
        assert!(words(" \t ").unwrap().is_empty());
    }
}

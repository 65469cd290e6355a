//! Here documents of `RUN`, `COPY` and `ADD` (BuildKit's `parser.go`): a word of the instruction that is `<<` with an
//! optional number before and an optional `-` behind it and then one word, quoted or not, names a document, whose lines
//! follow up to one that is that word alone; `<<-` takes leading tabs off.

use std::ops::Range;

use super::lines::{continued, is_comment, physical};

/// One here document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document<'a> {
    /// The word that names it, as it stands in the instruction.
    pub(super) marker: Range<usize>,
    /// Its name, without quotes.
    pub(super) name: String,
    /// Whether leading tabs are taken off.
    pub(super) chomp: bool,
    /// Its lines, each with its line end.
    pub(super) body: &'a str,
    /// The body and the line that ends it.
    pub(super) place: Range<usize>,
    /// Whether there is a line that ends it; without one the document goes to the end of the text.
    pub(super) is_closed: bool,
}

impl Document<'_> {
    /// The body as a command sees it.
    pub(super) fn content(&self) -> String {
        if !self.chomp {
            return self.body.to_owned();
        }
        self.body.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
    }
}

/// All here documents of `text`, in order.
pub(super) fn find(text: &str, escape: char) -> Vec<Document<'_>> {
    scan(text, escape, true)
}

/// `text` with what a parser would take for markers of here documents covered up, for a builder that knows none: the
/// lines that follow are instructions.
pub(super) fn cover_markers(text: &str, escape: char) -> String {
    cover(text, &scan(text, escape, false))
}

/// The documents, with their lines or as words alone.
fn scan(text: &str, escape: char, with_lines: bool) -> Vec<Document<'_>> {
    let mut documents = Vec::new();
    let mut lines = physical(text).peekable();
    while let Some((place, first)) = lines.next() {
        if is_comment(first) || first.trim().is_empty() {
            continue;
        }
        let start = place.start;
        let mut end = place.end;
        let mut goes_on = continued(first, escape).is_some();
        while goes_on && let Some((place, line)) = lines.next() {
            end = place.end;
            goes_on = is_comment(line) || line.trim().is_empty() || continued(line, escape).is_some();
        }
        if !takes_documents(first) {
            continue;
        }
        for (marker, name, chomp) in markers(&text[start..end]) {
            let marker = start + marker.start..start + marker.end;
            let body = lines.peek().map_or(text.len(), |(place, _)| place.start);
            if !with_lines {
                documents.push(Document { marker, name, chomp, body: "", place: body..body, is_closed: true });
                continue;
            }
            let mut place = body..text.len();
            let mut content = body..text.len();
            let mut is_closed = false;
            for (line_place, line) in lines.by_ref() {
                let line = if chomp { line.trim_start_matches('\t') } else { line };
                if line == name {
                    content.end = line_place.start;
                    place.end = line_place.end;
                    is_closed = true;
                    break;
                }
            }
            documents.push(Document { marker, name, chomp, body: &text[content], place, is_closed });
        }
    }
    documents
}

/// `text` with every here document covered up, byte for byte: its marker is an ordinary word, its lines are comments.
pub(super) fn cover(text: &str, documents: &[Document<'_>]) -> String {
    let mut covered = text.as_bytes().to_vec();
    for document in documents {
        covered[document.marker.clone()].fill(b'_');
        for (line, _) in physical(&text[document.place.clone()]) {
            let line = document.place.start + line.start..document.place.start + line.end;
            covered[line].fill(b'#');
        }
    }
    // Whole words and whole lines were replaced by ASCII.
    String::from_utf8(covered).unwrap_or_else(|_| text.to_owned())
}

fn takes_documents(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let mut keyword = words.next().unwrap_or_default();
    if keyword.eq_ignore_ascii_case("ONBUILD") {
        keyword = words.next().unwrap_or_default();
    }
    ["RUN", "COPY", "ADD"].iter().any(|known| keyword.eq_ignore_ascii_case(known))
}

/// The markers among the words of an instruction: their places, names, and whether tabs are taken off.
fn markers(instruction: &str) -> Vec<(Range<usize>, String, bool)> {
    words(instruction)
        .into_iter()
        .filter_map(|place| {
            let word =
                instruction[place.clone()].trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
            let (name, chomp) = match word.strip_prefix('-') {
                Some(name) => (name, true),
                None => (word, false),
            };
            let name = unquote(name)?;
            (!name.is_empty() && !word.contains('<')).then_some((place, name, chomp))
        })
        .collect()
}

/// The words of a line as a shell would cut them, quotes left in place.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (None, None);
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => {
                start.get_or_insert(at);
                letters.next();
            }
            (_, Some(open)) => {
                if letter == open {
                    quote = None;
                }
            }
            ('"' | '\'', None) => {
                start.get_or_insert(at);
                quote = Some(letter);
            }
            (_, None) if letter.is_whitespace() => words.extend(start.take().map(|start| start..at)),
            (_, None) => {
                start.get_or_insert(at);
            }
        }
    }
    words.extend(start.map(|start| start..line.len()));
    words
}

/// A word without its quotes; `None` if one is not closed.
fn unquote(word: &str) -> Option<String> {
    let mut plain = String::new();
    let mut quote = None;
    let mut letters = word.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => plain.push(letters.next()?),
            ('"' | '\'', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            _ => plain.push(letter),
        }
    }
    quote.is_none().then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_documents_where_the_builder_does() {
        let text = "FROM x\nRUN <<EOF\na\n  EOF\nEOF\nRUN cat <<A >/x && cat <<-'B b' \\\n && c\none\nA\n\ttwo\n\tB b\nRUN a<<C\nCMD <<D\n";
        let documents = find(text, '\\');
        let seen: Vec<(&str, String)> =
            documents.iter().map(|document| (document.name.as_str(), document.content())).collect();
        assert_eq!(seen, [("EOF", "a\n  EOF\n".into()), ("A", "one\n".into()), ("B b", "two\n".into())]);
        let covered = cover(text, &documents);
        assert_eq!(covered.len(), text.len());
        assert_eq!(covered.lines().count(), text.lines().count());
        assert!(parse_dockerfile::parse(&covered).is_ok(), "{covered}");
    }

    #[test]
    fn a_document_without_its_end_goes_to_the_end() {
        let documents = find("FROM x\nRUN <<EOF\na\n", '\\');
        assert_eq!((documents[0].body, documents[0].is_closed), ("a\n", false));
        assert!(find("FROM x\nRUN <<EOF\na\nEOF", '\\')[0].is_closed);
    }
}

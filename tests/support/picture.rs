//! What a terminal shows in the end, of the sequences that a moving display is drawn with.

/// The lines that stand on a terminal of so many rows, with what was pushed out at its top, without blanks at their ends.
pub(crate) fn picture(written: &str, rows: usize) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut rest = written.chars();
    while let Some(next) = rest.next() {
        match next {
            '\r' => column = 0,
            '\n' => {
                row += 1;
                if row == lines.len() {
                    lines.push(Vec::new());
                }
            }
            '\x1b' => {
                assert_eq!(rest.next(), Some('['), "{written:?}");
                let (mut parameter, mut last) = (String::new(), ' ');
                for c in rest.by_ref() {
                    last = c;
                    if c.is_ascii_alphabetic() {
                        break;
                    }
                    parameter.push(c);
                }
                match last {
                    'A' => row = row.saturating_sub(parameter.parse().unwrap()).max(lines.len().saturating_sub(rows)),
                    'K' => lines[row].truncate(column),
                    'J' => {
                        lines[row].truncate(column);
                        lines.truncate(row + 1);
                    }
                    'h' | 'l' | 'm' => {}
                    other => panic!("not understood: {other:?} in {written:?}"),
                }
            }
            c if c.is_control() => panic!("{c:?} in {written:?}"),
            c => {
                if lines[row].len() <= column {
                    lines[row].resize(column + 1, ' ');
                }
                lines[row][column] = c;
                column += 1;
            }
        }
    }
    let text = |line: Vec<char>| line.into_iter().collect::<String>().trim_end().to_owned();
    let mut lines: Vec<String> = lines.into_iter().map(text).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Whether the cursor is seen in the end, and was not left hidden while nothing was drawn.
pub(crate) fn shows_cursor(written: &str) -> bool {
    written.rfind("\x1b[?25h") >= written.rfind("\x1b[?25l")
}

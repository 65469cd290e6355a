//! A failed command's output as pip 22 and later frames it.
//!
//! ```text
//! ╰─> [2 lines of output]
//!     gcc -c foo.c
//!     foo.c:1: fatal error: Python.h: No such file
//!     [end of output]
//! ```

use unicode_width::UnicodeWidthChar;

use super::block::Block;
use super::words::Version;

/// How pip's console draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Console {
    /// With colours, because of `FORCE_COLOR`.
    pub(super) coloured: bool,
    /// Without lines, because its encoding is not UTF-8.
    pub(super) ascii: bool,
    /// Of pip; the console is vendored with it.
    pub(super) version: Version,
}

/// Whether pip says with `text` that it shows no output, and whether it does so in a console without lines.
pub(super) fn is_gap(text: &[u8]) -> Option<bool> {
    let (ascii, said) = match text.strip_prefix("╰─> ".as_bytes()) {
        Some(said) => (false, said),
        None => (true, text),
    };
    // 22.0 to 25.2, then 25.3 and later.
    (said == b"See above for output." || said == b"No available output.").then_some(ascii)
}

/// The frame around the output of `block`, every line with its newline.
pub(super) fn framed(block: &Block, console: Console) -> Vec<u8> {
    let mut drawn = Vec::new();
    let red = |text: &str| if console.coloured { format!("\x1b[31m{text}\x1b[0m") } else { text.to_owned() };
    let (arrow, margin) = if console.ascii { Default::default() } else { (red("╰─>") + " ", red("   ") + " ") };
    let indent = " ".repeat(block.indent);
    let count = block.clipped + block.lines.len();
    drawn.extend_from_slice(format!("{indent}{arrow}{}\n", red(&format!("[{count} lines of output]"))).as_bytes());
    let margin = format!("{indent}{margin}");
    if block.clipped > 0 {
        let note = format!("{margin}[wheeltap kept the end: {} lines are only in pip's log]\n", block.clipped);
        drawn.extend_from_slice(note.as_bytes());
    }
    for line in &block.lines {
        drawn.extend_from_slice(margin.as_bytes());
        let begun = drawn.len();
        print(line, if console.ascii { 0 } else { 4 }, console.version, &mut drawn);
        if console.ascii && !drawn[begun..].is_ascii() {
            let line = drawn.split_off(begun);
            drawn.extend(escaped(&line).bytes());
        }
        drawn.push(b'\n');
    }
    drawn.extend_from_slice(format!("{margin}{}\n", red("[end of output]")).as_bytes());
    drawn
}

/// The same below the command's name, for where the error itself is out of sight.
pub(super) fn named(block: &Block, console: Console) -> Vec<u8> {
    let indent = " ".repeat(block.indent);
    let name = [indent.as_bytes(), "× ".as_bytes(), &block.description, b" did not run successfully.\n"].concat();
    [name, framed(block, console)].concat()
}

/// Whether rich prints a line as it is.
pub(super) fn is_verbatim(line: &[u8], version: Version) -> bool {
    !line.iter().any(|byte| *byte == b'\t' || is_stripped(*byte, version))
}

/// Control characters that rich leaves out; the bell since rich 12.
fn is_stripped(byte: u8, version: Version) -> bool {
    matches!(byte, 0x08 | 0x0b | 0x0c | b'\r') || byte == 0x07 && version >= (22, 2)
}

/// A line as rich prints it: without some control characters, and with tabs expanded, `column` columns in.
pub(super) fn print(line: &[u8], column: usize, version: Version, drawn: &mut Vec<u8>) {
    if is_verbatim(line, version) {
        drawn.extend_from_slice(line);
        return;
    }
    let line: Vec<u8> = line.iter().copied().filter(|byte| !is_stripped(*byte, version)).collect();
    let mut column = column;
    for (at, part) in line.split(|byte| *byte == b'\t').enumerate() {
        if at > 0 {
            let next = (column / 8 + 1) * 8;
            drawn.resize(drawn.len() + next - column, b' ');
            column = next;
        }
        drawn.extend_from_slice(part);
        column += columns(part, version);
    }
}

/// Rich 13.7 (pip 24.1) began to count a character's columns; before, each counted as one.
fn columns(part: &[u8], version: Version) -> usize {
    let text = String::from_utf8_lossy(part);
    if version < (24, 1) { text.chars().count() } else { text.chars().filter_map(UnicodeWidthChar::width).sum() }
}

/// As Python's `backslashreplace` writes what ASCII cannot say.
fn escaped(line: &[u8]) -> String {
    let escape = |character: char| match u32::from(character) {
        0..=0x7f => character.to_string(),
        code @ 0x80..=0xff => format!("\\x{code:02x}"),
        code @ 0x100..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    String::from_utf8_lossy(line).chars().map(escape).collect()
}

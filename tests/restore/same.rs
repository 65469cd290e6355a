//! The same output but for what differs between any two runs: temporary names, times, hash-random orders.

/// Whether both are the same to pip `version`; the difference otherwise.
pub(crate) fn same(version: &str, expected: &[u8], actual: &[u8]) -> Result<(), String> {
    let [expected, actual] = [expected, actual].map(normalized);
    if expected == actual || is_disorderly(version, &expected) && orderly(&expected) == orderly(&actual) {
        return Ok(());
    }
    let [expected, actual]: [Vec<&str>; 2] = [&expected, &actual].map(|text| text.split_inclusive('\n').collect());
    let at = expected.iter().zip(&actual).take_while(|(expected, actual)| expected == actual).count();
    let end =
        expected[at..].iter().rev().zip(actual[at..].iter().rev()).take_while(|(one, other)| one == other).count();
    let shown =
        |lines: &[&str]| lines[at..lines.len() - end].iter().map(|line| format!("    {line:?}\n")).collect::<String>();
    Err(format!("  from line {at} on, expected\n{}  but got\n{}", shown(&expected), shown(&actual)))
}

fn normalized(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut steady = String::new();
    // What a bar shows on its way depends on the time; between these two nothing else is drawn.
    for (at, part) in text.split("\x1b[?25l").enumerate() {
        let still = if at == 0 { part } else { part.split_once("\x1b[?25h").map_or("(bar)", |(_, behind)| behind) };
        steady.push_str(if at == 0 { "" } else { "(bar)" });
        steady.push_str(still);
    }
    steady.split_inclusive('\n').map(line).collect()
}

/// pip 20.3 and 21 take requirements out of sets: they come, and come again, in any order.
fn is_disorderly(version: &str, text: &str) -> bool {
    ["20.", "21."].iter().any(|release| version.starts_with(release))
        && ["pip-req-tracker-", "Requirement already satisfied: ", "Collecting "].iter().any(|sign| text.contains(sign))
}

fn orderly(text: &str) -> Vec<Vec<&str>> {
    let words = |line| -> Vec<&str> { str::split(line, [' ', ',']).collect() };
    let mut lines: Vec<Vec<&str>> = text.lines().map(words).collect();
    lines.iter_mut().for_each(|words| words.sort());
    lines.sort();
    lines.dedup();
    lines
}

fn line(line: &str) -> String {
    // What pip's cache says of how old a response is.
    if line.contains("Current age based on date: ") || line.contains("365000000 > ") {
        let figure = |character: char| character.is_ascii_digit() || character == '\n';
        return format!("{}#\n", line.trim_end_matches(figure));
    }
    if line.contains('━') || line.contains("/s 0:00:") || line.starts_with("Progress ") {
        return "(bar)\n".to_owned();
    }
    line.split_inclusive([' ', '\n', '\'', '"', ',', ')', '=', '/', ':', '>']).map(word).collect()
}

/// A word with what ends it, steady: digests, addresses, and the random part of `pip-unpack-k3j4h5j6`, `tmpk3j4h5j6` and
/// of the unpacked `six_0123...` with 32 digits.
fn word(word: &str) -> String {
    let end = word.trim_end_matches([' ', '\n', '\'', '"', ',', ')', '=', '/', ':', '>']).len();
    let end = word[..end].find("_in_process.py").unwrap_or(end);
    let (word, rest) = word.split_at(end);
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if word.strip_prefix("0x").is_some_and(hexadecimal) || word.len() == 64 && hexadecimal(word) {
        return format!("#{rest}");
    }
    let random = if word.starts_with("pip-") || word.starts_with("tmp") { 8 } else { 32 };
    let is_random = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match word.len().checked_sub(random).and_then(|at| word.split_at_checked(at)) {
        Some((kind, tail)) if tail.bytes().all(is_random) && !kind.is_empty() => format!("{kind}#{rest}"),
        _ => format!("{word}{rest}"),
    }
}

//! Are two runs alike? What a run makes up each time (temporary names, times, speeds) is taken out first; nothing else.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::support::index::Request;
use super::support::place::Place;
use super::support::streams::Ended;
use super::support::tree::Node;

/// Everything about a run that another must equal.
pub(crate) struct Outcome {
    /// The streams and the status.
    pub(crate) ended: Ended,
    /// What lies in the place afterwards.
    pub(crate) tree: BTreeMap<String, Node>,
    /// The lines of pip's logs in it, sorted: nested pips write into one file at the same time as their parent.
    pub(crate) logs: BTreeMap<String, Vec<u8>>,
    /// What the server was asked.
    pub(crate) requests: Vec<Request>,
}

/// What pip makes up, and what stands for it. A bar is as wide as the speed beside it leaves room.
static MADE_UP: LazyLock<Vec<(Regex, &'static [u8])>> = LazyLock::new(|| {
    let pairs: [(&str, &'static [u8]); 9] = [
        // 20.3 and 21 log the status of a failed build of a wheel nowhere: a known limit.
        (r"(?m)(errored out with exit status) \d+:$", b"$1 <status>:"),
        (r"(pip-[a-z-]+-|/tmp|tmp/tmp)[a-z0-9_]{8}\b", b"$1********"),
        (r"_[0-9a-f]{32}\b", b"_****"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d,\d{3}", b"<time>"),
        (r"0x[0-9a-f]{8,}", b"0x<address>"),
        (r" +[0-9.?]+ ?[kMG]?B/s", b" <speed>"),
        (r"(eta )?(\d:\d\d:\d\d|-:--:--)", b"<eta>"),
        (r"([━╸╺]+|-{20,}) *", b"<bar> "),
        (r"(?m)^( +)[-\\|/] (\d)", b"$1* $2"),
    ];
    pairs.into_iter().map(|(pattern, with)| (Regex::new(pattern).unwrap(), with)).collect()
});

/// Text without what is made up.
pub(crate) fn plain(text: &[u8]) -> Vec<u8> {
    MADE_UP.iter().fold(text.to_vec(), |text, (pattern, with)| pattern.replace_all(&text, *with).into_owned())
}

/// What a terminal shows in the end, line by line: frames of bars and spinners are overwritten.
fn shown(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0usize, 0usize);
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\n' => {
                (row, column) = (row + 1, 0);
                lines.resize(lines.len().max(row + 1), Vec::new());
            }
            '\r' => column = 0,
            '\x08' => column = column.saturating_sub(1),
            '\x1b' => {
                let mut sequence = String::new();
                for character in rest.by_ref() {
                    sequence.push(character);
                    if character.is_ascii_alphabetic() {
                        break;
                    }
                }
                // Cursor up and erase line; everything else is colour or the cursor's looks.
                match sequence.as_str() {
                    "[1A" => row = row.saturating_sub(1),
                    "[2K" => lines[row].clear(),
                    "[K" => lines[row].truncate(column),
                    _ => (),
                }
            }
            _ => {
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                column += 1;
            }
        }
    }
    let lines: Vec<String> = lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned()).collect();
    plain(lines.join("\n").as_bytes())
}

/// How `shimmed` differs from `bare`; empty if it does not. With `late`, what pip was to say of a failed build may come at
/// the end, and it says itself that it has said it before.
pub(crate) fn differences(bare: &Outcome, shimmed: &Outcome, late: bool) -> Vec<String> {
    let mut found = Vec::new();
    if bare.ended.status != shimmed.ended.status {
        found.push(format!("status: {} became {}", bare.ended.status, shimmed.ended.status));
    }
    // Frames come by the clock.
    let view = if bare.ended.stdout.contains(&b'\x1b') { shown } else { plain };
    for (name, one, other) in
        [("stdout", &bare.ended.stdout, &shimmed.ended.stdout), ("stderr", &bare.ended.stderr, &shimmed.ended.stderr)]
    {
        let (one, other) = if late { (sorted(view(one)), sorted(view(other))) } else { (view(one), view(other)) };
        if one != other {
            found.push(format!("{name}:\n{}", difference(&one, &other)));
        }
    }
    for (path, one) in &bare.logs {
        match shimmed.logs.get(path) {
            Some(other) if one != other => found.push(format!("{path}:\n{}", difference(one, other))),
            _ => (),
        }
    }
    let paths: std::collections::BTreeSet<_> = bare.tree.keys().chain(shimmed.tree.keys()).collect();
    for path in paths {
        let (one, other) = (bare.tree.get(path), shimmed.tree.get(path));
        if one != other {
            found.push(format!("{path}: {one:?} became {other:?}"));
        }
    }
    if bare.requests != shimmed.requests {
        let text = |requests: &[Request]| requests.iter().map(|request| format!("{request:?}\n")).collect::<String>();
        let (one, other) = (text(&bare.requests), text(&shimmed.requests));
        found.push(format!("requests:\n{}", difference(one.as_bytes(), other.as_bytes())));
    }
    found
}

/// The lines in their own order, without those that say which output of a failed build stands where.
fn sorted(text: Vec<u8>) -> Vec<u8> {
    let tells = |line: &[u8]| ["  ╰─>", "  × "].iter().any(|head| line.starts_with(head.as_bytes()));
    let mut lines: Vec<_> = text.split(|&byte| byte == b'\n').filter(|line| !tells(line)).collect();
    lines.sort();
    lines.join(&b'\n')
}

/// The lines in which two texts differ, between the first and the last.
fn difference(one: &[u8], other: &[u8]) -> String {
    let lines = |text: &[u8]| text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (one, other) = (lines(one), lines(other));
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let rest = one[same..].iter().rev().zip(other[same..].iter().rev()).take_while(|(a, b)| a == b).count();
    let marked = |mark: char, lines: &[Vec<u8>]| {
        lines.iter().map(|line| format!("    {mark} {}\n", line.escape_ascii())).collect::<String>()
    };
    marked('-', &one[same..one.len() - rest]) + &marked('+', &other[same..other.len() - rest])
}

/// What a run ended with, left in the place, and asked of the server.
pub(crate) fn outcome(ended: Ended, place: &Place, requests: Vec<Request>) -> Outcome {
    let made_up = |path: &str| String::from_utf8(plain(path.as_bytes())).unwrap();
    let (mut tree, mut logs) = (BTreeMap::new(), BTreeMap::new());
    for (path, mut node) in place.tree() {
        if let Node::File(_, digest) = &mut node {
            let timed = path.contains("/http/") || (path.contains("/http-v2/") && !path.ends_with(".body"));
            if timed || path.contains("/selfcheck/") {
                *digest = "dated".to_owned();
            } else if path.ends_with(".log") {
                let text = plain(&std::fs::read(place.root().join(&path)).unwrap());
                let mut lines: Vec<_> = text.split_inclusive(|&byte| byte == b'\n').collect();
                lines.sort();
                logs.insert(path.clone(), lines.concat());
                node = Node::File(0, "log".to_owned());
            }
        }
        tree.insert(made_up(&path), node);
    }
    Outcome { ended, tree, logs, requests }
}

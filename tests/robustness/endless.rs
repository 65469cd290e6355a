//! A line that does not end, in little memory: streamed, and no more of it kept than a line is allowed to have.

use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wheeltap::classify::pip::{self, Options};
use wheeltap::classify::{Channel, apt, buildkit};
use wheeltap::restore::{Facts, Restorer, Stream};

/// Of three lines together.
const LENGTH: usize = 1 << 30;
/// Far less than the line, and enough for a test program, its threads and what the parsers keep.
const MEMORY: u64 = 256 << 20;

/// Takes a piece of a line.
type Reader = Box<dyn FnMut(&[u8])>;

/// Whoever reads a line, and how long a line it is given.
fn readers() -> [(&'static str, usize, Reader); 6] {
    let mut classifier = pip::Classifier::new(Options { log: true, ..Options::default() });
    let mut streams = pip::Classifier::new(Options::default());
    let mut runs = pip::Runs::new();
    let mut text = apt::Classifier::new(apt::Runs::Several);
    let mut reader = buildkit::Reader::default();
    let mut restorer = Restorer::new(Facts::default());
    [
        ("pip's log", LENGTH, Box::new(move |piece| classifier.feed(Channel::Log, piece, &mut |_| {}))),
        ("pip's streams", LENGTH, Box::new(move |piece| streams.feed(Channel::Both, piece, &mut |_| {}))),
        ("runs of pips", LENGTH, Box::new(move |piece| runs.feed(piece, &mut |_| {}))),
        ("apt's text", LENGTH, Box::new(move |piece| text.text(Channel::Stdout, piece))),
        ("a build log", LENGTH, Box::new(move |piece| reader.feed(piece))),
        (
            "what is given back",
            LENGTH / 8,
            Box::new(move |piece| {
                restorer.log(piece);
                let mut output = Vec::new();
                restorer.pass(Stream::Stdout, piece, &mut output);
                assert!(output.len() >= piece.len());
            }),
        ),
    ]
}

/// What the line begins with: what makes the parsers read on.
const BEGINNINGS: [&[u8]; 3] = [
    b"2026-11-20T16:27:36,471   Found link https://files.example/",
    b"#9 0.123 Collecting ",
    b"Get:1 http://deb.example/",
];

/// No test by itself: its memory is limited.
#[test]
#[ignore = "started by another test"]
fn readers_with_little_memory() {
    let limit = Rlimit { current: Some(MEMORY), maximum: getrlimit(Resource::As).maximum };
    setrlimit(Resource::As, limit).unwrap();
    let piece = vec![b'x'; 64 << 10];
    for (name, length, mut read) in readers() {
        println!("{name}");
        for beginning in BEGINNINGS {
            read(beginning);
            (0..length / BEGINNINGS.len() / piece.len()).for_each(|_| read(&piece));
            read(b"\n");
        }
    }
}

#[test]
fn lines_of_a_gigabyte_are_read_in_little_memory() {
    let reader = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "endless::readers_with_little_memory", "--ignored", "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&reader.stdout);
    assert!(reader.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&reader.stderr));
}

//! How fast a log of pip is classified, on one core: a log of 100 MB dominated by the links of index pages, as real ones
//! are, and one of another program's output, which no line of pip's cuts short.
//!
//! `cargo bench --bench pip_classifier`; a line for each measure, the best of three, in megabytes for a second of
//! processor time, so that other work on the machine does not count.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark reads the clock and prints")]

use std::fmt::Write as _;

use wheeltap::classify::pip::{Classifier, Options, Piece, Runs};
use wheeltap::classify::{Channel, End};

const BYTES: usize = 100 << 20;
const STAMP: &str = "2026-11-20T16:27:36,471 ";
/// What a shim reads at a time.
const PIECE: usize = 64 << 10;

/// Projects with some thousand links each, of which one is downloaded.
fn log_of_links() -> String {
    let mut log = String::with_capacity(BYTES + 4096);
    let mut line = |text: &str| {
        log.push_str(STAMP);
        log.push_str(text);
        log.push('\n');
        log.len()
    };
    line("Using pip 24.0 from /opt/venv/lib/python3.11/site-packages/pip (python 3.11)");
    let mut project = 0;
    let (mut text, mut length) = (String::new(), 0);
    while length < BYTES {
        project += 1;
        let page = format!("https://index.example/simple/project-{project}/");
        line(&format!("Getting page {page}"));
        line(&format!("Fetched page {page} as application/vnd.pypi.simple.v1+json"));
        for number in 0..4000 {
            text.clear();
            let digest = format!("{:02x}/{:02x}/{:060x}", number % 251, number % 241, number);
            let kind = if number % 8 == 0 {
                "  Found link "
            } else {
                "  Skipping link: none of the wheel's tags (cp310-cp310-macosx_10_9_universal2) are compatible (run pip debug --verbose to show compatible tags): "
            };
            write!(text, "{kind}https://files.example/packages/{digest}/project_{project}-1.{number}-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl (from {page}) (requires-python:>=3.9), version: 1.{number}").unwrap_or_default();
            length = line(&text);
        }
        line(&format!("Collecting project-{project}"));
        line(&format!(
            "  Downloading project_{project}-1.3992-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl (1.2 MB)"
        ));
    }
    log
}

/// A compiler at work under pip.
fn log_of_output() -> String {
    let mut log =
        format!("{STAMP}Using pip 24.0 from /venv/pip (python 3.11)\n{STAMP}  Running command Building wheel for x\n");
    while log.len() < BYTES {
        log.push_str(STAMP);
        log.push_str("  gcc -Wsign-compare -DNDEBUG -g -fwrapv -O3 -Wall -fPIC -I/usr/include/python3.11 -c src/module.c -o build/module.o\n");
    }
    log
}

fn classify(log: &str) -> usize {
    let mut findings = 0;
    let mut classifier = Classifier::new(Options { log: true, ..Options::default() });
    log.as_bytes().chunks(PIECE).for_each(|piece| classifier.feed(Channel::Log, piece, &mut |_| findings += 1));
    classifier.finish(End::Code(0), &mut |_| findings += 1);
    findings
}

fn split(log: &str) -> usize {
    let mut pieces = 0;
    let mut runs = Runs::new();
    let mut count = |_: Piece<'_>| pieces += 1;
    log.as_bytes().chunks(PIECE).for_each(|piece| runs.feed(piece, &mut count));
    runs.finish(&mut count);
    pieces
}

fn measure(name: &str, log: &str, work: fn(&str) -> usize) {
    let rates = (0..3).map(|_| {
        let start = processor_seconds();
        std::hint::black_box(work(log));
        log.len() as f64 / 1e6 / (processor_seconds() - start)
    });
    println!("{name:<44} {:>7.0} MB/s", rates.fold(0.0, f64::max));
}

/// What this thread has used of a processor, as the kernel's scheduler counts it.
fn processor_seconds() -> f64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: f64 = counted.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN);
    nanoseconds / 1e9
}

fn main() {
    let links = log_of_links();
    measure("pip classifier, log of links", &links, classify);
    measure("pip log split into runs", &links, split);
    measure("pip classifier, log of a compiler's output", &log_of_output(), classify);
}

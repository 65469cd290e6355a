//! A shim whose recording is chosen by the variable `SHIM`, for the tests of transparency: the product's own way through
//! `shim::run_with`, with a recording that does nothing, listens, or fails where it is told to.
//!
//! `SHIM` is a list of words: `inherit` or `interpose` (both streams), `panic-WHERE` and `slow-WHERE` for a method of
//! `Recording` or `Tap`, `trace=FILE` to append what happened to a file. Without it nothing is recorded.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use wheeltap::shim::{Call, Recording, Tool, run_with};
use wheeltap::supervise::{self, Interpose, Outcome, Setting, Stream, Tap};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let tool = Tool::from_argv0(&name).unwrap_or(Tool::Pip);
    run_with(begin, tool, name, arguments.collect()).leave()
}

fn begin(call: Call<'_>) -> Option<Box<dyn Recording + '_>> {
    let words = std::env::var("SHIM").ok()?.split_whitespace().map(str::to_owned).collect();
    let recording = Faulty { words };
    recording.trace(&format!("begin {}", call.path.display()));
    recording.fault("begin");
    Some(Box::new(recording))
}

struct Faulty {
    words: Vec<String>,
}

impl Faulty {
    fn fault(&self, place: &str) {
        assert!(!self.is(&format!("panic-{place}")), "told to panic in {place}");
        if self.is(&format!("slow-{place}")) {
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    fn is(&self, word: &str) -> bool {
        self.words.iter().any(|other| other == word)
    }

    fn trace(&self, what: &str) {
        let path = self.words.iter().find_map(|word| word.strip_prefix("trace="));
        let file = path.and_then(|path| std::fs::File::options().create(true).append(true).open(path).ok());
        if let Some(mut file) = file {
            let _ = file.write_all(format!("{what}\n").as_bytes());
        }
    }
}

impl Recording for Faulty {
    fn environment(&self) -> Vec<Setting> {
        self.fault("environment");
        if self.is("mark") { vec![("MARK".into(), Some(OsString::from("set")))] } else { Vec::new() }
    }

    fn interpose(&self) -> Interpose {
        self.fault("interpose");
        let interpose = self.is("interpose");
        Interpose { stdout: interpose || self.is("interpose-stdout"), stderr: interpose || self.is("interpose-stderr") }
    }

    fn end(self: Box<Self>, outcome: Result<&Outcome, &supervise::Error>) {
        self.trace(&format!("end {outcome:?}"));
        self.fault("end");
    }
}

impl Tap for Faulty {
    fn pass(&mut self, _from: Stream, input: &[u8], output: &mut Vec<u8>) {
        output.extend_from_slice(input);
        self.fault("pass");
    }

    fn seen(&mut self, _from: Stream, _input: &[u8]) {
        self.fault("seen");
    }

    fn close(&mut self, from: Stream, _output: &mut Vec<u8>) {
        self.trace(&format!("close {from:?}"));
        self.fault("close");
    }

    fn tick(&mut self) {
        self.trace("tick");
        self.fault("tick");
    }

    fn period(&self) -> Option<Duration> {
        self.fault("period");
        self.is("ticking").then_some(Duration::from_millis(20))
    }
}

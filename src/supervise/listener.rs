//! The [`Tap`], kept from doing harm: every call under `catch_unwind`, none after the first panic.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::tap::{Stream, Tap};

pub(super) struct Listener<'a> {
    tap: &'a mut dyn Tap,
    /// What the tap said when it panicked; it is not called from then on.
    panic: Option<String>,
    /// What the tap held back when it panicked, to be forwarded before anything else of its stream.
    residue: Vec<(Stream, Vec<u8>)>,
    next_tick: Option<Instant>,
}

impl<'a> Listener<'a> {
    pub(super) fn new(tap: &'a mut dyn Tap) -> Listener<'a> {
        let mut listener = Listener { tap, panic: None, residue: Vec::new(), next_tick: None };
        listener.schedule();
        listener
    }

    /// Appends to `output` what is to be forwarded of `input`.
    pub(super) fn pass(&mut self, from: Stream, input: &[u8], output: &mut Vec<u8>) {
        let before = output.len();
        if self.call(|tap| tap.pass(from, input, output)).is_none() {
            output.truncate(before);
            self.release(from, output);
            output.extend_from_slice(input);
        }
    }

    pub(super) fn seen(&mut self, from: Stream, input: &[u8]) {
        self.call(|tap| tap.seen(from, input));
    }

    /// Appends to `output` what is still to be forwarded at the stream's end.
    pub(super) fn close(&mut self, from: Stream, output: &mut Vec<u8>) {
        let before = output.len();
        if self.call(|tap| tap.close(from, output)).is_none() {
            output.truncate(before);
            self.release(from, output);
        }
    }

    /// Calls [`Tap::tick`] if it is due, and says how long that is from now.
    pub(super) fn tick(&mut self) -> Option<Duration> {
        if self.next_tick? <= Instant::now() {
            self.call(|tap| tap.tick());
            self.schedule();
        }
        Some(self.next_tick?.saturating_duration_since(Instant::now()))
    }

    pub(super) fn into_panic(self) -> Option<String> {
        self.panic
    }

    fn schedule(&mut self) {
        let period = self.call(|tap| tap.period()).flatten();
        self.next_tick = period.and_then(|period| Instant::now().checked_add(period));
    }

    /// `None` if the tap panics, or has panicked before.
    fn call<T>(&mut self, what: impl FnOnce(&mut dyn Tap) -> T) -> Option<T> {
        if self.panic.is_some() {
            return None;
        }
        // A tap that is broken in the middle of a change is not asked for anything but what it held back.
        match catch_unwind(AssertUnwindSafe(|| what(self.tap))) {
            Ok(value) => Some(value),
            Err(payload) => {
                self.panic = Some(panic_text(payload.as_ref()));
                std::mem::forget(payload);
                for stream in [Stream::Stdout, Stream::Stderr, Stream::Both] {
                    let held = catch_unwind(AssertUnwindSafe(|| self.tap.held(stream))).unwrap_or_default();
                    self.residue.push((stream, held));
                }
                None
            }
        }
    }

    fn release(&mut self, from: Stream, output: &mut Vec<u8>) {
        for (stream, held) in &mut self.residue {
            if *stream == from {
                output.append(held);
            }
        }
    }
}

/// The text of a panic.
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a text").to_owned()
}

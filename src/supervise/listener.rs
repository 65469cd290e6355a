//! The [`Tap`], kept from doing harm: every call under `catch_unwind`, none after the first panic.

use std::any::Any;
use std::os::fd::{AsRawFd, RawFd};
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
        listener.call(|tap| tap.started());
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

    /// Calls [`Tap::tick`] if it is due, and says whether it was.
    pub(super) fn tick(&mut self) -> bool {
        let is_due = self.next_tick.is_some_and(|next| next <= Instant::now());
        if is_due {
            self.call(|tap| tap.tick());
            self.schedule();
        }
        is_due
    }

    /// Appends to `output` what is to be written at the time of a tick.
    pub(super) fn ticked(&mut self, from: Stream, output: &mut Vec<u8>) {
        let before = output.len();
        if self.call(|tap| tap.ticked(from, output)).is_none() {
            output.truncate(before);
        }
    }

    /// How long it is until the next tick.
    pub(super) fn wait(&self) -> Option<Duration> {
        Some(self.next_tick?.saturating_duration_since(Instant::now()))
    }

    /// The number of the descriptor that the tap watches, -1 if there is none.
    pub(super) fn watched(&mut self) -> RawFd {
        self.call(|tap| tap.watched().map(|descriptor| descriptor.as_raw_fd())).flatten().unwrap_or(-1)
    }

    pub(super) fn woken(&mut self) {
        self.call(|tap| tap.woken());
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

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, BorrowedFd};

    use super::*;

    /// Holds back an unfinished line, turns `a` into `b`, and panics where it is told to.
    #[derive(Default)]
    struct Lines {
        held: Vec<u8>,
        panics_at: Option<&'static str>,
        calls: usize,
    }

    impl Lines {
        fn is_at(&mut self, place: &str) {
            self.calls += 1;
            assert!(self.panics_at != Some(place), "told to");
        }
    }

    impl Tap for Lines {
        fn pass(&mut self, _from: Stream, input: &[u8], output: &mut Vec<u8>) {
            let mut all = self.held.clone();
            all.extend(input.iter().map(|byte| if *byte == b'a' { b'b' } else { *byte }));
            let end = all.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            output.extend_from_slice(&all[..end]);
            self.is_at("pass");
            self.held = all.split_off(end);
        }

        fn seen(&mut self, _from: Stream, _input: &[u8]) {
            self.is_at("seen");
        }

        fn held(&mut self, from: Stream) -> Vec<u8> {
            self.is_at("held");
            if from == Stream::Both { std::mem::take(&mut self.held) } else { Vec::new() }
        }
    }

    fn forwarded(tap: &mut Lines, pieces: &[&str], panics_at: Option<(usize, &'static str)>) -> String {
        let mut output = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let place = panics_at.filter(|(at, _)| *at == index).map(|(_, place)| place);
            tap.panics_at = place;
            let mut listener = Listener::new(tap);
            listener.pass(Stream::Both, piece.as_bytes(), &mut output);
            listener.seen(Stream::Both, piece.as_bytes());
            if listener.panic.is_some() {
                // From here on without the tap, as the supervisor goes on with the same listener.
                for piece in &pieces[index + 1..] {
                    listener.pass(Stream::Both, piece.as_bytes(), &mut output);
                }
                listener.close(Stream::Both, &mut output);
                assert_eq!(listener.into_panic().as_deref(), Some("told to"));
                return String::from_utf8(output).unwrap();
            }
        }
        Listener::new(tap).close(Stream::Both, &mut output);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_tap_may_rewrite_and_hold_back() {
        let pieces = ["one a\ntw", "o a", "\nthree"];
        assert_eq!(forwarded(&mut Lines::default(), &pieces, None), "one b\ntwo b\nthree");
    }

    #[test]
    fn what_a_panicking_tap_held_back_comes_first_and_nothing_comes_twice() {
        let pieces = ["one a\ntw", "o a", "\nthree", " a\n"];
        for (at, place, expected) in [
            (0, "pass", "one a\ntwo a\nthree a\n"),
            (1, "pass", "one b\ntwo a\nthree a\n"),
            (2, "pass", "one b\ntwo b\nthree a\n"),
            (0, "seen", "one b\ntwo a\nthree a\n"),
            (2, "seen", "one b\ntwo b\nthree a\n"),
        ] {
            let mut tap = Lines::default();
            std::panic::set_hook(Box::new(|_| {}));
            let said = forwarded(&mut tap, &pieces, Some((at, place)));
            let _ = std::panic::take_hook();
            assert_eq!(said, expected, "{place} at {at}");
        }
    }

    #[test]
    fn a_tap_that_panics_watches_nothing_any_more() {
        struct Watching(std::fs::File);
        impl Tap for Watching {
            fn watched(&self) -> Option<BorrowedFd<'_>> {
                Some(self.0.as_fd())
            }

            fn woken(&mut self) {
                panic!("told to");
            }
        }
        let mut tap = Watching(std::fs::File::open("/dev/null").unwrap());
        let number = tap.0.as_raw_fd();
        let mut listener = Listener::new(&mut tap);
        assert_eq!(listener.watched(), number);
        std::panic::set_hook(Box::new(|_| {}));
        listener.woken();
        let _ = std::panic::take_hook();
        assert_eq!(listener.watched(), -1);
    }

    #[test]
    fn the_clock_rings_only_for_who_asked() {
        struct Ticking(usize);
        impl Tap for Ticking {
            fn tick(&mut self) {
                self.0 += 1;
            }

            fn ticked(&mut self, _from: Stream, output: &mut Vec<u8>) {
                output.extend_from_slice(b"drawn");
            }

            fn period(&self) -> Option<Duration> {
                Some(Duration::from_nanos(1))
            }
        }
        let mut lines = Lines::default();
        let mut listener = Listener::new(&mut lines);
        assert_eq!((listener.tick(), listener.wait()), (false, None));
        let mut ticking = Ticking(0);
        let mut listener = Listener::new(&mut ticking);
        while !listener.tick() {}
        let mut output = b"before ".to_vec();
        listener.ticked(Stream::Both, &mut output);
        drop(listener);
        assert_eq!((output.as_slice(), ticking.0), (&b"before drawn"[..], 1));
    }
}

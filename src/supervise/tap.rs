//! What listens to a supervised child's output.

use std::os::fd::BorrowedFd;

/// Which of the child's output streams bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output alone.
    Stdout,
    /// Standard error alone.
    Stderr,
    /// Both, through one pipe, because they are one file (`2>&1`): their order is kept, their difference is not known.
    Both,
}

/// Listens to a child's output, and may rewrite it on its way.
///
/// Every call is made under `catch_unwind`: a tap that panics is never called again, the bytes of the failed call are
/// forwarded as they came, and what the tap held back is asked for once with [`Tap::held`].
pub trait Tap {
    /// The child wrote `input`. What is to be forwarded now is appended to `output`; what is held back must be small,
    /// short-lived and recoverable through [`Tap::held`]. The default forwards everything as it comes.
    fn pass(&mut self, _from: Stream, input: &[u8], output: &mut Vec<u8>) {
        output.extend_from_slice(input);
    }

    /// The same `input`, after its forwarding: time taken here delays nobody.
    fn seen(&mut self, _from: Stream, _input: &[u8]) {}

    /// The stream has ended: what is held back is appended to `output`.
    fn close(&mut self, from: Stream, output: &mut Vec<u8>) {
        output.append(&mut self.held(from));
    }

    /// Gives up what is held back of a stream.
    fn held(&mut self, _from: Stream) -> Vec<u8> {
        Vec::new()
    }

    /// The child has been started; it runs while this does.
    fn started(&mut self) {}

    /// Called about every [`Tap::period`] while the child runs.
    fn tick(&mut self) {}

    /// Called after [`Tap::tick`] for each stream of which nothing is on its way: what is to be written at that time is
    /// appended to `output`.
    fn ticked(&mut self, _from: Stream, _output: &mut Vec<u8>) {}

    /// How often [`Tap::tick`] is wanted; `None` for never.
    fn period(&self) -> Option<std::time::Duration> {
        None
    }

    /// A descriptor of the tap's own: [`Tap::woken`] is called when there is something to read from it.
    fn watched(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Called when there is something to read from [`Tap::watched`], and until it has been read.
    fn woken(&mut self) {}
}

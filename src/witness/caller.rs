//! One notified caller, and what the arguments of its call point to.
//!
//! Refuses to judge: it reads addresses, messages and the beginning of what is sent, and says what cannot be read.

use super::address::{Address, LONGEST};
use super::calls::Width;
use super::memory::{Memory, Message, pointer};
use super::process::Status;

/// A question and what else may be in its datagram.
const QUESTION: usize = 1024;

/// Who called.
pub(super) struct Caller {
    pub(super) thread: u32,
    pub(super) group: u32,
    pub(super) status: Option<Status>,
    pub(super) width: Width,
}

/// An address as it was read, or not.
pub(super) struct Read {
    pub(super) address: Option<Address>,
    pub(super) place: u64,
    pub(super) length: u32,
}

impl Caller {
    /// The address at a place.
    pub(super) fn address(&self, memory: &Memory, place: u64, length: u32, datagram: bool) -> Read {
        let mut bytes = [0; LONGEST];
        let wanted = (length as usize).min(LONGEST);
        let read = self.read(memory, place, &mut bytes[..wanted]);
        let address = read.map(|count| Address::read(&bytes[..count], datagram));
        match address {
            Some(Some(address)) => Read { address: Some(address), place, length },
            // Too short to be one: the kernel refuses it.
            Some(None) => Read { address: Some(Address::Nowhere), place, length },
            None => Read { address: None, place, length },
        }
    }

    /// The beginning of what is sent.
    pub(super) fn text(&self, memory: &Memory, buffer: u64, size: u64) -> Vec<u8> {
        let mut text = vec![0; usize::try_from(size).unwrap_or(QUESTION).min(QUESTION)];
        let count = self.read(memory, buffer, &mut text).unwrap_or(0);
        text.truncate(count);
        text
    }

    /// The address of a message, if it has one, and the beginning of its text.
    pub(super) fn message(&self, memory: &Memory, place: u64) -> (Option<Read>, Vec<u8>) {
        let unreadable = (Some(Read { address: None, place, length: LONGEST as u32 }), Vec::new());
        let mut bytes = [0; 64];
        let (size, _) = Message::sizes(self.width);
        let Some(count) = self.read(memory, place, &mut bytes[..size]) else { return unreadable };
        let Some(message) = Message::read(&bytes[..count], self.width) else { return unreadable };
        let to = (message.address != 0).then(|| self.address(memory, message.address, message.length, true));
        // Its length lies in memory, and may be exchanged as well.
        let to = to.map(|to| if to.address.is_some() { Read { length: LONGEST as u32, ..to } } else { to });
        let mut piece = [0; 16];
        let count = self.read(memory, message.pieces, &mut piece).unwrap_or(0);
        let part = |at| pointer(&piece[..count], at, self.width).unwrap_or(0);
        (to, self.text(memory, part(0), part(1)))
    }

    /// Up to `buffer.len()` bytes at a place; `None` if they cannot be read.
    pub(super) fn read(&self, memory: &Memory, place: u64, buffer: &mut [u8]) -> Option<usize> {
        memory.read(self.thread, self.status.as_ref(), place, buffer)
    }
}

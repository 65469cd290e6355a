//! What notified callers point to, read from `/proc/TID/mem`.
//!
//! A caller that has changed its user is closed to us where we lack `CAP_SYS_PTRACE` (a container by default, where apt's
//! methods become `_apt`). So its memory is opened when it announces the change, and the descriptor stays good; and one
//! that has executed a program as that user since is opened with that user's identity.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::calls::Width;
use super::process::Status;
use super::sys;

/// As many processes are kept open; they are few, since only those that change their user are.
const KEPT: usize = 512;

/// Reads the memory of others.
#[derive(Default)]
pub(super) struct Memory {
    /// By thread group.
    kept: HashMap<u32, File>,
}

impl Memory {
    /// The caller is about to change its user: keeps its memory open.
    pub(super) fn keep(&mut self, thread: u32, group: u32) {
        if self.kept.len() >= KEPT {
            self.kept.retain(|group, _| std::fs::metadata(format!("/proc/{group}")).is_ok());
        }
        if self.kept.len() < KEPT
            && let Ok(memory) = File::open(format!("/proc/{thread}/mem"))
        {
            self.kept.insert(group, memory);
        }
    }

    /// Up to `buffer.len()` bytes at an address of a thread; `None` if they cannot be read.
    pub(super) fn read(&self, thread: u32, status: Option<&Status>, address: u64, buffer: &mut [u8]) -> Option<usize> {
        let read = |memory: &File, buffer: &mut [u8]| memory.read_at(buffer, address).ok().filter(|count| *count > 0);
        let path = format!("/proc/{thread}/mem");
        if let Some(count) = File::open(&path).ok().and_then(|memory| read(&memory, buffer)) {
            return Some(count);
        }
        let status = status?;
        // What was kept is empty once its owner has executed another program.
        if let Some(count) = self.kept.get(&status.group).and_then(|memory| read(memory, buffer)) {
            return Some(count);
        }
        let theirs = sys::as_other(status.user, status.group_of_user, || File::open(&path)).ok()?;
        read(&theirs, buffer)
    }
}

/// A message as `sendmsg` takes it: where its address and its first piece are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) address: u64,
    pub(super) length: u32,
    pub(super) pieces: u64,
}

impl Message {
    /// How large `struct msghdr` is, and `struct mmsghdr` with it.
    pub(super) fn sizes(width: Width) -> (usize, usize) {
        match width {
            Width::Bits32 => (28, 32),
            Width::Bits64 => (56, 64),
        }
    }

    pub(super) fn read(bytes: &[u8], width: Width) -> Option<Message> {
        Some(Message {
            address: pointer(bytes, 0, width)?,
            length: u32::from_ne_bytes(bytes.get(if width == Width::Bits64 { 8..12 } else { 4..8 })?.try_into().ok()?),
            pieces: pointer(bytes, 2, width)?,
        })
    }
}

/// The pointer at a place in an array of pointers.
pub(super) fn pointer(bytes: &[u8], place: usize, width: Width) -> Option<u64> {
    match width {
        Width::Bits32 => Some(u32::from_ne_bytes(bytes.get(4 * place..4 * place + 4)?.try_into().ok()?).into()),
        Width::Bits64 => Some(u64::from_ne_bytes(bytes.get(8 * place..8 * place + 8)?.try_into().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_our_own_memory() {
        let text = *b"a word in memory";
        let mut buffer = [0; 16];
        let thread = sys::thread_id();
        let read = Memory::default().read(thread, None, text.as_ptr() as u64, &mut buffer);
        assert_eq!((read, &buffer), (Some(16), &text));
        assert_eq!(Memory::default().read(thread, None, 8, &mut buffer), None, "nothing is there");
    }

    #[test]
    fn reads_messages_of_both_widths() {
        let mut wide = vec![0u8; 56];
        wide[0..8].copy_from_slice(&0x7000_1000u64.to_ne_bytes());
        wide[8..12].copy_from_slice(&16u32.to_ne_bytes());
        wide[16..24].copy_from_slice(&0x7000_2000u64.to_ne_bytes());
        let message = Message { address: 0x7000_1000, length: 16, pieces: 0x7000_2000 };
        assert_eq!(Message::read(&wide, Width::Bits64), Some(message));
        let narrow: Vec<u8> = [0x7000_1000u32, 16, 0x7000_2000, 1].into_iter().flat_map(u32::to_ne_bytes).collect();
        assert_eq!(Message::read(&narrow, Width::Bits32), Some(message));
    }
}

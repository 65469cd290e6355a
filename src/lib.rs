//! wheeltap taps the stream of `pip` and `apt-get` and says of every artifact whether it was downloaded or came from a
//! cache, with evidence. The modules stand in the order in which the data flows.
//!
//! ```text
//! argv[0] -> shim -> supervise -> (Tap: bytes) -> classify -> event -> ledger -> report
//! ```

pub mod classify; // 1  PURE  bytes in, events out; chunk boundaries never matter
pub mod cli; // 4  the console: one file a verb
pub mod dockerfile; // 1  PURE  a Dockerfile in, the same with its RUN steps wrapped out, line for line
pub mod event; // 0  PURE  the words as types; the session document
pub mod ledger; // 2  the journal, the fold, the log directory
pub mod manifest; // 1  PURE  what was asked for: requirements files, wheelhouse manifest
pub mod report; // 2  PURE  sessions in, figures and text out
pub mod restore; // 1  PURE  what pip's log takes from the streams, given back byte for byte
pub mod shim; // 3  joins them: masquerade as one tool; what is added for pip, for apt
pub mod store; // 2  wheelhouses and apt archives on disk: scan, hash, pack, unpack
#[allow(unsafe_code, reason = "system calls live here, each with its SAFETY line")]
pub mod supervise; // 0  a child, its signals, its streams, its end: knows bytes, not artifacts
#[allow(unsafe_code, reason = "system calls live here, each with its SAFETY line")]
pub mod witness; // 0  the network as the kernel saw it: who tried to reach what

/// The allocator of musl takes as long as everything else that folding a session of 10 000 artifacts asks for.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

//! pip's log and streams.
